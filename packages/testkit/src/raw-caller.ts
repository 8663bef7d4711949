// A caller that speaks bytes: for requests that no HTTP library would send, and for connections that misbehave.
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { TestUser } from '@headgate/pki';
import { serverAnchors, type TestGateway } from './test-gateway.ts';

/** Where a raw connection goes and what it shows. */
export interface RawCallerOptions {
  /** SNI; null: none. Default: ws.prod.caiso.com. */
  readonly serverName?: string | null;
  /** null: no client certificate. Default: the first user. */
  readonly user?: Pick<TestUser, 'certificatePem' | 'keyPem'> | null;
  /** Source address, 127.0.x.y. */
  readonly source?: string;
  readonly plain?: boolean;
  /** A TLS session to resume. */
  readonly session?: Buffer;
  readonly tlsVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** One answer as read off a connection. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A raw connection. */
export interface RawCaller {
  readonly socket: Socket;
  /** Writes bytes; latin1 for a string. */
  write(bytes: string | Uint8Array): void;
  /** Half-closes: no more will be sent. */
  end(): void;
  /** Closes. Whether the peer sees an end or a reset depends on what was read of it. */
  destroy(): void;
  /** Closes so that the peer sees a reset. */
  reset(): void;
  /** The next whole answer (interim 1xx ones too); rejects when the connection ends before it is complete. */
  answer(): Promise<RawAnswer>;
  /** Resolves once the peer closed: everything received, in latin1. `reset` tells how it ended. */
  ended(): Promise<{ readonly text: string; readonly reset: boolean }>;
}

/** Opens a raw connection to a gateway; resolves after the handshake. */
export async function openRawCaller(gateway: TestGateway, options: RawCallerOptions = {}): Promise<RawCaller> {
  const plain = options.plain === true ? await openPlain(gateway, options) : null;
  const { socket, tcp } = plain === null ? await openTls(gateway, options) : { socket: plain, tcp: plain };
  let received = Buffer.alloc(0);
  let over = false;
  let reset = false;
  let wake = Promise.withResolvers<void>();
  const changed = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    changed();
  });
  socket.on('error', () => {
    reset = true;
  });
  const finish = (): void => {
    over = true;
    changed();
  };
  socket.on('end', finish);
  socket.on('close', finish);
  const untilOver = async () => {
    while (!over) await wake.promise;
    return { text: received.toString('latin1'), reset };
  };
  // Made once: a text for each who asks, at each write, once took more memory than the machine has.
  let ending: ReturnType<typeof untilOver> | undefined;
  let taken = 0;
  return {
    socket,
    write: (bytes) => {
      if (socket.writable) socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    },
    end: () => socket.end(),
    destroy: () => socket.destroy(),
    reset: () => tcp.resetAndDestroy(),
    async answer() {
      for (;;) {
        const found = takeAnswer(received.subarray(taken), over);
        if (found !== null) {
          taken += found.bytes;
          return found.answer;
        }
        if (over) throw new Error(`the connection ended after ${received.byteLength - taken} bytes of an answer`);
        await wake.promise;
      }
    },
    ended: () => (ending ??= untilOver()),
  };
}

function openPlain(gateway: TestGateway, { source }: RawCallerOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connectPlain({
    host: '127.0.0.1',
    port: gateway.plainPort,
    ...(source === undefined ? {} : { localAddress: source }),
  });
  socket.once('connect', () => resolve(socket));
  socket.once('error', reject);
  return promise;
}

async function openTls(gateway: TestGateway, options: RawCallerOptions): Promise<{ socket: TLSSocket; tcp: Socket }> {
  const user = options.user === undefined ? gateway.user : options.user;
  const serverName = options.serverName === undefined ? 'ws.prod.caiso.com' : options.serverName;
  const { promise, resolve, reject } = Promise.withResolvers<{ socket: TLSSocket; tcp: Socket }>();
  const tcp = connectPlain({
    host: '127.0.0.1',
    port: gateway.port,
    ...(options.source === undefined ? {} : { localAddress: options.source }),
  });
  const socket = connectTls({
    socket: tcp,
    ...(serverName === null ? {} : { servername: serverName }),
    ca: serverAnchors(gateway.authority),
    checkServerIdentity: () => undefined,
    ...(user === null ? {} : { cert: user.certificatePem, key: user.keyPem }),
    ...(options.session === undefined ? {} : { session: options.session }),
    ...(options.tlsVersion === undefined ? {} : { minVersion: options.tlsVersion, maxVersion: options.tlsVersion }),
  });
  socket.once('secureConnect', () => resolve({ socket, tcp }));
  socket.once('error', reject);
  // A connection that is reset at once may close without an error of the TLS socket.
  for (const each of [tcp, socket])
    each.once('close', () => reject(new Error('the connection closed in its handshake')));
  tcp.on('error', reject);
  return promise;
}

function takeAnswer(bytes: Buffer, over: boolean): { answer: RawAnswer; bytes: number } | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const [statusLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0);
  const fields = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const start = headEnd + 4;
  if (status < 200) return { answer: { status, fields, body: '' }, bytes: start };
  const length = fields.get('content-length');
  if (length !== undefined) {
    const end = start + Number(length);
    if (bytes.byteLength < end) return null;
    return { answer: { status, fields, body: bytes.subarray(start, end).toString('utf8') }, bytes: end };
  }
  if (fields.get('transfer-encoding') === 'chunked') return takeChunked({ status, fields }, bytes, start);
  if (!over) return null;
  return { answer: { status, fields, body: bytes.subarray(start).toString('utf8') }, bytes: bytes.byteLength };
}

function takeChunked(
  head: Omit<RawAnswer, 'body'>,
  bytes: Buffer,
  start: number,
): { answer: RawAnswer; bytes: number } | null {
  const parts: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.byteLength < next) return null;
    if (size === 0) return { answer: { ...head, body: Buffer.concat(parts).toString('utf8') }, bytes: next };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}

/** What differs from a plain retrieve. */
export interface RawPostOptions {
  readonly path?: string;
  readonly fields?: Record<string, string | null>;
}

/** A POST of a SOAP envelope as bytes; `fields` replace or add lines, null leaves one out. */
export function rawPost(
  body: string,
  { path = '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP', fields = {} }: RawPostOptions = {},
): string {
  const all: Record<string, string | null> = {
    Host: 'ws.prod.caiso.com',
    'Content-Type': 'text/xml',
    'Content-Length': String(Buffer.byteLength(body)),
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`]));
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
