// Revocation lists for a person: a table, or one line.

/** A list of a running gateway, as far as it is printed. */
export interface PrintedList extends PrintedFacts {
  readonly inForce: boolean;
}

/** A list on disk, as far as it is printed. */
export interface PrintedDiskList extends PrintedFacts {
  readonly usable: boolean;
}

interface PrintedFacts {
  readonly from: string;
  readonly issuer: string | null;
  readonly kind: string | null;
  readonly number: string | null;
  readonly base: string | null;
  readonly entries: number | null;
  readonly thisUpdate: string | null;
  readonly nextUpdate: string | null;
  readonly ageMs: number | null;
  readonly isPastEnd: boolean;
  readonly why: string | null;
}

/** Headers of a table of lists on disk. */
export const listHeaders = [
  'list of',
  'kind',
  'number',
  'entries',
  'issued',
  'age',
  'next due',
  'usable from disk',
  'from',
];

/** One row of it. */
export function listRow(list: PrintedDiskList): readonly string[] {
  const { from, issuer, kind, number, base, entries, thisUpdate, nextUpdate, ageMs, usable, why } = list;
  return [
    issuer ?? '',
    kind === 'delta' ? `delta to ${base ?? '?'}` : (kind ?? ''),
    number ?? '',
    entries?.toLocaleString('en-US') ?? '',
    minute(thisUpdate),
    ageMs === null ? '' : age(ageMs),
    minute(nextUpdate),
    `${usable ? 'yes' : 'no'}${why === null ? '' : `: ${why}`}`,
    from,
  ];
}

/** All lists in one line. */
export function listsLine(lists: readonly PrintedList[]): string {
  const counting = lists.filter(({ inForce }) => inForce);
  if (counting.length === 0) return 'no revocation lists in force: nobody is refused as revoked';
  const entries = counting.reduce((sum, list) => sum + (list.entries ?? 0), 0);
  const due = counting.map(({ nextUpdate }) => nextUpdate ?? '').toSorted()[0] ?? '';
  const ended = counting.filter(({ isPastEnd }) => isPastEnd).length;
  const idle = lists.length - counting.length;
  return [
    `${counted(counting.length, 'revocation list')} with ${counted(entries, 'entry', 'entries')} in force`,
    ended === 0 ? `next due ${minute(due)}` : `${ended} past the end, since ${minute(due)}`,
    ...(idle === 0 ? [] : [`${counted(idle, 'list')} not in force`]),
  ].join('; ');
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

function age(ms: number): string {
  if (ms < 0) return 'yet to come';
  if (ms < 2 * hourMs) return `${Math.floor(ms / minuteMs)} min`;
  return ms < 2 * dayMs ? `${Math.floor(ms / hourMs)} h` : `${Math.floor(ms / dayMs)} d`;
}

function minute(instant: string | null): string {
  return instant === null ? '' : `${instant.slice(0, 16)}Z`;
}
