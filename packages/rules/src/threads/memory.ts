// Shared memory dealt out in parts: every thread deals in the same order and so finds the same parts.

/** Deals out the parts of one memory, each zero at first. */
export interface MemoryParts {
  /** Whole numbers of 32 bits. */
  words(count: number): Int32Array;
  /** Numbers of 64 bits: instants in milliseconds. */
  numbers(count: number): Float64Array;
}

/** Bytes that everything dealt by `deal` takes. */
export function bytesOf(deal: (parts: MemoryParts) => unknown): number {
  let bytes = 0;
  const grow = (more: number): void => {
    bytes += Math.ceil(more / 8) * 8;
  };
  deal({
    words(count) {
      grow(count * 4);
      return noWords;
    },
    numbers(count) {
      grow(count * 8);
      return noNumbers;
    },
  });
  return bytes;
}

/** Deals out a memory from its start. */
export function partsOf(memory: SharedArrayBuffer): MemoryParts {
  let at = 0;
  const next = (bytes: number): number => {
    const start = at;
    at += Math.ceil(bytes / 8) * 8;
    return start;
  };
  return {
    words: (count) => new Int32Array(memory, next(count * 4), count),
    numbers: (count) => new Float64Array(memory, next(count * 8), count),
  };
}

const noWords = new Int32Array(0);
const noNumbers = new Float64Array(0);
