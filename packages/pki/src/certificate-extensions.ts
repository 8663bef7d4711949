// Reads the extensions of RFC 5280 §4.2 that decide what a certificate may be used for; the rest only by number.
import { isIP } from 'node:net';
import { bitsSet, DerReader, TAG, toBoolean, toDottedOid, toHex, toSmallInteger } from './der.ts';
import { escapeInvisible, toDistinguishedName } from './distinguished-name.ts';
import { UnreadableCertificate } from './unreadable-certificate.ts';

/** What a certificate's extensions say about its use; null where the extension is absent. */
export interface ExtensionFacts {
  /** basicConstraints cA (RFC 5280 §4.2.1.9); false when absent. */
  readonly isAuthority: boolean;
  /** How many intermediates may stand below this authority; absent means any number. */
  readonly pathLength?: number;
  /** Names of RFC 5280 §4.2.1.3, e.g. `digitalSignature`. */
  readonly keyUsages: readonly string[] | null;
  /** Dotted OIDs (RFC 5280 §4.2.1.12). */
  readonly extendedKeyUsages: readonly string[] | null;
  /** `DNS:`, `IP:`, `email:`, `URI:`, `DirName:` or `other:` and the value (RFC 5280 §4.2.1.6). */
  readonly subjectAltNames: readonly string[];
  /** Dotted OIDs of the extensions marked critical. */
  readonly criticalExtensions: readonly string[];
}

/** Numbers of the extensions read here. */
export const EXTENSION = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** The extensions of a certificate that has none. */
export const noExtensions: ExtensionFacts = {
  isAuthority: false,
  keyUsages: null,
  extendedKeyUsages: null,
  subjectAltNames: [],
  criticalExtensions: [],
};

const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** What the content of the Extensions SEQUENCE says; an extension that appears twice is refused (RFC 5280 §4.2). */
export function readExtensions(extensions: DerReader): ExtensionFacts {
  const values = new Map<string, Uint8Array>();
  const criticalExtensions: string[] = [];
  while (!extensions.atEnd) {
    const extension = extensions.enter(TAG.sequence);
    const oid = toDottedOid(extension.next(TAG.objectIdentifier).content);
    const critical = extension.optional(TAG.boolean);
    if (critical !== undefined && toBoolean(critical)) criticalExtensions.push(oid);
    if (values.has(oid)) throw new UnreadableCertificate(`The certificate has extension ${oid} twice.`);
    values.set(oid, extension.next(TAG.octetString).content);
    extension.finish();
  }
  return { ...readUses(values), criticalExtensions };
}

function readUses(values: ReadonlyMap<string, Uint8Array>): Omit<ExtensionFacts, 'criticalExtensions'> {
  const basic = values.get(EXTENSION.basicConstraints);
  const usage = values.get(EXTENSION.keyUsage);
  const extended = values.get(EXTENSION.extendedKeyUsage);
  const alternative = values.get(EXTENSION.subjectAltName);
  return {
    ...(basic === undefined ? { isAuthority: false } : readBasicConstraints(basic)),
    keyUsages: usage === undefined ? null : readKeyUsages(usage),
    extendedKeyUsages: extended === undefined ? null : readExtendedKeyUsages(extended),
    subjectAltNames: alternative === undefined ? [] : readSubjectAltNames(alternative),
  };
}

function only(value: Uint8Array, tag: number): DerReader {
  const outer = new DerReader(value);
  const content = outer.enter(tag);
  outer.finish();
  return content;
}

function readBasicConstraints(value: Uint8Array): { isAuthority: boolean; pathLength?: number } {
  const constraints = only(value, TAG.sequence);
  const authority = constraints.optional(TAG.boolean);
  const length = constraints.optional(TAG.integer);
  constraints.finish();
  const isAuthority = authority !== undefined && toBoolean(authority);
  return length === undefined ? { isAuthority } : { isAuthority, pathLength: toSmallInteger(length) };
}

function readKeyUsages(value: Uint8Array): string[] {
  const outer = new DerReader(value);
  const bits = bitsSet(outer.next(TAG.bitString));
  outer.finish();
  return bits.flatMap((bit) => keyUsageNames[bit] ?? []);
}

function readExtendedKeyUsages(value: Uint8Array): string[] {
  const usages = only(value, TAG.sequence);
  const oids: string[] = [];
  while (!usages.atEnd) oids.push(toDottedOid(usages.next(TAG.objectIdentifier).content));
  return oids;
}

function readSubjectAltNames(value: Uint8Array): string[] {
  const names = only(value, TAG.sequence);
  const printed: string[] = [];
  while (!names.atEnd) {
    const { tag, content } = names.next();
    printed.push(toAlternativeName(tag, content));
  }
  return printed;
}

function toAlternativeName(tag: number, content: Uint8Array): string {
  switch (tag) {
    case 0x81:
      return `email:${toVisibleText(content)}`;
    case 0x82:
      return `DNS:${toVisibleText(content)}`;
    case 0x86:
      return `URI:${toVisibleText(content)}`;
    case 0x87:
      return `IP:${toAddress(content)}`;
    case 0xa4:
      return `DirName:${toDistinguishedName(only(content, TAG.sequence).rest())}`;
    default:
      return `other:#${toHex(content)}`;
  }
}

function toVisibleText(content: Uint8Array): string {
  return escapeInvisible(Buffer.from(content).toString('latin1'));
}

function toAddress(content: Uint8Array): string {
  if (content.length === 4) return content.join('.');
  const address = toHex(content).replace(/.{4}(?!$)/g, '$&:');
  if (isIP(address) !== 6) throw new UnreadableCertificate('The certificate has a malformed IP address.');
  // URL parsing gives the one canonical spelling of RFC 5952.
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
