// The PROXY protocol header that a trusted balancer sends before anything else (HAProxy, doc/proxy-protocol.txt, versions 1
// and 2; F5 and others speak it too): the one way to learn the caller's own address behind a TCP balancer.
import { isIPv4, isIPv6 } from 'node:net';

/** What the first bytes of a connection from a balancer say. */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly found: string }
  | {
      readonly kind: 'header';
      readonly headerBytes: number;
      /** Null when the balancer speaks for itself (LOCAL, UNKNOWN): a health check. */
      readonly source: { readonly address: string; readonly port: number } | null;
    };

const signature2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const prefix1 = Buffer.from('PROXY ');

/** Longest line of version 1, CRLF included (section 2.1), in bytes. */
const lineBytesMax = 107;

/** Longest header of version 2 that is read, type-length-value fields included, in bytes; more than any balancer sends. */
const header2BytesMax = 4_096;

/** Reads a header from the start of a connection. Pure; nothing behind the header is looked at. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsAlike(bytes, signature2)) {
    return bytes.byteLength < signature2.byteLength + 4 ? { kind: 'incomplete' } : readVersion2(bytes);
  }
  if (startsAlike(bytes, prefix1)) return readVersion1(bytes);
  return invalid('no PROXY header');
}

function startsAlike(bytes: Buffer, wanted: Buffer): boolean {
  const length = Math.min(bytes.byteLength, wanted.byteLength);
  return bytes.compare(wanted, 0, length, 0, length) === 0;
}

function readVersion1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, lineBytesMax).indexOf('\r\n');
  if (end === -1)
    return bytes.byteLength >= lineBytesMax ? invalid('a PROXY line without end') : { kind: 'incomplete' };
  const [, family, source = '', , sourcePort = '', ...rest] = bytes.toString('latin1', 0, end).split(' ');
  const headerBytes = end + 2;
  if (family === 'UNKNOWN') return { kind: 'header', headerBytes, source: null };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : () => false;
  const port = Number(sourcePort);
  const valid = isAddress(source) && /^\d{1,5}$/.test(sourcePort) && port <= 65_535 && rest.length === 1;
  return valid
    ? { kind: 'header', headerBytes, source: { address: source, port } }
    : invalid('a PROXY line that is none');
}

function readVersion2(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes[12] ?? 0;
  const family = bytes[13] ?? 0;
  const headerBytes = 16 + bytes.readUInt16BE(14);
  if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21)
    return invalid('another version or command than 2, LOCAL or PROXY');
  if (headerBytes > header2BytesMax) return invalid(`a PROXY header of ${headerBytes} bytes`);
  if (bytes.byteLength < headerBytes) return { kind: 'incomplete' };
  if (versionAndCommand === 0x20) return { kind: 'header', headerBytes, source: null };
  if (family === 0x11 && headerBytes >= 28) {
    return {
      kind: 'header',
      headerBytes,
      source: { address: bytes.subarray(16, 20).join('.'), port: bytes.readUInt16BE(24) },
    };
  }
  if (family === 0x21 && headerBytes >= 52) {
    return {
      kind: 'header',
      headerBytes,
      source: { address: ipv6Text(bytes.subarray(16, 32)), port: bytes.readUInt16BE(48) },
    };
  }
  return invalid('a PROXY header for no TCP connection');
}

/** The one spelling that Node gives a socket's address (RFC 5952), so that a source is one key however it came. */
function ipv6Text(address: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(2 * at).toString(16)).join(':');
  const text = new URL(`http://[${groups}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text);
  return mapped === null ? text : `::ffff:${address.subarray(12).join('.')}`;
}

function invalid(found: string): ProxyHeader {
  return { kind: 'invalid', found };
}
