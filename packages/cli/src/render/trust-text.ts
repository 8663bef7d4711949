// Trust for a person: bundles with their members, what ends, and whom it strands.
import type { Output } from '../context.ts';
import { listHeaders, listRow, listsLine, type PrintedDiskList, type PrintedList } from './lists-text.ts';
import { paint } from './paint.ts';
import { textTable } from './text-table.ts';

/** A report, as far as it is printed. */
export interface PrintedReport {
  readonly bundles: readonly {
    readonly name: string;
    readonly dated: string | null;
    readonly hosts: readonly string[];
    readonly members: readonly {
      readonly id: string | null;
      readonly role: string;
      readonly subject: string;
      readonly notAfter: string;
      readonly from: string | null;
      readonly until: string | null;
      readonly reason: string | null;
      readonly source: string | null;
      readonly counts: boolean;
    }[];
    readonly lists: readonly PrintedDiskList[];
    readonly withoutList: readonly string[];
  }[];
  readonly announced: readonly {
    readonly id: string;
    readonly hosts: readonly string[];
    readonly members: readonly {
      readonly id: string;
      readonly role: string;
      readonly from: string;
      readonly until: string;
      readonly reason: string;
      readonly source: string;
    }[];
  }[];
  readonly chains: readonly {
    readonly host: string;
    readonly infrastructure: string | null;
    readonly file: string;
    readonly ends: string;
    readonly shown: boolean;
  }[];
  readonly warnings: readonly { readonly about: string; readonly sentence: string }[];
  /** What the gateway of this configuration has in force, or why it cannot be asked. */
  readonly running: PrintedRunning;
}

/** The lists of a running gateway. */
export type PrintedRunning =
  | { readonly pid: number; readonly lists: readonly PrintedList[] }
  | { readonly notAsked: string };

interface PrintedEnd {
  readonly bundle: string;
  readonly members: readonly {
    readonly how: string;
    readonly role: string;
    readonly subject: string;
    readonly reason: string | null;
    readonly source: string | null;
  }[];
  readonly credentials: readonly {
    readonly subject: string;
    readonly participant: string | null;
    readonly lastUsed: string;
    readonly calls: number;
    readonly notAfter: string;
    readonly how: string;
    readonly todo: string;
  }[];
}

/** A plan, as far as it is printed. */
export interface PrintedPlan {
  readonly from: string;
  readonly until: string;
  readonly atOnce: readonly PrintedEnd[] | null;
  readonly ends: readonly (PrintedEnd & { readonly at: string })[];
  readonly unseen: readonly {
    readonly participant: string;
    readonly credential: string;
    readonly expired: { readonly notAfter: string; readonly lastUsed: string } | null;
  }[];
}

/** Writes a report: a table for each bundle, one of the chains, then what is to be done. */
export function reportText({ bundles, announced, chains, warnings, running }: PrintedReport, stream: Output): string {
  const table = (headers: readonly string[], rows: readonly (readonly string[])[]) => tableFor(stream, headers, rows);
  const parts = [
    ...bundles.map(({ name, dated, hosts, members, lists, withoutList }) =>
      [
        heading(stream, `${name}${dated === null ? ', plain files' : `, ${dated} of the trust file`}`),
        `judges the callers of ${listed(hosts)}\n`,
        table(
          ['authority', 'role', 'counts', 'from', 'until', 'expires', 'reason', 'source'],
          members.map((each) => [
            each.id ?? each.subject,
            each.role,
            each.counts ? 'yes' : 'no',
            each.from ?? '',
            each.until ?? '',
            day(each.notAfter),
            each.reason ?? '',
            each.source ?? '',
          ]),
        ),
        ...(lists.length === 0
          ? ['no revocation lists: none of these callers is refused as revoked\n']
          : ['\n', table(listHeaders, lists.map(listRow)), ...withoutListLine(withoutList)]),
      ].join(''),
    ),
    ...announced.map(({ id, hosts, members }) =>
      [
        heading(stream, `${id}, shown to callers`),
        `is about ${listed(hosts)}\n`,
        table(
          ['authority', 'role', 'from', 'until', 'reason', 'source'],
          members.map((each) => [each.id, each.role, each.from, each.until, each.reason, each.source]),
        ),
      ].join(''),
    ),
    chains.length === 0
      ? ''
      : heading(stream, 'chains') +
        table(
          ['host', 'infrastructure', 'shown', 'ends', 'file'],
          chains.map(({ host, infrastructure, shown, ends, file }) => [
            host,
            infrastructure ?? '',
            shown ? 'yes' : 'no',
            day(ends),
            file,
          ]),
        ),
    bundles.some(({ lists }) => lists.length > 0) || ('pid' in running && running.lists.length > 0)
      ? heading(stream, 'revocation lists in force') + runningText(running)
      : '',
    warnings.map(({ about, sentence }) => `${paint(stream, 'yellow', 'warning')}: ${about}: ${sentence}\n`).join(''),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** Writes a plan: what ends as soon as the files are applied, then each end with those whom it is about. */
export function planText({ from, until, atOnce, ends, unseen }: PrintedPlan, stream: Output): string {
  const now = atOnce ?? [];
  const none = `no authority of a bundle ends within ${daysBetween(from, until)} days, from ${day(from)} to ${day(until)}\n`;
  const parts = [
    ...(now.length === 0 ? [] : [`${paint(stream, ['red', 'bold'], endingWords(now, 'end AT ONCE with apply'))}\n`]),
    ...now.map((end) => endText(`at once  ${end.bundle}`, end, stream)),
    ...(ends.length === 0 ? [none] : ends.map((end) => endText(`${minute(end.at)}  ${end.bundle}`, end, stream))),
  ];
  const rest =
    unseen.length === 0
      ? ''
      : heading(stream, 'provisioned, and accepted with no certificate that is valid now: ask who issued it') +
        tableFor(
          stream,
          ['credential', 'participant', 'seen'],
          unseen.map(({ credential, participant, expired }) => [
            credential,
            participant,
            expired === null ? 'never' : `${minute(expired.lastUsed)}, with one that ended ${day(expired.notAfter)}`,
          ]),
        );
  return [...parts, rest].filter((part) => part !== '').join('\n');
}

function endText(title: string, end: PrintedEnd, stream: Output): string {
  const members = end.members.map(({ role, subject, how, reason, source }) => {
    const why = [reason, source === null ? null : `(${source})`].filter((each) => each !== null).join(' ');
    return `${role} ${subject} is ${how}${why === '' ? '' : `: ${why}`}\n`;
  });
  const head = heading(stream, title) + members.join('');
  if (end.credentials.length === 0) return `${head}strands nobody who was seen\n`;
  const rows = end.credentials.map(({ subject, participant, lastUsed, calls, notAfter, how, todo }) => [
    subject,
    participant ?? '',
    how.replaceAll('-', ' '),
    minute(lastUsed),
    calls.toLocaleString('en-US'),
    day(notAfter),
    todo,
  ]);
  return head + tableFor(stream, ['credential', 'participant', 'how', 'last used', 'calls', 'expires', 'to do'], rows);
}

/** What an apply ended, in a line; nothing where it ended nothing. */
export function endedText(ended: readonly PrintedEnd[]): string {
  return ended.length === 0 ? '' : `${endingWords(ended, 'ended AT ONCE')}\n`;
}

/** What an apply would end, in a line without those whom it strands; nothing where it ends nothing. */
export function endingText(ending: readonly PrintedEnd[]): string {
  return ending.length === 0 ? '' : membersWords(ending, 'end AT ONCE with apply');
}

/** Most credentials that a line names. */
const namedMax = 5;

function membersWords(ends: readonly PrintedEnd[], verb: string): string {
  const members = ends.flatMap((end) => end.members);
  const those = (['anchor', 'intermediate'] as const).flatMap((role) => {
    const count = members.filter((member) => member.role === role).length;
    return count === 0 ? [] : [counted(count, role)];
  });
  const isOne = members.length === 1 && verb.startsWith('end ');
  return `${those.join(' and ')} ${isOne ? verb.replace('end ', 'ends ') : verb}`;
}

function endingWords(ends: readonly PrintedEnd[], verb: string): string {
  const subject = membersWords(ends, verb);
  const stranded = ends.flatMap(({ credentials }) => credentials.filter(({ how }) => how === 'stranded'));
  if (stranded.length === 0) return `${subject}; nobody who was seen is stranded`;
  const names = [...new Set(stranded.map((each) => each.subject))];
  const more = names.length > namedMax ? `; and ${names.length - namedMax} more` : '';
  const are = stranded.length === 1 ? 'is' : 'are';
  return `${subject}; ${counted(stranded.length, 'credential')} ${are} stranded: ${names.slice(0, namedMax).join('; ')}${more}`;
}

/** How many there are, in words: `1 file`, `2 files`. */
export function counted(count: number, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
}

function withoutListLine(subjects: readonly string[]): readonly string[] {
  if (subjects.length === 0) return [];
  return [`no list on disk that can be used of ${subjects.join(' or ')}\n`];
}

function runningText(running: PrintedRunning): string {
  if ('notAsked' in running)
    return `${running.notAsked}. One that starts takes what the disk has, and the copies that it kept\n`;
  return `${listsLine(running.lists)} in the running gateway (process ${running.pid}); \`headgate trust status\` tells of each\n`;
}

/** Wide enough for a sentence that says what to do. */
const cellCharsMax = 160;

function tableFor(stream: Output, headers: readonly string[], rows: readonly (readonly string[])[]): string {
  return textTable(headers, rows, { cellCharsMax, columnsMax: stream.isTTY === true ? stream.columns : undefined });
}

function heading(stream: Output, text: string): string {
  return `${paint(stream, 'bold', text)}\n`;
}

function listed(hosts: readonly string[]): string {
  return hosts.length === 0 ? 'no host' : hosts.join(', ');
}

function daysBetween(from: string, until: string): number {
  return Math.round((Date.parse(until) - Date.parse(from)) / 86_400_000);
}

function day(instant: string): string {
  return instant.slice(0, 10);
}

function minute(instant: string): string {
  return `${instant.slice(0, 16)}Z`;
}
