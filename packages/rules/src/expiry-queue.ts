// Finds what expires next without a timer and without a scan: a binary heap over due instants.
// An entry that was used again is not moved at once; it is looked at when its old instant comes, and then put back.

/** Something that expires. `dueAtMs` is when the queue looks at it again; never later than it expires. */
export interface Expiring {
  dueAtMs: number;
}

/** Entries by due instant. `add` and `removeFirst` take time logarithmic in the number of entries. */
export interface ExpiryQueue<T extends Expiring> {
  first(): T | undefined;
  add(entry: T): void;
  removeFirst(): void;
  /** Puts the first entry back at a later `dueAtMs`. */
  postponeFirst(dueAtMs: number): void;
}

/** An empty queue. Holds no timer and needs no close. */
export function createExpiryQueue<T extends Expiring>(): ExpiryQueue<T> {
  const heap: T[] = [];

  function rise(entry: T): void {
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || parent.dueAtMs <= entry.dueAtMs) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  function sinkFromTop(entry: T): void {
    let index = 0;
    for (;;) {
      const childIndex = earlierChild(index);
      const child = heap[childIndex];
      if (child === undefined || child.dueAtMs >= entry.dueAtMs) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = entry;
  }

  function earlierChild(index: number): number {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    return left !== undefined && right !== undefined && right.dueAtMs < left.dueAtMs ? 2 * index + 2 : 2 * index + 1;
  }

  return {
    first: () => heap[0],
    add: rise,
    removeFirst() {
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) sinkFromTop(last);
    },
    postponeFirst(dueAtMs) {
      const first = heap[0];
      if (first === undefined) return;
      first.dueAtMs = dueAtMs;
      sinkFromTop(first);
    },
  };
}
