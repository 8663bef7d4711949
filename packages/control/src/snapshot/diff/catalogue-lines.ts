// What is published otherwise: addresses, dates, services, and everything else by its place.
import type { Catalogue } from '@headgate/contract';
import { type DiffLine, line, shown } from './lines.ts';
import { type TreeDifference, treeDifferences } from './tree.ts';
import { treeLines, type Words } from './tree-lines.ts';

/** Lines about two catalogues but for their trust. */
export function catalogueLines(before: Catalogue, next: Catalogue): readonly DiffLine[] {
  const parts: readonly (readonly [file: string, of: (catalogue: Catalogue) => unknown, words?: Words])[] = [
    ['catalogue.yaml', ownPart, catalogueWords],
    ['announcements.yaml', ({ announcements }) => announcements, announcementWords(before, next)],
    ['known-issues.yaml', ({ knownIssues }) => knownIssues],
    ['programme.yaml', ({ programme }) => programme],
  ];
  return parts.flatMap(([file, of, words]) =>
    treeLines('catalogue', file, treeDifferences(of(before), of(next)), words),
  );
}

function ownPart({ announcements: _a, trust: _t, knownIssues: _k, programme: _p, ...own }: Catalogue): unknown {
  return own;
}

function catalogueWords({ path, kind, before, next }: TreeDifference): DiffLine | null {
  const [list, system, part, ...place] = path;
  if (list !== 'systems' || system === undefined) return null;
  const told = (subject: string, sentence: string): DiffLine => line('catalogue', subject, sentence, { before, next });
  if (part === undefined && kind === 'added') return told(system, `system ${system} is new`);
  if (part === undefined && kind === 'ended') return told(system, `system ${system} is gone`);
  if (part === 'services' && place.length === 1) return serviceLine(told, system, place[0] ?? '', kind);
  if (part === 'services' && place.length === 2)
    return told(place[0] ?? '', `service ${place[0]} of ${system}: ${place[1]} ${shown(before)} → ${shown(next)}`);
  return part === 'addresses' ? addressLine(told, system, place, { kind, before, next }) : null;
}

function serviceLine(
  told: (subject: string, sentence: string) => DiffLine,
  system: string,
  service: string,
  kind: TreeDifference['kind'],
): DiffLine | null {
  if (kind === 'added') return told(service, `service ${service} of ${system} is new`);
  return kind === 'ended' ? told(service, `service ${service} of ${system} is gone`) : null;
}

/** Places are environment, channel, generation, and a part of the cell. */
function addressLine(
  told: (subject: string, sentence: string) => DiffLine,
  system: string,
  place: readonly string[],
  { kind, before, next }: Omit<TreeDifference, 'path'>,
): DiffLine | null {
  const where = `address of ${system} (${place.slice(0, 3).join(', ')})`;
  const [was, is] = [cellText(before), cellText(next)];
  if (place.length === 3 && kind === 'added' && is !== null) return told(is, `${where} is new: ${is}`);
  if (place.length === 3 && kind === 'ended' && was !== null) return told(was, `${where} is gone: ${was}`);
  if (place.length !== 4) return null;
  return told(system, `${where}: ${place[3]} ${shown(before) ?? 'nothing'} → ${shown(next) ?? 'nothing'}`);
}

function cellText(cell: unknown): string | null {
  if (typeof cell !== 'object' || cell === null) return null;
  const { url, words, form } = cell as { readonly url?: string; readonly words?: string; readonly form?: string };
  return url ?? words ?? (form === undefined ? 'a blank' : `by the form ${form}`);
}

function announcementWords(before: Catalogue, next: Catalogue): Words {
  const known = new Map([...before.announcements, ...next.announcements].map((each) => [each.id, each]));
  return ({ path: [id, ...place], kind, before: was, next: is }) => {
    const announcement = id === undefined ? undefined : known.get(id);
    if (announcement === undefined) return null;
    const about = `${announcement.event} ${id}`;
    const told = (sentence: string, from: unknown, to: unknown): DiffLine =>
      line('catalogue', announcement.id, sentence, { before: from, next: to });
    const { date } = announcement;
    if (place.length === 0 && kind === 'added') return told(`announced: ${about}, ${shown(date)}`, null, date);
    if (place.length === 0 && kind === 'ended')
      return told(`no longer announced: ${about}, ${shown(date)}`, date, null);
    if (place[0] === 'date' && place.length === 1)
      return told(`announced date of ${about}: ${shown(was)} → ${shown(is)}`, was, is);
    return null;
  };
}
