// The keys that are refused most, over threads, in a fixed number of places (the space-saving algorithm of Metwally, Agrawal and
// El Abbadi). Keys without a place are looked at in samples, so that many strangers who are refused once each cost next to nothing.
import type { MemoryParts } from './memory.ts';

/** Keys that have a place. */
const placesMax = 64;

/** Of refusals of keys without a place, one in so many is counted, as that many. */
const sampleOneIn = 16;

/** Longest text of a key that is kept, in UTF-16 code units; a longer one is cut. */
const textUnitsMax = 192;
const wordsPerText = textUnitsMax / 2;

/** A key and how often it was refused. */
export interface RefusedKey {
  /** As counted: the name of the rule, and what of the caller the rule counts by. */
  readonly key: string;
  readonly refused: number;
  /** By how many the number may be too high, but for the chance of samples. */
  readonly tooMany: number;
}

/** Counts refused keys. It is only touched under a lock. */
export interface RefusedKeys {
  /** Counts one refusal; `lastPlace` is what the call before for this key returned, or -1. */
  count(key: string, hash: Int32Array, lastPlace: number): number;
  /** The most refused first. */
  top(countMax: number): readonly RefusedKey[];
}

/** Deals out the places. */
export function dealRefusedKeys(parts: MemoryParts): RefusedKeys {
  const refused = parts.numbers(placesMax);
  const tooMany = parts.numbers(placesMax);
  const hashes = parts.words(placesMax * 4);
  const units = parts.words(placesMax);
  const texts = parts.words(placesMax * wordsPerText);
  const strangers = parts.words(1);
  const number = (of: Float64Array, at: number): number => of[at] ?? 0;

  function isOf(place: number, hash: Int32Array): boolean {
    const at = place * 4;
    return (
      hashes[at] === hash[0] &&
      hashes[at + 1] === hash[1] &&
      hashes[at + 2] === hash[2] &&
      hashes[at + 3] === hash[3] &&
      number(refused, place) > 0
    );
  }

  /** The place of a key, or else the one that is refused least. */
  function placeFor(hash: Int32Array): number {
    let least = 0;
    for (let place = 0; place < placesMax; place += 1) {
      if (isOf(place, hash)) return place;
      if (number(refused, place) < number(refused, least)) least = place;
    }
    return least;
  }

  function write(place: number, key: string, hash: Int32Array): void {
    units[place] = 0; // A thread that dies in between leaves an empty text, never half of two.
    const length = Math.min(key.length, textUnitsMax);
    for (let unit = 0; unit < length; unit += 2) {
      const second = unit + 1 < length ? key.charCodeAt(unit + 1) : 0;
      texts[place * wordsPerText + unit / 2] = key.charCodeAt(unit) | (second << 16);
    }
    for (let each = 0; each < 4; each += 1) hashes[place * 4 + each] = hash[each] ?? 0;
    units[place] = length;
  }

  function textOf(place: number): string {
    let text = '';
    for (let unit = 0; unit < (units[place] ?? 0); unit += 1) {
      const both = texts[place * wordsPerText + (unit >> 1)] ?? 0;
      text += String.fromCharCode(unit % 2 === 0 ? both & 0xffff : both >>> 16);
    }
    return text;
  }

  return {
    count(key, hash, lastPlace) {
      if (lastPlace >= 0 && isOf(lastPlace, hash)) {
        refused[lastPlace] = number(refused, lastPlace) + 1;
        return lastPlace;
      }
      const seen = strangers[0] ?? 0;
      strangers[0] = seen + 1;
      if (seen % sampleOneIn !== 0) return -1;
      const place = placeFor(hash);
      if (!isOf(place, hash)) {
        tooMany[place] = number(refused, place);
        write(place, key, hash);
      }
      refused[place] = number(refused, place) + (seen === 0 ? 1 : sampleOneIn);
      return place;
    },
    top(countMax) {
      const all = Array.from({ length: placesMax }, (_, place) => place).filter((place) => number(refused, place) > 0);
      all.sort((one, other) => number(refused, other) - number(refused, one));
      return all
        .slice(0, countMax)
        .map((place) => ({ key: textOf(place), refused: number(refused, place), tooMany: number(tooMany, place) }));
    },
  };
}
