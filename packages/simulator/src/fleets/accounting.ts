// What a member sent, what it got, what was lost and what was doubled: exact counts that a rehearsal can hold to.

/** What came of one attempt to send a call. */
export type AttemptOutcome =
  /** 2xx and no page. */
  | 'accepted'
  /** Refused with a time to wait: a limit. */
  | 'limited'
  /** Any other whole answer. */
  | 'refused'
  /** Sent, or partly, and no whole answer came. */
  | 'lost'
  /** Nothing was sent: no connection, or no trust in it. */
  | 'unsent';

/** Counts of one member, or of many. Every attempt is exactly one of the five outcomes. */
export interface Account {
  /** Calls that the program wanted to make. */
  readonly calls: number;
  /** Attempts for them: each call one, and each repetition another. */
  readonly attempts: number;
  readonly accepted: number;
  readonly limited: number;
  readonly refused: number;
  readonly lost: number;
  readonly unsent: number;
  /** Attempts after the first of a call. */
  readonly repeated: number;
  /** Calls that submit something. */
  readonly submits: number;
  /** Submits that an answer accepted. */
  readonly confirmed: number;
  /** Submits that more than one answer accepted. */
  readonly confirmedTwice: number;
  /** Attempts on new and on old addresses. */
  readonly onNew: number;
  readonly onOld: number;
}

/** One submit as its sender knows it. */
export interface SentSubmit {
  readonly id: string;
  readonly attempts: number;
  readonly confirmations: number;
  /** Attempts whose fate the sender does not know: lost ones. */
  readonly unknown: number;
}

/** Counts as they grow. */
export interface Ledger {
  call(isSubmit: boolean): void;
  attempt(outcome: AttemptOutcome, attempt: { readonly generation: 'new' | 'old'; readonly isRepeat: boolean }): void;
  /** Notes an attempt of a submit. */
  submit(id: string, outcome: AttemptOutcome): void;
  account(): Account;
  /** Every submit, as far as `submitsMax`; later ones are in the counts alone. */
  submits(): readonly SentSubmit[];
  /** Submits that are in the counts alone. */
  submitsLeftOut(): number;
}

/** Counts of nothing. */
const emptyAccount: Account = {
  calls: 0,
  attempts: 0,
  accepted: 0,
  limited: 0,
  refused: 0,
  lost: 0,
  unsent: 0,
  repeated: 0,
  submits: 0,
  confirmed: 0,
  confirmedTwice: 0,
  onNew: 0,
  onOld: 0,
};

const accountKeys = Object.keys(emptyAccount) as readonly (keyof Account)[];

/** An empty ledger. Ids of at most `submitsMax` submits are kept, by default 100,000. */
export function createLedger(submitsMax = 100_000): Ledger {
  const counts: Record<keyof Account, number> = { ...emptyAccount };
  const kept = new Map<string, { attempts: number; confirmations: number; unknown: number }>();
  const keep = (id: string) => {
    const known = kept.get(id);
    if (known !== undefined || kept.size >= submitsMax) return known;
    const fresh = { attempts: 0, confirmations: 0, unknown: 0 };
    kept.set(id, fresh);
    return fresh;
  };
  return {
    call(isSubmit) {
      counts.calls += 1;
      if (isSubmit) counts.submits += 1;
    },
    attempt(outcome, { generation, isRepeat }) {
      counts.attempts += 1;
      counts[outcome] += 1;
      if (isRepeat) counts.repeated += 1;
      counts[generation === 'new' ? 'onNew' : 'onOld'] += 1;
    },
    submit(id, outcome) {
      const submit = keep(id);
      if (submit === undefined) return;
      submit.attempts += 1;
      if (outcome === 'lost') submit.unknown += 1;
      if (outcome !== 'accepted') return;
      submit.confirmations += 1;
      if (submit.confirmations === 1) counts.confirmed += 1;
      if (submit.confirmations === 2) counts.confirmedTwice += 1;
    },
    account: () => ({ ...counts }),
    submits: () => [...kept].map(([id, submit]) => ({ id, ...submit })),
    submitsLeftOut: () => counts.submits - kept.size,
  };
}

/** The sum of accounts. */
export function sumAccounts(accounts: Iterable<Account>): Account {
  const sum: Record<keyof Account, number> = { ...emptyAccount };
  for (const account of accounts) for (const key of accountKeys) sum[key] += account[key];
  return sum;
}

/** What the senders and the systems behind say of the same submits. Ids, in the order of the senders. */
export interface Reconciliation {
  /** Confirmed to the sender, and never carried out: lost. */
  readonly lost: readonly string[];
  /** Carried out more than once. */
  readonly doubled: readonly string[];
  /** Carried out once, and the sender was never told. */
  readonly untold: readonly string[];
  /** Carried out, and of no sender here. */
  readonly strange: readonly string[];
}

/** Compares what was sent with what was carried out, each id as often as it was. */
export function reconcileSubmits(sent: Iterable<SentSubmit>, carriedOut: Iterable<string>): Reconciliation {
  const times = new Map<string, number>();
  for (const id of carriedOut) times.set(id, (times.get(id) ?? 0) + 1);
  const lost: string[] = [];
  const doubled: string[] = [];
  const untold: string[] = [];
  for (const { id, confirmations } of sent) {
    const count = times.get(id) ?? 0;
    times.delete(id);
    if (count === 0 && confirmations > 0) lost.push(id);
    if (count > 1) doubled.push(id);
    if (count === 1 && confirmations === 0) untold.push(id);
  }
  return { lost, doubled, untold, strange: [...times.keys()] };
}
