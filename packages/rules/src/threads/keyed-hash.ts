// Keys as 128 bits: what a table of fixed places can hold. Two runs of HalfSipHash-1-3 (Aumasson and Bernstein) under keys that
// are drawn per process, so that no caller can choose two keys that fall together; by chance they never do.

/** Words of 32 bits in a seed, and in a hash. */
export const hashWords = 4;

/** Keys whose hash is remembered at once; callers can bring new ones without end, so that all are forgotten past it. */
const rememberedMax = 4_096;

/** Hashes of one thread. `words` is overwritten once `makeSpaceFor` is called again. */
export interface KeyHashes {
  /** Hashes, four words each. */
  readonly words: Int32Array;
  /** Before the hashes of one decision are asked for: they stay where they are until the next decision. */
  makeSpaceFor(keyCount: number): void;
  /** Where in `words` the hash of a key begins. */
  of(key: string): number;
}

/** Four words of a text, under a seed of `hashWords` random words. */
export function hashText(seed: Int32Array, text: string): Int32Array {
  const [seed0 = 0, seed1 = 0, seed2 = 0, seed3 = 0] = seed;
  const words = new Int32Array(hashWords);
  hashInto(words, 0, text, seed0, seed1);
  hashInto(words, 2, text, seed2, seed3);
  return words;
}

/** Hashes under a seed of `hashWords` random words, the same in every thread. */
export function createKeyHashes(seed: Int32Array): KeyHashes {
  const [seed0 = 0, seed1 = 0, seed2 = 0, seed3 = 0] = seed;
  const remembered = new Map<string, number>();
  let words = new Int32Array(rememberedMax * hashWords);
  const bothInto = (place: Int32Array, at: number, key: string): void => {
    hashInto(place, at, key, seed0, seed1);
    hashInto(place, at + 2, key, seed2, seed3);
  };
  return {
    get words() {
      return words;
    },
    makeSpaceFor(keyCount) {
      if (keyCount > rememberedMax) words = new Int32Array(keyCount * hashWords);
      if (remembered.size + keyCount > rememberedMax) remembered.clear();
    },
    of(key) {
      // A call that comes again brings the same text, whose own hash the engine keeps: this costs less than hashing it.
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const at = remembered.size * hashWords;
      bothInto(words, at, key);
      remembered.set(key, at);
      return at;
    },
  };
}

/** Writes 64 bits of a text, read as UTF-16, two units a word. Every step is on 32 bits, as the engine likes it. */
function hashInto(words: Int32Array, at: number, text: string, k0: number, k1: number): void {
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  const { length } = text;
  const lastWord = length & ~1;
  const round = (): void => {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  };
  const take = (word: number): void => {
    v3 ^= word;
    round();
    v0 ^= word;
  };
  for (let unit = 0; unit < lastWord; unit += 2) take(text.charCodeAt(unit) | (text.charCodeAt(unit + 1) << 16));
  // The length stands in the last words, so that no text is the beginning of another.
  take(lastWord === length ? 0x1_0000 : text.charCodeAt(lastWord));
  take(length);
  v2 ^= 0xee;
  for (let turn = 0; turn < 3; turn += 1) round();
  words[at] = v1 ^ v3;
  v1 ^= 0xdd;
  for (let turn = 0; turn < 3; turn += 1) round();
  words[at + 1] = v1 ^ v3;
}
