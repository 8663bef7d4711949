// How many unfinished bodies each source may keep waiting: a slow sender holds memory that is its neighbours'.
import { Refusal } from '@headgate/contract';
import { createPlaces, type Places } from '@headgate/rules';

/** Counts bodies being waited for, per source. */
export interface WaitingBodies {
  /** Takes a place, or refuses with `listener.too_many_waiting_bodies`. Call the result to give it back. */
  enter(source: string): () => void;
}

/** Creates the counter of one listener; its places are those of every thread that listens under the name. `shed` hears of each that is refused. */
export function createWaitingBodies(
  perSourceMax: number,
  listener = '',
  places: Places = createPlaces(),
  shed: (source: string) => void = () => undefined,
): WaitingBodies {
  return {
    enter(source) {
      const one = [{ key: `${listener} ${source}`, max: perSourceMax }];
      if (!places.enter(one)) {
        shed(source);
        throw new Refusal('listener.too_many_waiting_bodies', { source, limit: perSourceMax });
      }
      return () => places.leave(one);
    },
  };
}
