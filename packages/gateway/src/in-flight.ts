// How many exchanges are under way: what a stop waits for.

/** Counts exchanges. */
export interface InFlight {
  began(): void;
  ended(): void;
  /** Resolves when none is under way. */
  none(): Promise<void>;
}

/** Creates a counter at zero. */
export function createInFlight(): InFlight {
  let underWay = 0;
  let wake: (() => void) | null = null;
  return {
    began() {
      underWay += 1;
    },
    ended() {
      underWay -= 1;
      if (underWay === 0) wake?.();
    },
    async none() {
      while (underWay > 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    },
  };
}
