// Sockets and TLS toward callers: accept → bounds per source → TLS by host name → framing → one exchange per request.
// It answers for bytes and handshakes; who may call what is decided by the stages behind `serve`.
import { createHash } from 'node:crypto';
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { isRefusal, Refusal } from '@headgate/contract';
import type { Connection, Exchange, PeerCertificate, RequestHead } from '../exchange.ts';
import { toSecureContext } from '../server-keys.ts';
import { answerBroken, type BrokenRequest } from './broken-request.ts';
import { type ArrivingBody, type Conversation, createConversation, linger } from './conversation.ts';
import { createDownstream } from './downstream.ts';
import { fieldsOf, framingOf, readHead } from './framing.ts';
import type { ListenerOptions } from './listener-options.ts';
import { createRequestBody } from './request-body.ts';
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
  /** Stops accepting, lets calls in flight finish within `shutdownMs`, then closes what is left. */
  close(): Promise<void>;
}

/** Opens one listener. Rejects when the address is taken or a certificate cannot be used. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  let contexts = secureContexts(options);
  const certificates = new WeakMap<Socket, PeerCertificate | null>();
  const waiting = createWaitingBodies(options.path.waitingBodiesPerSourceMax);
  const conversations = new WeakMap<Socket, Conversation>();
  const conversationOf = (socket: Socket): Conversation => {
    const known = conversations.get(socket) ?? createConversation();
    conversations.set(socket, known);
    return known;
  };
  let closing = false;
  const limits = {
    maxHeaderSize: options.path.headerBytesMax,
    headersTimeout: options.path.headerTimeoutMs,
    requestTimeout: options.path.requestTimeoutMs,
    connectionsCheckingInterval: checkingMs,
    keepAliveTimeout: options.path.keepAliveMs,
    insecureHTTPParser: false,
    requireHostHeader: false, // Ours to refuse, in the caller's format: see framing.ts.
    noDelay: true,
  };
  const server = options.tls
    ? createTlsServer({
        ...limits,
        minVersion: 'TLSv1.2',
        handshakeTimeout: options.path.headerTimeoutMs,
        ALPNProtocols: ['http/1.1'],
        // Asked for, never judged here: a refused certificate is explained in the answer (invariant 6). No `ca` option,
        // so that no list of authorities is sent and clients offer what they have.
        requestCert: true,
        rejectUnauthorized: false,
        SNICallback: (serverName, done) => done(null, contexts.get(serverName.toLowerCase())),
        ...options.hosts[0]?.pem,
      })
    : createPlainServer(limits);

  // A caller may close its sending side after its request and still wait for the answer (RFC 9112 §9.6).
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;

  const open = boundConnections(server, options, conversationOf);
  const begin = (incoming: IncomingMessage, outgoing: ServerResponse, awaitsContinue: boolean) => {
    const { socket } = incoming;
    const conversation = conversationOf(socket);
    if (conversation.over) {
      incoming.resume();
      return;
    }
    const connection = connectionOf(socket, options, certificates);
    const head = readOrRefuse(incoming, (refusal) => {
      incoming.resume();
      endWith({ socket, connection, head: headWords(incoming), refusal });
    });
    if (head === null) return;
    const { exchange, body } = exchangeOf({ incoming, outgoing, connection, head, awaitsContinue, waiting, options });
    conversation.begin(outgoing);
    if (closing) conversation.announceEnd();
    outgoing.once('close', () => {
      // Node counts the connection as idle only after this turn.
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
    if (body.framing !== 'none') {
      conversation.arriving = body;
      incoming.once('close', () => {
        if (conversation.arriving === body) conversation.arriving = null;
      });
    }
    options.serve(exchange);
  };
  /** Answers what is no request after the answers before it, as the last of its connection. */
  const endWith = (request: BrokenRequest): void => {
    const conversation = conversationOf(request.socket);
    conversation.end();
    void conversation.answered().then(() => guarded(request.socket, () => answerBroken(request, options)));
  };
  /** A throw outside the path costs one connection, never the process. */
  const guarded = (socket: Socket, work: () => void): void => {
    try {
      work();
    } catch (thrown) {
      socket.destroy();
      options.connectionFailed(canonicalSource(socket.remoteAddress), thrown);
    }
  };
  server.on('request', (incoming, outgoing) => guarded(incoming.socket, () => begin(incoming, outgoing, false)));
  server.on('checkContinue', (incoming, outgoing) => guarded(incoming.socket, () => begin(incoming, outgoing, true)));
  server.on('checkExpectation', (incoming, outgoing) =>
    guarded(incoming.socket, () => begin(incoming, outgoing, false)),
  );
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    if (conversationOf(socket).over) return;
    const refusal = new Refusal('route.method_not_allowed', { method: 'CONNECT', allowed: ['GET', 'HEAD', 'POST'] });
    guarded(socket, () =>
      endWith({ socket, connection: connectionOf(socket, options, certificates), head: headWords(incoming), refusal }),
    );
  });
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket) => {
    const conversation = conversationOf(socket);
    if (conversation.over) return; // More bytes after the fault: they are read and dropped.
    const ofParser = error.code?.startsWith('HPE_') === true || error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (!socket.writable || !ofParser) {
      socket.destroy();
      return;
    }
    const { arriving } = conversation;
    const refusal = refusalOfParser(error, options, arriving);
    if (arriving === null) {
      guarded(socket, () => {
        const connection = connectionOf(socket, options, certificates);
        endWith({ socket, connection, rawPacket: error.rawPacket, refusal });
      });
      return;
    }
    conversation.end();
    conversation.announceEnd();
    arriving.fail(refusal);
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
        if (server instanceof TlsServer && first !== undefined)
          server.setSecureContext({ ...first, minVersion: 'TLSv1.2' });
      };
    },
    close() {
      closing = true;
      return closeServer(server, options.path.shutdownMs, open);
    },
  };
}

function secureContexts({ hosts, tls }: ListenerOptions): Map<string, SecureContext> {
  if (!tls) return new Map();
  return new Map(hosts.map(({ name, pem }) => [name, toSecureContext(pem)]));
}

async function opened(server: Server, options: ListenerOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: options.address, port: options.port }, resolve);
  await promise;
  server.off('error', reject);
}

interface OpenConnections {
  /** Says on every answer that is due that it is the last of its connection. */
  readonly announceEnd: () => void;
  readonly closeQuiet: () => void;
  readonly closeAll: () => void;
}

/** Bounds open connections in all and per source, before TLS. A connection past the bound is closed and counted. */
function boundConnections(
  server: Server,
  options: ListenerOptions,
  conversationOf: (socket: Socket) => Conversation,
): OpenConnections {
  const open = new Set<Socket>();
  const speaking = new Set<Socket>();
  const perSource = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const source = canonicalSource(socket.remoteAddress);
    const count = perSource.get(source) ?? 0;
    if (open.size >= options.path.connectionsMax || count >= options.path.connectionsPerSourceMax) {
      options.connectionRefused(source);
      socket.destroy();
      return;
    }
    open.add(socket);
    perSource.set(source, count + 1);
    socket.once('close', () => {
      open.delete(socket);
      const left = (perSource.get(source) ?? 1) - 1;
      if (left <= 0) perSource.delete(source);
      else perSource.set(source, left);
    });
  });
  server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    // Not before the handshake is done: a half-open handshake would hold its place until it times out.
    socket.allowHalfOpen = true;
    speaking.add(socket);
    socket.once('close', () => speaking.delete(socket));
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    // The TLS socket has lost its handle and with it the address; the TCP socket beneath remembers what was asked once.
    const { _parent: beneath } = socket as TLSSocket & { readonly _parent?: Socket };
    const source = canonicalSource(socket.remoteAddress ?? beneath?.remoteAddress);
    options.handshakeFailed(source, serverNameOf(socket), error.code ?? error.message);
    socket.destroy();
  });
  return {
    announceEnd() {
      for (const socket of speaking) conversationOf(socket).announceEnd();
    },
    closeQuiet() {
      for (const socket of speaking) if (conversationOf(socket).quiet) socket.destroy();
    },
    closeAll() {
      for (const socket of open) socket.destroy();
    },
  };
}

async function closeServer(server: Server, shutdownMs: number, open: OpenConnections): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  open.announceEnd();
  // A connection that never asked for anything is not idle to Node; a request may just be on its way.
  const quiet = setTimeout(open.closeQuiet, Math.min(quietMs, shutdownMs));
  const rest = setTimeout(open.closeAll, shutdownMs);
  await promise;
  clearTimeout(quiet);
  clearTimeout(rest);
}

/** How long a connection without a request is kept at shutdown, in milliseconds. */
const quietMs = 500;

/** How often Node looks for requests that take too long, in milliseconds. */
const checkingMs = 1_000;

function connectionOf(
  socket: Socket,
  options: ListenerOptions,
  certificates: WeakMap<Socket, PeerCertificate | null>,
): Connection {
  const tls = options.tls ? (socket as TLSSocket) : null;
  return {
    listener: options.name,
    secure: options.tls,
    source: canonicalSource(socket.remoteAddress),
    sourcePort: socket.remotePort ?? 0,
    serverName: tls === null ? null : serverNameOf(tls),
    tlsVersion: tls?.getProtocol() ?? null,
    tlsResumed: tls?.isSessionReused() ?? false,
    peerCertificate: tls === null ? null : peerCertificateOf(tls, certificates),
  };
}

function serverNameOf(socket: TLSSocket): string | null {
  const name = (socket as TLSSocket & { servername?: string | false }).servername;
  return typeof name === 'string' && name !== '' ? name.toLowerCase() : null;
}

/** Read once per connection: the certificate of a connection never changes, since renegotiation is off in TLS 1.3 and in Node. */
function peerCertificateOf(
  socket: TLSSocket,
  certificates: WeakMap<Socket, PeerCertificate | null>,
): PeerCertificate | null {
  const known = certificates.get(socket);
  if (known !== undefined) return known;
  const raw = socket.getPeerX509Certificate()?.raw;
  const found = raw === undefined ? null : { der: raw, fingerprint: createHash('sha256').update(raw).digest('hex') };
  certificates.set(socket, found);
  return found;
}

/** IPv4-mapped IPv6 addresses are the same source as their IPv4 form. */
function canonicalSource(address: string | undefined): string {
  return (address ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}

function readOrRefuse(incoming: IncomingMessage, refuse: (refusal: Refusal) => void): RequestHead | null {
  try {
    return readHead({
      method: incoming.method ?? '',
      target: incoming.url ?? '',
      httpVersion: incoming.httpVersion,
      rawFields: incoming.rawHeaders,
    });
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    refuse(thrown);
    return null;
  }
}

interface Begun {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly connection: Connection;
  readonly head: RequestHead;
  readonly awaitsContinue: boolean;
  readonly waiting: ReturnType<typeof createWaitingBodies>;
  readonly options: ListenerOptions;
}

function exchangeOf({ incoming, outgoing, connection, head, awaitsContinue, waiting, options }: Begun) {
  let continued = !awaitsContinue;
  const { socket } = incoming; // Node takes it from the message when the answer is done.
  const body = createRequestBody({
    readable: incoming,
    ...framingOf(head.fields),
    source: connection.source,
    waiting,
    path: options.path,
    continueNow: () => {
      if (continued) return;
      continued = true;
      outgoing.writeContinue();
    },
    linger: () => linger(socket, options.path.drainBytesMax, options.path.drainMs),
    cut: () => socket.destroy(),
  });
  // A caller that was refused before `100 Continue` may or may not send its body: only a new connection is unambiguous.
  if (awaitsContinue) outgoing.shouldKeepAlive = false;
  const exchange: Exchange = {
    id: options.newId(),
    receivedMs: options.clock(),
    connection,
    request: head,
    body,
    downstream: createDownstream(outgoing, options.path.responseIdleMs),
    serving: options.serving(),
    envelopeHead: null,
    identity: null,
    route: null,
    admission: null,
    inspection: null,
    forward: null,
    response: null,
  };
  return { exchange, body };
}

function headWords(incoming: IncomingMessage): BrokenRequest['head'] {
  return { method: incoming.method ?? '', target: incoming.url ?? '', fields: fieldsOf(incoming.rawHeaders) };
}

/** What Node's strict parser refuses, in our words. */
function refusalOfParser(
  error: NodeJS.ErrnoException,
  { path }: ListenerOptions,
  arriving: ArrivingBody | null,
): Refusal {
  switch (error.code) {
    case 'HPE_INVALID_EOF_STATE':
      if (arriving === null) break;
      return new Refusal('inspection.body_incomplete', { seenBytes: arriving.receivedBytes }, { cause: error });
    case 'HPE_HEADER_OVERFLOW':
      return new Refusal('listener.header_too_large', { limitBytes: path.headerBytesMax }, { cause: error });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Refusal(
        'listener.request_timeout',
        { waitedMs: arriving !== null ? path.requestTimeoutMs : path.headerTimeoutMs },
        { cause: error },
      );
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_INVALID_TRANSFER_ENCODING':
    case 'HPE_INVALID_CHUNK_SIZE':
      return new Refusal(
        'listener.ambiguous_framing',
        { found: parserWords[error.code] ?? 'an unclear length' },
        { cause: error },
      );
    default:
      break;
  }
  return new Refusal(
    'listener.malformed_request',
    { found: parserWords[error.code ?? ''] ?? 'bytes that are not a request' },
    { cause: error },
  );
}

const parserWords: Record<string, string> = {
  HPE_UNEXPECTED_CONTENT_LENGTH: 'Content-Length beside another length',
  HPE_INVALID_CONTENT_LENGTH: 'a Content-Length that is not a number',
  HPE_INVALID_TRANSFER_ENCODING: 'a Transfer-Encoding that does not end in chunked, or stands beside Content-Length',
  HPE_INVALID_CHUNK_SIZE: 'a chunk size that is not hexadecimal',
  HPE_INVALID_METHOD: 'an unknown method',
  HPE_INVALID_VERSION: 'an invalid HTTP version',
  HPE_INVALID_HEADER_TOKEN: 'an invalid character in a header field',
  HPE_INVALID_CONSTANT: 'a request line that is not HTTP',
  HPE_INVALID_EOF_STATE: 'it ended before it was complete',
  // Node pauses its parser while answers wait, and over TLS trips over the bytes that come meanwhile.
  HPE_PAUSED: 'more pipelined requests than one connection takes',
  HPE_LF_EXPECTED: 'a bare CR',
  HPE_CR_EXPECTED: 'a bare LF',
};
