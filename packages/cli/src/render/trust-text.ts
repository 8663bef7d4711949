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

/** A plan, as far as it is printed. */
export interface PrintedPlan {
  readonly from: string;
  readonly until: string;
  readonly ends: readonly {
    readonly bundle: string;
    readonly at: string;
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
  }[];
  readonly unseen: readonly { readonly participant: string; readonly credential: string }[];
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

/** Writes a plan: each end with those whom it is about. */
export function planText({ from, until, ends, unseen }: PrintedPlan, stream: Output): string {
  if (ends.length === 0)
    return `no authority of a bundle ends within ${daysBetween(from, until)} days, from ${day(from)} to ${day(until)}\n`;
  const parts = ends.map((end) => {
    const members = end.members.map(({ role, subject, how, reason, source }) => {
      const why = [reason, source === null ? null : `(${source})`].filter((each) => each !== null).join(' ');
      return `${role} ${subject} is ${how}${why === '' ? '' : `: ${why}`}\n`;
    });
    const head = heading(stream, `${minute(end.at)}  ${end.bundle}`) + members.join('');
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
    return (
      head + tableFor(stream, ['credential', 'participant', 'how', 'last used', 'calls', 'expires', 'to do'], rows)
    );
  });
  const rest =
    unseen.length === 0
      ? ''
      : heading(stream, 'provisioned, and never seen: ask who issued it') +
        tableFor(
          stream,
          ['credential', 'participant'],
          unseen.map(({ credential, participant }) => [credential, participant]),
        );
  return [...parts, rest].filter((part) => part !== '').join('\n');
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
