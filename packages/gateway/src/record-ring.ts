// Records on their way from a serving thread to the spool thread: a ring in memory that both share, with one writer and one reader.
// Writing costs no message, no call of the system and no wait; where there is no room the record is lost and its number tells so.

/** Words of the ring's head. What the writer changes and what the reader changes lie in different cache lines. */
const written = 0;
const lastNumber = 1;
const taken = 16;
const reserved = 17;

/** The head of a ring, in bytes; the records follow. */
const headBytes = 128;

/** Before each record: its length, the low half of its number, and its instant. */
const prefixBytes = 16;

/** Records begin at multiples of 8 bytes: memory that threads share is copied word by word only where both sides are aligned. */
const alignBytes = 8;

/** In place of a length: the rest of the ring is empty, and the next record stands at its beginning. */
const atBeginning = -1;

/** Longest record, in bytes (1 MiB), where a ring has room for four of them. */
export const recordBytesMax = 1_048_576;

/** Makes the memory of a ring. */
export function createRing(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(headBytes + alignedUp(bytes));
}

function alignedUp(bytes: number): number {
  return Math.ceil(bytes / alignBytes) * alignBytes;
}

/** The views that both sides have. */
class RingViews {
  readonly head: Int32Array;
  readonly words: Int32Array;
  readonly instants: Float64Array;
  readonly bytes: Uint8Array;
  readonly size: number;

  constructor(ring: SharedArrayBuffer) {
    this.head = new Int32Array(ring, 0, headBytes / 4);
    this.words = new Int32Array(ring, headBytes);
    this.instants = new Float64Array(ring, headBytes);
    this.bytes = new Uint8Array(ring, headBytes);
    this.size = this.bytes.byteLength;
  }
}

/** The side of the serving thread. */
export class RingWriter {
  readonly #views: RingViews;
  readonly #recordBytesMax: number;
  /** Where the next record goes, and how far the reader was when it was last looked at. */
  #at: number;
  #taken: number;

  constructor(ring: SharedArrayBuffer) {
    this.#views = new RingViews(ring);
    this.#recordBytesMax = Math.min(recordBytesMax, Math.floor(this.#views.size / 4));
    this.#at = Atomics.load(this.#views.head, written);
    this.#taken = Atomics.load(this.#views.head, taken);
  }

  /** Writes the record with the next number. False where it has no room: it is lost then, and the reader will see that it is. */
  append(sequence: number, receivedMs: number, line: Uint8Array): boolean {
    const { head, words, instants, bytes } = this.#views;
    const length = line.byteLength;
    const at = this.#placeFor(length);
    if (at === -1) {
      Atomics.store(head, lastNumber, sequence | 0);
      return false;
    }
    words[at >> 2] = length;
    words[(at >> 2) + 1] = sequence | 0;
    instants[(at >> 3) + 1] = receivedMs;
    bytes.set(line, at + prefixBytes);
    this.#at = (at + prefixBytes + length + (alignBytes - 1)) & -alignBytes;
    if (this.#at === this.#views.size) this.#at = 0;
    // In this order: whoever sees a number sees every record up to it that had room.
    Atomics.store(head, written, this.#at);
    Atomics.store(head, lastNumber, sequence | 0);
    return true;
  }

  /** Where a record of this length fits without being cut; -1 where it does not. The ring is never quite full: full would look empty. */
  #placeFor(length: number): number {
    if (length > this.#recordBytesMax) return -1;
    const needed = prefixBytes + ((length + (alignBytes - 1)) & -alignBytes);
    const known = this.#fits(needed);
    if (known !== -1) return known;
    this.#taken = Atomics.load(this.#views.head, taken);
    return this.#fits(needed);
  }

  #fits(needed: number): number {
    const at = this.#at;
    const end = this.#taken;
    if (at < end) return at + needed < end ? at : -1;
    const room = this.#views.size - at;
    if (needed < room || (needed === room && end > 0)) return at;
    if (needed >= end) return -1;
    this.#views.words[at >> 2] = atBeginning;
    return 0;
  }

  /** How many more numbers behind this one are reserved; below zero where it is not reserved itself. */
  reservedBeyond(sequence: number): number {
    return (Atomics.load(this.#views.head, reserved) - (sequence | 0)) | 0;
  }

  /** Stands still until this number is reserved, or until the time is over. */
  awaitReservation(sequence: number, waitMs: number): void {
    const known = Atomics.load(this.#views.head, reserved);
    if (((known - (sequence | 0)) | 0) < 0) Atomics.wait(this.#views.head, reserved, known, waitMs);
  }
}

/** Records in a row, without a hole in their numbers. */
export interface RingRun {
  readonly kind: 'records';
  readonly first: number;
  readonly last: number;
  /** Instants of the first and of the last, in milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** A line break stands behind each. Overwritten by the next reading. */
  readonly lines: Buffer;
}

/** Records in a row that had no room. */
export interface RingHole {
  readonly kind: 'lost';
  readonly first: number;
  readonly last: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What stood in a ring, in order. */
export interface RingReading {
  readonly parts: readonly (RingRun | RingHole)[];
  /** The number of the last record, whether it was written or lost, and the instant of the last that was written. */
  readonly last: number;
  readonly lastMs: number;
  /** Whether anything was passed, new or not. */
  readonly moved: boolean;
  /** Whether there is more. */
  readonly more: boolean;
  /** Where reading goes on. */
  readonly position: number;
}

const LF = 0x0a;

/** What is read at a time, in bytes (2 MiB): more than the longest record. */
const readingBytes = 2 * recordBytesMax;

/** The side of the spool thread. */
export class RingReader {
  readonly #views: RingViews;
  readonly #scratch = Buffer.allocUnsafeSlow(readingBytes);
  #last: number;
  #lastMs: number;

  /** With number and instant of the last record that is kept already: what stands in the ring up to it is passed over. */
  constructor(ring: SharedArrayBuffer, last: number, lastMs: number) {
    this.#views = new RingViews(ring);
    this.#last = last;
    this.#lastMs = lastMs;
  }

  /** What is there, 2 MiB at most. It stays in the ring, and is read again, until it is released. */
  read(nowMs: number): RingReading {
    const { head, words, instants, size } = this.#views;
    const said = numberAfter(this.#last, Atomics.load(head, lastNumber)); // Before what was written: see the writer.
    const end = Atomics.load(head, written);
    const parts: (RingRun | RingHole)[] = [];
    const from = Atomics.load(head, taken);
    let position = from;
    let last = this.#last;
    let lastMs = this.#lastMs;
    let run: { first: number; fromMs: number; from: number } | null = null;
    let used = 0;
    const endRun = (): void => {
      if (run === null) return;
      const lines = this.#scratch.subarray(run.from, used);
      parts.push({ kind: 'records', first: run.first, last, fromMs: run.fromMs, toMs: lastMs, lines });
      run = null;
    };
    while (position !== end) {
      const length = words[position >> 2] ?? 0;
      if (length === atBeginning) {
        position = 0;
        continue;
      }
      if (used + length + 1 > readingBytes) break;
      const number = numberAfter(last, words[(position >> 2) + 1] ?? 0);
      const atMs = instants[(position >> 3) + 1] ?? 0;
      if (number > last) {
        if (number > last + 1) {
          endRun();
          parts.push({ kind: 'lost', first: last + 1, last: number - 1, fromMs: lastMs, toMs: atMs });
        }
        run ??= { first: number, fromMs: atMs, from: used };
        this.#scratch.set(this.#views.bytes.subarray(position + prefixBytes, position + prefixBytes + length), used);
        used += length + 1;
        this.#scratch[used - 1] = LF;
        last = number;
        lastMs = atMs;
      }
      position = (position + prefixBytes + length + (alignBytes - 1)) & -alignBytes;
      if (position === size) position = 0;
    }
    endRun();
    const more = position !== end;
    if (!more && said > last) {
      parts.push({ kind: 'lost', first: last + 1, last: said, fromMs: lastMs, toMs: nowMs });
      last = said;
    }
    return { parts, last, lastMs, moved: position !== from, more, position };
  }

  /** Gives back the room of what was read. */
  release({ position, last, lastMs }: RingReading): void {
    this.#last = last;
    this.#lastMs = lastMs;
    Atomics.store(this.#views.head, taken, position);
  }

  /** Lets the writer use numbers up to this one, and wakes it where it stands still for want of them. */
  reserve(upTo: number): void {
    Atomics.store(this.#views.head, reserved, upTo | 0);
    Atomics.notify(this.#views.head, reserved);
  }
}

/** The number whose low half this is, near another one: a ring holds far fewer records than two thousand millions. */
function numberAfter(near: number, low: number): number {
  return near + ((low - (near | 0)) | 0);
}
