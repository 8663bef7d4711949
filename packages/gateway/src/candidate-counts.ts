// How often a candidate policy, in shadow beside the one in force, would have decided otherwise. Begins anew with another candidate.
import { createToldInSum } from './told-in-sum.ts';

/** What one thread, or a gateway, counted of one candidate. */
export interface CandidateCounts {
  /** The first digits of the SHA-256 of its file, as in evidence. */
  readonly policy: string;
  readonly decided: number;
  readonly newlyRefused: number;
  readonly newlyAdmitted: number;
  /** By the rule that refuses: of the candidate, or of the policy in force. */
  readonly byRule: Readonly<Record<string, { readonly newlyRefused: number; readonly newlyAdmitted: number }>>;
}

/** What became of one call under both policies. */
export type CandidateOutcome = 'alike' | 'newlyRefused' | 'newlyAdmitted';

/** Counts that grow. */
export interface CandidateTally {
  readonly note: (policy: string, outcome: CandidateOutcome, rule: string | null) => void;
  add(more: CandidateCounts): void;
  /** Null before any call was judged. */
  total(): CandidateCounts | null;
}

/** Creates counts at zero. */
export function createCandidateTally(): CandidateTally {
  let counts: CandidateCounts | null = null;
  const of = (policy: string): CandidateCounts =>
    counts?.policy === policy ? counts : { policy, decided: 0, newlyRefused: 0, newlyAdmitted: 0, byRule: {} };
  return {
    note(policy, outcome, rule) {
      const before = of(policy);
      counts = { ...before, decided: before.decided + 1 };
      if (outcome === 'alike' || rule === null) return;
      const one = { newlyRefused: 0, newlyAdmitted: 0, ...before.byRule[rule] };
      counts = {
        ...counts,
        [outcome]: before[outcome] + 1,
        byRule: { ...before.byRule, [rule]: { ...one, [outcome]: one[outcome] + 1 } },
      };
    },
    add(more) {
      const before = of(more.policy);
      const byRule = { ...before.byRule };
      for (const [rule, { newlyRefused, newlyAdmitted }] of Object.entries(more.byRule)) {
        const one = byRule[rule] ?? { newlyRefused: 0, newlyAdmitted: 0 };
        byRule[rule] = {
          newlyRefused: one.newlyRefused + newlyRefused,
          newlyAdmitted: one.newlyAdmitted + newlyAdmitted,
        };
      }
      counts = {
        policy: more.policy,
        decided: before.decided + more.decided,
        newlyRefused: before.newlyRefused + more.newlyRefused,
        newlyAdmitted: before.newlyAdmitted + more.newlyAdmitted,
        byRule,
      };
    },
    total: () => counts,
  };
}

/** Counts in a thread, told in sum once a second at most. */
export function createToldCandidate(tell: (more: CandidateCounts) => void): Pick<CandidateTally, 'note'> & {
  flush(): void;
} {
  let tally = createCandidateTally();
  const told = createToldInSum(() => {
    const more = tally.total();
    tally = createCandidateTally();
    if (more !== null) tell(more);
  });
  return {
    note(policy, outcome, rule) {
      // What was counted of another candidate is told by itself.
      if (told.isDue && tally.total()?.policy !== policy) told.flush();
      tally.note(policy, outcome, rule);
      told.due();
    },
    flush: () => told.flush(),
  };
}
