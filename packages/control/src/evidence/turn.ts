// Work that is long is cut, and others have their turn in between.

/** Runs a part of some work when what was asked for before it has ended. */
export type Turn = <Outcome>(work: () => Promise<Outcome>) => Promise<Outcome>;
