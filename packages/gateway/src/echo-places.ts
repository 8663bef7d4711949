// Where the echo address is offered: on every served host of the environments that are named, or that the catalogue calls a
// rehearsal.
import type { Address, CatalogueIndex, Positions, RouteEvidence } from '@headgate/contract';
import type { Config } from './config.ts';

/** The echo address of one host, in the words of a route. Limits of the host's namespace count it. */
export type EchoPlace = Pick<
  RouteEvidence,
  'environment' | 'channel' | 'generation' | 'infrastructure' | 'namespace' | 'address'
>;

/** Echo places by host name; empty where no environment offers them. */
export function echoPlaces(index: CatalogueIndex, positions: Positions, config: Config): Map<string, EchoPlace> {
  const { environments, hosts } = index.catalogue;
  const offering = new Set(
    config.echo.environments ?? environments.flatMap(({ id, rehearsal }) => (rehearsal === true ? [id] : [])),
  );
  const offered = hosts.filter(({ environment }) => offering.has(environment));
  return new Map(offered.map((host) => [host.name, placeOn(index, positions, host, config.echo.path)]));
}

type CatalogueHost = CatalogueIndex['catalogue']['hosts'][number];

/** A place at a path of a host that no system serves, in the words of a route. */
export function placeOn(
  index: CatalogueIndex,
  positions: Positions,
  { name, environment, schemes, namespace }: CatalogueHost,
  path: string,
): EchoPlace {
  // Of whom the host is, its first address tells: generation and infrastructure belong to addresses, not to hosts.
  const first = firstAddress(index, name);
  const scheme = schemes.includes('https') ? 'https' : 'http';
  const { servedBy } = index.catalogue;
  return {
    environment,
    channel: first?.channel ?? 'api',
    generation: first?.generation ?? 'new',
    infrastructure: first === undefined ? servedBy.new : (positions.get(first.id) ?? first.infrastructure),
    namespace: namespace ?? name,
    address: `${scheme}://${name}${path}`,
  };
}

function firstAddress(index: CatalogueIndex, host: string): Address | undefined {
  return [...index.addresses.values()].find((address) => address.host === host);
}
