// Which slot of a shared table expires next, without a timer and without a scan: a binary heap over due instants. A slot that was used
// again is not moved at once; it is looked at when its old instant comes, and then put back.
import type { MemoryParts } from './memory.ts';

/** Slots by due instant. */
export interface DueQueue {
  /** The slot that is due first, or -1. */
  first(): number;
  /** When the first is due, in milliseconds; Infinity when there is none. */
  firstDueMs(): number;
  add(slot: number, dueAtMs: number): void;
  removeFirst(): void;
  postponeFirst(dueAtMs: number): void;
  clear(): void;
}

/** Deals out a queue of so many slots at most. */
export function dealDueQueue(parts: MemoryParts, slotsMax: number): DueQueue {
  const heap = parts.words(slotsMax);
  const dueAtMs = parts.numbers(slotsMax);
  const counts = parts.words(1);
  const slotAt = (at: number): number => heap[at] ?? 0;
  const dueOf = (slot: number): number => dueAtMs[slot] ?? 0;
  const length = (): number => counts[0] ?? 0;

  function sinkFromTop(slot: number): void {
    const end = length();
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= end) break;
      if (child + 1 < end && dueOf(slotAt(child + 1)) < dueOf(slotAt(child))) child += 1;
      if (dueOf(slotAt(child)) >= dueOf(slot)) break;
      heap[at] = slotAt(child);
      at = child;
    }
    heap[at] = slot;
  }

  return {
    first: () => (length() === 0 ? -1 : slotAt(0)),
    firstDueMs: () => (length() === 0 ? Number.POSITIVE_INFINITY : dueOf(slotAt(0))),
    add(slot, atMs) {
      dueAtMs[slot] = atMs;
      let at = length();
      counts[0] = at + 1;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (dueOf(slotAt(parent)) <= atMs) break;
        heap[at] = slotAt(parent);
        at = parent;
      }
      heap[at] = slot;
    },
    removeFirst() {
      const end = length() - 1;
      counts[0] = end;
      if (end > 0) sinkFromTop(slotAt(end));
    },
    postponeFirst(atMs) {
      const slot = slotAt(0);
      dueAtMs[slot] = atMs;
      sinkFromTop(slot);
    },
    clear: () => counts.fill(0),
  };
}
