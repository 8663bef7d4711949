// The network of a source: its leading bits, written so that every address of one network gives the same text.

/** Leading bits that count, by family. */
export interface NetworkBits {
  readonly ipv4Bits: number;
  readonly ipv6Bits: number;
}

/** Writes `address/bits` with all other bits 0. A text that is no address is a network of its own. */
export function toSourceNetwork(source: string, { ipv4Bits, ipv6Bits }: NetworkBits): string {
  const four = readIpv4(source);
  if (four !== null) return `${cut(four, 8, ipv4Bits).join('.')}/${ipv4Bits}`;
  const groups = readIpv6(source);
  if (groups === null) return source;
  const kept = cut(groups, 16, ipv6Bits).map((group) => group.toString(16));
  return `${kept.join(':')}/${ipv6Bits}`;
}

/** Keeps so many leading bits of numbers of so many bits each. */
function cut(numbers: readonly number[], bitsEach: number, bits: number): number[] {
  return numbers.map((number, index) => {
    const kept = Math.max(0, Math.min(bitsEach, bits - index * bitsEach));
    return number - (number % 2 ** (bitsEach - kept));
  });
}

function readIpv4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null;
  return parts.map(Number);
}

/** The eight groups of an address (RFC 4291 §2.2), whose zone says nothing of its network. */
function readIpv6(text: string): number[] | null {
  const [address = ''] = text.split('%', 1);
  const halves = address.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(groupsOf);
  if (head === null || head === undefined || tail === null) return null;
  if (tail === undefined) return head.length === 8 ? head : null;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? null : [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

function groupsOf(text: string): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  // The last two groups may be written as an IPv4 address.
  const four = readIpv4(parts.at(-1) ?? '');
  const plain = four === null ? parts : parts.slice(0, -1);
  if (!plain.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return null;
  const [a = 0, b = 0, c = 0, d = 0] = four ?? [];
  return [...plain.map((part) => Number.parseInt(part, 16)), ...(four === null ? [] : [a * 256 + b, c * 256 + d])];
}
