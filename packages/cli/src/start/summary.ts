// What the demo shows: calls, refusals by reason, and who is still on old addresses, counted from evidence. Pure.
import type { EvidenceRecord } from '@headgate/contract';

/** Counts so far. */
export interface Summary {
  readonly calls: number;
  readonly answered: number;
  readonly refused: number;
  readonly bySystem: ReadonlyMap<string, number>;
  readonly byReason: ReadonlyMap<string, number>;
  readonly byParticipant: ReadonlyMap<string, AddressUse>;
  readonly last: readonly EvidenceRecord[];
}

/** How one participant calls. */
export interface AddressUse {
  readonly oldCalls: number;
  readonly newCalls: number;
  /** Milliseconds since 1970 UTC of the last call to an old address; null when there was none. */
  readonly lastOldMs: number | null;
  readonly refused: number;
}

/** No calls yet. */
export const emptySummary: Summary = {
  calls: 0,
  answered: 0,
  refused: 0,
  bySystem: new Map(),
  byReason: new Map(),
  byParticipant: new Map(),
  last: [],
};

const lastMax = 6;

/** The summary with one more record. */
export function withRecord(summary: Summary, record: EvidenceRecord): Summary {
  const { refusal } = record.response;
  const system = record.route?.system ?? 'not routed';
  const who = record.identity?.participant ?? record.identity?.subject ?? 'anonymous';
  return {
    calls: summary.calls + 1,
    answered: summary.answered + (refusal === null ? 1 : 0),
    refused: summary.refused + (refusal === null ? 0 : 1),
    bySystem: counted(summary.bySystem, system),
    byReason: refusal === null ? summary.byReason : counted(summary.byReason, refusal),
    byParticipant: new Map(summary.byParticipant).set(who, withCall(summary.byParticipant.get(who), record)),
    last: [...summary.last, record].slice(-lastMax),
  };
}

function counted(counts: ReadonlyMap<string, number>, key: string): ReadonlyMap<string, number> {
  return new Map(counts).set(key, (counts.get(key) ?? 0) + 1);
}

function withCall(
  use: AddressUse = { oldCalls: 0, newCalls: 0, lastOldMs: null, refused: 0 },
  record: EvidenceRecord,
): AddressUse {
  const old = record.route?.generation === 'old';
  return {
    oldCalls: use.oldCalls + (old ? 1 : 0),
    newCalls: use.newCalls + (record.route !== null && !old ? 1 : 0),
    lastOldMs: old ? record.listener.receivedMs : use.lastOldMs,
    refused: use.refused + (record.response.refusal === null ? 0 : 1),
  };
}

/** The summary as lines of at most `columns` characters. */
export function summaryLines(summary: Summary, columns: number): readonly string[] {
  const reasons = [...summary.byReason].toSorted(([, a], [, b]) => b - a).slice(0, 6);
  const participants = [...summary.byParticipant].toSorted(([a], [b]) => a.localeCompare(b)).slice(0, 8);
  const systems = [...summary.bySystem].toSorted(([, a], [, b]) => b - a).slice(0, 8);
  return [
    `Calls ${summary.calls}   answered ${summary.answered}   refused ${summary.refused}`,
    `By system     ${systems.map(([system, count]) => `${system} ${count}`).join(' · ') || 'none yet'}`,
    `Refusals      ${reasons.map(([reason, count]) => `${reason} ${count}`).join(' · ') || 'none'}`,
    '',
    `${'Participant'.padEnd(22)}${'new'.padStart(6)}${'old'.padStart(6)}${'refused'.padStart(9)}   still on old addresses`,
    ...participants.map(([who, use]) => participantLine(who, use)),
    '',
    'Last calls',
    ...summary.last.map(callLine),
  ].map((line) => line.slice(0, columns));
}

function participantLine(who: string, use: AddressUse): string {
  const old = use.lastOldMs === null ? 'no' : `yes, last ${clockTime(use.lastOldMs)}`;
  return `${who.slice(0, 21).padEnd(22)}${String(use.newCalls).padStart(6)}${String(use.oldCalls).padStart(6)}${String(use.refused).padStart(9)}   ${old}`;
}

function callLine(record: EvidenceRecord): string {
  const what =
    record.route === null
      ? `${record.listener.host}${record.listener.path}`
      : `${record.route.system} ${record.route.service ?? ''}`;
  const outcome = record.response.refusal ?? `${record.response.status ?? 'no answer'}`;
  const who = record.identity?.participant ?? 'anonymous';
  return `  ${clockTime(record.listener.receivedMs)}  ${who.slice(0, 18).padEnd(19)}${(record.route?.generation ?? '').padEnd(4)} ${what.slice(0, 44).padEnd(45)} ${outcome}`;
}

function clockTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
