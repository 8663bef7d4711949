// Bytes between one socket that brings them and one reader that takes them, with back pressure.

/** What pauses and resumes the socket behind a queue. */
export interface Source {
  pause(): void;
  resume(): void;
}

/** Bytes held before the socket is paused (256 KiB): enough for one large read, little enough for thousands of callers. */
const heldBytesMax = 256 * 1024;

/** Pieces up to this size are copied together, in bytes, into blocks of `joinedBytes`. */
const smallBytesMax = 1_024;
const joinedBytes = 16 * 1024;

/** Copies up to this size lie in slabs, in bytes: most bodies are small, and live for one call. One that stays keeps its slab. */
const slabbedBytesMax = 8 * 1024;
const slabBytes = 64 * 1024;
let slab = Buffer.allocUnsafeSlow(slabBytes);
let slabbedBytes = 0;

function copyOf(bytes: Uint8Array): Uint8Array {
  const { byteLength } = bytes;
  if (byteLength > slabbedBytesMax) {
    const copy = Buffer.allocUnsafeSlow(byteLength);
    copy.set(bytes);
    return copy;
  }
  if (slabbedBytes + byteLength > slabBytes) {
    slab = Buffer.allocUnsafeSlow(slabBytes);
    slabbedBytes = 0;
  }
  slab.set(bytes, slabbedBytes);
  slabbedBytes += byteLength;
  return slab.subarray(slabbedBytes - byteLength, slabbedBytes);
}

const noBytes = new Uint8Array(0);

/** A queue that ends, or fails, once. One reader at a time. */
export class ByteQueue implements AsyncIterable<Uint8Array> {
  readonly #source: Source;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #failure: Error | null = null;
  #paused = false;
  #small: Buffer | null = null;
  #smallBytes = 0;
  #smallPieces = 0;
  #wake: (() => void) | null = null;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True when everything arrived, taken or not. */
  get ended(): boolean {
    return this.#ended;
  }

  /** True while the reader waits for more. */
  get awaited(): boolean {
    return this.#wake !== null;
  }

  /** Takes a copy: what a socket brings lies where the next is read. */
  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#bytes += chunk.byteLength;
    // One-byte chunks would each hold a view far larger than themselves: small pieces are copied together.
    if (chunk.byteLength <= smallBytesMax) this.#addSmall(chunk);
    else {
      this.#settleSmall();
      this.#chunks.push(copyOf(chunk));
    }
    if (this.#bytes > heldBytesMax && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#awake();
  }

  end(): void {
    this.#ended = true;
    this.#awake();
  }

  /** Ends with an error that the reader gets after what arrived before it. */
  fail(failure: Error): void {
    if (this.#ended || this.#failure !== null) return;
    this.#failure = failure;
    this.#awake();
  }

  /** Everything held, as one piece, and gone from here. */
  takeAll(): Uint8Array {
    if (this.#bytes === 0) return noBytes; // What every body is left with that was taken whole.
    this.#settleSmall();
    const [only] = this.#chunks;
    const all = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    this.#unpause();
    return all;
  }

  /** Everything held, as one piece, which stays. */
  peekAll(): Uint8Array {
    this.#settleSmall();
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? noBytes;
  }

  /** Waits until there is something to take or nothing more will come. Rejects with the failure. */
  async more(bytesWanted = 1): Promise<void> {
    while (this.#bytes < bytesWanted && !this.#ended) {
      if (this.#failure !== null) throw this.#failure;
      this.#unpause();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      await this.more();
      if (this.#bytes === 0) return;
      yield this.takeAll();
    }
  }

  #addSmall(chunk: Uint8Array): void {
    if (this.#small === null || this.#smallBytes + chunk.byteLength > this.#small.byteLength) {
      this.#settleSmall();
      // The first small piece is the usual whole of a small body: it gets room for itself, a second one for many.
      if (this.#smallPieces === 0) {
        this.#smallPieces = 1;
        this.#chunks.push(copyOf(chunk));
        return;
      }
      this.#small = Buffer.allocUnsafe(joinedBytes);
    }
    this.#small.set(chunk, this.#smallBytes);
    this.#smallBytes += chunk.byteLength;
  }

  #settleSmall(): void {
    if (this.#small === null || this.#smallBytes === 0) return;
    this.#chunks.push(this.#small.subarray(0, this.#smallBytes));
    this.#small = null;
    this.#smallBytes = 0;
  }

  #unpause(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#source.resume();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
