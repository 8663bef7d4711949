// Where addresses and hosts stand in a transition: what the configuration says, compared with the catalogue.
import {
  type Catalogue,
  type ChainPositions,
  compileCatalogue,
  type Finding,
  type Positions,
} from '@headgate/contract';
import type { Config } from './config.ts';
import { UnusableFiles } from './unusable-files.ts';

/** A position may name a host (all its addresses move together) or one address id. Throws `UnusableFiles`. */
export function positionsOf(catalogue: Catalogue, written: Config['positions']): Positions {
  const { addresses } = compileCatalogue(catalogue);
  const moved = new Map<string, string>();
  for (const [key, infrastructure] of Object.entries(written)) {
    const meant = [...addresses.values()].filter(({ host, id }) => host === key || id === key);
    const path = `positions.${key}`;
    if (meant.length === 0) throw unusablePosition(path, key, 'a host or an address id of the catalogue');
    refuseUnknownInfrastructure(catalogue, path, infrastructure);
    for (const { id } of meant) moved.set(id, infrastructure);
  }
  return moved;
}

/**
 * Whose chain each host of the catalogue shows: what is written, else that of its addresses. A host with an old address shows the
 * chain of the old ones until its own step. Throws `UnusableFiles`.
 */
export function chainPositionsOf(catalogue: Catalogue, written: Config['chainPositions']): ChainPositions {
  const { hosts, servedBy } = catalogue;
  const addresses = [...compileCatalogue(catalogue).addresses.values()];
  const shown = new Map(
    hosts.map(({ name }) => {
      const hasOld = addresses.some(({ host, generation }) => host === name && generation === 'old');
      return [name, hasOld ? servedBy.old : servedBy.new];
    }),
  );
  for (const [host, infrastructure] of Object.entries(written)) {
    const path = `chainPositions.${host}`;
    if (!shown.has(host)) throw unusablePosition(path, host, 'a host of the catalogue');
    refuseUnknownInfrastructure(catalogue, path, infrastructure);
    shown.set(host, infrastructure);
  }
  return shown;
}

function refuseUnknownInfrastructure({ infrastructures }: Catalogue, path: string, named: string): void {
  if (infrastructures.some(({ id }) => id === named)) return;
  throw unusablePosition(path, named, infrastructures.map(({ id }) => id).join(' or '));
}

function unusablePosition(path: string, found: string, expected: string): UnusableFiles {
  const finding: Finding = { file: 'configuration', line: 1, column: 1, path, found: `"${found}"`, expected };
  return new UnusableFiles([finding]);
}
