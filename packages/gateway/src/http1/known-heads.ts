// Heads of messages that come again byte for byte, and what was read from them: programs send the same few for years, and so do
// the systems that answer them.

/** Heads kept in one set, which a hash chooses; a new one takes the place of the oldest. */
const headsPerSet = 4;

/** Heads longer than this are read anew each time, in bytes. */
const headBytesMax = 4_096;

/** Options of a memory. */
export interface KnownHeadsOptions {
  /** A random word of 32 bits where strangers send the heads: nobody can choose some that fall together. */
  readonly seed: number;
  /** Most heads kept; a multiple of 4. */
  readonly headsMax: number;
}

/** What was read from heads. */
export interface KnownHeads<Read> {
  /** What was read from the head that begins at `at`, if it is known and whole. */
  find(input: Buffer, at: number): Read | null;
  /** Keeps what was read from the `bytes` bytes at `at`, the empty line included, in a copy. */
  keep(input: Buffer, at: number, bytes: number, read: Read): void;
}

interface Kept<Read> {
  readonly text: Buffer;
  readonly read: Read;
}

/** Creates an empty memory of at most `headsMax` times 4 KiB. */
export function createKnownHeads<Read>({ seed, headsMax }: KnownHeadsOptions): KnownHeads<Read> {
  const setCount = headsMax / headsPerSet;
  const kept: (Kept<Read> | null)[] = Array.from({ length: headsMax }, () => null);
  const oldestOf = new Uint8Array(setCount);

  const setOf = (input: Buffer, at: number, end: number) => hashOf(input, at, end, seed) % setCount;
  /** Where the same bytes are kept; -1 where they are not. */
  const placeOf = (set: number, input: Buffer, at: number, end: number): number => {
    for (let place = set * headsPerSet; place < (set + 1) * headsPerSet; place += 1) {
      const text = kept[place]?.text;
      if (text?.byteLength === end - at && input.compare(text, 0, text.byteLength, at, end) === 0) return place;
    }
    return -1;
  };
  return {
    find(input, at) {
      const endAt = input.indexOf(headEnd, at);
      if (endAt === -1 || endAt - at > headBytesMax) return null;
      const end = endAt + headEnd.byteLength;
      const place = placeOf(setOf(input, at, end), input, at, end);
      return place === -1 ? null : (kept[place]?.read ?? null);
    },
    keep(input, at, bytes, read) {
      if (bytes > headBytesMax) return;
      const end = at + bytes;
      const set = setOf(input, at, end);
      let place = placeOf(set, input, at, end);
      if (place === -1) {
        const oldest = oldestOf[set] ?? 0;
        oldestOf[set] = (oldest + 1) % headsPerSet;
        place = set * headsPerSet + oldest;
      }
      const text = Buffer.allocUnsafeSlow(bytes);
      input.copy(text, 0, at, end);
      kept[place] = { text, read };
    },
  };
}

const headEnd = Buffer.from('\r\n\r\n');

/**
 * FNV-1a over words of four bytes: it only has to spread heads, since equal bytes alone make an equal head. Bytes behind the last
 * whole word belong to the empty line, which is the same in all.
 */
function hashOf(bytes: Buffer, from: number, end: number, seed: number): number {
  let hash = seed;
  for (let at = from; at + 4 <= end; at += 4) {
    const word =
      (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
