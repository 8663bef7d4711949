// A lean HTTP/1.1 sender on sockets: one connection, one call at a time. What a member may do wrong, it lets it do: new connections
// each time, chunked bodies, a source of its own, a trust store of its own.
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { createAnswerReader, type WireAnswer } from './answer-reader.ts';

/** Where a connection goes and what it shows. */
export interface SenderOptions {
  readonly host: string;
  readonly port: number;
  /** Source address, 127.x.y.z. */
  readonly localAddress: string;
  /** Null: without TLS. */
  readonly tls: { readonly serverName: string; readonly context: SecureContext } | null;
  /** Longest wait for a connection, and for an answer, in ms. */
  readonly timeoutMs: number;
}

/** What is sent. */
export interface SentRequest {
  readonly head: string;
  readonly body: Buffer;
  readonly framing: 'content-length' | 'chunked';
}

/** What came of it. Nothing was sent where it is `unsent`. */
export type SendResult =
  | { readonly kind: 'answered'; readonly answer: WireAnswer }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'unsent'; readonly reason: string };

/** A sender that keeps at most one connection. */
export interface Sender {
  send(request: SentRequest): Promise<SendResult>;
  /** Ends the connection after the answer that it waits for. */
  close(): void;
}

/** What a member shows and whom it trusts, ready for connections. PEM texts. */
export function secureContextOf(options: {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly anchorsPem: string;
}): SecureContext {
  const { certificatePem: cert, keyPem: key, anchorsPem: ca } = options;
  return createSecureContext({ cert, key, ca });
}

interface Live {
  readonly socket: Socket;
  /** Whom what arrives is for; null between calls. */
  waiting: ((result: SendResult) => void) | null;
  isOver: boolean;
  calls: number;
}

/** A sender that opens its connection when it has something to send. */
export function createSender(options: SenderOptions): Sender {
  let live: Live | null = null;
  const send = async (request: SentRequest): Promise<SendResult> => {
    if (live === null || live.isOver) {
      const opened = await open(options);
      if ('reason' in opened) return { kind: 'unsent', reason: opened.reason };
      live = opened;
    }
    const { calls } = live;
    const result = await exchange(live, request, options.timeoutMs);
    // RFC 9112 §9.3.1: a server may close an idle connection just when a request is under way. Whether that was read is not known, so
    // it is lost; but where nothing at all was written since, the call goes on a new connection.
    if (result.kind === 'unsent' && calls > 0) return send(request);
    if (result.kind !== 'answered' || !result.answer.persists) close();
    return result;
  };
  const close = (): void => {
    live?.socket.destroy();
    live = null;
  };
  return { send, close };
}

function open({
  host,
  port,
  localAddress,
  tls,
  timeoutMs,
}: SenderOptions): Promise<Live | { readonly reason: string }> {
  return new Promise((resolve) => {
    const to = { host, port, localAddress };
    const socket =
      tls === null
        ? connectPlain(to)
        : connectTls({ ...to, servername: tls.serverName, secureContext: tls.context, ALPNProtocols: ['http/1.1'] });
    const timer = setTimeout(() => fail(new Error('no connection in time')), timeoutMs);
    const fail = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ reason: error.code ?? error.message });
    };
    socket.once('error', fail);
    socket.once(tls === null ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      socket.setNoDelay(true);
      resolve(attend(socket));
    });
  });
}

function attend(socket: Socket): Live {
  const live: Live = { socket, waiting: null, isOver: false, calls: 0 };
  const reader = createAnswerReader();
  const tell = (result: SendResult): void => {
    const { waiting } = live;
    live.waiting = null;
    waiting?.(result);
  };
  const end = (reason: string): void => {
    live.isOver = true;
    tell({ kind: 'lost', reason });
  };
  socket.on('data', (chunk: Buffer) => {
    try {
      const answer = reader.take(chunk);
      if (answer !== null) tell({ kind: 'answered', answer });
    } catch (fault) {
      end(fault instanceof Error ? fault.message : String(fault));
      socket.destroy();
    }
  });
  socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  socket.on('end', () => {
    const answer = reader.end();
    live.isOver = true;
    if (answer === null) end('ended before an answer');
    else tell({ kind: 'answered', answer });
  });
  socket.on('close', () => end('closed before an answer'));
  return live;
}

function exchange(live: Live, request: SentRequest, timeoutMs: number): Promise<SendResult> {
  if (live.isOver || live.socket.destroyed) return Promise.resolve({ kind: 'unsent', reason: 'closed while idle' });
  live.calls += 1;
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      live.waiting = null;
      live.isOver = true;
      live.socket.destroy();
      resolve({ kind: 'lost', reason: 'no answer in time' });
    }, timeoutMs);
    live.waiting = (result) => {
      clearTimeout(timer);
      resolve(result);
    };
    write(live.socket, request);
  });
}

/** Bytes of one chunk of a chunked body. */
const chunkBytes = 8_192;

function write(socket: Socket, { head, body, framing }: SentRequest): void {
  if (framing === 'content-length') {
    const length = body.length === 0 && head.startsWith('GET ') ? '' : `content-length: ${body.length}\r\n`;
    const start = Buffer.from(`${head}${length}\r\n`, 'latin1');
    socket.write(body.length === 0 ? start : Buffer.concat([start, body]));
    return;
  }
  socket.cork();
  socket.write(`${head}transfer-encoding: chunked\r\n\r\n`, 'latin1');
  for (let at = 0; at < body.length; at += chunkBytes) {
    const chunk = body.subarray(at, at + chunkBytes);
    socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    socket.write(chunk);
    socket.write('\r\n', 'latin1');
  }
  socket.write('0\r\n\r\n', 'latin1');
  socket.uncork();
}
