// What the kinds are made of: keys that are dear to make, and good chains of both families. A recipe changes what its kind is about.
import {
  type CertificateContents,
  createKeyPair,
  type KeyPair,
  type KeyType,
  makeCertificate,
  type NameAttribute,
  type Signer,
  type StaleRule,
  toPem,
} from '@headgate/pki';
import type { Place } from './kinds.ts';

/** The instant that every kind is about unless it says otherwise: 2026-06-01T00:00:00Z. */
export const nowMs = Date.UTC(2026, 5, 1);

export const dayMs = 86_400_000;

export const clientAuth = '1.3.6.1.5.5.7.3.2';
export const serverAuth = '1.3.6.1.5.5.7.3.1';

/** A certificate and what can sign the next one down. */
export interface Made extends Signer {
  readonly der: Buffer<ArrayBuffer>;
  readonly serial: string;
}

export type Changes = Partial<Omit<CertificateContents, 'signer'>>;

/** A kind as it was made. */
export interface Specimen {
  /** The certificates of the chain by their place; the leaf's may be no certificate at all. */
  readonly leaf: Made;
  readonly places: Partial<Record<Place, Made>>;
  readonly anchors: readonly Made[];
  readonly intermediates: readonly Made[];
  /** Files of revocation lists, PEM or DER. */
  readonly lists: readonly Uint8Array[];
  readonly stale: StaleRule;
  readonly atMs: number;
}

/** What a recipe says; the rest follows from the good chain of the current family. */
export interface Recipe {
  readonly leaf: Made;
  readonly issuing?: Made;
  readonly upper?: Made;
  readonly root?: Made;
  /** Default: the root alone. */
  readonly anchors?: readonly Made[];
  /** Default: upper and issuing authority. */
  readonly intermediates?: readonly Made[];
  readonly lists?: readonly Uint8Array[];
  readonly stale?: StaleRule;
  readonly atMs?: number;
}

/** Keys and good chains. */
export interface World {
  /** A key of a kind, made once. */
  readonly key: (keyType: KeyType) => KeyPair;
  /** Another P-256 key each time. */
  readonly freshKey: () => KeyPair;
  readonly root: Made;
  readonly issuing: Made;
  /** The legacy family, RSA throughout. */
  readonly legacyRoot: Made;
  readonly legacyIssuing: Made;
  readonly makeRoot: (commonName?: string, changes?: Changes) => Made;
  readonly makeAuthority: (above: Signer, commonName?: string, changes?: Changes) => Made;
  readonly makeLeaf: (above: Signer, changes?: Changes) => Made;
}

const keyTypes: readonly KeyType[] = [
  'rsa-2048',
  'rsa-3072',
  'rsa-1024',
  'ec-p256',
  'ec-p384',
  'ec-p521',
  'ec-p224',
  'ec-p192',
  'ec-explicit',
  'ed25519',
  'ed448',
];

const freshKeyCount = 48;

/** Makes the keys, and the good chains with them. */
export async function createWorld(): Promise<World> {
  const made = await Promise.all(keyTypes.map(async (keyType) => [keyType, await createKeyPair(keyType)] as const));
  const keys = new Map<KeyType, KeyPair>(made);
  const key = (keyType: KeyType): KeyPair => {
    const found = keys.get(keyType);
    if (found === undefined) throw new RangeError(`there is no key ${keyType}`);
    return found;
  };
  const [rsaRoot, ...fresh] = await Promise.all([
    createKeyPair('rsa-2048'),
    ...Array.from({ length: freshKeyCount }, () => createKeyPair('ec-p256')),
  ]);
  let next = 0;
  const freshKey = (): KeyPair => {
    next = (next + 1) % fresh.length;
    return fresh[next] ?? key('ec-p256');
  };
  const world: Omit<World, 'root' | 'issuing' | 'legacyRoot' | 'legacyIssuing'> = {
    key,
    freshKey,
    makeRoot: (commonName = 'Kinds Root', changes = {}) =>
      make(undefined, authorityName(commonName), { key: freshKey(), ...authority, ...changes }),
    makeAuthority: (above, commonName = 'Kinds Issuing', changes = {}) =>
      make(above, authorityName(commonName), { key: freshKey(), ...authority, ...changes }),
    makeLeaf: (above, changes = {}) => make(above, callerName, { key: freshKey(), ...caller, ...changes }),
  };
  const root = world.makeRoot();
  const legacyRoot = world.makeRoot('Kinds Legacy Root', { key: rsaRoot });
  return {
    ...world,
    root,
    issuing: world.makeAuthority(root),
    legacyRoot,
    legacyIssuing: world.makeAuthority(legacyRoot, 'Kinds Legacy Issuing', { key: key('rsa-2048') }),
  };
}

const callerName: readonly NameAttribute[] = [{ C: 'US' }, { O: 'CAISO' }, { OU: 'people' }, { CN: 'ALPHAx0001' }];

/** The name of an authority of the kinds. */
export function authorityName(commonName: string): readonly NameAttribute[] {
  return [{ C: 'US' }, { O: 'Headgate Kinds' }, { CN: commonName }];
}

const authority: Changes = {
  authority: {},
  keyUsages: ['keyCertSign', 'cRLSign'],
  notBeforeMs: nowMs - 400 * dayMs,
  notAfterMs: nowMs + 4_000 * dayMs,
};

const caller: Changes = {
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: [clientAuth],
  notBeforeMs: nowMs - 30 * dayMs,
  notAfterMs: nowMs + 300 * dayMs,
};

function make(above: Signer | undefined, name: readonly NameAttribute[], changes: Changes & { key: KeyPair }): Made {
  const subject = changes.subject ?? name;
  // Positive, 16 bytes, no leading zero, as a good authority does.
  const serial = Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(16)));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const der = makeCertificate({
    notBeforeMs: nowMs,
    notAfterMs: nowMs,
    random: () => serial,
    ...changes,
    subject,
    signer: above ?? { subject, key: changes.key },
  });
  return { der, serial: serial.toString('hex').toUpperCase(), subject, key: changes.key };
}

/** The same certificate with bytes of the caller's making. */
export function withDer(made: Made, change: (der: Buffer) => Uint8Array): Made {
  return { ...made, der: Buffer.from(change(Buffer.from(made.der))) };
}

/** A specimen from its recipe. */
export function toSpecimen({ root, issuing }: World, recipe: Recipe): Specimen {
  const places = {
    leaf: recipe.leaf,
    issuing: recipe.issuing ?? issuing,
    ...(recipe.upper === undefined ? {} : { upper: recipe.upper }),
    root: recipe.root ?? root,
  };
  return {
    leaf: recipe.leaf,
    places,
    anchors: recipe.anchors ?? [places.root],
    intermediates: recipe.intermediates ?? [...(recipe.upper === undefined ? [] : [recipe.upper]), places.issuing],
    lists: recipe.lists ?? [],
    stale: recipe.stale ?? 'accept',
    atMs: recipe.atMs ?? nowMs,
  };
}

/** The PEM text of certificates. */
export function pemOf(made: readonly Made[]): string {
  return made.map(({ der }) => toPem(der)).join('');
}
