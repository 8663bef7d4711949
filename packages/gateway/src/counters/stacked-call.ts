// The rules that one kind of call is charged to, as the store is asked for them; and what it said of them last.
import { type Charge, isBucketed, type KnownRefusal } from '@headgate/contract';

/** A charge, and what the store is told of its rule. */
export interface StackedCharge {
  readonly charge: Charge;
  /** Name of its log, without domain and epoch. */
  readonly log: string;
  readonly quota: number;
  readonly windowMs: number;
  readonly isShadow: boolean;
  readonly countsAttempts: boolean;
  readonly divides: boolean;
  /** Units of the rule. */
  readonly amount: number;
  /** Counted by parts of the window, and not event by event. */
  readonly isSummed: boolean;
}

/** The charges of a call, and when each refuses no more by what is known. */
export interface StackedCall {
  readonly lines: readonly StackedCharge[];
  readonly countsAttempts: boolean;
  readonly enforcedCount: number;
  /** Whether one is over bytes, which are given back where they do not come. */
  readonly hasBytes: boolean;
  /** What of the arguments does not change: quota, window, kind and amount of each rule. */
  readonly args: readonly (string | number)[];
  readonly divides: boolean;
  /** Names of logs under the epoch that they were written for. */
  keys: readonly string[];
  keysEpoch: string;
  /** The latest refusal, until the first of its instants that matters has passed. */
  refused: KnownRefusal | null;
}

/** Bits of a rule's kind, as the library reads them. */
const kinds = { shadow: 1, attempts: 2, divide: 4, sums: 8 } as const;

/** Different for calls that differ in anything the store is told. */
export function nameOf(charges: readonly Charge[]): string {
  let name = '';
  for (const { key, rule, amount } of charges)
    name += `${key}\n${rule.quota}/${rule.windowMs}/${rule.mode}/${rule.counts}/${rule.degraded ?? ''}/${amount ?? 1}\n`;
  return name;
}

/** Writes down what does not change from call to call. */
export function toStackedCall(charges: readonly Charge[]): StackedCall {
  const lines = charges.map((charge): StackedCharge => {
    const { rule, amount = 1 } = charge;
    const isShadow = rule.mode === 'shadow';
    const shared = { quota: rule.quota, windowMs: rule.windowMs, isShadow };
    return {
      ...shared,
      charge,
      log: logOf(charge),
      amount,
      isSummed: isBucketed(rule),
      countsAttempts: rule.counts === 'attempts',
      divides: !isShadow && rule.degraded !== 'refuse',
    };
  });
  return {
    lines,
    countsAttempts: lines.some(({ countsAttempts }) => countsAttempts),
    enforcedCount: lines.filter(({ isShadow }) => !isShadow).length,
    hasBytes: charges.some(({ rule }) => rule.unit === 'request-bytes'),
    args: lines.flatMap((line) => [line.quota, line.windowMs * 1_000, kindOf(line), line.amount]),
    divides: lines.some(({ divides }) => divides),
    keys: [],
    keysEpoch: '',
    refused: null,
  };
}

/** Name of the log of a charge, without domain and epoch. A rule that becomes enforced begins anew: in shadow it may have let more pass. */
export function logOf({ rule, key }: Charge): string {
  return `${rule.mode === 'shadow' ? 's' : 'e'}:${key}`;
}

/** The bit of rules that are counted by parts of their window. */
export const sumsKind = kinds.sums;

function kindOf({ isShadow, countsAttempts, divides, isSummed }: StackedCharge): number {
  const shadowOrNot = (isShadow ? kinds.shadow : 0) + (isSummed ? kinds.sums : 0);
  return shadowOrNot + (countsAttempts ? kinds.attempts : 0) + (divides ? kinds.divide : 0);
}
