// Our own reading of a stream of requests, and that of Node's HTTP server (llhttp) as an oracle: what is compared by
// fuzzing.
import { createServer, type IncomingMessage, METHODS, type ServerResponse } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { isRefusal } from '@headgate/contract';
import { ChunkedDecoder, framingOf, Malformed, persists, RequestHeadReader, readHead } from '@headgate/gateway';
import type { LlhttpRequest } from './llhttp.ts';

/** One request, read to its end. */
export type ReadRequest = LlhttpRequest;

/** What Node's HTTP server tells of one: not whether another may follow. */
export type ServedRequest = Omit<ReadRequest, 'keepsAlive'>;

/** What a reader made of a stream; `end` is `clean`, `incomplete`, `closed` (by the caller's wish) or the kind of fault. */
export interface Reading {
  readonly requests: readonly ReadRequest[];
  readonly end: string;
}

const bounds = { headBytesMax: 16_384, targetBytesMax: 8_192 };

/** Reads a stream that comes in pieces with the parts of the listener, in the order in which a connection uses them. */
export function readByUs(pieces: readonly Buffer[]): Reading {
  const reader = new StreamReader();
  try {
    for (const piece of pieces) reader.feed(piece);
  } catch (thrown) {
    if (thrown instanceof Malformed) return { requests: reader.requests, end: thrown.kind };
    if (isRefusal(thrown)) return { requests: reader.requests, end: thrown.code };
    throw thrown;
  }
  return { requests: reader.requests, end: reader.state };
}

class StreamReader {
  readonly requests: ReadRequest[] = [];
  #held: Buffer = Buffer.alloc(0);
  #head: RequestHeadReader | null = null;
  #open: (Omit<ReadRequest, 'body'> & { readonly parts: Buffer[] }) | null = null;
  #leftBytes = 0;
  #decoder: ChunkedDecoder | null = null;
  #closed = false;

  get state(): string {
    if (this.#closed) return 'closed';
    return this.#open === null && this.#held.length === 0 ? 'clean' : 'incomplete';
  }

  feed(piece: Buffer): void {
    this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    while (this.#held.length > 0 && !this.#closed && (this.#open === null ? this.#readHead() : this.#readBody()));
  }

  #readHead(): boolean {
    this.#head ??= new RequestHeadReader(bounds);
    const raw = this.#head.read(this.#held);
    if (raw === null) return false;
    this.#held = this.#held.subarray(this.#head.end);
    this.#head = null;
    const { fields, httpVersion } = readHead(raw);
    const { framing, declaredBytes } = framingOf(fields);
    const keepsAlive = persists(httpVersion, fields.all('connection'));
    this.#open = { method: raw.method, target: raw.target, fields: raw.fields, parts: [], keepsAlive };
    this.#leftBytes = declaredBytes ?? 0;
    this.#decoder = framing === 'chunked' ? new ChunkedDecoder() : null;
    if (this.#decoder === null && this.#leftBytes === 0) this.#finish();
    return true;
  }

  #readBody(): boolean {
    const parts = this.#open?.parts ?? [];
    if (this.#decoder !== null) {
      const used = this.#decoder.feed(this.#held, 0, (data) => parts.push(Buffer.from(data)));
      this.#held = this.#held.subarray(used);
      if (this.#decoder.ended) this.#finish();
      return true;
    }
    const taken = this.#held.subarray(0, this.#leftBytes);
    parts.push(taken);
    this.#held = this.#held.subarray(taken.length);
    this.#leftBytes -= taken.length;
    if (this.#leftBytes === 0) this.#finish();
    return true;
  }

  #finish(): void {
    if (this.#open === null) return;
    const { parts, ...request } = this.#open;
    this.requests.push({ ...request, body: Buffer.concat(parts).toString('latin1') });
    this.#open = null;
    this.#closed = !request.keepsAlive;
  }
}

/** Methods that the oracle knows; it refuses others, which we leave to the catalogue. */
export const oracleMethods: ReadonlySet<string> = new Set(METHODS);

/** Node's HTTP server as a reader. */
export interface Oracle {
  /** The requests that it read to their end, in order. */
  read(pieces: readonly Buffer[]): Promise<readonly ServedRequest[]>;
}

/** Longest that it may take over one stream, in milliseconds. */
const oraclePatienceMs = 30_000;

/** Creates the oracle; it opens no port. */
export function createOracle(): Oracle {
  const collected = new WeakMap<Duplex, ServedRequest[]>();
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const requests = collected.get(request.socket);
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => undefined);
    request.on('end', () => {
      const fields = request.rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text));
      const { method = '', url: target = '' } = request;
      requests?.push({ method, target, fields, body: Buffer.concat(parts).toString('latin1') });
      response.end();
    });
  };
  const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 0 }, take);
  server.on('checkContinue', take);
  server.on('checkExpectation', take);
  // Not at once: a request before the fault was read, but its end is told a turn later.
  server.on('clientError', (_error, socket) => setImmediate(() => setImmediate(() => socket.destroy())));
  return {
    async read(pieces) {
      const [caller, served] = duplexPair();
      const requests: ServedRequest[] = [];
      collected.set(served, requests);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      served.on('close', resolve);
      served.on('error', () => undefined);
      caller.on('error', () => undefined);
      caller.resume();
      server.emit('connection', served);
      for (const piece of pieces) caller.write(piece);
      caller.end();
      const impatience = setTimeout(() => reject(new Error('the oracle does not come to an end')), oraclePatienceMs);
      await promise.finally(() => clearTimeout(impatience));
      return requests;
    },
  };
}
