// Seeds whose first streams every run of the fuzzer reads again. A seed that finds a fault is added here, and its stream to
// `fuzz-regressions.ts`: the stream alone keeps the fault away, the seed its neighbours.

/** Streams made of each seed. */
export const streamsPerSeed = 250;

/** Seeds, oldest first. */
export const keptSeeds: readonly number[] = [1, 2, 3, 5, 8, 13, 21, 34, 20_240_221, 4_294_967_295];

/** The same for answers. */
export const keptAnswerSeeds: readonly number[] = [1, 2, 3, 76_642_220];
