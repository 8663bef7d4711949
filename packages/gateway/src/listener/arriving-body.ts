// A request body as it arrives: peeked without consuming, taken once, or drained within bounds.
import type { Refusal } from '@headgate/contract';
import { ByteQueue, type Source } from '../byte-queue.ts';
import type { PathOptions } from '../config.ts';
import type { RequestBody } from '../exchange.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { WaitingBodies } from './waiting-bodies.ts';

/** What a body needs from its connection. */
export interface BodySurroundings extends Source {
  readonly path: PathOptions;
  readonly source: string;
  readonly waiting: WaitingBodies;
  /** Sends `100 Continue` if the caller waits for it (RFC 9110 §10.1.1). */
  continueNow(): void;
  /** A body is waited for, this many milliseconds from now at the longest, or no longer waited for. */
  awaitBody(body: ArrivingBody, waitMs: number | null): void;
  /** What is left is read and dropped from now on. */
  drop(): void;
}

/** The queue of every body that has none. */
const noBytes = new ByteQueue({ pause: () => undefined, resume: () => undefined });
noBytes.end();

/** The body of one request. The connection feeds it; the stages read it. */
export class ArrivingBody implements RequestBody {
  readonly framing: RequestBody['framing'];
  readonly declaredBytes: number | null;
  readonly #surroundings: BodySurroundings;
  readonly #queue: ByteQueue;
  #receivedBytes = 0;
  #dropping = false;

  constructor(framing: RequestBody['framing'], declaredBytes: number | null, surroundings: BodySurroundings) {
    this.framing = framing;
    this.declaredBytes = declaredBytes;
    this.#surroundings = surroundings;
    const isEmpty = framing === 'none' || declaredBytes === 0;
    this.#queue = isEmpty ? noBytes : new ByteQueue(surroundings);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** True when the last byte arrived. */
  get arrived(): boolean {
    return this.#queue.ended;
  }

  /** True once nobody wants the rest. */
  get dropping(): boolean {
    return this.#dropping;
  }

  /** The connection brings a piece. */
  push(data: Uint8Array): void {
    this.#receivedBytes += data.byteLength;
    if (!this.#dropping) this.#queue.push(data);
  }

  /** The connection brought the last piece. */
  end(): void {
    this.#queue.end();
  }

  /** The connection brings no more: the caller went away, was too slow, or sent what is no body. */
  fail(refusal: Refusal): void {
    this.#queue.fail(refusal);
  }

  get peeked(): Uint8Array {
    return this.#queue.peekAll();
  }

  get whole(): Uint8Array | null {
    return this.#queue.ended && !this.#dropping ? this.#queue.takeAll() : null;
  }

  head(bytesMax: number, deadlineMs: number): MaybePromise<Uint8Array> {
    return this.#queue.bytes >= bytesMax || this.#queue.ended
      ? this.#held(bytesMax)
      : this.#headToCome(bytesMax, deadlineMs);
  }

  async #headToCome(bytesMax: number, deadlineMs: number): Promise<Uint8Array> {
    const { waiting, source } = this.#surroundings;
    const release = waiting.enter(source);
    try {
      this.#await(deadlineMs);
      await this.#queue.more(bytesMax);
    } finally {
      this.#surroundings.awaitBody(this, null);
      release();
    }
    return this.#held(bytesMax);
  }

  #held(bytesMax: number): Uint8Array {
    const held = this.#queue.peekAll();
    return held.byteLength <= bytesMax ? held : held.subarray(0, bytesMax);
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#queue.bytes === 0 && !this.#queue.ended) {
        this.#await(this.#surroundings.path.bodyTimeoutMs);
        try {
          await this.#queue.more();
        } finally {
          this.#surroundings.awaitBody(this, null);
        }
      }
      if (this.#queue.bytes === 0) return;
      yield this.#queue.takeAll();
    }
  }

  discard(): void {
    if (this.#dropping) return;
    this.#dropping = true;
    this.#queue.takeAll();
    if (!this.#queue.ended) this.#surroundings.drop();
  }

  #await(deadlineMs: number): void {
    this.#surroundings.continueNow();
    this.#surroundings.awaitBody(this, deadlineMs);
  }
}
