// What the demo shows: calls, refusals by reason, and who is still on old addresses, counted from evidence. Pure.
import type { EvidenceRecord, Generation } from '@headgate/contract';

/** Counts so far. */
export interface Summary {
  /** Generation of the hosts whose addresses are all of one, by name in lower case. */
  readonly generationByHost: ReadonlyMap<string, Generation>;
  readonly calls: number;
  readonly answered: number;
  /** Faults of the systems themselves: forwarded, and answered with a status of 500 or more. */
  readonly faults: number;
  readonly refused: number;
  readonly bySystem: ReadonlyMap<string, number>;
  readonly byReason: ReadonlyMap<string, number>;
  readonly byParticipant: ReadonlyMap<string, AddressUse>;
  readonly last: readonly EvidenceRecord[];
}

/** How one participant calls: each call is new, old or neither (unrouted), and may have been refused besides. */
export interface AddressUse {
  readonly oldCalls: number;
  readonly newCalls: number;
  /** Calls that were refused before a route was known, to a host that does not tell the generation. */
  readonly unroutedCalls: number;
  /** Milliseconds since 1970 UTC of the last call to an old address; null when there was none. */
  readonly lastOldMs: number | null;
  readonly refused: number;
}

/** No calls yet. */
export const emptySummary: Summary = {
  generationByHost: new Map(),
  calls: 0,
  answered: 0,
  faults: 0,
  refused: 0,
  bySystem: new Map(),
  byReason: new Map(),
  byParticipant: new Map(),
  last: [],
};

/** No calls yet, where the host alone may tell the generation of a call that was refused before routing. */
export function summaryFor(generationByHost: Summary['generationByHost']): Summary {
  return { ...emptySummary, generationByHost };
}

const lastMax = 6;

/** What stands for the system of a call that was refused before it was known. */
const unrouted = 'unrouted';

/** The summary with one more record. */
export function withRecord(summary: Summary, record: EvidenceRecord): Summary {
  const { refusal } = record.response;
  const system = record.route?.system ?? unrouted;
  const who = record.identity?.participant ?? record.identity?.subject ?? 'anonymous';
  const { generationByHost } = summary;
  const use = withCall(summary.byParticipant.get(who), record, generationOf(record, generationByHost));
  return {
    generationByHost,
    calls: summary.calls + 1,
    answered: summary.answered + (refusal === null && !isFault(record) ? 1 : 0),
    faults: summary.faults + (isFault(record) ? 1 : 0),
    refused: summary.refused + (refusal === null ? 0 : 1),
    bySystem: counted(summary.bySystem, system),
    byReason: refusal === null ? summary.byReason : counted(summary.byReason, refusal),
    byParticipant: new Map(summary.byParticipant).set(who, use),
    last: [...summary.last, record].slice(-lastMax),
  };
}

function generationOf({ route, listener }: EvidenceRecord, byHost: Summary['generationByHost']): Generation | null {
  return route?.generation ?? byHost.get(listener.host.replace(/:\d+$/, '').toLowerCase()) ?? null;
}

function isFault({ response, forward }: EvidenceRecord): boolean {
  return response.refusal === null && (forward?.status ?? 0) >= 500;
}

function counted(counts: ReadonlyMap<string, number>, key: string): ReadonlyMap<string, number> {
  return new Map(counts).set(key, (counts.get(key) ?? 0) + 1);
}

function withCall(
  use: AddressUse = { oldCalls: 0, newCalls: 0, unroutedCalls: 0, lastOldMs: null, refused: 0 },
  record: EvidenceRecord,
  generation: Generation | null,
): AddressUse {
  const old = generation === 'old';
  return {
    oldCalls: use.oldCalls + (old ? 1 : 0),
    newCalls: use.newCalls + (generation === 'new' ? 1 : 0),
    unroutedCalls: use.unroutedCalls + (generation === null ? 1 : 0),
    lastOldMs: old ? record.listener.receivedMs : use.lastOldMs,
    refused: use.refused + (record.response.refusal === null ? 0 : 1),
  };
}

const unroutedNote = `${unrouted}: refused before routing; the host may still tell new from old`;

/** What must be seen: counts, refusals by reason and who is still on old addresses. Lines have at most `columns` characters. */
export function summaryLines(summary: Summary, columns: number): readonly string[] {
  const reasons = [...summary.byReason].toSorted(([, a], [, b]) => b - a).slice(0, 6);
  const participants = [...summary.byParticipant].toSorted(([a], [b]) => a.localeCompare(b)).slice(0, 8);
  const systems = [...summary.bySystem].toSorted(([, a], [, b]) => b - a).slice(0, 8);
  return [
    `Calls ${summary.calls}   answered ${summary.answered}   faults of systems ${summary.faults}   refused ${summary.refused}`,
    `By system     ${systems.map(([system, count]) => `${system} ${count}`).join(' · ') || 'none yet'}`,
    `Refusals      ${reasons.map(([reason, count]) => `${reason} ${count}`).join(' · ') || 'none'}`,
    '',
    `${'Participant'.padEnd(22)}${'new'.padStart(6)}${'old'.padStart(6)}${'unrouted'.padStart(10)}${'refused'.padStart(9)}   still on old addresses`,
    ...participants.map(([who, use]) => participantLine(who, use)),
    ...(summary.bySystem.has(unrouted) ? [unroutedNote] : []),
  ].map((line) => cut(line, columns));
}

/** The last calls with their time in UTC, newest last, of at most `columns` characters each. */
export function lastCallLines({ last, generationByHost }: Summary, columns: number): readonly string[] {
  return last.map((record) => cut(callLine(record, generationOf(record, generationByHost)), columns));
}

/** A line of at most `columns` characters; what is left out shows as "…". */
export function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}

function participantLine(who: string, use: AddressUse): string {
  const old = use.lastOldMs === null ? 'no' : `yes, last ${clockTime(use.lastOldMs)} UTC`;
  const counts = [
    [use.newCalls, 6],
    [use.oldCalls, 6],
    [use.unroutedCalls, 10],
    [use.refused, 9],
  ] as const;
  return `${cut(who, 21).padEnd(22)}${counts.map(([count, width]) => String(count).padStart(width)).join('')}   ${old}`;
}

function callLine(record: EvidenceRecord, generation: Generation | null): string {
  const what =
    record.route === null
      ? `${record.listener.host}${record.listener.path}`
      : `${record.route.system} ${record.route.service ?? ''}`;
  const outcome = record.response.refusal ?? `${record.response.status ?? 'no answer'}`;
  const who = record.identity?.participant ?? 'anonymous';
  return `  ${clockTime(record.listener.receivedMs)}  ${cut(who, 15).padEnd(16)}${(generation ?? '').padEnd(4)}${cut(what, 28).padEnd(29)}${outcome}`;
}

function clockTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
