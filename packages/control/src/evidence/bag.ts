// A few values with their counts, whatever comes: past the bound values are no longer told apart, and still counted.

/** Values, each with its calls and the last of them. */
export interface Bag {
  readonly values: Map<string, { calls: number; lastMs: number }>;
  /** Calls with values that are not listed. */
  others: number;
}

/** A bag as it is stored. */
export interface StoredBag {
  readonly values: readonly (readonly [value: string, calls: number, lastMs: number])[];
  readonly others: number;
}

/** An empty bag. */
export function createBag(): Bag {
  return { values: new Map(), others: 0 };
}

/** Adds calls with one value. */
export function addToBag(bag: Bag, value: string, calls: number, lastMs: number, max: number): void {
  const known = bag.values.get(value);
  if (known !== undefined) {
    known.calls += calls;
    known.lastMs = Math.max(known.lastMs, lastMs);
  } else if (bag.values.size < max) bag.values.set(value, { calls, lastMs });
  else bag.others += calls;
}

/** Adds one bag to another. Past the bound the values that were met last stay: what somebody used a year ago helps nobody today. */
export function mergeBags(to: Bag, from: Bag, max: number): void {
  for (const [value, { calls, lastMs }] of from.values) addToBag(to, value, calls, lastMs, Number.POSITIVE_INFINITY);
  to.others += from.others;
  if (to.values.size <= max) return;
  const byRecency = [...to.values].toSorted((a, b) => b[1].lastMs - a[1].lastMs || compare(a[0], b[0]));
  for (const [value, { calls }] of byRecency.slice(max)) {
    to.values.delete(value);
    to.others += calls;
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** As it is stored, in the order of the values. */
export function toStoredBag({ values, others }: Bag): StoredBag {
  const sorted = [...values].toSorted((a, b) => compare(a[0], b[0]));
  return { values: sorted.map(([value, { calls, lastMs }]) => [value, calls, lastMs]), others };
}

/** From the store, where we wrote it. */
export function fromStoredBag({ values, others }: StoredBag): Bag {
  return { values: new Map(values.map(([value, calls, lastMs]) => [value, { calls, lastMs }])), others };
}
