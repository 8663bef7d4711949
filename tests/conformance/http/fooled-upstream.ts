// A back end built to be fooled: it takes any line end, any spelling of a length, and whatever follows for a request. What the
// gateway sends is to leave it nothing to be fooled by, so its own reading is compared with the meaning, and every byte is kept.
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Field } from './wire.ts';

/** One request as the fooled reader understood it. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  /** Names in lower case, values trimmed, in order. */
  readonly fields: readonly Field[];
  readonly body: Buffer;
  /** Its head byte for byte, the empty line included; one character per byte. */
  readonly head: string;
  /** The gateway's id of the exchange; empty where the request bears none. */
  readonly exchange: string;
  /** Counts connections from 0. */
  readonly connection: number;
}

/** What is written back: `bytes`, cut at `delivery`, and then perhaps the end of our side. */
export interface FooledAnswer {
  readonly bytes: Buffer;
  readonly delivery?: readonly number[];
  readonly ends?: boolean;
}

/** A running upstream. */
export interface FooledUpstream {
  readonly url: string;
  /** Requests in the order of their last byte. */
  readonly requests: readonly SeenRequest[];
  /** Exact bytes received, by connection. */
  readonly received: readonly Buffer[];
  /** The request of an exchange, or undefined. */
  requestOf(exchange: string): SeenRequest | undefined;
  /** Forgets what was received on connections that are between requests. */
  forget(): void;
  close(): Promise<void>;
}

const headBytesMax = 131_072;
const okHead = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n';

/** The answer to anything: 200, two bytes, none of them to HEAD. */
export function plainAnswer({ method }: SeenRequest): FooledAnswer {
  return { bytes: Buffer.from(method === 'HEAD' ? okHead : `${okHead}ok`, 'latin1') };
}

/** Starts the upstream on a free port of loopback. */
export async function startFooledUpstream(
  answer: (request: SeenRequest) => FooledAnswer = plainAnswer,
): Promise<FooledUpstream> {
  const sockets = new Set<Socket>();
  const chunks: Buffer[][] = [];
  const requests: SeenRequest[] = [];
  const byExchange = new Map<string, SeenRequest>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = chunks.push([]) - 1;
    const reader = new FooledReader(connection);
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    let answered = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      chunks[connection]?.push(chunk);
      for (const request of reader.feed(chunk)) {
        requests.push(request);
        byExchange.set(request.exchange, request);
        const { bytes, delivery = [], ends = false } = answer(request);
        answered = answered.then(async () => {
          await writeInPieces(socket, bytes, delivery);
          if (ends) socket.end();
        });
      }
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get received() {
      return chunks.map((each) => Buffer.concat(each));
    },
    requestOf: (exchange) => byExchange.get(exchange),
    forget() {
      requests.length = 0;
      byExchange.clear();
      for (const each of chunks) each.length = 0;
    },
    async close() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      for (const socket of sockets) socket.destroy();
      await closed.promise;
    },
  };
}

/** Writes bytes cut at offsets, each piece once the one before has left and the loop has turned. */
export async function writeInPieces(socket: Socket, bytes: Buffer, cuts: readonly number[]): Promise<void> {
  for (const [index, from] of [0, ...cuts].entries()) {
    const to = cuts[index] ?? bytes.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!socket.writable) return;
    socket.write(bytes.subarray(from, to), () => resolve());
    socket.once('close', resolve);
    await promise;
    socket.off('close', resolve);
    // Two turns: the peer lives in this process and must have had its chance to read.
    if (to < bytes.length) for (let turn = 0; turn < 2; turn += 1) await new Promise(setImmediate);
  }
}

/** Reads requests as forgivingly as any server ever did. */
export class FooledReader {
  readonly #connection: number;
  #held: Buffer = Buffer.alloc(0);

  constructor(connection: number) {
    this.#connection = connection;
  }

  /** Bytes that are no whole request yet. */
  get held(): Buffer {
    return this.#held;
  }

  *feed(chunk: Buffer): Generator<SeenRequest> {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const text = this.#held.toString('latin1', 0, headBytesMax);
      const skipped = /^[\r\n]*/.exec(text)?.[0].length ?? 0;
      const ended = /\r?\n\r?\n|\r\r/.exec(text.slice(skipped));
      if (ended === null) return;
      const head = text.slice(skipped, skipped + ended.index + ended[0].length);
      const lengthBytes = lengthIn(head);
      const bodyAt = skipped + head.length;
      if (this.#held.length < bodyAt + lengthBytes) return;
      const body = Buffer.from(this.#held.subarray(bodyAt, bodyAt + lengthBytes));
      this.#held = this.#held.subarray(bodyAt + lengthBytes);
      yield seen(head, body, this.#connection);
    }
  }
}

/** Chunked content is left lying, so that a chunk with a request in it becomes one. */
function lengthIn(head: string): number {
  if (/^[ \t]*transfer[-_ ]encoding[ \t]*[:=].*chunked/im.test(head)) return 0;
  return Number(/^[ \t]*content[-_ ]length[ \t]*[:=]\D*(\d{1,9})/im.exec(head)?.[1] ?? 0);
}

function seen(head: string, body: Buffer, connection: number): SeenRequest {
  const [requestLine = '', ...lines] = head.split(/\r\n|\r|\n/).filter((line) => line !== '');
  const [method = '', target = ''] = requestLine.split(/[ \t]+/);
  const fields = lines.map((line): Field => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
  });
  const exchange = fields.find(([name]) => name === 'headgate-exchange')?.[1] ?? '';
  return { method, target, fields, body, head, exchange, connection };
}

/** The head that this request must have had, written canonically (one space, lower-case names, CRLF). */
export function canonicalHead({ method, target, fields }: SeenRequest): string {
  return `${method} ${target} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
