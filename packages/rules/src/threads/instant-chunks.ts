// Instants in shared memory, in chunks of four that are linked as an allowance grows: no ring has to move, and memory that
// one allowance gives back fits every other. Which chunks are in use is known from the allowances alone.
import type { MemoryParts } from './memory.ts';

/** Instants in one chunk. */
export const chunkInstants = 4;

/** Chunks of instants. A position counts instants over all chunks. */
export interface InstantChunks {
  /** Instants by position, in milliseconds. */
  readonly instants: Float64Array;
  /** The first position of a free chunk, taken from now on. Throws when there is none: the table is to see to that. */
  take(): number;
  give(position: number): void;
  /** Makes `next` go on from the last position of one chunk at the first of another. */
  link(lastPosition: number, firstPosition: number): void;
  /** The position behind this one. */
  next(position: number): number;
  /** Makes the free chunks anew: `eachUsed` calls back with a position of every chunk in use. */
  rebuild(eachUsed: (use: (position: number) => void) => void): void;
}

/** Deals out so many chunks. */
export function dealInstantChunks(parts: MemoryParts, chunksMax: number): InstantChunks {
  const instants = parts.numbers(chunksMax * chunkInstants);
  /** The chunk behind it; for a free one, the free one before it, + 1. */
  const links = parts.words(chunksMax);
  const counts = parts.words(2);
  const [everUsed, lastFree] = [0, 1];
  const word = (of: Int32Array, at: number): number => of[at] ?? 0;
  const chunkOf = (position: number): number => Math.floor(position / chunkInstants);

  return {
    instants,
    take() {
      const given = word(counts, lastFree) - 1;
      if (given >= 0) {
        counts[lastFree] = word(links, given);
        return given * chunkInstants;
      }
      const fresh = word(counts, everUsed);
      if (fresh >= chunksMax) throw new Error('no chunk of instants is free, which the bounds should exclude');
      counts[everUsed] = fresh + 1;
      return fresh * chunkInstants;
    },
    give(position) {
      const chunk = chunkOf(position);
      links[chunk] = word(counts, lastFree);
      counts[lastFree] = chunk + 1;
    },
    link(lastPosition, firstPosition) {
      links[chunkOf(lastPosition)] = chunkOf(firstPosition);
    },
    next(position) {
      const isLast = position % chunkInstants === chunkInstants - 1;
      return isLast ? word(links, chunkOf(position)) * chunkInstants : position + 1;
    },
    rebuild(eachUsed) {
      const isUsed = new Uint8Array(chunksMax);
      let end = 0;
      eachUsed((position) => {
        const chunk = chunkOf(position);
        isUsed[chunk] = 1;
        end = Math.max(end, chunk + 1);
      });
      counts[everUsed] = end;
      counts[lastFree] = 0;
      for (let chunk = 0; chunk < end; chunk += 1) {
        if (isUsed[chunk] === 1) continue;
        links[chunk] = word(counts, lastFree);
        counts[lastFree] = chunk + 1;
      }
    },
  };
}
