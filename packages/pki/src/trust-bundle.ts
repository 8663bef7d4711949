// Holds the authorities that one party trusts for one purpose. Intermediates are trust data here, because Node does not
// reliably show what a caller sent; a root listed among the intermediates anchors nothing.
import {
  type CertificateFacts,
  certificateBytesMax,
  type OpenCertificate,
  openCertificate,
} from './certificate-facts.ts';
import { toComparable } from './distinguished-name.ts';
import { UnreadableCertificate } from './unreadable-certificate.ts';

/** A certificate of a bundle, and whether a path may end at it. */
export interface BundleMember extends OpenCertificate {
  readonly isAnchor: boolean;
}

/** When a certificate counts, both ends inclusive, in ms since 1970 UTC; infinite where a side is open. */
export interface TrustSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Spans by fingerprint (SHA-256, lower-case hex). A certificate without one counts as long as it is in the bundle. */
export type TrustSpans = ReadonlyMap<string, TrustSpan>;

/** Authorities by name; a change makes a bundle anew, so that verdicts can be kept by bundle. */
export interface TrustBundle {
  readonly name: string;
  readonly anchors: readonly CertificateFacts[];
  readonly intermediates: readonly CertificateFacts[];
  readonly spans: TrustSpans;
  /** Members with this subject: anchors first, then those that are valid longest. */
  withSubject(subject: string): readonly BundleMember[];
}

/** What a trust bundle is made from. */
export interface TrustBundleSource {
  readonly name: string;
  /** PEM certificates, at least one; text between them is ignored. At most 4 MiB and 1,000 certificates. */
  readonly anchorsPem: string;
  /** PEM certificates, none by default; the same bounds. */
  readonly intermediatesPem?: string;
  /** Certificates that count from one instant until another; the rest count without end. */
  readonly dated?: readonly ({ readonly fingerprint256: string } & TrustSpan)[];
}

/** A bundle's PEM text that cannot be used, with the place: which file, which certificate (from 1), which line (from 1). */
export class UnreadableTrustBundle extends Error {
  override readonly name = 'UnreadableTrustBundle';
  /** Stable code to match on across packages. */
  readonly code = 'pki.unreadable_trust_bundle';
  readonly bundle: string;
  readonly file: BundleFile;
  readonly certificateNumber: number;
  readonly lineNumber: number;

  constructor(place: PemPlace, reason: string, options?: ErrorOptions) {
    super(
      `Trust bundle \`${place.bundle}\`, ${place.file} file, certificate ${place.certificateNumber}, line ${place.lineNumber}: ${reason}`,
      options,
    );
    this.bundle = place.bundle;
    this.file = place.file;
    this.certificateNumber = place.certificateNumber;
    this.lineNumber = place.lineNumber;
  }
}

/** Which of a bundle's two PEM texts. */
export type BundleFile = 'anchors' | 'intermediates';

interface PemPlace {
  readonly bundle: string;
  readonly file: BundleFile;
  readonly certificateNumber: number;
  readonly lineNumber: number;
}

const pemLengthMax = 4 * 1024 * 1024;
const certificateCountMax = 1_000;

/** A bundle from PEM text; raises UnreadableTrustBundle, which names the position of the first fault. */
export function createTrustBundle(source: TrustBundleSource): TrustBundle {
  const { name } = source;
  const anchors = readPem(source.anchorsPem, name, 'anchors');
  if (anchors.length === 0) {
    throw new UnreadableTrustBundle(
      { bundle: name, file: 'anchors', certificateNumber: 1, lineNumber: 1 },
      'there is no certificate. Add the root that the bundle is meant to trust.',
    );
  }
  const intermediates = readPem(source.intermediatesPem ?? '', name, 'intermediates');
  const members = distinct([
    ...anchors.map((opened) => ({ ...opened, isAnchor: true })),
    ...intermediates.map((opened) => ({ ...opened, isAnchor: false })),
  ]);
  const bySubject = Map.groupBy(members.toSorted(byPreference), ({ facts }) => toComparable(facts.subject));
  return {
    name,
    anchors: members.filter(({ isAnchor }) => isAnchor).map(({ facts }) => facts),
    intermediates: members.filter(({ isAnchor }) => !isAnchor).map(({ facts }) => facts),
    spans: new Map(
      (source.dated ?? []).map(({ fingerprint256, fromMs, untilMs }) => [fingerprint256, { fromMs, untilMs }]),
    ),
    withSubject: (subject) => bySubject.get(toComparable(subject)) ?? [],
  };
}

function distinct(members: readonly BundleMember[]): BundleMember[] {
  const seen = new Set<string>();
  return members.filter(({ facts: { fingerprint256 } }) => !seen.has(fingerprint256) && seen.add(fingerprint256));
}

function byPreference(one: BundleMember, other: BundleMember): number {
  if (one.isAnchor !== other.isAnchor) return one.isAnchor ? -1 : 1;
  return other.facts.notAfterMs - one.facts.notAfterMs;
}

function readPem(pem: string, bundle: string, file: BundleFile): OpenCertificate[] {
  const start: PemPlace = { bundle, file, certificateNumber: 1, lineNumber: 1 };
  if (pem.length > pemLengthMax) throw new UnreadableTrustBundle(start, `the file is over ${pemLengthMax} characters.`);
  const opened: OpenCertificate[] = [];
  let block: { readonly place: PemPlace; base64: string } | undefined;
  for (const [index, text] of pem.split(/\r?\n/).entries()) {
    const line = text.trim();
    const place = { ...start, certificateNumber: opened.length + 1, lineNumber: index + 1 };
    const label = /^-----(BEGIN|END) (.+)-----$/.exec(line);
    if (label === null) {
      if (block !== undefined) block.base64 += line;
      continue;
    }
    assertLabel(label, block !== undefined, place);
    if (block === undefined) {
      block = { place, base64: '' };
      continue;
    }
    opened.push(openBlock(block.base64, block.place));
    block = undefined;
  }
  if (block !== undefined) throw new UnreadableTrustBundle(block.place, 'the certificate has no END line.');
  return opened;
}

function assertLabel([, edge, label]: RegExpExecArray, inBlock: boolean, place: PemPlace): void {
  if (label?.includes('PRIVATE KEY') === true) {
    throw new UnreadableTrustBundle(place, 'there is a private key. Remove it: trust files are copied to every node.');
  }
  if (label !== 'CERTIFICATE') throw new UnreadableTrustBundle(place, 'only CERTIFICATE blocks are read.');
  if ((edge === 'BEGIN') === inBlock) throw new UnreadableTrustBundle(place, `an ${edge} line stands out of order.`);
  if (place.certificateNumber > certificateCountMax) {
    throw new UnreadableTrustBundle(place, `there are more than ${certificateCountMax} certificates.`);
  }
}

function openBlock(base64: string, place: PemPlace): OpenCertificate {
  const tooLong = base64.length > certificateBytesMax * 2;
  // Buffer skips what is not base64, so a damaged block would shrink silently.
  if (tooLong || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    throw new UnreadableTrustBundle(place, 'the block is not the base64 of one certificate.');
  }
  try {
    return openCertificate(Buffer.from(base64, 'base64'));
  } catch (cause) {
    if (!(cause instanceof UnreadableCertificate)) throw cause;
    throw new UnreadableTrustBundle(place, cause.message, { cause });
  }
}
