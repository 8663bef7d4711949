// Hosts that are judged by a bundle of the trust file which is not meant for them.
import {
  type Catalogue,
  type ChainPositions,
  compileCatalogue,
  type Finding,
  type TrustBundleEntry,
} from '@headgate/contract';
import { certificateNeedsOf } from './certificate-needs.ts';
import type { Config } from './config.ts';

/** What hosts are compared with. */
interface Covering {
  readonly config: Config;
  readonly catalogue: Catalogue;
  readonly chainPositions: ChainPositions;
}

/** Every host with a dated bundle that does not cover it. */
export function uncoveredHosts(covering: Covering): readonly Finding[] {
  const { config, catalogue } = covering;
  return config.trustBundles.flatMap(({ name, dated }) => {
    const bundle = catalogue.trust.bundles.find(({ id }) => id === dated);
    return bundle === undefined ? [] : uncovered(name, bundle, covering);
  });
}

function uncovered(name: string, bundle: TrustBundleEntry, covering: Covering): readonly Finding[] {
  const { config, catalogue, chainPositions } = covering;
  const { environments, channels, infrastructures } = bundle;
  const index = compileCatalogue(catalogue);
  const addresses = [...index.addresses.values()];
  const judged = config.listeners.flatMap(({ tls, hosts }) =>
    hosts.filter(
      ({ name: host, trust, clientCertificate }) =>
        trust === name && certificateNeedsOf(index, host, tls, clientCertificate).isAsked,
    ),
  );
  return judged.flatMap(({ name: host }) => {
    const known = catalogue.hosts.find((each) => each.name === host);
    if (known === undefined) return [];
    const position = chainPositions.get(host);
    const outside = [
      ...(environments.includes(known.environment) ? [] : [`environment ${known.environment}`]),
      ...new Set(
        addresses
          .filter((address) => address.host === host && channels !== undefined && !channels.includes(address.channel))
          .map(({ channel }) => `channel ${channel}`),
      ),
      ...(infrastructures === undefined || position === undefined || infrastructures.includes(position)
        ? []
        : [`infrastructure ${position}`]),
    ];
    if (outside.length === 0) return [];
    const found = `${bundle.id} for ${host} of ${outside.join(', ')}`;
    const path = `trustBundles.${name}.dated`;
    return [{ file: 'configuration', line: 1, column: 1, path, found, expected: 'a bundle that covers the host' }];
  });
}
