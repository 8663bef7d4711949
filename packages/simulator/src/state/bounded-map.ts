// A map that cannot grow without end: past its bound the oldest entry goes, so that a long run stays in memory.

/** Keeps at most `countMax` entries; writing a known key renews its age. */
export class BoundedMap<Key, Value> {
  readonly countMax: number;
  readonly #entries = new Map<Key, Value>();

  constructor(countMax: number) {
    this.countMax = countMax;
  }

  get count(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.countMax) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  delete(key: Key): boolean {
    return this.#entries.delete(key);
  }

  values(): IterableIterator<Value> {
    return this.#entries.values();
  }

  entries(): IterableIterator<[Key, Value]> {
    return this.#entries.entries();
  }
}
