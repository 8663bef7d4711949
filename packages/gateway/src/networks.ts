// Networks in CIDR form, and which addresses belong to them.
import { BlockList, isIP } from 'node:net';

/** An address and how many of its leading bits count. */
export interface Network {
  readonly address: string;
  readonly prefixBits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Reads `address/bits` (RFC 4632 section 3.1); null when it is none. */
export function parseNetwork(text: string): Network | null {
  const [address = '', bits = '', ...rest] = text.split('/');
  const version = isIP(address);
  const prefixBits = Number(bits);
  const bitsMax = version === 4 ? 32 : 128;
  if (version === 0 || rest.length > 0 || !/^\d{1,3}$/.test(bits) || prefixBits > bitsMax) return null;
  return { address, prefixBits, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** A test for membership in any of the networks. Throws for a text that `parseNetwork` refuses. */
export function createNetworkTest(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network === null) throw new Error(`${text} is no network`);
    list.addSubnet(network.address, network.prefixBits, network.family);
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
}
