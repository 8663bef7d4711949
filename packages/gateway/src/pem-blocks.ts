// The certificates of a PEM text, one block each, in its order.

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Every block that says it is a certificate; nothing of it is proved. */
export function certificatesIn(pem: string): readonly string[] {
  return pem.match(certificateBlock) ?? [];
}
