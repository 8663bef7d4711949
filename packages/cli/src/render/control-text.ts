// What a running gateway answered, for a person: what is in force, in which threads, and what changed.
import { type ListFault, type Override, sayOverride } from '@headgate/contract';
import { listsLine, type PrintedList } from './lists-text.ts';

/** An answer of a gateway, as far as it is printed. */
export interface InForceAnswer {
  readonly node: string;
  readonly pid: number;
  readonly number: number;
  readonly hash: string;
  readonly threads: readonly { readonly thread: number; readonly snapshot: number | null }[];
  readonly lists: readonly PrintedList[];
  readonly listFaults: readonly PrintedFault[];
  readonly overrides: readonly Override[];
  readonly candidate: CandidateAnswer | null;
  /** Not told by gateways of older versions. */
  readonly spoolLag?: { readonly records: number; readonly seconds: number } | null;
  /** What control published; null, or not told, where the gateway serves by its files. */
  readonly published?: PublishedAnswer | null;
  readonly changes?: readonly string[] | undefined;
  readonly needRestart?: readonly string[] | undefined;
}

/** The snapshot of control that is in force. */
export interface PublishedAnswer {
  readonly number: number;
  readonly author: string;
  readonly reason: string;
  readonly sinceMs: number;
  readonly away: { readonly sinceMs: number; readonly why: string } | null;
}

/** What a candidate policy in shadow would have decided otherwise. */
export interface CandidateAnswer {
  readonly policy: string;
  readonly decided: number;
  readonly newlyRefused: number;
  readonly newlyAdmitted: number;
  readonly byRule: Readonly<Record<string, { readonly newlyRefused: number; readonly newlyAdmitted: number }>>;
  /** Rules over connections: one that is shed never becomes a call. A gateway of before says nothing of them. */
  readonly notJudged?: readonly string[];
}

/** What `apply` did. */
export function appliedText(answer: InForceAnswer): string {
  const changes = answer.changes ?? [];
  const waiting = answer.needRestart ?? [];
  const lines = [
    ...(waiting.length === 0 ? [] : [waitingLine(waiting)]),
    inForceLine(answer),
    ...(answer.listFaults.length === 0 ? [] : [`revocation lists: ${keptText(answer.listFaults)}`]),
    ...(changes.length === 0 ? [unchangedLine(answer)] : []),
    ...changes.map((change) => `changed: ${change}`),
  ];
  return `${lines.join('\n')}\n${candidateText(answer.candidate)}${overridesText(answer.overrides)}`;
}

function unchangedLine({ listFaults, needRestart = [] }: InForceAnswer): string {
  if (needRestart.length > 0) return 'nothing else changed';
  return listFaults.length === 0
    ? 'nothing changed: the files say what they said before'
    : 'nothing changed: what was in force before stays in force';
}

/** Something that is wrong with revocation lists. */
export type PrintedFault = Omit<ListFault, 'code'>;

/** What becomes of sources of revocation lists that cannot be used as they are. */
export function keptText({ length }: readonly PrintedFault[]): string {
  const faults = length === 1 ? '1 fault' : `${length} faults`;
  return `${faults} of their sources, told on standard error; what was in force of them goes on to count`;
}

/** What is in force, a line for each thread, one for the revocation lists, and one for each that is not in force or past its end. */
export function statusText(answer: InForceAnswer): string {
  const threads = answer.threads.map(({ thread, snapshot }) =>
    snapshot === null ? `thread ${thread}: is being replaced` : `thread ${thread}: snapshot ${snapshot}`,
  );
  const troubled = answer.lists.flatMap(({ from, issuer, why }) =>
    why === null ? [] : [`${from}${issuer === null ? '' : `, list of ${issuer}`}: ${why}`],
  );
  const lines = [
    inForceLine(answer),
    ...publishedLines(answer),
    ...threads,
    listsLine(answer.lists),
    ...troubled,
    ...lagLines(answer),
  ];
  return `${lines.join('\n')}\n${candidateText(answer.candidate)}${overridesText(answer.overrides)}`;
}

function publishedLines({ published = null }: InForceAnswer): readonly string[] {
  if (published === null) return [];
  const { number, author, reason, sinceMs, away } = published;
  const at = (ms: number) => new Date(ms).toISOString();
  const told = `control published it as ${number} (${author}: ${reason}); in force here since ${at(sinceMs)}`;
  if (away === null) return [told];
  return [told, `control does not answer since ${at(away.sinceMs)} (${away.why}): this gateway serves on by ${number}`];
}

function lagLines({ spoolLag = null }: InForceAnswer): readonly string[] {
  if (spoolLag === null) return [];
  const { records, seconds } = spoolLag;
  if (records === 0) return ['evidence: control has every record'];
  return [`evidence: control lacks ${records.toLocaleString('en-US')} records, the oldest of ${seconds} s ago`];
}

/** What a candidate policy would have decided otherwise, in a line; nothing where none is loaded. */
export function candidateText(candidate: CandidateAnswer | null): string {
  if (candidate === null) return '';
  const { policy, decided, newlyRefused, newlyAdmitted, byRule, notJudged = [] } = candidate;
  const number = (value: number) => value.toLocaleString('en-US');
  const rules = Object.entries(byRule).map(
    ([rule, counts]) => `${rule} ${number(counts.newlyRefused)} and ${number(counts.newlyAdmitted)}`,
  );
  const by = rules.length === 0 ? '' : ` (${rules.join(', ')})`;
  const left = notJudged.length === 0 ? '' : `; not judged, because they count connections: ${notJudged.join(', ')}`;
  return `shadow policy ${policy}: of ${number(decided)} calls ${number(newlyRefused)} newly refused, ${number(newlyAdmitted)} newly admitted${by}${left}\n`;
}

/** What break-glass changes of a policy, a line for each; nothing where there is none. */
export function overridesText(overrides: readonly Override[]): string {
  return overrides.map((override) => `${sayOverride(override)}\n`).join('');
}

/** What is wrong with revocation lists, a line for each. */
export function listFaultsText(faults: readonly PrintedFault[]): string {
  return faults
    .map(({ bundle, source, reason, fix }) => `revocation lists of ${bundle}: ${source ?? 'all'}: ${reason} ${fix}\n`)
    .join('');
}

function waitingLine(waiting: readonly string[]): string {
  const { length } = waiting;
  const what = length === 1 ? '1 option of the configuration is' : `${length} options of the configuration are`;
  return `${what} changed on disk and NOT in force until the gateway is restarted: ${waiting.join(', ')}`;
}

function inForceLine({ node, pid, number, hash, threads }: InForceAnswer): string {
  const having = threads.filter(({ snapshot }) => snapshot === number).length;
  const where = `${having} of ${threads.length} ${threads.length === 1 ? 'thread' : 'threads'}`;
  return `${node} (process ${pid}): snapshot ${number} ${hash.slice(0, 12)} is in force in ${where}`;
}
