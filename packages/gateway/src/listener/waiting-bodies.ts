// How many unfinished bodies each source may keep waiting: a slow sender holds memory that is its neighbours'.
import { Refusal } from '@headgate/contract';

/** Counts bodies being waited for, per source. */
export interface WaitingBodies {
  /** Takes a place, or refuses with `listener.too_many_waiting_bodies`. Call the result to give it back. */
  enter(source: string): () => void;
}

/** Creates the counter of one process; `shed` hears of each that is refused. */
export function createWaitingBodies(perSourceMax: number, shed?: (source: string) => void): WaitingBodies {
  const counts = new Map<string, number>();
  return {
    enter(source) {
      const count = counts.get(source) ?? 0;
      if (count >= perSourceMax) {
        shed?.(source);
        throw new Refusal('listener.too_many_waiting_bodies', { source, limit: perSourceMax });
      }
      counts.set(source, count + 1);
      return () => {
        const left = (counts.get(source) ?? 1) - 1;
        if (left <= 0) counts.delete(source);
        else counts.set(source, left);
      };
    },
  };
}
