// Real TLS servers on loopback with certificates made for one test run, and sessions that reach them.
import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestAuthority, type TestAuthority, type TestUser } from '@headgate/pki';
import type { Operation } from './catalogue/look-up.ts';
import { createSession, type Session, type SessionOptions } from './session.ts';

/** The deck's profile, as shipped. */
export const caisoCatalogue = fileURLToPath(new URL('../../../catalogues/caiso', import.meta.url));

/** The authority and the user of one test run. */
export interface TestIdentities {
  readonly authority: TestAuthority;
  readonly user: TestUser;
  readonly anchorsPem: string;
}

let identities: Promise<TestIdentities> | undefined;

/** One authority and one user, made once for a test file. */
export function testIdentities(): Promise<TestIdentities> {
  identities ??= createTestAuthority({ nowMs: Date.now() }).then(async (authority) => ({
    authority,
    user: await authority.user('current', { name: 'ALPHAx0001', organisation: 'CAISO' }),
    anchorsPem: authority.trustBundlePem('current', 'server').anchorsPem,
  }));
  return identities;
}

/** A server that was started for a test and ends with it. */
export interface TestServerUnderTls {
  readonly port: number;
  /** Sockets accepted so far. */
  connectionCount(): number;
  /** Shows another certificate on new connections, for these hosts; sessions begun before can still be resumed. */
  serveAs(hosts: readonly string[]): Promise<void>;
}

/** Serves one handler over TLS as ws.prod.caiso.com, or as the hosts named. */
export async function serveTls(
  t: TestContext,
  handler: RequestListener,
  hosts: readonly string[] = ['ws.prod.caiso.com', 'adsws.prod.caiso.com', 'oasis.caiso.com'],
): Promise<TestServerUnderTls> {
  const { authority } = await testIdentities();
  const ticketKeys = randomBytes(48);
  const optionsFor = async (names: readonly string[]) => {
    const { certificatePem, keyPem } = await authority.serverChain('current', names);
    return { cert: certificatePem, key: keyPem, ticketKeys };
  };
  const server = createServer({ ...(await optionsFor(hosts)), requestCert: true, rejectUnauthorized: false }, handler);
  let connections = 0;
  server.on('secureConnection', () => {
    connections += 1;
  });
  const port = await listen(t, server);
  t.after(() => server.closeAllConnections());
  return {
    port,
    connectionCount: () => connections,
    serveAs: async (names) => server.setSecureContext(await optionsFor(names)),
  };
}

/** Accepts TCP connections and hands them over, to say nothing or the wrong thing. */
export async function serveTcp(t: TestContext, accept: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    accept(socket);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return listen(t, server);
}

async function listen(t: TestContext, server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A session of the test's user that connects to a port on loopback; it ends with the test. */
export async function sessionTo(t: TestContext, port: number, options: Partial<SessionOptions> = {}): Promise<Session> {
  const { user, anchorsPem } = await testIdentities();
  const session = await createSession({
    catalogue: caisoCatalogue,
    credential: { certificate: user.certificatePem, key: user.keyPem },
    anchorsPem,
    connectTo: { host: '127.0.0.1', port },
    pacing: false,
    ...options,
  });
  t.after(() => session.close());
  return session;
}

/** A plain retrieve of market awards, as `lookUp` would find it; a test names only what differs. */
export function operationOf(differences: Partial<Operation> = {}): Operation {
  return {
    system: 'CMRI',
    service: 'RetrieveMarketAwards',
    kind: 'retrieve',
    shape: 'retrieve-plain',
    url: new URL('https://ws.prod.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP'),
    requestRoot: 'RequestMarketAwards',
    soapAction: 'RetrieveMarketAwards',
    needsCredential: true,
    subject: {
      environment: 'production',
      infrastructure: 'current',
      namespace: 'ws',
      channel: 'api',
      generation: 'new',
      system: 'cmri',
      service: 'RetrieveMarketAwards',
      operation: 'retrieve',
    },
    ...differences,
  };
}

/** The code of the problem that a promise is rejected with; fails when it is not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'no problem';
}
