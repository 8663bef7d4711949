// Refused calls over threads, in a fixed number of places: owners are spread over sets, and in a set the latest push out the oldest.
// A caller that is refused without end pushes out its own, and those of the few that share its set.
import type { RecentRefusal, RecentRefusals } from '../recent-refusals.ts';
import { createKeyHashes, hashWords } from './keyed-hash.ts';
import { createThreadLock } from './lock.ts';
import type { MemoryParts } from './memory.ts';

/** Places of one set. */
const placesPerSet = 16;

/** Longest texts that are kept, in UTF-16 code units; longer ones are cut. An exchange id has 36, the name of a rule 63. */
const textMax = { exchange: 36, rule: 64, system: 40 } as const;
const textWords = (textMax.exchange + textMax.rule + textMax.system) / 2;

/** Most names of rules and systems whose words a thread keeps. */
const knownTextsMax = 1_024;

/** Writes a text, two code units to a word, and zeros behind it up to `max` units. */
function writeText(words: Int32Array, from: number, text: string, max: number): void {
  let at = from;
  for (let unit = 0; unit < max; unit += 2) {
    const first = unit < text.length ? text.charCodeAt(unit) : 0;
    const second = unit + 1 < text.length ? text.charCodeAt(unit + 1) : 0;
    words[at] = first | (second << 16);
    at += 1;
  }
}

/** Memory of refused calls. */
export interface RecentRefusalsParts {
  readonly lock: Int32Array;
  readonly setCount: number;
  /** Of each set, the place that is written next. */
  readonly next: Int32Array;
  readonly owners: Int32Array;
  readonly texts: Int32Array;
  /** When it was refused; 0 for a place that is empty or being written. */
  readonly atMs: Float64Array;
  /** -1 where waiting helps nothing. */
  readonly retryAfterMs: Float64Array;
}

/** Refused calls that threads share. */
export interface ThreadRecentRefusals extends RecentRefusals {
  /** To be called once a thread is gone: a place that it was writing is empty, and nothing else can be wrong. */
  repairAfter(goneOwner: number): void;
}

/** Deals out so many sets. */
export function dealRecentRefusals(parts: MemoryParts, setCount: number): RecentRefusalsParts {
  const placeCount = setCount * placesPerSet;
  return {
    lock: parts.words(1),
    setCount,
    next: parts.words(setCount),
    owners: parts.words(placeCount * hashWords),
    texts: parts.words(placeCount * textWords),
    atMs: parts.numbers(placeCount),
    retryAfterMs: parts.numbers(placeCount),
  };
}

/** Refused calls as one thread uses them. `owner` is a number above 0 that no other thread has or had. */
export function openRecentRefusals(parts: RecentRefusalsParts, seed: Int32Array, owner: number): ThreadRecentRefusals {
  const { setCount, next, owners, texts, atMs, retryAfterMs } = parts;
  const lock = createThreadLock(parts.lock, owner);
  const hashes = createKeyHashes(seed);

  const setOf = (at: number): number => ((hashes.words[at] ?? 0) >>> 0) % setCount;

  function isOf(place: number, at: number): boolean {
    for (let each = 0; each < hashWords; each += 1)
      if (owners[place * hashWords + each] !== hashes.words[at + each]) return false;
    return true;
  }

  /** The words of texts that come again with other calls. */
  const known = new Map<string, Int32Array>();

  function wordsOf(text: string, max: number): Int32Array {
    const found = known.get(text);
    if (found?.length === max / 2) return found;
    const words = new Int32Array(max / 2);
    writeText(words, 0, text, max);
    if (known.size >= knownTextsMax) known.clear();
    known.set(text, words);
    return words;
  }

  function writeTexts(place: number, { exchange, rule, system }: RecentRefusal): void {
    const at = place * textWords;
    writeText(texts, at, exchange, textMax.exchange);
    texts.set(wordsOf(rule, textMax.rule), at + textMax.exchange / 2);
    texts.set(wordsOf(system, textMax.system), at + (textMax.exchange + textMax.rule) / 2);
  }

  function textsOf(place: number): Pick<RecentRefusal, 'exchange' | 'rule' | 'system'> {
    let at = place * textWords;
    const read = (max: number): string => {
      let text = '';
      for (let unit = 0; unit < max; unit += 2) {
        const both = texts[at] ?? 0;
        text += String.fromCharCode(both & 0xffff, both >>> 16);
        at += 1;
      }
      return text.replace(/\0+$/, '');
    };
    return { exchange: read(textMax.exchange), rule: read(textMax.rule), system: read(textMax.system) };
  }

  function placesOf(owned: string): { readonly at: number; readonly first: number } {
    hashes.makeSpaceFor(1);
    const at = hashes.of(owned);
    return { at, first: setOf(at) * placesPerSet };
  }

  return {
    add(owned, call) {
      const { at, first } = placesOf(owned);
      lock.take();
      try {
        const set = first / placesPerSet;
        const turn = next[set] ?? 0;
        next[set] = (turn + 1) % placesPerSet;
        const place = first + turn;
        atMs[place] = 0;
        for (let each = 0; each < hashWords; each += 1) owners[place * hashWords + each] = hashes.words[at + each] ?? 0;
        writeTexts(place, call);
        retryAfterMs[place] = call.retryAfterMs ?? -1;
        atMs[place] = call.atMs;
      } finally {
        lock.give();
      }
    },
    of(owned) {
      const { at, first } = placesOf(owned);
      lock.take();
      try {
        const calls: RecentRefusal[] = [];
        for (let place = first; place < first + placesPerSet; place += 1) {
          if ((atMs[place] ?? 0) === 0 || !isOf(place, at)) continue;
          const waitMs = retryAfterMs[place] ?? -1;
          calls.push({ ...textsOf(place), atMs: atMs[place] ?? 0, retryAfterMs: waitMs < 0 ? null : waitMs });
        }
        return calls.toSorted((one, other) => other.atMs - one.atMs);
      } finally {
        lock.give();
      }
    },
    repairAfter(goneOwner) {
      if (lock.takeFrom(goneOwner)) lock.give();
    },
  };
}
