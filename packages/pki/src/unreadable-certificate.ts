// The one refusal of everything here that reads certificates.

/** Bytes that are no certificate in the DER of RFC 5280 §4.1; the message says what was wrong, never what the bytes were. */
export class UnreadableCertificate extends Error {
  override readonly name = 'UnreadableCertificate';
  /** Stable code to match on across packages. */
  readonly code = 'pki.unreadable_certificate';
}
