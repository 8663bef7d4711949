// Sockets and TLS toward callers: accept → PROXY header → bounds per source → TLS by host name → framing.
// It answers for bytes and handshakes; who may call what is decided by the stages behind `serve`.
import { hash, randomInt } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { Refusal } from '@headgate/contract';
import type { Connection, PeerCertificate } from '../exchange.ts';
import { createNetworkTest } from '../networks.ts';
import { toSecureContext } from '../server-keys.ts';
import { tlsSettings } from '../tls-settings.ts';
import { awaitProxyHeader, type Source } from './balanced.ts';
import { answerBroken } from './broken-request.ts';
import { DownstreamConnection } from './downstream-connection.ts';
import { readHandshakeFailure } from './handshake-failure.ts';
import { createHandshakes } from './handshakes.ts';
import type { ListenerOptions } from './listener-options.ts';
import { createRememberedCallers } from './remembered-callers.ts';
import { createRememberedHeads } from './remembered-heads.ts';
import { createSourceBounds } from './source-bounds.ts';
import { createNamelessTlsServer, createTlsServer, toHostName } from './tls-server.ts';
import { createWaitingBodies } from './waiting-bodies.ts';

/** A listener that accepts connections. */
export interface Listener {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /**
   * Makes new certificates ready; throws when one cannot be used. Call the result to take them into use for handshakes
   * from then on; connections that are open keep theirs.
   */
  prepareCertificates(options: ListenerOptions): () => void;
  /** Takes other keys for session tickets, 48 bytes. Tickets of the keys before lead to a full handshake from then on. */
  setTicketKeys(keys: Buffer): void;
  /** Stops accepting, lets calls in flight finish within `shutdownMs`, then closes what is left. */
  close(): Promise<void>;
}

/** Opens one listener. Rejects when the address is taken or a certificate cannot be used. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  let contexts = secureContexts(options);
  let { ticketKeys } = options;
  const shared = {
    waiting: createWaitingBodies(
      options.path.waitingBodiesPerSourceMax,
      options.name,
      options.waitingBodies,
      (source) => options.shed('waitingBodiesPerSourceMax', source),
    ),
    heads: createRememberedHeads(randomInt(2 ** 32)),
    callers: createRememberedCallers(),
  };
  const bounds = createSourceBounds(options.name, options.path, options.connections);
  const handshakes = createHandshakes(options);
  const sources = new Map<string, Source>();
  const connections = new Set<DownstreamConnection>();
  /** Every TCP socket that is open, those that have not yet said whose they are included. */
  const sockets = new Set<Socket>();
  let closing = false;

  const serveSocket = (socket: Socket): void => {
    // Only from here on: a caller that gives up in the middle of its handshake is to be closed, not waited for.
    socket.allowHalfOpen = true;
    guarded(socket, options, () => {
      const facts = factsOf(socket, sources.get(peerOf(beneath(socket))) ?? directSource(socket), options);
      const connection = new DownstreamConnection(socket, facts, options, shared);
      connections.add(connection);
      socket.once('close', () => connections.delete(connection));
      if (closing) connection.drain();
    });
  };
  const byName = options.tls ? createTlsServer(options, (name) => contexts.get(name)) : null;
  const nameless = options.tls ? createNamelessTlsServer(options) : null;
  const tlsServers = [byName, nameless].filter((server) => server !== null);
  const secured = (socket: TLSSocket): void => {
    handshakes.done(peerOf(beneath(socket)));
    serveSocket(socket);
  };
  const failed = (error: NodeJS.ErrnoException, socket: TLSSocket): void => {
    // The TLS socket has lost its handle and with it the address; the TCP socket beneath remembers what was asked once.
    const tcp = beneath(socket);
    const known = sources.get(peerOf(tcp));
    const source = known?.address ?? canonicalSource(tcp.remoteAddress);
    if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') options.shed('headerTimeoutMs', source);
    // A check that a port is open says nothing: no handshake was begun.
    if (error.code !== 'ECONNRESET' || tcp.bytesRead > 0)
      options.handshakeFailed(source, serverNameOf(socket), readHandshakeFailure(error.code ?? error.message));
    if (error.code === 'ERR_SSL_HTTP_REQUEST' && tcp !== socket)
      guarded(socket, options, () => answerPlainHttp(tcp, known ?? directSource(tcp), options));
    else socket.destroy();
  };
  for (const server of tlsServers) server.on('secureConnection', secured).on('tlsClientError', failed);

  const everyHostAsks = (): boolean => {
    const serving = options.serving();
    return options.hosts.every(({ name }) => serving.host(options.name, name)?.certificates.isAsked === true);
  };

  /** Gives an accepted connection to TLS or HTTP, once it is known whose it is and there is room for it. */
  const take = (socket: Socket, source: Source): void => {
    const past = bounds.enter(socket, source.address);
    if (past !== null) {
      options.shed(past, source.address);
      socket.destroy();
      return;
    }
    // After the bounds, so that only what there is a place for is charged.
    const fullRule = options.admitConnection(source.address);
    if (fullRule !== null) {
      options.connectionOverLimit(source.address, fullRule);
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    sources.set(peer, source);
    socket.once('close', () => sources.delete(peer));
    if (byName === null) serveSocket(socket);
    else
      handshakes.begin(socket, peer, source.address, () => {
        const server = contexts.size === 0 && everyHostAsks() ? nameless : byName;
        server?.emit('connection', socket);
      });
  };
  const isBalancer = createNetworkTest(options.balancers);
  const server = createServer({ allowHalfOpen: !options.tls });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const direct = directSource(socket);
    if (!isBalancer(direct.address)) {
      take(socket, direct);
      return;
    }
    awaitProxyHeader(socket, options, (source, found) => {
      if (source !== null) {
        guarded(socket, options, () => take(socket, { ...source, address: canonicalSource(source.address) }));
        return;
      }
      options.handshakeFailed(direct.address, null, { reason: 'proxy-header', detail: `the balancer sent ${found}` });
      socket.destroy();
    });
  });

  await opened(server, options);
  const { address, port } = server.address() as AddressInfo;
  return {
    name: options.name,
    address,
    port,
    prepareCertificates(next) {
      const renewed = secureContexts(next);
      return () => {
        contexts = renewed;
        // Handshakes without a name, or with an unknown one, get the first host's.
        const first = next.hosts[0]?.pem;
        // A fresh context would make up ticket keys of its own.
        if (first !== undefined)
          for (const each of tlsServers) each.setSecureContext({ ...tlsSettings, ...first, ticketKeys });
      };
    },
    setTicketKeys(keys) {
      ticketKeys = keys;
      for (const each of tlsServers) each.setTicketKeys(keys);
    },
    async close() {
      closing = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      for (const connection of connections) connection.drain();
      const rest = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, options.path.shutdownMs);
      await promise;
      clearTimeout(rest);
    },
  };
}

/** Tells in plain HTTP that the port speaks TLS: a program would otherwise see only that the connection broke. */
function answerPlainHttp(socket: Socket, source: Source, options: ListenerOptions): void {
  socket.on('error', () => undefined); // The caller may be gone already.
  const refusal = new Refusal('listener.plain_http', { port: socket.localPort ?? options.port });
  const { address, port, balanced } = source;
  const connection = { ...unencrypted, listener: options.name, source: address, sourcePort: port, balanced };
  answerBroken({ connection, refusal, write: (bytes) => socket.writable && socket.end(bytes) === socket }, options);
  // Closing at once would reset the connection while bytes are unread, and the answer would be lost with it.
  setTimeout(() => socket.destroy(), plainHttpLingerMs).unref();
}

const unencrypted = {
  secure: false,
  hasServed: false,
  serverName: null,
  tlsVersion: null,
  tlsResumed: false,
  peerCertificate: null,
};

/** How long a connection that is no TLS stays open to be read, in milliseconds. */
const plainHttpLingerMs = 1_000;

/** A throw outside the path costs one connection, never the process. */
function guarded(socket: Socket, options: ListenerOptions, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    socket.destroy();
    options.connectionFailed(canonicalSource(socket.remoteAddress), thrown);
  }
}

/** The TCP socket under a TLS socket, which has asked for its other end already; else the socket itself. */
function beneath(socket: Socket): Socket {
  return (socket as Socket & { readonly _parent?: Socket })._parent ?? socket;
}

/** Names a connection by its other end, which the TCP socket and the TLS socket over it have in common. */
function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function directSource(socket: Socket): Source {
  return { address: canonicalSource(socket.remoteAddress), port: socket.remotePort ?? 0, balanced: false };
}

/** Of all hosts with another chain than the first, whose is the server's own. Throws where one cannot be used, the first included. */
function secureContexts({ hosts, tls }: ListenerOptions): Map<string, SecureContext> {
  if (!tls) return new Map();
  const own = hosts[0]?.pem;
  const contexts = hosts.map(({ name, pem }) => ({ name, pem, context: toSecureContext(pem) }));
  const others = contexts.filter(({ pem }) => pem?.cert !== own?.cert || pem?.key !== own?.key);
  return new Map(others.map(({ name, context }) => [name, context]));
}

async function opened(server: Server, options: ListenerOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: options.address, port: options.port, reusePort: options.sharedPort }, resolve);
  await promise;
  server.off('error', reject);
}

function factsOf(socket: Socket, source: Source, options: ListenerOptions): Connection {
  const tls = options.tls ? (socket as TLSSocket) : null;
  return {
    listener: options.name,
    secure: options.tls,
    hasServed: false,
    source: source.address,
    sourcePort: source.port,
    balanced: source.balanced,
    serverName: tls === null ? null : serverNameOf(tls),
    tlsVersion: tls?.getProtocol() ?? null,
    tlsResumed: tls?.isSessionReused() ?? false,
    peerCertificate: tls === null ? null : peerCertificateOf(tls),
  };
}

function serverNameOf(socket: TLSSocket): string | null {
  const name = (socket as TLSSocket & { servername?: string | false }).servername;
  return typeof name === 'string' && name !== '' ? toHostName(name) : null;
}

/** Read once per connection: it never changes, since renegotiation is off in TLS 1.3 and in Node. */
function peerCertificateOf(socket: TLSSocket): PeerCertificate | null {
  const raw = socket.getPeerX509Certificate()?.raw;
  return raw === undefined ? null : { der: raw, fingerprint: hash('sha256', raw, 'hex') };
}

/** IPv4-mapped IPv6 addresses are the same source as their IPv4 form. */
function canonicalSource(address: string | undefined): string {
  return (address ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
