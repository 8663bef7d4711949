// So many at once for each source, and the others in their turn: a source that asks for much waits for itself, never its neighbours.

/** Gives turns. */
export interface Turns {
  /** How many have begun and not left, in all. */
  readonly underWay: number;
  /** Calls `begin` at once while the source has room, else when its turn comes. Call the result to leave, begun or not. */
  enter(source: string, begin: () => void): () => void;
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
      const start = (): void => {
        state = 'begun';
        begin();
      };
      if (entered.underWay < perSourceMax) {
        entered.underWay += 1;
        underWay += 1;
        start();
      } else {
        entered.waiting ??= new Set();
        entered.waiting.add(start);
      }
      return () => {
        if (state === 'begun') leave(source, entered);
        else entered.waiting?.delete(start);
        state = 'left';
      };
    },
  };
}

/**
 * Does the work when its source has room, at once in the usual case, and leaves behind it; work that goes on for long may leave
 * before. The work never rejects.
 */
export function inTurn(turns: Turns, source: string, work: (leave: () => void) => Promise<void>): Promise<void> {
  let begin: (() => void) | null = null;
  let begun = false;
  const leave = turns.enter(source, () => {
    begun = true;
    begin?.();
  });
  if (begun) return work(leave).then(leave);
  const turn = new Promise<void>((resolve) => {
    begin = resolve;
  });
  return turn.then(() => work(leave)).then(leave);
}
