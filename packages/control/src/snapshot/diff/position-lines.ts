// Where addresses and hosts stand now, and for how many callers that is news.
import { type Address, compileCatalogue, type SnapshotDocument } from '@headgate/contract';
import type { ReadSnapshot } from '../read-document.ts';
import { type CountCredentials, labelsOf } from './count-credentials.ts';
import { counted, type DiffLine, line } from './lines.ts';

/** Addresses that are served by another infrastructure now, and hosts that show another chain. */
export function positionLines(before: ReadSnapshot, next: ReadSnapshot, count: CountCredentials): readonly DiffLine[] {
  return [...addressLines(before, next, count), ...chainLines(before, next), ...writtenLines(before, next)];
}

function addressLines(before: ReadSnapshot, next: ReadSnapshot, count: CountCredentials): readonly DiffLine[] {
  const [known, addresses] = [before, next].map(({ facts }) => compileCatalogue(facts.catalogue).addresses);
  const labels = labelsOf([...(addresses?.values() ?? [])]);
  return [...(addresses?.values() ?? [])].flatMap((address) => {
    const earlier = known?.get(address.id);
    if (earlier === undefined) return []; // A new address is told with the catalogue.
    const [from, to] = [infrastructureOf(before, earlier), infrastructureOf(next, address)];
    if (from === to) return [];
    const credentials = count(address);
    const subject = labels.get(address.id) ?? address.id;
    return [
      line('positions', subject, `${subject}: ${from} → ${to}${forWhom(credentials)}`, {
        before: from,
        next: to,
        credentials,
      }),
    ];
  });
}

function infrastructureOf({ facts }: ReadSnapshot, { id, infrastructure }: Address): string {
  return facts.positions.get(id) ?? infrastructure;
}

function forWhom(credentials: DiffLine['credentials']): string {
  if (credentials === null) return '';
  const seen =
    credentials.seen === null ? '' : ` (${credentials.seen === 0 ? 'none' : credentials.seen} seen on it lately)`;
  return ` for ${counted(credentials.provisioned, 'credential')}${seen}`;
}

function chainLines({ facts: before }: ReadSnapshot, { facts: next }: ReadSnapshot): readonly DiffLine[] {
  return [...next.chainPositions].flatMap(([host, to]) => {
    const from = before.chainPositions.get(host);
    if (from === undefined || from === to) return [];
    return [line('chains', host, `chain that ${host} shows: ${from} → ${to}`, { before: from, next: to })];
  });
}

/** What is written otherwise: told where nobody is served otherwise by it, so that it does not happen unseen. */
function writtenLines(before: ReadSnapshot, next: ReadSnapshot): readonly DiffLine[] {
  return [
    ...writtenOf('positions', 'position', before, next, (read, key) => {
      const addresses = [...compileCatalogue(read.facts.catalogue).addresses.values()];
      const meant = addresses.filter(({ id, host }) => id === key || host === key);
      return meant.map((address) => `${address.id} ${infrastructureOf(read, address)}`).join();
    }),
    ...writtenOf('chainPositions', 'chain position', before, next, (read, key) => read.facts.chainPositions.get(key)),
  ];
}

function writtenOf(
  part: 'positions' | 'chainPositions',
  words: string,
  before: ReadSnapshot,
  next: ReadSnapshot,
  effectOf: (read: ReadSnapshot, key: string) => string | undefined,
): readonly DiffLine[] {
  const [from, to]: readonly SnapshotDocument['positions'][] = [before.content[part], next.content[part]];
  const keys = new Set([...Object.keys(from ?? {}), ...Object.keys(to ?? {})]);
  return [...keys].flatMap((key) => {
    const [was, is] = [from?.[key], to?.[key]];
    if (was === is || effectOf(before, key) !== effectOf(next, key)) return [];
    const said = is === undefined ? 'is no longer written' : `is written as ${is}`;
    const area = part === 'positions' ? 'positions' : 'chains';
    return [line(area, key, `${words} of ${key} ${said}, which moves nobody`, { before: was, next: is })];
  });
}
