// Turns a certificate into plain data that rules can judge, evidence can record and people can read. Decides nothing.
import { hash, X509Certificate } from 'node:crypto';
import { type KeyFacts, readKey, readSignature, type SignatureFacts } from './algorithms.ts';
import { type ExtensionFacts, noExtensions, readExtensions } from './certificate-extensions.ts';
import { bitStringOctets, DerReader, integerContent, TAG, toHex, toInstantMs, toSmallInteger } from './der.ts';
import { toDistinguishedName } from './distinguished-name.ts';
import { UnreadableCertificate } from './unreadable-certificate.ts';

/** Everything the product ever asks of a certificate, as plain data (RFC 5280 §4.1). */
export interface CertificateFacts extends ExtensionFacts, KeyFacts, SignatureFacts {
  /** SHA-256 of the DER: 64 lower-case hexadecimal digits, no colons. */
  readonly fingerprint256: string;
  /** RFC 4514, most specific first: `CN=ALPHAx0001,OU=people,O=CAISO,C=US`. */
  readonly subject: string;
  /** In the same form as the subject. */
  readonly issuer: string;
  /** Upper-case hexadecimal, two digits a byte, no sign octet. */
  readonly serial: string;
  /** First instant of validity, in ms since 1970 UTC. */
  readonly notBeforeMs: number;
  /** Last instant of validity, inclusive (RFC 5280 §4.1.2.5), in ms since 1970 UTC. */
  readonly notAfterMs: number;
  /** 1, 2 or 3. */
  readonly version: number;
}

/** A certificate's facts together with the parsed certificate that can check signatures. */
export interface OpenCertificate {
  readonly facts: CertificateFacts;
  readonly certificate: X509Certificate;
}

/** Largest certificate read, in bytes of DER. */
export const certificateBytesMax = 65_536;

/** The facts of one DER certificate of at most 65,536 bytes; raises UnreadableCertificate for anything else. */
export function readCertificate(der: Uint8Array): CertificateFacts {
  return openCertificate(der).facts;
}

/** As readCertificate, keeping the parsed certificate; raises UnreadableCertificate. */
export function openCertificate(der: Uint8Array): OpenCertificate {
  if (der.length > certificateBytesMax) {
    throw new UnreadableCertificate(
      `The certificate has ${der.length} bytes; at most ${certificateBytesMax} are read.`,
    );
  }
  // Ours first: OpenSSL also takes PEM, and DER with bytes after it. A certificate must satisfy both readers.
  const facts = walkCertificate(der);
  return { facts, certificate: parseWithOpenSsl(der) };
}

function parseWithOpenSsl(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new UnreadableCertificate('The certificate is not one that OpenSSL can read.', { cause });
  }
}

function walkCertificate(der: Uint8Array): CertificateFacts {
  const outer = new DerReader(der);
  const certificate = outer.enter(TAG.sequence);
  outer.finish();
  const toBeSigned = certificate.enter(TAG.sequence);
  const signature = readSignature(certificate.enter(TAG.sequence));
  bitStringOctets(certificate.next(TAG.bitString));
  certificate.finish();
  return { fingerprint256: hash('sha256', der, 'hex'), ...walkToBeSigned(toBeSigned), ...signature };
}

type ToBeSigned = Omit<CertificateFacts, 'fingerprint256' | keyof SignatureFacts>;

function walkToBeSigned(fields: DerReader): ToBeSigned {
  const version = readVersion(fields);
  const serial = readSerial(fields);
  fields.next(TAG.sequence); // The inner signature algorithm; OpenSSL refuses one that differs from the outer.
  const issuer = toDistinguishedName(fields.next(TAG.sequence).content);
  const validity = fields.enter(TAG.sequence);
  const notBeforeMs = toInstantMs(validity.next());
  const notAfterMs = toInstantMs(validity.next());
  validity.finish();
  const subject = toDistinguishedName(fields.next(TAG.sequence).content);
  const key = readKey(fields.enter(TAG.sequence));
  const extensions = walkExtensions(fields, version);
  return { subject, issuer, serial, notBeforeMs, notAfterMs, ...extensions, ...key, version };
}

function readVersion(fields: DerReader): number {
  const explicit = fields.optional(0xa0);
  if (explicit === undefined) return 1;
  const version = toSmallInteger(new DerReader(explicit.content).next(TAG.integer)) + 1;
  if (version > 3) throw new UnreadableCertificate(`The certificate says it is of version ${version}.`);
  return version;
}

function readSerial(fields: DerReader): string {
  const content = integerContent(fields.next(TAG.integer));
  return toHex(content[0] === 0 && content.length > 1 ? content.subarray(1) : content).toUpperCase();
}

function walkExtensions(fields: DerReader, version: number): ExtensionFacts {
  fields.optional(0x81); // issuerUniqueID
  fields.optional(0x82); // subjectUniqueID
  const explicit = fields.optional(0xa3);
  fields.finish();
  if (explicit === undefined) return noExtensions;
  if (version !== 3) throw new UnreadableCertificate('The certificate has extensions before version 3.');
  const outer = new DerReader(explicit.content);
  const extensions = readExtensions(outer.enter(TAG.sequence));
  outer.finish();
  return extensions;
}
