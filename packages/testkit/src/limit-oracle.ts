// A second opinion on what a policy decides: written from the words of the policy alone, without its counters, its matching or its
// keys. It keeps instants in plain lists and looks through them again for each call.

/** A rule as this oracle reads it. */
export interface OracleRule<Call> {
  readonly name: string;
  readonly isGlobal: boolean;
  readonly counts: (call: Call) => boolean;
  readonly keyOf: (call: Call) => string;
  readonly quota: number;
  readonly windowMs: number;
}

/** Decides calls in their order: the name of the rule that refuses, or null. */
export function createOracle<Call extends { readonly atMs: number }>(
  rules: readonly OracleRule<Call>[],
): (call: Call) => string | null {
  const admitted = new Map<string, number[]>();
  const instantsOf = (rule: OracleRule<Call>, call: Call): number[] => {
    const key = `${rule.name}\n${rule.keyOf(call)}`;
    const found = admitted.get(key) ?? [];
    admitted.set(key, found);
    return found;
  };
  return (call) => {
    const matching = rules.filter((rule) => rule.counts(call));
    const refusing = matching.flatMap((rule) => {
      const instants = instantsOf(rule, call);
      const within = instants.filter((atMs) => atMs > call.atMs - rule.windowMs);
      if (within.length < rule.quota) return [];
      const leaving = within[within.length - rule.quota] ?? 0;
      return [{ rule, freeMs: leaving + rule.windowMs }];
    });
    if (refusing.length === 0) {
      for (const rule of matching) instantsOf(rule, call).push(call.atMs);
      // Instants that no window of this test can reach any more would only make it slow.
      for (const rule of matching) {
        const instants = instantsOf(rule, call);
        if (instants.length > 4 * rule.quota + 64) instants.splice(0, instants.length - 2 * rule.quota - 32);
      }
      return null;
    }
    const first = refusing.some(({ rule }) => rule.isGlobal) ? refusing.filter(({ rule }) => rule.isGlobal) : refusing;
    return first.reduce((last, each) => (each.freeMs > last.freeMs ? each : last)).rule.name;
  };
}
