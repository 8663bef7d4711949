// So many at once for each source, and the others in their turn: a source that asks for much waits for itself, never its neighbours.

/** Gives turns. */
export interface Turns {
  /** How many have begun and not left, in all. */
  readonly underWay: number;
  /**
   * Calls `begin` at once while the source has room, else when its turn comes. Call what it is given, or the result, to leave:
   * a turn that is left before it begins never begins.
   */
  enter(source: string, begin: (leave: () => void) => void): () => void;
}

interface Place {
  underWay: number;
  /** In order of arrival; a set, so that who leaves the queue costs no search. */
  waiting: Set<() => void> | null;
}

/** Creates turns of `perSourceMax` at once for each source. The number that may wait is for the caller to bound. */
export function createTurns(perSourceMax: number): Turns {
  const places = new Map<string, Place>();
  let underWay = 0;
  const leave = (source: string, place: Place): void => {
    const next = place.waiting?.values().next().value;
    if (next !== undefined) {
      place.waiting?.delete(next);
      next();
      return;
    }
    underWay -= 1;
    place.underWay -= 1;
    if (place.underWay === 0) places.delete(source);
  };
  return {
    get underWay() {
      return underWay;
    },
    enter(source, begin) {
      let place = places.get(source);
      if (place === undefined) {
        place = { underWay: 0, waiting: null };
        places.set(source, place);
      }
      const entered = place;
      let state: 'waiting' | 'begun' | 'left' = 'waiting';
      const leaveOnce = (): void => {
        if (state === 'waiting') entered.waiting?.delete(start);
        const hasBegun = state === 'begun';
        state = 'left';
        if (hasBegun) leave(source, entered);
      };
      const start = (): void => {
        state = 'begun';
        begin(leaveOnce);
      };
      if (entered.underWay < perSourceMax) {
        entered.underWay += 1;
        underWay += 1;
        start();
      } else {
        entered.waiting ??= new Set();
        entered.waiting.add(start);
      }
      return leaveOnce;
    },
  };
}
