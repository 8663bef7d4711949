// Certificates to test with, each good unless the test says otherwise: a test names only what it is about.
import { type CertificateFacts, readCertificate } from './certificate-facts.ts';
import { type CertificateContents, createKeyPair, makeCertificate, type Signer, toPem } from './certificate-maker.ts';
import { createTrustBundle, type TrustBundle, type TrustSpan } from './trust-bundle.ts';

/** The instant that the fixtures are about: 2026-06-01T00:00:00Z. */
export const nowMs = Date.UTC(2026, 5, 1);

/** One day, in ms. */
export const dayMs = 86_400_000;

/** A certificate, and what can sign the next one down. */
export interface Made {
  readonly der: Buffer;
  readonly pem: string;
  readonly facts: CertificateFacts;
  readonly signer: Signer;
}

type Changes = Partial<Omit<CertificateContents, 'signer'>>;

const authority: Changes = { authority: {}, keyUsages: ['keyCertSign', 'cRLSign'] };

/** A self-signed authority with this common name. */
export function makeRoot(commonName = 'Test Root', changes: Changes = {}): Promise<Made> {
  return make(commonName, undefined, { ...authority, ...changes });
}

/** An authority below another. */
export function makeIntermediate(above: Made, commonName = 'Test Issuing', changes: Changes = {}): Promise<Made> {
  return make(commonName, above.signer, { ...authority, ...changes });
}

/** A user for clientAuth, with an elliptic key for speed. */
export function makeLeaf(above: Made, changes: Changes = {}): Promise<Made> {
  return make('ALPHAx0001', above.signer, {
    keyUsages: ['digitalSignature'],
    extendedKeyUsages: ['1.3.6.1.5.5.7.3.2'],
    ...changes,
  });
}

/** A bundle of made certificates; those that are `dated` count within their span alone. */
export function bundleOf(
  anchors: readonly Made[],
  intermediates: readonly Made[] = [],
  dated: readonly (readonly [Made, TrustSpan])[] = [],
): TrustBundle {
  return createTrustBundle({
    name: 'test',
    anchorsPem: anchors.map(({ pem }) => pem).join(''),
    intermediatesPem: intermediates.map(({ pem }) => pem).join(''),
    dated: dated.map(([{ facts }, span]) => ({ fingerprint256: facts.fingerprint256, ...span })),
  });
}

async function make(commonName: string, signer: Signer | undefined, changes: Changes): Promise<Made> {
  const key = changes.key ?? (await createKeyPair('ec-p256'));
  const subject = changes.subject ?? [{ C: 'US' }, { O: 'Headgate Test' }, { CN: commonName }];
  const der = makeCertificate({
    notBeforeMs: nowMs - dayMs,
    notAfterMs: nowMs + dayMs,
    ...changes,
    subject,
    key,
    signer: signer ?? { subject, key },
  });
  return { der, pem: toPem(der), facts: readCertificate(der), signer: { subject, key } };
}
