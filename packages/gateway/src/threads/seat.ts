// The place of one thread among several: whoever dies there is replaced, soon at first and more slowly if it goes on dying.
import type { GatewayNotice } from '../gateway-notice.ts';
import type { Ready, RunningThread } from './running-thread.ts';

/** Deaths within this time count together, in milliseconds (5 min). */
const deathsWithinMs = 300_000;

/** How long a replacement waits after the second death, doubled with each, and at most, in milliseconds. */
const secondWaitMs = 100;
const waitMsMax = 30_000;

/** Pause between two tries to put right what a thread left, in milliseconds. */
const repairAgainMs = 5;

/** From this many deaths on, the operator is told in so many words. */
const deathsTolerated = 3;

/** What a seat needs. */
export interface SeatOptions {
  readonly thread: number;
  readonly start: () => RunningThread;
  /** Puts right what a dead thread left, and says how many connections it had; null when it is to be tried again. */
  readonly repairAfter: (gone: RunningThread) => number | null;
  readonly notice: (notice: GatewayNotice) => void;
}

/** A seat. */
export interface Seat {
  /** The thread that sits there; null while a replacement is waited for. */
  current(): RunningThread | null;
  /** Starts the first thread. Rejects when it cannot serve; it is not replaced then. */
  open(): Promise<Ready>;
  /** No replacement from now on. */
  leave(): void;
}

/** Creates an empty seat. */
export function createSeat({ thread, start, repairAfter, notice }: SeatOptions): Seat {
  let current: RunningThread | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isLeft = false;
  let deathsMs: number[] = [];

  function sit(): RunningThread {
    const seated = start();
    current = seated;
    void seated.ended.then(({ defect }) => {
      if (current === seated) current = null;
      repair(seated, defect); // Also while all drain: what it left locked would stop the others.
    });
    return seated;
  }

  /** Turns of the event loop pass between tries, so that the end of another thread can become known. */
  function repair(gone: RunningThread, defect: string): void {
    const connectionsLost = repairAfter(gone);
    if (connectionsLost === null) setTimeout(() => repair(gone, defect), repairAgainMs);
    else if (!isLeft) replace(defect, connectionsLost);
  }

  function replace(defect: string, connectionsLost: number): void {
    const nowMs = performance.now();
    deathsMs = [...deathsMs.filter((diedMs) => diedMs > nowMs - deathsWithinMs), nowMs];
    const deaths = deathsMs.length;
    const replacedInMs = deaths === 1 ? 0 : Math.min(waitMsMax, secondWaitMs * 2 ** (deaths - 2));
    notice({ kind: 'thread-ended', thread, defect, connectionsLost, replacedInMs, deaths });
    if (deaths >= deathsTolerated) {
      const sentence = `thread ${thread} died ${deaths} times within ${deathsWithinMs / 60_000} minutes; the gateway serves with fewer threads for ${replacedInMs} ms`;
      notice({ kind: 'thread-keeps-dying', thread, sentence });
    }
    timer = setTimeout(() => {
      timer = null;
      void sit().ready.then(
        () => notice({ kind: 'thread-replaced', thread }),
        () => current?.end(), // Its end is told, and begins the next wait.
      );
    }, replacedInMs);
  }

  return {
    current: () => current,
    async open() {
      const seated = sit();
      try {
        return await seated.ready;
      } catch (fault) {
        isLeft = true;
        await seated.end();
        throw fault;
      }
    },
    leave() {
      isLeft = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
