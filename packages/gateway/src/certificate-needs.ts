// Which callers of a host are asked for a client certificate, and what it means when none comes: the catalogue says so of each
// address, and the configuration may say otherwise of a whole host.
import {
  type Address,
  type Catalogue,
  type CatalogueIndex,
  type CertificateNeed,
  certificateNeeds,
  compileCatalogue,
  type Finding,
  findAddress,
} from '@headgate/contract';
import type { Config } from './config.ts';

/** What one host asks of its callers. */
export interface CertificateNeeds {
  /** Whether its handshakes ask for one: a browser that is asked shows its user a choice, and a person who has none is lost. */
  readonly isAsked: boolean;
  /** What the address at a path needs; where there is none, what the most demanding address of the host does. */
  at(path: string): CertificateNeed;
}

/** The needs of a host. `configured` stands over the catalogue; a host that the catalogue does not know requires one. */
export function certificateNeedsOf(
  index: CatalogueIndex,
  host: string,
  isTls: boolean,
  configured: CertificateNeed | undefined,
): CertificateNeeds {
  const settled = isTls ? configured : 'none'; // Plain HTTP brings none.
  if (settled !== undefined) return { isAsked: settled !== 'none', at: () => settled };
  const most = mostDemanding([...index.addresses.values()].filter((address) => address.host === host));
  return {
    isAsked: most !== 'none',
    at: (path) => findAddress(index, { scheme: 'https', host, path })?.address.certificate ?? most,
  };
}

/**
 * Whether a host asks for certificates now and did not before. OpenSSL resumes the sessions of before without asking (RFC 8446 §4.3.2
 * lets no resumed handshake ask), so that a caller who has a certificate by now could not show it.
 */
export function asksAnew(before: Catalogue, next: Catalogue, { listeners }: Config): boolean {
  const [indexBefore, indexNext] = [compileCatalogue(before), compileCatalogue(next)];
  return listeners.some(({ tls, hosts }) =>
    hosts.some(({ name, clientCertificate }) => {
      const isAsked = (index: CatalogueIndex) => certificateNeedsOf(index, name, tls, clientCertificate).isAsked;
      return isAsked(indexNext) && !isAsked(indexBefore);
    }),
  );
}

function mostDemanding(addresses: readonly Address[]): CertificateNeed {
  if (addresses.length === 0) return 'required';
  return (
    certificateNeeds[Math.max(...addresses.map(({ certificate }) => certificateNeeds.indexOf(certificate)))] ??
    'required'
  );
}

/** Hosts that would judge certificates by a trust bundle that is not declared, though the configuration does not say that they judge any. */
export function undeclaredTrust(index: CatalogueIndex, config: Config): readonly Finding[] {
  const declared = new Set(config.trustBundles.map(({ name }) => name));
  return config.listeners.flatMap((listener, at) =>
    listener.hosts.flatMap(({ name, clientCertificate, trust }, hostAt): Finding[] => {
      if (declared.has(trust) || !certificateNeedsOf(index, name, listener.tls, clientCertificate).isAsked) return [];
      const expected = `one of trustBundles, or clientCertificate: none; the catalogue asks callers of ${name} for certificates`;
      const path = `listeners.${at}.hosts.${hostAt}.trust`;
      return [{ file: 'configuration', line: 1, column: 1, path, found: `trust bundle "${trust}"`, expected }];
    }),
  );
}
