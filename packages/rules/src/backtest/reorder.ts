// Puts recordings of several writers into the order of their instants, within a bounded window. A record is written when its call
// ends, and each thread writes for itself, so that none of the files is in order and all of them together are less so.

/** Something with an instant, in milliseconds. */
export interface Timed {
  readonly atMs: number;
}

/** One writer's records, nearly in order. */
export interface Lane<T extends Timed> {
  /** The latest instant seen, or what is known of the first before any was seen. */
  readonly seenMs: number;
  push(item: T): void;
  /** Notes the instant of something that is not to be released. */
  saw(atMs: number): void;
  /** No more will come. */
  end(): void;
}

/** What did not fit. */
export interface ReorderStats {
  /** Items earlier than what was released already: left out. */
  readonly lateCount: number;
  /** How much earlier the latest of them was, in milliseconds: a window longer by this takes all. */
  readonly lateMsMax: number;
  /** Items released before their time because `heldMax` were held. */
  readonly hurriedCount: number;
}

/** Bounds of a reordering. */
export interface ReorderOptions {
  /** An item may come this much later than the latest of its lane, in milliseconds. */
  readonly windowMs: number;
  /** Most items held at once. */
  readonly heldMax: number;
}

/** Which items of one instant come behind the others. */
export type ComesLast<T> = (item: T) => boolean;

/** A reordering. */
export interface Reorder<T extends Timed> {
  /** Adds a writer, none of whose items is expected more than the window before `startsMs`. */
  lane(startsMs: number): Lane<T>;
  /** Releases what nothing can come before any more; to be called now and then. */
  settle(): void;
  /** The lane that holds back the others: the one to be read next. Null when all have ended. */
  laggard(): Lane<T> | null;
  stats(): ReorderStats;
}

/** Items of one instant keep the order in which they were pushed, but for those that come last. */
export function createReorder<T extends Timed>(
  { windowMs, heldMax }: ReorderOptions,
  release: (item: T) => void,
  comesLast: ComesLast<T> = () => false,
): Reorder<T> {
  interface OpenLane extends Lane<T> {
    seenMs: number;
  }
  const lanes = new Set<OpenLane>();
  const held = createHeap<T>(comesLast);
  let releasedMs = Number.NEGATIVE_INFINITY;
  let lateCount = 0;
  let lateMsMax = 0;
  let hurriedCount = 0;

  function releaseFirst(): void {
    const item = held.shift();
    if (item === undefined) return;
    releasedMs = item.atMs;
    release(item);
  }

  function laggard(): OpenLane | null {
    let slowest: OpenLane | null = null;
    for (const lane of lanes) if (slowest === null || lane.seenMs < slowest.seenMs) slowest = lane;
    return slowest;
  }

  return {
    lane(startsMs) {
      const lane: OpenLane = {
        seenMs: startsMs,
        push(item) {
          if (item.atMs < releasedMs) {
            lateCount += 1;
            lateMsMax = Math.max(lateMsMax, releasedMs - item.atMs);
            return;
          }
          lane.saw(item.atMs);
          held.push(item);
          if (held.size > heldMax) {
            hurriedCount += 1;
            releaseFirst();
          }
        },
        saw(atMs) {
          if (atMs > lane.seenMs) lane.seenMs = atMs;
        },
        end() {
          lanes.delete(lane);
        },
      };
      lanes.add(lane);
      return lane;
    },
    settle() {
      const slowest = laggard();
      const untilMs = slowest === null ? Number.POSITIVE_INFINITY : slowest.seenMs - windowMs;
      // Not at the border itself: an item of that very instant may still come.
      while (held.firstMs() < untilMs) releaseFirst();
    },
    laggard,
    stats: () => ({ lateCount, lateMsMax, hurriedCount }),
  };
}

interface Heap<T extends Timed> {
  readonly size: number;
  firstMs(): number;
  push(item: T): void;
  shift(): T | undefined;
}

/** A binary heap over instants, then over the order of pushing. */
/** Behind every order that is counted. */
const lastOrder = 2 ** 50;

function createHeap<T extends Timed>(comesLast: ComesLast<T>): Heap<T> {
  const items: T[] = [];
  const orders: number[] = [];
  let pushed = 0;

  function isBefore(item: T, order: number, index: number): boolean {
    const other = items[index] as T; // Every index asked for is below the size.
    return item.atMs < other.atMs || (item.atMs === other.atMs && order < (orders[index] ?? 0));
  }

  function put(item: T, order: number, index: number): void {
    items[index] = item;
    orders[index] = order;
  }

  function move(from: number, to: number): void {
    put(items[from] as T, orders[from] ?? 0, to);
  }

  function sink(item: T, order: number): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= items.length) break;
      const right = left + 1;
      const child = right < items.length && isBefore(items[right] as T, orders[right] ?? 0, left) ? right : left;
      if (isBefore(item, order, child)) break;
      move(child, index);
      index = child;
    }
    put(item, order, index);
  }

  return {
    get size() {
      return items.length;
    },
    firstMs: () => items[0]?.atMs ?? Number.POSITIVE_INFINITY,
    push(item) {
      const order = comesLast(item) ? lastOrder + pushed : pushed;
      pushed += 1;
      let index = items.length;
      items.push(item);
      orders.push(order);
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (!isBefore(item, order, parent)) break;
        move(parent, index);
        index = parent;
      }
      put(item, order, index);
    },
    shift() {
      const first = items[0];
      const last = items.pop();
      const order = orders.pop() ?? 0;
      if (last !== undefined && items.length > 0) sink(last, order);
      return first;
    },
  };
}
