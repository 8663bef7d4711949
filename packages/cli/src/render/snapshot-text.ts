// Snapshots for a person: who serves by which, what differs, what was published.
import { textTable } from './text-table.ts';

/** A snapshot without its texts, as control answers. */
export interface SnapshotHeadAnswer {
  readonly number: number;
  readonly hash: string;
  readonly previous: number | null;
  readonly createdMs: number;
  readonly author: string;
  readonly reason: string;
  readonly restored?: number | null;
}

/** One snapshot with the sizes of its texts, and the gateways that serve by it. */
export interface SnapshotShownAnswer extends SnapshotHeadAnswer {
  readonly texts: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly positions: Readonly<Record<string, string>>;
  readonly chainPositions: Readonly<Record<string, string>>;
}

/** Which gateway serves by which. */
export interface SnapshotNodesAnswer {
  readonly latest: SnapshotHeadAnswer | null;
  readonly nodes: readonly {
    readonly node: string;
    readonly number: number | null;
    readonly threads: number | null;
    readonly sinceMs: number | null;
    readonly askedMs: number | null;
    readonly refused: {
      readonly number: number;
      readonly reason: string;
      readonly findings: readonly string[];
    } | null;
  }[];
}

/** What differs. */
export interface SnapshotDiffAnswer {
  readonly lines: readonly { readonly sentence: string }[];
  readonly more: number;
}

/** What became of `adopt`. */
export interface SnapshotOutcomeAnswer {
  readonly number: number | null;
  readonly hash: string;
  readonly isNew: boolean;
  readonly diff: SnapshotDiffAnswer | null;
}

const hashCharactersShown = 12;

function shortHash(hash: string): string {
  return hash.slice(0, hashCharactersShown);
}

function instant(ms: number | null): string {
  return ms === null ? '' : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The latest, and a row for every gateway. */
export function inForceText(
  { latest, nodes }: SnapshotNodesAnswer,
  { nowMs, columns }: { readonly nowMs: number; readonly columns?: number | undefined },
): string {
  const head =
    latest === null
      ? 'nothing was published yet\n'
      : `latest: ${latest.number} ${shortHash(latest.hash)}, ${instant(latest.createdMs)} by ${latest.author}: ${latest.reason}\n`;
  if (nodes.length === 0) return `${head}no gateways: \`nodes\` of the configuration of control names them\n`;
  const isRefusing = nodes.some(({ refused }) => refused !== null);
  const rows = nodes.map(({ node, number, sinceMs, threads, askedMs, refused }) => [
    node,
    number === null ? 'never said' : String(number),
    instant(sinceMs),
    threads === null ? '' : String(threads),
    askedMs === null ? 'not since control started' : `${Math.max(0, Math.round((nowMs - askedMs) / 1_000))} s ago`,
    ...(isRefusing ? [refused === null ? '' : `refuses ${refused.number}`] : []),
  ]);
  const headers = ['gateway', 'in force', 'since', 'threads', 'asked', ...(isRefusing ? [''] : [])];
  return `${head}\n${textTable(headers, rows, { columnsMax: columns })}`;
}

/** Whom to look after: a line for each gateway that is not where it should be; empty where all are. */
export function behindText({ latest, nodes }: SnapshotNodesAnswer): string {
  if (latest === null) return '';
  const lines = nodes.flatMap(({ node, number, refused }): string[] => {
    if (number === latest.number) return [];
    if (refused !== null && refused.number === latest.number)
      return [
        `${node} does not take ${refused.number}: ${refused.reason}`,
        ...refused.findings.map((each) => `  ${each}`),
      ];
    if (number === null)
      return [
        `${node} never said that it serves by a snapshot of this control: \`snapshot: control\` in its configuration makes it follow; without, it serves by its own files`,
      ];
    return number < latest.number
      ? [`${node} is behind: it serves by ${number}, and ${latest.number} is the latest`]
      : [`${node} is ahead: it serves by ${number}, which this control lost; publish, and it will follow`];
  });
  return lines.map((each) => `headgate snapshot: ${each}\n`).join('');
}

/** One snapshot. */
export function shownText(
  shown: SnapshotShownAnswer & { readonly nodes: readonly string[] },
  columns: number | undefined,
): string {
  const { number, hash, previous, createdMs, author, reason, texts, nodes } = shown;
  const moved = [
    ...Object.entries(shown.positions).map(([key, at]) => `position of ${key}: ${at}\n`),
    ...Object.entries(shown.chainPositions).map(([key, at]) => `chain that ${key} shows: ${at}\n`),
  ];
  return [
    `snapshot ${number} ${hash}\n`,
    `${instant(createdMs)} by ${author}: ${reason}\n`,
    `after ${previous ?? 'none'}; in force at ${nodes.length === 0 ? 'no gateway' : nodes.join(', ')}\n`,
    ...moved,
    '\n',
    textTable(
      ['text', 'bytes', 'sha256'],
      texts.map(({ name, bytes, sha256 }) => [name, String(bytes), shortHash(sha256)]),
      { columnsMax: columns },
    ),
  ].join('');
}

/** What differs, a sentence a line. */
export function diffText({ lines, more }: SnapshotDiffAnswer): string {
  if (lines.length === 0) return 'nothing differs\n';
  const told = lines.map(({ sentence }) => `  ${sentence}\n`).join('');
  return more === 0 ? told : `${told}  and ${more} more\n`;
}

/** What was published. */
export function historyText(heads: readonly SnapshotHeadAnswer[], columns: number | undefined): string {
  if (heads.length === 0) return 'nothing was published yet\n';
  const rows = heads.map(({ number, createdMs, author, reason, hash }) => [
    String(number),
    instant(createdMs),
    author,
    reason,
    shortHash(hash),
  ]);
  return textTable(['number', 'published', 'by', 'why', 'hash'], rows, { columnsMax: columns });
}

/** What became of a wish for a snapshot. */
export function outcomeText({ number, hash, isNew, diff }: SnapshotOutcomeAnswer, isDryRun: boolean): string {
  const differs = diff === null ? 'there is none before it\n' : diffText(diff);
  if (isNew) return `snapshot ${number} ${shortHash(hash)} is published\n${differs}`;
  if (diff !== null && diff.lines.length === 0) return `nothing differs: snapshot ${number} stays the latest\n`;
  return isDryRun ? `nothing was published; this would differ from ${number ?? 'none'}:\n${differs}` : differs;
}
