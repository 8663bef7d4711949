// Which announcements are about an address, which of them were known on a day, and what they say about it.
import { type Day, hasPassed } from './dates.ts';
import type { Announcement, AnnouncementSubject, Catalogue, Channel, Generation } from './model.ts';

/** One cell of the matrix, and the host its address is on where it has one. */
export interface CellSubject {
  readonly environment: string;
  readonly channel: Channel;
  readonly generation: Generation;
  readonly systemId: string;
  readonly host: string | null;
}

/** True when an announcement's subject covers the cell. */
export function isAbout(subject: AnnouncementSubject, cell: CellSubject): boolean {
  if (subject.environment !== cell.environment || subject.channel !== cell.channel) return false;
  if (subject.generation !== cell.generation || subject.except?.includes(cell.systemId)) return false;
  if (subject.host !== undefined && subject.host !== cell.host) return false;
  if (subject.systems === undefined) return subject.host !== undefined;
  if (subject.systems === 'unspecified') return false;
  return subject.systems === 'all' || subject.systems.includes(cell.systemId);
}

/** True when the announcement had been made by the day. One whose day is not known counts as made at every time. */
export function isKnown(announcement: Announcement, asOf: Day): boolean {
  // A slip with an unknown day must beat the date it replaced at every day, because that date never came true.
  return announcement.announcedOn === 'unknown' || hasPassed(announcement.announcedOn, asOf);
}

/** The announcements known on the day, less those that a known one replaced. */
export function inForce(announcements: readonly Announcement[], asOf: Day): readonly Announcement[] {
  const known = announcements.filter((announcement) => isKnown(announcement, asOf));
  const replaced = new Set(known.map(({ replaces }) => replaces));
  return known.filter(({ id }) => !replaced.has(id));
}

/** True when the document, read on its edition's day or before, says it: nothing is concluded. */
export function isStated(announcement: Announcement, catalogue: Catalogue, asOf: Day): boolean {
  if (announcement.confirmedOn !== undefined && announcement.confirmedOn <= asOf) return true;
  const happened = announcement.date.kind !== 'done' && hasPassed(announcement.date, asOf);
  if (happened) return false;
  return announcement.announcedOn === 'unknown' ? asOf >= catalogue.document.edition : isKnown(announcement, asOf);
}

/** An announcement and all that it replaced, newest first. */
export function slipsOf(catalogue: Catalogue, id: string): readonly Announcement[] {
  const byId = new Map(catalogue.announcements.map((announcement) => [announcement.id, announcement]));
  const slips: Announcement[] = [];
  let next: string | undefined = id;
  while (next !== undefined && slips.length <= byId.size) {
    const announcement: Announcement | undefined = byId.get(next);
    if (announcement === undefined) break;
    slips.push(announcement);
    next = announcement.replaces;
  }
  return slips;
}
