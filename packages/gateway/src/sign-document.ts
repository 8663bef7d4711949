// Detached signatures (RFC 7515 appendix F) of documents, by one key that the operator configures. Who reads a document makes the
// payload of its bytes again, and finds the public key at the path `keys` (RFC 7517) or got it from the operator beforehand.
import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';

/** Signs documents. */
export interface DocumentSigner {
  /** A compact signature without its payload. */
  sign(body: Uint8Array): string;
  /** The public key. */
  readonly publicKey: JsonWebKey & { readonly kid: string; readonly alg: string };
}

/** Reads a key in PEM: Ed25519 (RFC 8037) or P-256. Throws for any other, with a sentence that names what is accepted. */
export function createDocumentSigner(pem: string): DocumentSigner {
  const key = createPrivateKey(pem);
  const alg = algorithmOf(key);
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const kid = thumbprint(jwk);
  const header = encoded(JSON.stringify({ alg, kid }));
  return {
    publicKey: { ...jwk, kid, alg, use: 'sig' },
    sign(body) {
      const input = Buffer.from(`${header}.${encoded(body)}`);
      const signature =
        alg === 'EdDSA' ? sign(null, input, key) : sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' });
      return `${header}..${signature.toString('base64url')}`;
    },
  };
}

function algorithmOf(key: KeyObject): 'EdDSA' | 'ES256' {
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new TypeError('a key for documents is an Ed25519 or a P-256 key');
}

/** RFC 7638: the members that are required, in the order of their names. */
function thumbprint({ crv, kty, x, y }: JsonWebKey): string {
  const members = y === undefined ? { crv, kty, x } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

function encoded(bytes: string | Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
