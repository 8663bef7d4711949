// What the callers of an old address are told of its successor and its end, as it was announced. Pure.
import { type CellSubject, inForce, isAbout } from './announcements.ts';
import { toInstantSpan } from './date-instants.ts';
import type { Day } from './dates.ts';
import type { Address, CatalogueIndex } from './find.ts';
import type { Announcement } from './model.ts';

/** The successor of an old address, and its dates, in ms since 1970 UTC. */
export interface Succession {
  /** From when callers should use the successor: the day from which it is announced as available. Null: no day is known. */
  readonly deprecatedMs: number | null;
  /** From when the address may answer no more: the beginning of what is announced. Null: no end is announced, or its date is not set. */
  readonly sunsetMs: number | null;
  /** The address that takes its place. Null where none is printed. */
  readonly successor: Address | null;
}

/**
 * What is announced by a day about an old address; null for a new one, and where nothing is. An address that several systems share
 * has a successor in use once it is available for all of them, and ends when the last of them ends.
 */
export function successionOf(index: CatalogueIndex, address: Address, asOf: Day): Succession | null {
  if (address.generation === 'new') return null;
  const successor = address.replacement === null ? null : (index.addresses.get(address.replacement) ?? null);
  const deprecatedMs = successor === null ? null : latest(index, successor, 'available', asOf);
  const sunsetMs = latest(index, address, 'decommission', asOf);
  if (successor === null && sunsetMs === null) return null;
  return { deprecatedMs, sunsetMs, successor };
}

/** The last of the instants that are announced of the systems of an address; null where one of them has none. */
function latest(index: CatalogueIndex, address: Address, event: Announcement['event'], asOf: Day): number | null {
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const systemId of address.systems) {
    const { environment, channel, generation, host } = address;
    const atMs = earliest(index, { environment, channel, generation, host, systemId }, event, asOf);
    if (atMs === null) return null;
    lastMs = Math.max(lastMs, atMs);
  }
  return Number.isFinite(lastMs) ? lastMs : null;
}

function earliest(
  { catalogue }: CatalogueIndex,
  cell: CellSubject,
  event: Announcement['event'],
  asOf: Day,
): number | null {
  const { zone, edition } = catalogue.document;
  const about = catalogue.announcements.filter((each) => each.event === event && isAbout(each.subject, cell));
  const instants = inForce(about, asOf).map(({ date, announcedOn }) => {
    if (date.kind !== 'done') return toInstantSpan(date, date, zone).fromMs;
    // It is done, and the day is not printed: it was at the latest when this was said, which was at the latest in this edition.
    const said = announcedOn === 'unknown' ? ({ kind: 'day', day: edition } as const) : announcedOn;
    return toInstantSpan(said, said, zone).fromMs;
  });
  const firstMs = Math.min(...instants);
  return Number.isFinite(firstMs) ? firstMs : null;
}
