// Turns a certificate into plain data that rules can judge, evidence can record and people can read. Decides nothing.
import { hash, X509Certificate } from 'node:crypto';
import { type KeyFacts, readKey, readSignature, type SignatureFacts } from './algorithms.ts';
import { type ExtensionFacts, noExtensions, readExtensions, toSerial } from './certificate-extensions.ts';
import { bitStringOctets, DerReader, integerContent, TAG, toInstantMs, toSmallInteger } from './der.ts';
import { readMailboxes, toComparable, toComparableNames, toDistinguishedName } from './distinguished-name.ts';
import { type CertificateWords, UnreadableCertificate } from './unreadable-certificate.ts';
import { UnreadableDer } from './unreadable-der.ts';

/** Everything the product ever asks of a certificate, as plain data (RFC 5280 §4.1). */
export interface CertificateFacts extends ExtensionFacts, KeyFacts, SignatureFacts, CertificateWords {
  /** SHA-256 of the DER: 64 lower-case hexadecimal digits, no colons. */
  readonly fingerprint256: string;
  /** RFC 4514, most specific first: `CN=ALPHAx0001,OU=people,O=CAISO,C=US`. */
  readonly subject: string;
  /** In the same form as the subject. */
  readonly issuer: string;
  /** Upper-case hexadecimal, two digits a byte, no sign octet. */
  readonly serial: string;
  /** What the serial number breaks of RFC 5280 §4.1.2.2: positive, and at most 20 bytes. */
  readonly serialFault: 'zero' | 'negative' | 'long' | null;
  /** The subject's relative names, the least specific first, in comparable form. */
  readonly subjectNames: readonly string[];
  /** Mailboxes among them, as they are. */
  readonly subjectMailboxes: readonly string[];
  /** SHA-256 of the SubjectPublicKeyInfo: which key it is, whatever identifier it claims. */
  readonly keyFingerprint256: string;
  /** Whether subject and issuer are one name: counted by no path length (RFC 5280 §6.1). */
  readonly isSelfIssued: boolean;
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
  try {
    if (der.length > certificateBytesMax)
      throw new UnreadableDer(`has ${der.length} bytes, of which at most ${certificateBytesMax} are read`);
    // Ours first: OpenSSL also takes PEM, and DER with bytes after it. A certificate must satisfy both readers.
    const facts = walkCertificate(der);
    const certificate = parseWithOpenSsl(der);
    assertUsableKey(facts, certificate);
    return { facts, certificate };
  } catch (fault) {
    if (!(fault instanceof UnreadableDer)) throw fault;
    throw new UnreadableCertificate(fault.message, readWords(der), { cause: fault.cause ?? fault });
  }
}

function parseWithOpenSsl(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new UnreadableDer('is not one that OpenSSL can read', { cause });
  }
}

// A point off its curve, or a key of no sense: it could prove nothing, and OpenSSL tells only when it is asked for.
function assertUsableKey({ keyAlgorithm, keyBits }: KeyFacts, certificate: X509Certificate): void {
  if (keyBits === 0) return; // Of unknown strength: judged as such.
  try {
    void certificate.publicKey;
  } catch (cause) {
    throw new UnreadableDer(`has a public key (${keyAlgorithm}) that cannot be used`, { cause });
  }
}

function walkCertificate(der: Uint8Array): CertificateFacts {
  const outer = new DerReader(der);
  const certificate = outer.enter(TAG.sequence);
  outer.finish();
  const toBeSigned = certificate.enter(TAG.sequence);
  const algorithm = certificate.next(TAG.sequence);
  bitStringOctets(certificate.next(TAG.bitString));
  certificate.finish();
  const signature = readSignature(new DerReader(algorithm.content));
  return { fingerprint256: hash('sha256', der, 'hex'), ...walkToBeSigned(toBeSigned, algorithm.encoded), ...signature };
}

type ToBeSigned = Omit<CertificateFacts, 'fingerprint256' | keyof SignatureFacts>;

function walkToBeSigned(fields: DerReader, outerAlgorithm: Uint8Array): ToBeSigned {
  const version = readVersion(fields);
  const serialNumber = integerContent(fields.next(TAG.integer));
  // RFC 5280 §4.1.1.2: who signed must have said how, or the hash could be exchanged for a weaker one.
  if (Buffer.compare(fields.next(TAG.sequence).encoded, outerAlgorithm) !== 0)
    throw new UnreadableDer('names one signature algorithm inside and another outside of what is signed');
  const issuer = toDistinguishedName(fields.next(TAG.sequence).content);
  if (issuer === '') throw new UnreadableDer('has no issuer');
  const validity = fields.enter(TAG.sequence);
  const notBeforeMs = toInstantMs(validity.next());
  const notAfterMs = toInstantMs(validity.next());
  validity.finish();
  const subjectName = fields.next(TAG.sequence).content;
  const subject = toDistinguishedName(subjectName);
  const key = fields.next(TAG.sequence);
  const extensions = walkExtensions(fields, version);
  return {
    subject,
    issuer,
    serial: toSerial(serialNumber),
    notBeforeMs,
    notAfterMs,
    ...extensions,
    ...readKey(new DerReader(key.content)),
    version,
    serialFault: serialFaultOf(serialNumber),
    subjectNames: toComparableNames(subjectName),
    subjectMailboxes: readMailboxes(subjectName),
    keyFingerprint256: hash('sha256', key.encoded, 'hex'),
    isSelfIssued: toComparable(subject) === toComparable(issuer),
  };
}

function readVersion(fields: DerReader): number {
  const explicit = fields.optional(0xa0);
  if (explicit === undefined) return 1;
  const version = toSmallInteger(new DerReader(explicit.content).next(TAG.integer)) + 1;
  if (version > 3) throw new UnreadableDer(`says it is of version ${version}`);
  return version;
}

function serialFaultOf(content: Uint8Array): CertificateFacts['serialFault'] {
  const [first = 0] = content;
  if (first >= 0x80) return 'negative';
  if (content.length === 1 && first === 0) return 'zero';
  return content.length > 20 ? 'long' : null;
}

function walkExtensions(fields: DerReader, version: number): ExtensionFacts {
  fields.optional(0x81); // issuerUniqueID
  fields.optional(0x82); // subjectUniqueID
  const explicit = fields.optional(0xa3);
  fields.finish();
  if (explicit === undefined) return noExtensions;
  if (version !== 3) throw new UnreadableDer(`has extensions in version ${version}, which only version 3 has`);
  const outer = new DerReader(explicit.content);
  const extensions = readExtensions(outer.enter(TAG.sequence));
  outer.finish();
  return extensions;
}

/** What can be read of a certificate that is none: its holder must be able to find it. */
function readWords(der: Uint8Array): CertificateWords {
  const unreadable = { subject: null, issuer: null, serial: null, notBeforeMs: null, notAfterMs: null };
  const words: { -readonly [Word in keyof CertificateWords]: CertificateWords[Word] } = {
    fingerprint256: hash('sha256', der, 'hex'),
    ...unreadable,
  };
  try {
    const fields = new DerReader(der).enter(TAG.sequence).enter(TAG.sequence);
    fields.optional(0xa0);
    words.serial = toSerial(fields.next(TAG.integer).content);
    fields.next(TAG.sequence);
    words.issuer = toDistinguishedName(fields.next(TAG.sequence).content);
    const validity = fields.next(TAG.sequence).content;
    words.subject = toDistinguishedName(fields.next(TAG.sequence).content);
    const dates = new DerReader(validity);
    words.notBeforeMs = toInstantMs(dates.next());
    words.notAfterMs = toInstantMs(dates.next());
  } catch (fault) {
    if (!(fault instanceof UnreadableDer)) throw fault;
  }
  return words;
}
