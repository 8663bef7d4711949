// How many places of each kind are taken: open connections of a source, bodies it keeps waiting. Taken together or not at all.

/** One place that is asked for: at most `max` may be taken under the key. */
export interface Place {
  readonly key: string;
  readonly max: number;
}

/** Counts of places that are taken. */
export interface Places {
  /** Takes all places or none; false when one of them has no room. */
  enter(places: readonly Place[]): boolean;
  /** Gives back what was taken together. */
  leave(places: readonly Place[]): void;
}

/** Places of one process. */
export function createPlaces(): Places {
  const taken = new Map<string, number>();
  return {
    enter(places) {
      for (const { key, max } of places) if ((taken.get(key) ?? 0) >= max) return false;
      for (const { key } of places) taken.set(key, (taken.get(key) ?? 0) + 1);
      return true;
    },
    leave(places) {
      for (const { key } of places) {
        const left = (taken.get(key) ?? 1) - 1;
        if (left <= 0) taken.delete(key);
        else taken.set(key, left);
      }
    },
  };
}
