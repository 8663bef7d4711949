// Rights cell by cell: one environment, system and channel at a time. What a list of rights says of each cell, and the list that
// says otherwise of some of them and the same of all others. Pure.
import {
  type Channel,
  type Endorsement,
  holdsFromMs,
  holdsUntilMs,
  operationsOf,
  type ProvisionedRight,
} from '@headgate/contract';

/** One place of the matrix of roles. */
export interface Cell {
  readonly environment: string;
  readonly system: string;
  readonly channel: Channel;
}

/** What is said of one cell, in words that are the same for the same meaning. Rights that give nothing say nothing. */
export type CellWords = ReadonlyMap<string, ReadonlySet<string>>;

/** A list of rights with the dates that bound it. */
export interface BoundedRights extends Pick<Endorsement, 'from' | 'until'> {
  readonly rights: readonly ProvisionedRight[];
}

/** The name of a cell, as a key and for readers. */
export function cellKey({ environment, system, channel }: Cell): string {
  return `${system} ${channel} ${environment}`;
}

/** Every cell of a right. */
export function cellsOf({ environment, system, channels }: ProvisionedRight): readonly Cell[] {
  return channels.map((channel) => ({ environment, system, channel }));
}

/** What lists of rights say of each cell. */
export function cellWords(lists: readonly BoundedRights[]): CellWords {
  const words = new Map<string, Set<string>>();
  for (const { rights, ...bounds } of lists) {
    for (const right of rights) {
      const said = rightWords(right, bounds);
      for (const cell of said === null ? [] : cellsOf(right)) {
        const key = cellKey(cell);
        words.set(key, (words.get(key) ?? new Set()).add(said ?? ''));
      }
    }
  }
  return words;
}

/** A right without its place, in words; null where it gives nothing. */
function rightWords(right: ProvisionedRight, bounds: Pick<Endorsement, 'from' | 'until'>): string | null {
  const operations = operationsOf(right);
  if (operations.length === 0) return null;
  const may = operations.includes('retrieve')
    ? operations.includes('submit')
      ? 'submit'
      : 'read'
    : 'submit and not read';
  const from = holdsFromMs(bounds.from) > holdsFromMs(right.from) ? bounds.from : right.from;
  const until = holdsUntilMs(bounds.until) < holdsUntilMs(right.until) ? bounds.until : right.until;
  return `${may} for ${scopeWords(right)}${from === undefined ? '' : ` from ${from}`}${until === undefined ? '' : ` until ${until}`}`;
}

/** Whom a right covers, in words. */
export function scopeWords({ scids, resourceGroups }: ProvisionedRight): string {
  if (scids === 'all') return 'all SCIDs';
  return scids === undefined ? `group ${(resourceGroups ?? []).toSorted().join(', ')}` : scids.toSorted().join(', ');
}

/**
 * A list in which nothing is said of some cells, and rights in their place: each where one of its system and environment was
 * taken from. Those that found no place are left over.
 */
export function replaceCells(
  rights: readonly ProvisionedRight[],
  cells: ReadonlySet<string>,
  fresh: readonly ProvisionedRight[],
): { readonly rights: ProvisionedRight[]; readonly left: readonly ProvisionedRight[] } {
  const written: ProvisionedRight[] = [];
  let left = fresh;
  for (const right of rights) {
    const kept = cellsOf(right).filter((cell) => !cells.has(cellKey(cell)));
    if (kept.length === right.channels.length) {
      written.push(right);
      continue;
    }
    if (kept.length > 0) written.push({ ...right, channels: kept.map(({ channel }) => channel) });
    const isHere = ({ system, environment }: ProvisionedRight) =>
      system === right.system && environment === right.environment;
    written.push(...left.filter(isHere));
    left = left.filter((each) => !isHere(each));
  }
  return { rights: written, left };
}
