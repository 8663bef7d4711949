// Counts of a thread, told to the one that keeps them for all: an attack must not become a message for each of its connections.

/** How often a thread tells its counts, in milliseconds. */
const tellMs = 1_000;

/** Tells in sum, once a second at most. */
export interface ToldInSum {
  readonly isDue: boolean;
  /** There is something to tell. */
  due(): void;
  /** Tells now, where there is something. */
  flush(): void;
}

export function createToldInSum(tell: () => void): ToldInSum {
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    tell();
  };
  return {
    get isDue() {
      return timer !== null;
    },
    due() {
      timer ??= setTimeout(flush, tellMs).unref();
    },
    flush,
  };
}
