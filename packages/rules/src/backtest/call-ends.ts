// What replayed calls hold until their answers end, soonest first.
import type { Charge } from '@headgate/contract';

/** Charges that are held until an instant. */
interface HeldCall {
  readonly endMs: number;
  readonly charges: readonly Charge[];
}

/** A queue by instant (a binary heap). */
export interface CallEnds {
  add(endMs: number, charges: readonly Charge[]): void;
  /** Takes out what ended by then, soonest first. */
  endedBy(atMs: number, end: (charges: readonly Charge[]) => void): void;
}

/** An empty queue. */
export function createCallEnds(): CallEnds {
  const heap: HeldCall[] = [];
  const endAt = (place: number): number => heap[place]?.endMs ?? Number.POSITIVE_INFINITY;
  const swap = (one: number, other: number): void => {
    const [first, second] = [heap[one], heap[other]];
    if (first === undefined || second === undefined) return;
    heap[one] = second;
    heap[other] = first;
  };
  const sink = (): void => {
    for (let place = 0; ; ) {
      const [left, right] = [2 * place + 1, 2 * place + 2];
      const least = endAt(left) <= endAt(right) ? left : right;
      if (endAt(least) >= endAt(place)) return;
      swap(place, least);
      place = least;
    }
  };
  return {
    add(endMs, charges) {
      heap.push({ endMs, charges });
      for (let place = heap.length - 1; place > 0; ) {
        const parent = (place - 1) >> 1;
        if (endAt(parent) <= endMs) return;
        swap(place, parent);
        place = parent;
      }
    },
    endedBy(atMs, end) {
      while (endAt(0) <= atMs) {
        end(heap[0]?.charges ?? []);
        swap(0, heap.length - 1);
        heap.pop();
        sink();
      }
    },
  };
}
