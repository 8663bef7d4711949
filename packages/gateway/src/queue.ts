// Work that must not overlap: what comes while something is under way waits for it, in order.

/** Does work when all that came before it is done, and gives back what became of it. */
export type Queue = <Outcome>(work: () => Promise<Outcome>) => Promise<Outcome>;

/** Creates an empty queue. Work that fails holds up nothing. */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const own = last.then(work);
    last = own.catch(() => undefined);
    return own;
  };
}
