// The one refusal of everything here that reads certificates.

/** By what people know a certificate; null for what could not be read of a bad one. */
export interface CertificateWords {
  /** SHA-256 of the DER: 64 lower-case hexadecimal digits. */
  readonly fingerprint256: string;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly serial: string | null;
  readonly notBeforeMs: number | null;
  readonly notAfterMs: number | null;
}

/** Bytes that are no certificate in the DER of RFC 5280 §4.1; the message says what was wrong, never what the bytes were. */
export class UnreadableCertificate extends Error {
  override readonly name = 'UnreadableCertificate';
  /** Stable code to match on across packages. */
  readonly code = 'pki.unreadable_certificate';
  /** What is wrong, going on from "the certificate": `ends inside an element`. */
  readonly fault: string;
  /** What could be read of it all the same. */
  readonly certificate: CertificateWords;

  constructor(fault: string, certificate: CertificateWords, options?: ErrorOptions) {
    super(`The certificate ${fault}.`, options);
    this.fault = fault;
    this.certificate = certificate;
  }
}
