// Where addresses and hosts stand in a transition: what is written, compared with the catalogue.
import { compileCatalogue } from './catalogue/find.ts';
import type { Catalogue } from './catalogue/model.ts';
import type { ChainPositions, Positions } from './snapshot.ts';
import type { Finding } from './yaml-file.ts';

type Found<Value> =
  | { readonly ok: true; readonly positions: Value }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Infrastructures by what they are written for. */
export type WrittenPositions = Readonly<Record<string, string>>;

/** Positions by address id. What is written may name a host (all its addresses move together) or one address id. */
export function parsePositions(catalogue: Catalogue, written: WrittenPositions, file: string): Found<Positions> {
  const { addresses } = compileCatalogue(catalogue);
  const moved = new Map<string, string>();
  const findings: Finding[] = [];
  for (const [key, infrastructure] of Object.entries(written)) {
    const meant = [...addresses.values()].filter(({ host, id }) => host === key || id === key);
    const path = `positions.${key}`;
    if (meant.length === 0) findings.push(unusable(file, path, key, idsMeant(key, [...addresses.keys()])));
    else findings.push(...unknownInfrastructure(catalogue, file, path, infrastructure));
    for (const { id } of meant) moved.set(id, infrastructure);
  }
  return findings.length > 0 ? { ok: false, findings } : { ok: true, positions: moved };
}

/**
 * Whose chain each host of the catalogue shows: what is written, else that of its addresses. A host with an old address shows the
 * chain of the old ones until its own step.
 */
export function parseChainPositions(
  catalogue: Catalogue,
  written: WrittenPositions,
  file: string,
): Found<ChainPositions> {
  const { hosts, servedBy } = catalogue;
  const addresses = [...compileCatalogue(catalogue).addresses.values()];
  const shown = new Map(
    hosts.map(({ name }) => {
      const hasOld = addresses.some(({ host, generation }) => host === name && generation === 'old');
      return [name, hasOld ? servedBy.old : servedBy.new];
    }),
  );
  const findings: Finding[] = [];
  for (const [host, infrastructure] of Object.entries(written)) {
    const path = `chainPositions.${host}`;
    if (!shown.has(host)) findings.push(unusable(file, path, host, 'a host of the catalogue'));
    else findings.push(...unknownInfrastructure(catalogue, file, path, infrastructure));
    shown.set(host, infrastructure);
  }
  return findings.length > 0 ? { ok: false, findings } : { ok: true, positions: shown };
}

/** An address is written as differences tell it more often than by its id: environment, channel and generation before it. */
function idsMeant(key: string, ids: readonly string[]): string {
  const address = key.replace(/^https?:\/\//, '');
  const near = ids.filter((id) => id.endsWith(`/${address}`));
  if (near.length > 0) return `its address id: ${near.join(' or ')}`;
  return `a host or an address id of the catalogue${ids[0] === undefined ? '' : `, as ${ids[0]}`}`;
}

function unknownInfrastructure(
  { infrastructures }: Catalogue,
  file: string,
  path: string,
  named: string,
): readonly Finding[] {
  if (infrastructures.some(({ id }) => id === named)) return [];
  return [unusable(file, path, named, infrastructures.map(({ id }) => id).join(' or '))];
}

function unusable(file: string, path: string, found: string, expected: string): Finding {
  return { file, line: 1, column: 1, path, found: `"${found}"`, expected };
}
