// Reads the extensions of RFC 5280 §4.2 that decide what a certificate may be used for; the rest only by number.
import { bitsSet, DerReader, integerContent, TAG, toBoolean, toDottedOid, toHex, toSmallInteger } from './der.ts';
import { readPlaces } from './distribution-points.ts';
import { type GeneralName, readGeneralNames, sayGeneralName } from './general-name.ts';
import { type NameConstraints, readNameConstraints } from './name-constraints.ts';
import { noPolicies, type PolicyFacts, readPolicies, readPolicyConstraints, readPolicyMappings } from './policies.ts';
import { UnreadableDer } from './unreadable-der.ts';

/** What a certificate's extensions say about its use; null where the extension is absent. */
export interface ExtensionFacts extends PolicyFacts {
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
  /** The same names, to be compared. */
  readonly alternativeNames: readonly GeneralName[];
  /** Hexadecimal (RFC 5280 §4.2.1.2). */
  readonly subjectKeyId: string | null;
  /** Which key signed it, and which certificate of that key (RFC 5280 §4.2.1.1). */
  readonly authorityKeyId: AuthorityKeyId | null;
  /** Names that an authority may certify (RFC 5280 §4.2.1.10). */
  readonly nameConstraints: NameConstraints | null;
  /** Where lists of its issuer are published, in comparable form (RFC 5280 §4.2.1.13). */
  readonly listPlaces: readonly string[];
  /** Dotted OIDs of the extensions marked critical. */
  readonly criticalExtensions: readonly string[];
}

/** What an authority key identifier says; null where it does not. */
export interface AuthorityKeyId {
  /** Hexadecimal. */
  readonly keyId: string | null;
  /** Upper-case hexadecimal serial number of the issuer's own certificate. */
  readonly serial: string | null;
}

/** Numbers of the extensions read here. */
export const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  listPlaces: '2.5.29.31',
  policies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  inhibitAnyPolicy: '2.5.29.54',
} as const;

/** The extensions of a certificate that has none. */
export const noExtensions: ExtensionFacts = {
  isAuthority: false,
  keyUsages: null,
  extendedKeyUsages: null,
  subjectAltNames: [],
  alternativeNames: [],
  subjectKeyId: null,
  authorityKeyId: null,
  nameConstraints: null,
  listPlaces: [],
  criticalExtensions: [],
  ...noPolicies,
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
  const { values, criticalExtensions } = collectExtensions(extensions);
  return { ...readUses(values), ...readKeyIds(values), ...readPolicyFacts(values), criticalExtensions };
}

/** Values by number, and the numbers marked critical; at least one extension, none twice (RFC 5280 §4.1, §4.2). */
export function collectExtensions(extensions: DerReader): {
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly criticalExtensions: readonly string[];
} {
  const values = new Map<string, Uint8Array>();
  const criticalExtensions: string[] = [];
  while (!extensions.atEnd) {
    const extension = extensions.enter(TAG.sequence);
    const oid = toDottedOid(extension.next(TAG.objectIdentifier).content);
    const critical = extension.optional(TAG.boolean);
    if (critical !== undefined && toBoolean(critical)) criticalExtensions.push(oid);
    if (values.has(oid)) throw new UnreadableDer(`has extension ${oid} twice`);
    values.set(oid, extension.next(TAG.octetString).content);
    extension.finish();
  }
  if (values.size === 0) throw new UnreadableDer('has an empty list of extensions');
  return { values, criticalExtensions };
}

type Values = ReadonlyMap<string, Uint8Array>;

/** Reads one value, or says what its absence means. */
function read<Value, Absent>(values: Values, oid: string, reader: (value: Uint8Array) => Value, absent: Absent) {
  const value = values.get(oid);
  return value === undefined ? absent : reader(value);
}

type Uses = Omit<ExtensionFacts, 'criticalExtensions' | keyof KeyIds | keyof PolicyFacts>;

function readUses(values: Values): Uses {
  const alternativeNames = read(values, EXTENSION.subjectAltName, readSubjectAltNames, []);
  return {
    ...read(values, EXTENSION.basicConstraints, readBasicConstraints, { isAuthority: false }),
    keyUsages: read(values, EXTENSION.keyUsage, readKeyUsages, null),
    extendedKeyUsages: read(values, EXTENSION.extendedKeyUsage, readExtendedKeyUsages, null),
    alternativeNames,
    subjectAltNames: alternativeNames.map(sayGeneralName),
    nameConstraints: read(values, EXTENSION.nameConstraints, (value) => readNameConstraints(sequence(value)), null),
    listPlaces: read(values, EXTENSION.listPlaces, (value) => readPlaces(sequence(value)), []),
  };
}

type KeyIds = Pick<ExtensionFacts, 'subjectKeyId' | 'authorityKeyId'>;

function readKeyIds(values: Values): KeyIds {
  return {
    subjectKeyId: read(values, EXTENSION.subjectKeyIdentifier, (value) => toHex(whole(value, TAG.octetString)), null),
    authorityKeyId: read(values, EXTENSION.authorityKeyIdentifier, readAuthorityKeyId, null),
  };
}

/** What the value of an authorityKeyIdentifier says (RFC 5280 §4.2.1.1). */
export function readAuthorityKeyId(value: Uint8Array): AuthorityKeyId {
  const identifier = sequence(value);
  const keyId = identifier.optional(0x80);
  const issuer = identifier.optional(0xa1);
  const serial = identifier.optional(0x82);
  identifier.finish();
  if ((issuer === undefined) !== (serial === undefined))
    throw new UnreadableDer('has half an authority key identifier');
  return {
    keyId: keyId === undefined ? null : toHex(keyId.content),
    serial: serial === undefined ? null : toSerial(integerContent(serial)),
  };
}

/** A serial number as it is printed: upper-case hexadecimal without a sign octet. */
export function toSerial(content: Uint8Array): string {
  return toHex(content[0] === 0 && content.length > 1 ? content.subarray(1) : content).toUpperCase();
}

function readPolicyFacts(values: Values): PolicyFacts {
  return {
    policies: read(values, EXTENSION.policies, (value) => readPolicies(sequence(value)), null),
    policyMappings: read(values, EXTENSION.policyMappings, (value) => readPolicyMappings(sequence(value)), []),
    ...read(values, EXTENSION.policyConstraints, (value) => readPolicyConstraints(sequence(value)), {
      requireExplicitPolicy: null,
      inhibitPolicyMapping: null,
    }),
    inhibitAnyPolicy: read(values, EXTENSION.inhibitAnyPolicy, readInhibitAnyPolicy, null),
  };
}

function readInhibitAnyPolicy(value: Uint8Array): number {
  const outer = new DerReader(value);
  const certificates = toSmallInteger(outer.next(TAG.integer));
  outer.finish();
  return certificates;
}

/** The content of a value's one element. */
function whole(value: Uint8Array, tag: number): Uint8Array {
  const outer = new DerReader(value);
  const { content } = outer.next(tag);
  outer.finish();
  return content;
}

/** A reader over the value's one SEQUENCE. */
export function sequence(value: Uint8Array): DerReader {
  return new DerReader(whole(value, TAG.sequence));
}

function readBasicConstraints(value: Uint8Array): { isAuthority: boolean; pathLength?: number } {
  const constraints = sequence(value);
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
  const usages = sequence(value);
  const oids: string[] = [];
  while (!usages.atEnd) oids.push(toDottedOid(usages.next(TAG.objectIdentifier).content));
  if (oids.length === 0) throw new UnreadableDer('has an empty extended key usage');
  return oids;
}

function readSubjectAltNames(value: Uint8Array): readonly GeneralName[] {
  return readGeneralNames(whole(value, TAG.sequence));
}
