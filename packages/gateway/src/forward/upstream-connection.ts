// One connection to one upstream: a request out, its answer in, strictly one after the other. What an upstream sends is read
// with the same strictness as what a caller sends, and a connection that said one byte too much is not used again.
import { connect, type Socket } from 'node:net';
import { ByteQueue } from '../byte-queue.ts';
import type { PathOptions } from '../config.ts';
import type { Deadlines, Waiting } from '../deadlines.ts';
import { ChunkedDecoder } from '../http1/chunked.ts';
import type { FieldList } from '../http1/field-lines.ts';
import { Malformed } from '../http1/malformed.ts';
import { type RawResponseHead, ResponseHeadReader } from '../http1/response-head.ts';
import type { Outcome, UpstreamAnswer, UpstreamRequest } from '../upstream.ts';
import { connectionOptions } from './request-fields.ts';

/** Largest head of an upstream's answer, in bytes (64 KiB). */
const responseHeadBytesMax = 65_536;

/** Bodies up to this size leave in one write with their head (64 KiB). */
const joinedBytesMax = 64 * 1024;

/** What a connection tells the pool that owns it. */
export interface ConnectionOwner {
  /** The answer was read whole and nothing else: the connection may serve another call. */
  idle(connection: UpstreamConnection): void;
  closed(connection: UpstreamConnection): void;
}

type Phase = 'connecting' | 'idle' | 'sending' | 'awaiting' | 'answering' | 'closed';

/** A connection to an endpoint. */
export class UpstreamConnection implements Waiting {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #path: PathOptions;
  readonly #deadlines: Deadlines;
  #phase: Phase = 'connecting';
  #used = false;
  #reused = false;
  #resolve: ((outcome: Outcome) => void) | null = null;
  readonly #reached = Promise.withResolvers<'connected' | 'refused' | 'timed-out'>();
  #request: UpstreamRequest | null = null;
  #requestSent = false;
  #pending: Buffer | null = null;
  #reader: ResponseHeadReader | null = null;
  #decoder: ChunkedDecoder | null = null;
  #body: ByteQueue | null = null;
  #leftBytes = 0;
  #untilClose = false;
  #keepAlive = true;
  #drainWake: (() => void) | null = null;
  readonly #abandon = () => this.#destroy(new Error('the caller went away'));

  constructor(place: { host: string; port: number }, owner: ConnectionOwner, path: PathOptions, deadlines: Deadlines) {
    this.#owner = owner;
    this.#path = path;
    this.#deadlines = deadlines;
    this.deadlineMs = deadlines.now() + path.connectTimeoutMs;
    deadlines.add(this);
    this.#socket = connect({ host: place.host, port: place.port, noDelay: true, keepAlive: true });
    this.#socket.on('connect', () => {
      if (this.#phase !== 'connecting') return;
      this.#phase = 'idle';
      this.deadlineMs = Number.POSITIVE_INFINITY;
      this.#reached.resolve('connected');
    });
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('drain', () => this.#wakeSender());
    this.#socket.on('end', () => this.#upstreamEnds());
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#closed());
  }

  /** Whether a request may be sent on it now. */
  get usable(): boolean {
    return this.#phase === 'idle' && !this.#socket.destroyed;
  }

  /** Resolves when connecting ended, one way or the other. */
  reached(): Promise<'connected' | 'refused' | 'timed-out'> {
    return this.#reached.promise;
  }

  /** Sends one request on an idle connection and resolves when the head of its answer is in. Never rejects. */
  exchange(request: UpstreamRequest): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#resolve = resolve;
    this.#request = request;
    this.#reused = this.#used;
    this.#used = true;
    this.#requestSent = false;
    this.#phase = 'sending';
    this.deadlineMs = Number.POSITIVE_INFINITY; // What it was for an idle connection would cut a slow upload.
    request.departure.hear(this.#abandon);
    this.#send(request);
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  expire(): void {
    switch (this.#phase) {
      case 'connecting':
        this.#reached.resolve('timed-out');
        this.#socket.destroy();
        return;
      case 'sending':
      case 'awaiting': {
        this.#destroy(new Error(`no answer within ${this.#path.responseTimeoutMs} ms`), 'timeout');
        return;
      }
      case 'answering':
        this.#destroy(new Error(`no more bytes within ${this.#path.responseIdleMs} ms`));
        return;
      default:
        this.#socket.destroy(); // Idle for longer than upstreams keep connections.
    }
  }

  #send(request: UpstreamRequest): void {
    const { payload, head } = request;
    if (payload.kind === 'stream') {
      this.#socket.write(head, 'latin1');
      void this.#stream(payload.chunks);
      return;
    }
    if (payload.kind === 'none') this.#socket.write(head, 'latin1');
    else if (payload.bytes.byteLength > joinedBytesMax) {
      this.#socket.write(head, 'latin1');
      this.#socket.write(payload.bytes);
    } else {
      const joined = Buffer.allocUnsafe(head.length + payload.bytes.byteLength);
      joined.write(head, 0, 'latin1');
      joined.set(payload.bytes, head.length);
      this.#socket.write(joined);
    }
    this.#sent();
  }

  async #stream(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const request = this.#request;
    try {
      for await (const chunk of chunks) {
        if (this.#request !== request || this.#socket.destroyed) return;
        if (this.#socket.write(chunk)) continue;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#drainWake = resolve;
        this.deadlineMs = this.#deadlines.now() + this.#path.responseTimeoutMs;
        await promise;
        if (this.#phase === 'sending') this.deadlineMs = Number.POSITIVE_INFINITY;
      }
      if (this.#request === request) this.#sent();
    } catch (cause) {
      this.#settle({ kind: 'no-request', cause });
      this.#socket.destroy();
    }
  }

  #sent(): void {
    this.#requestSent = true;
    if (this.#phase === 'sending') {
      this.#phase = 'awaiting';
      this.deadlineMs = this.#deadlines.now() + this.#path.responseTimeoutMs;
    }
  }

  #receive(chunk: Buffer): void {
    const input = this.#pending === null ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = null;
    try {
      if (this.#phase === 'sending' || this.#phase === 'awaiting') this.#readHead(input, 0);
      else if (this.#phase === 'answering') this.#readBody(input, 0);
      else this.#socket.destroy(); // Bytes that nobody asked for.
    } catch (thrown) {
      if (!(thrown instanceof Malformed)) throw thrown;
      this.#destroy(thrown, 'invalid');
    }
  }

  #readHead(input: Buffer, from: number): void {
    let at = from;
    for (;;) {
      const bytes = at === 0 ? input : input.subarray(at);
      const reader = this.#reader ?? new ResponseHeadReader(responseHeadBytesMax);
      this.#reader = reader;
      const head = reader.read(bytes);
      if (head === null) {
        this.#pending = bytes;
        return;
      }
      at += reader.end;
      this.#reader = null;
      if (head.status >= 200) {
        this.#beginAnswer(head, input, at);
        return;
      }
      // RFC 9110 §15.2: interim answers are for us alone. 101 was never asked for.
      if (head.status === 101) throw new Malformed('syntax', 'a switch of protocols that nobody asked for');
      if (at === input.byteLength) return;
    }
  }

  #beginAnswer(head: RawResponseHead, input: Buffer, at: number): void {
    const request = this.#request;
    if (request === null) throw new Malformed('syntax', 'an answer without a request');
    this.#frame(head, request.method);
    this.#phase = 'answering';
    this.deadlineMs = this.#deadlines.now() + this.#path.responseIdleMs;
    // An answer that was read whole has no say any more: the connection may serve another call while a caller still takes it.
    const whileRead = (work: () => void) => () => {
      if (this.#body === body) work();
    };
    const body: ByteQueue = new ByteQueue({
      pause: whileRead(() => this.#socket.pause()),
      resume: whileRead(() => this.#socket.resume()),
    });
    this.#body = body;
    const answer: UpstreamAnswer = {
      status: head.status,
      fields: head.status === 204 ? without(head.fields, 'content-length') : head.fields,
      body,
      abandon: () => this.#socket.destroy(),
    };
    const reusedConnection = this.#reused;
    // What came with the head is read first: a fault in it leaves the outcome open, so that it becomes a refusal.
    if (at < input.byteLength || (this.#leftBytes === 0 && !this.#untilClose && this.#decoder === null))
      this.#readBody(input, at);
    this.#settle({ kind: 'answered', answer, reusedConnection });
  }

  /** RFC 9112 §6.3 for responses; what could be read two ways is refused. */
  #frame({ fields, status, httpVersion }: RawResponseHead, method: string): void {
    const lengths = valuesOf(fields, 'content-length');
    const codings = valuesOf(fields, 'transfer-encoding');
    const ambiguous = (found: string): never => {
      throw new Malformed('ambiguous-length', found);
    };
    if (lengths.length > 1 || codings.length > 1) ambiguous('more than one length');
    if (lengths.length > 0 && codings.length > 0) ambiguous('Content-Length and Transfer-Encoding together');
    if (lengths[0] !== undefined && !/^\d{1,15}$/.test(lengths[0])) ambiguous('a Content-Length that is not a number');
    if (codings[0] !== undefined && (codings[0].toLowerCase() !== 'chunked' || httpVersion === '1.0')) {
      ambiguous('a Transfer-Encoding other than chunked');
    }
    const bodiless = method === 'HEAD' || status === 204 || status === 304;
    this.#decoder = codings.length > 0 && !bodiless ? new ChunkedDecoder() : null;
    this.#leftBytes = bodiless ? 0 : Number(lengths[0] ?? 0);
    this.#untilClose = !bodiless && lengths.length === 0 && codings.length === 0;
    const options = connectionOptions(valuesOf(fields, 'connection'));
    const persists = httpVersion === '1.1' ? !options.has('close') : options.has('keep-alive') && !options.has('close');
    // RFC 9110 §8.6: 204 has no content. One that announces some may still send it, and it would become the next answer.
    const contradicts = status === 204 && (codings.length > 0 || Number(lengths[0] ?? 0) > 0);
    this.#keepAlive = !this.#untilClose && persists && !contradicts; // RFC 9112 §9.3.
  }

  #readBody(input: Buffer, from: number): void {
    const body = this.#body;
    if (body === null) return;
    this.deadlineMs = this.#deadlines.now() + this.#path.responseIdleMs;
    let at = from;
    if (this.#untilClose) {
      body.push(input.subarray(at));
      return;
    }
    if (this.#decoder !== null) {
      at = this.#decoder.feed(input, at, (data) => body.push(data));
      if (!this.#decoder.ended) return;
    } else {
      const end = Math.min(input.byteLength, at + this.#leftBytes);
      if (end > at) body.push(at === 0 && end === input.byteLength ? input : input.subarray(at, end));
      this.#leftBytes -= end - at;
      at = end;
      if (this.#leftBytes > 0) return;
    }
    this.#finish(body, at === input.byteLength);
  }

  #finish(body: ByteQueue, clean: boolean): void {
    body.end();
    this.#body = null;
    this.#decoder = null;
    this.#request?.departure.hear(null);
    this.#request = null;
    this.#phase = 'idle';
    this.#socket.resume(); // Its last piece may have paused it.
    // Answered before the request was sent whole: the upstream would read the next call's first bytes as this one's last.
    if (!clean || !this.#keepAlive || !this.#requestSent) {
      this.#socket.destroy();
      return;
    }
    this.deadlineMs = this.#deadlines.now() + this.#path.upstreamIdleMs;
    this.#owner.idle(this);
  }

  #upstreamEnds(): void {
    if (this.#phase === 'answering' && this.#untilClose && this.#body !== null) {
      this.#finish(this.#body, true);
      return;
    }
    this.#fail(new Error('the upstream closed the connection'));
  }

  #fail(cause: Error): void {
    if (this.#phase === 'connecting') this.#reached.resolve('refused');
    this.#destroy(cause);
  }

  #destroy(cause: Error, reason: 'timeout' | 'invalid' | 'broken' = 'broken'): void {
    this.#body?.fail(cause);
    this.#body = null;
    this.#request?.departure.hear(null);
    this.#request = null;
    this.#settle({ kind: 'no-answer', reason, reusedConnection: this.#reused, cause });
    this.#socket.destroy();
  }

  #closed(): void {
    if (this.#phase === 'closed') return;
    this.#fail(new Error('the upstream closed the connection'));
    this.#phase = 'closed';
    this.#deadlines.remove(this);
    this.#wakeSender();
    this.#owner.closed(this);
  }

  #settle(outcome: Outcome): void {
    const resolve = this.#resolve;
    this.#resolve = null;
    resolve?.(outcome);
  }

  #wakeSender(): void {
    const wake = this.#drainWake;
    this.#drainWake = null;
    wake?.();
  }
}

function valuesOf(fields: FieldList, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) values.push(fields[at + 1] ?? '');
  return values;
}

/** RFC 9110 §8.6: 204 must not be passed on with a length, whatever its upstream says. */
function without(fields: FieldList, name: string): FieldList {
  return fields.filter((_, at) => fields[at - (at % 2)] !== name);
}
