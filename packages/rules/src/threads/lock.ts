// One lock over threads. Its word names the owner, so that whoever sees a thread die can take the lock over and put right what
// it left half done: `terminate()` and a heap that runs out end a thread between any two steps.

/** Looks at the lock before a thread sleeps: a decision takes well under a microsecond. */
const looksMax = 64;

/** Longest sleep between two looks, in milliseconds: a thread that dies holding the lock wakes nobody. */
const sleepMs = 20;

/** Looks of one who does not wait for long, a millisecond apart. */
const triesMax = 4;

/** Set beside the owner while somebody may sleep. A count of sleepers would be wrong for ever once one of them died. */
const awaited = 0x4000_0000;

/** A lock as one thread holds it. Not to be taken twice. */
export interface ThreadLock {
  take(): void;
  give(): void;
  /** Takes the lock from a thread that is gone; false if it did not hold it. */
  takeFrom(goneOwner: number): boolean;
  /** Takes the lock if it is free within a moment: its holder may be gone too, and not yet be known to be. */
  takeSoon(): boolean;
}

/** A lock on the first of the words, 0 at first. `owner` is from 1 to 2³⁰ − 1, and never used again for another thread. */
export function createThreadLock(words: Int32Array, owner: number): ThreadLock {
  if (!(owner > 0 && owner < awaited)) throw new RangeError(`the owner of a lock is from 1 to 2^30 - 1, not ${owner}`);

  function takeSlowly(): void {
    for (let looks = 0; looks < looksMax; looks += 1) {
      if (Atomics.load(words, 0) === 0 && Atomics.compareExchange(words, 0, 0, owner) === 0) return;
    }
    for (;;) {
      // Taken as awaited: others may sleep still, and nobody knows.
      const holder = Atomics.compareExchange(words, 0, 0, owner | awaited);
      if (holder === 0) return;
      const said = holder | awaited;
      if (holder === said || Atomics.compareExchange(words, 0, holder, said) === holder) {
        Atomics.wait(words, 0, said, sleepMs);
      }
    }
  }

  function isTakenSoon(): boolean {
    for (let tries = 0; tries < triesMax; tries += 1) {
      const holder = Atomics.compareExchange(words, 0, 0, owner | awaited);
      if (holder === 0) return true;
      Atomics.wait(words, 0, holder, 1);
    }
    return false;
  }

  return {
    takeSoon: isTakenSoon,
    take() {
      if (Atomics.compareExchange(words, 0, 0, owner) !== 0) takeSlowly();
    },
    give() {
      if (Atomics.exchange(words, 0, 0) !== owner) Atomics.notify(words, 0, 1);
    },
    takeFrom(goneOwner) {
      for (;;) {
        const holder = Atomics.load(words, 0);
        if ((holder & ~awaited) !== goneOwner) return false;
        if (Atomics.compareExchange(words, 0, holder, owner | awaited) === holder) return true;
      }
    },
  };
}
