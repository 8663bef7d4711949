// Heads that callers repeat: programs poll the same few services for years, and all of one make send the same bytes. What was
// read and concluded from a head is kept, whoever sent it, and dropped with the snapshot it was concluded under.
import type { HeadMemo, RequestHead } from '../exchange.ts';
import type { Serving } from '../serving.ts';
import type { framingOf } from './framing.ts';

/** Heads kept in sets of four by their hash; a new one takes the place of the oldest of its set. 2,048 in all. */
const setCount = 512;
const headsPerSet = 4;

/** Heads longer than this are read anew each time, in bytes. */
const headBytesMax = 4_096;

/** What one head said, and what the stages concluded from it. */
export interface RememberedHead {
  readonly head: RequestHead;
  readonly bytes: number;
  readonly framing: ReturnType<typeof framingOf>;
  readonly keepAlive: boolean;
  readonly awaitsContinue: boolean;
  readonly serving: Serving;
  readonly memo: HeadMemo;
}

/** The heads of one listener. */
export interface RememberedHeads {
  /** The head that begins at `at`, if it is known under this snapshot and whole. */
  find(input: Buffer, at: number, serving: Serving): RememberedHead | null;
  /** Keeps a head that was read from `at` on. */
  keep(input: Buffer, at: number, head: RememberedHead): void;
}

interface Kept {
  readonly text: Buffer;
  readonly remembered: RememberedHead;
}

/** Creates the memory of one listener. `seed` is a random word of 32 bits: nobody can choose heads that fall together. */
export function createRememberedHeads(seed: number): RememberedHeads {
  const kept: (Kept | null)[] = Array.from({ length: setCount * headsPerSet }, () => null);
  const oldestOf = new Uint8Array(setCount);

  /** Where the same bytes are kept; -1 where they are not. */
  const placeOf = (set: number, input: Buffer, at: number, end: number): number => {
    for (let place = set * headsPerSet; place < (set + 1) * headsPerSet; place += 1) {
      const text = kept[place]?.text;
      if (text?.byteLength === end - at && input.compare(text, 0, text.byteLength, at, end) === 0) return place;
    }
    return -1;
  };
  return {
    find(input, at, serving) {
      const endAt = input.indexOf(headEnd, at);
      if (endAt === -1 || endAt - at > headBytesMax) return null;
      const end = endAt + headEnd.byteLength;
      const place = placeOf(setOf(input, at, end, seed), input, at, end);
      const remembered = place === -1 ? undefined : kept[place]?.remembered;
      return remembered?.serving === serving ? remembered : null;
    },
    keep(input, at, remembered) {
      if (remembered.bytes > headBytesMax) return;
      const end = at + remembered.bytes;
      const set = setOf(input, at, end, seed);
      let place = placeOf(set, input, at, end);
      if (place === -1) {
        const oldest = oldestOf[set] ?? 0;
        oldestOf[set] = (oldest + 1) % headsPerSet;
        place = set * headsPerSet + oldest;
      }
      const text = Buffer.allocUnsafeSlow(end - at);
      input.copy(text, 0, at, end);
      kept[place] = { text, remembered };
    },
  };
}

const headEnd = Buffer.from('\r\n\r\n');

/** FNV-1a over words of four bytes: it only has to spread heads, since equal bytes alone make an equal head. */
function setOf(bytes: Buffer, from: number, end: number, seed: number): number {
  let hash = seed;
  for (let at = from; at < end; at += 4) {
    const word =
      (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 15;
  }
  return (hash >>> 0) % setCount;
}
