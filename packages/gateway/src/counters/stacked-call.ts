// The rules that one kind of call is charged to, as the store is asked for them; and what it said of them last.
import type { Charge } from '@headgate/contract';

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
}

/** The charges of a call, and when each refuses no more by what is known. */
export interface StackedCall {
  readonly lines: readonly StackedCharge[];
  readonly countsAttempts: boolean;
  readonly enforcedCount: number;
  /** What of the arguments does not change: quota, window and kind of each rule. */
  readonly args: readonly (string | number)[];
  readonly divides: boolean;
  /** Names of logs under the epoch that they were written for. */
  keys: readonly string[];
  keysEpoch: string;
  /** The latest refusal, until the first of its instants that matters has passed. */
  refused: KnownRefusal | null;
}

/** A refusal of the store. Instants are of the machine's clock, each somewhere between the two, because a reply takes its way. */
export interface KnownRefusal {
  readonly earliestMs: readonly number[];
  readonly latestMs: readonly number[];
  /** Before it, the store would refuse again. */
  readonly untilMs: number;
}

/** Bits of a rule's kind, as the library reads them. */
const kinds = { shadow: 1, attempts: 2, divide: 4 } as const;

/** Different for calls that differ in anything the store is told. */
export function nameOf(charges: readonly Charge[]): string {
  let name = '';
  for (const { key, rule } of charges)
    name += `${key}\n${rule.quota}/${rule.windowMs}/${rule.mode}/${rule.counts}/${rule.degraded ?? ''}\n`;
  return name;
}

/** Writes down what does not change from call to call. */
export function toStackedCall(charges: readonly Charge[]): StackedCall {
  const lines = charges.map((charge): StackedCharge => {
    const { rule, key } = charge;
    const isShadow = rule.mode === 'shadow';
    const shared = { quota: rule.quota, windowMs: rule.windowMs, isShadow };
    // A rule that becomes enforced begins anew: in shadow it may have let more pass.
    const log = `${isShadow ? 's' : 'e'}:${key}`;
    return {
      ...shared,
      charge,
      log,
      countsAttempts: rule.counts === 'attempts',
      divides: !isShadow && rule.degraded !== 'refuse',
    };
  });
  return {
    lines,
    countsAttempts: lines.some(({ countsAttempts }) => countsAttempts),
    enforcedCount: lines.filter(({ isShadow }) => !isShadow).length,
    args: lines.flatMap((line) => [line.quota, line.windowMs * 1_000, kindOf(line)]),
    divides: lines.some(({ divides }) => divides),
    keys: [],
    keysEpoch: '',
    refused: null,
  };
}

function kindOf({ isShadow, countsAttempts, divides }: StackedCharge): number {
  return (isShadow ? kinds.shadow : 0) + (countsAttempts ? kinds.attempts : 0) + (divides ? kinds.divide : 0);
}
