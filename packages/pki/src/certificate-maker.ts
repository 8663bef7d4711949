// Makes certificates for tests and demonstrations, good ones and bad ones. Never used on the way of a real exchange.
import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** Kinds of key a certificate can be made with; `rsa-1024` and `ec-p224` are made to be refused. */
export type KeyType = 'rsa-2048' | 'rsa-1024' | 'ec-p256' | 'ec-p224';

/** A private key and its certificate's public half. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** What can sign certificates: a name and a P-256 key. */
export interface Signer {
  readonly subject: readonly NameAttribute[];
  readonly key: KeyPair;
}

/** One attribute of a name, e.g. `{ CN: 'ALPHAx0001' }`. */
export type NameAttribute = Readonly<Record<string, string>>;

/** Everything that a made certificate says. Instants are ms since 1970 UTC, kept to the second below. */
export interface CertificateContents {
  /** Least specific attribute first, as it is encoded. */
  readonly subject: readonly NameAttribute[];
  readonly key: KeyPair;
  readonly signer: Signer;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Present makes an authority; `pathLength` absent means any number of intermediates below. */
  readonly authority?: { readonly pathLength?: number };
  /** Bits of RFC 5280 §4.2.1.3; absent leaves the extension out. */
  readonly keyUsages?: number | undefined;
  /** Dotted OIDs; absent leaves the extension out. */
  readonly extendedKeyUsages?: readonly string[] | undefined;
  /** DNS names and IP addresses; absent leaves the extension out. */
  readonly hostNames?: readonly string[];
  /** Default `SHA-256`; `SHA-1` is made to be refused. */
  readonly signatureHash?: 'SHA-1' | 'SHA-256';
  /** Default true; false leaves out both key identifiers, as old and forged certificates do. */
  readonly keyIdentifiers?: boolean;
  /** Further extensions, as they are. */
  readonly extensions?: readonly x509.Extension[];
  /** Where the 16 bytes of the serial number come from; by default the system's random source. */
  readonly random?: RandomBytes;
}

/** A source of random bytes. */
export type RandomBytes = (byteCount: number) => Uint8Array;

/** Names for the key usage bits of CertificateContents. */
export const KEY_USAGE = {
  digitalSignature: x509.KeyUsageFlags.digitalSignature,
  keyEncipherment: x509.KeyUsageFlags.keyEncipherment,
  keyCertSign: x509.KeyUsageFlags.keyCertSign,
  cRLSign: x509.KeyUsageFlags.cRLSign,
} as const;

/** An extension of RFC 5280 §4.2 with a value of the caller's making. */
export function makeExtension(oid: string, critical: boolean, value: Uint8Array<ArrayBuffer>): x509.Extension {
  return new x509.Extension(oid, critical, value);
}

const makeKeyPair = promisify(generateKeyPair);

/** A fresh key pair, made off the calling thread, so that several RSA keys are made side by side. */
export async function createKeyPair(keyType: KeyType): Promise<KeyPair> {
  switch (keyType) {
    case 'rsa-2048':
      return makeKeyPair('rsa', { modulusLength: 2048 });
    case 'rsa-1024':
      return makeKeyPair('rsa', { modulusLength: 1024 });
    case 'ec-p256':
      return makeKeyPair('ec', { namedCurve: 'P-256' });
    case 'ec-p224':
      return makeKeyPair('ec', { namedCurve: 'secp224r1' });
  }
}

/** The DER of a certificate that says what it is told to, true or not. */
export async function makeCertificate(contents: CertificateContents): Promise<Buffer> {
  const { signer, key } = contents;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: toSerial((contents.random ?? randomBytes)(16)),
    subject: toName(contents.subject),
    issuer: toName(signer.subject),
    notBefore: toSecond(contents.notBeforeMs),
    notAfter: toSecond(contents.notAfterMs),
    publicKey: toPublicKey(key),
    signingKey: signer.key.privateKey.toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']),
    signingAlgorithm: { name: 'ECDSA', hash: contents.signatureHash ?? 'SHA-256' },
    extensions: await toExtensions(contents),
  });
  return Buffer.from(certificate.rawData);
}

/** One PEM CERTIFICATE block, newline at the end. */
export function toPem(der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?!$)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** The private key as PKCS#8 PEM, not encrypted. */
export function toKeyPem({ privateKey }: KeyPair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function toName(attributes: readonly NameAttribute[]): x509.Name {
  return new x509.Name(
    attributes.map((attribute) =>
      Object.fromEntries(
        // RFC 5280 appendix A: a country is a PrintableString; everything else may be UTF-8.
        Object.entries(attribute).map(([type, value]) => [
          type,
          [type === 'C' ? { printableString: value } : { utf8String: value }],
        ]),
      ),
    ),
  );
}

function toPublicKey({ publicKey }: KeyPair): x509.PublicKey {
  return new x509.PublicKey(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
}

// Positive, 16 bytes, no leading zero (RFC 5280 §4.1.2.2).
function toSerial([first = 0, ...rest]: Uint8Array): string {
  return Buffer.from([(first & 0x7f) | 0x40, ...rest]).toString('hex');
}

function toSecond(instantMs: number): Date {
  return new Date(Math.floor(instantMs / 1000) * 1000);
}

async function toExtensions(contents: CertificateContents): Promise<x509.Extension[]> {
  const { authority, keyUsages, extendedKeyUsages, hostNames, keyIdentifiers = true } = contents;
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(authority !== undefined, authority?.pathLength, true),
    ...(contents.extensions ?? []),
  ];
  if (keyUsages !== undefined) extensions.push(new x509.KeyUsagesExtension(keyUsages, true));
  if (extendedKeyUsages !== undefined) extensions.push(new x509.ExtendedKeyUsageExtension([...extendedKeyUsages]));
  if (hostNames !== undefined) extensions.push(new x509.SubjectAlternativeNameExtension(hostNames.map(toGeneralName)));
  if (!keyIdentifiers) return extensions;
  return [
    ...extensions,
    await x509.SubjectKeyIdentifierExtension.create(toPublicKey(contents.key)),
    await x509.AuthorityKeyIdentifierExtension.create(toPublicKey(contents.signer.key)),
  ];
}

function toGeneralName(host: string): x509.JsonGeneralName {
  return { type: isIP(host) === 0 ? 'dns' : 'ip', value: host };
}
