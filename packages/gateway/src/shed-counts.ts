// How many callers were shed, by the option whose bound it was.

import type { Bound } from './listener/listener-options.ts';
import { createToldInSum } from './told-in-sum.ts';

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

/** Counts in a thread, told in sum once a second at most. */
export function createToldCounts(tell: (more: Shed) => void): { add(bound: Bound): void; flush(): void } {
  let counts = createShedCounts();
  const told = createToldInSum(() => {
    const more = counts.total();
    counts = createShedCounts();
    tell(more);
  });
  return {
    add(bound) {
      counts.add({ [bound]: 1 });
      told.due();
    },
    flush: () => told.flush(),
  };
}
