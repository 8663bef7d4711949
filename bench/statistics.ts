// The few statistics that the bench reports: medians, and ratios within a round, because the machine changes between rounds.

/** Middle and ends of some numbers. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Median, least and greatest; null of nothing. The median of an even count is the mean of the middle two. */
export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (min === undefined || max === undefined || upper === undefined || lower === undefined) return null;
  return { median: (lower + upper) / 2, min, max };
}

/** One value of one round. */
export interface RoundValue {
  /** From 1. */
  readonly round: number;
  readonly value: number;
}

/** Spread of ours ÷ theirs over the rounds that have both; null when none has. A round with theirs = 0 is left out. */
export function ratioSpread(ours: readonly RoundValue[], theirs: readonly RoundValue[]): Spread | null {
  const byRound = new Map(theirs.map(({ round, value }) => [round, value]));
  const ratios = ours.flatMap(({ round, value }) => {
    const other = byRound.get(round);
    return other === undefined || other === 0 ? [] : [value / other];
  });
  return spreadOf(ratios);
}

/** In each round the best of several: the greatest, or the least where less is better. */
export function bestPerRound(several: readonly (readonly RoundValue[])[], better: 'more' | 'less'): RoundValue[] {
  const best = new Map<number, number>();
  for (const { round, value } of several.flat()) {
    const known = best.get(round) ?? value;
    best.set(round, better === 'more' ? Math.max(known, value) : Math.min(known, value));
  }
  return [...best].map(([round, value]) => ({ round, value }));
}
