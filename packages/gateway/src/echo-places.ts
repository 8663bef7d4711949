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
  const { environments, hosts, servedBy } = index.catalogue;
  const offering = new Set(
    config.echo.environments ?? environments.flatMap(({ id, rehearsal }) => (rehearsal === true ? [id] : [])),
  );
  const places = new Map<string, EchoPlace>();
  for (const { name, environment, schemes, namespace } of hosts) {
    if (!offering.has(environment)) continue;
    // Of whom the host is, its first address tells: generation and infrastructure belong to addresses, not to hosts.
    const first = firstAddress(index, name);
    const scheme = schemes.includes('https') ? 'https' : 'http';
    places.set(name, {
      environment,
      channel: first?.channel ?? 'api',
      generation: first?.generation ?? 'new',
      infrastructure: first === undefined ? servedBy.new : (positions.get(first.id) ?? first.infrastructure),
      namespace: namespace ?? name,
      address: `${scheme}://${name}${config.echo.path}`,
    });
  }
  return places;
}

function firstAddress(index: CatalogueIndex, host: string): Address | undefined {
  return [...index.addresses.values()].find((address) => address.host === host);
}
