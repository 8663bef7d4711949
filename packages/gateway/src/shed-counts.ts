// How many callers were shed, by the option whose bound it was.
import type { Bound } from './listener/listener-options.ts';

/** Counts of one gateway, or of a part of it. */
export type Shed = Readonly<Partial<Record<Bound, number>>>;

/** Counts that grow. */
export interface ShedCounts {
  add(more: Shed): void;
  /** What was counted so far. */
  total(): Shed;
}

/** Creates counts at zero. */
export function createShedCounts(): ShedCounts {
  const counts: Partial<Record<Bound, number>> = {};
  return {
    add(more) {
      for (const [bound, count] of Object.entries(more) as [Bound, number][])
        counts[bound] = (counts[bound] ?? 0) + count;
    },
    total: () => ({ ...counts }),
  };
}

/** How often a thread tells its counts, in milliseconds. */
const tellMs = 1_000;

/** Counts in a thread, told in sum once a second at most: an attack must not become a message for each of its connections. */
export function createToldCounts(tell: (more: Shed) => void): { add(bound: Bound): void; flush(): void } {
  let counts = createShedCounts();
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    const told = counts.total();
    counts = createShedCounts();
    tell(told);
  };
  return {
    add(bound) {
      counts.add({ [bound]: 1 });
      timer ??= setTimeout(flush, tellMs).unref();
    },
    flush,
  };
}
