// Reads a client certificate and its key from PEM. PKCS#12 is refused with the command that converts it.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readCertificate } from '@headgate/pki';
import { clientProblem } from '../client-problem.ts';

/** A certificate that proves who calls, with the key that signs. The subject is the Username of every message. */
export interface Credential {
  /** Leaf first, then any intermediates, as TLS sends them. */
  readonly certificatePem: string;
  /** Unencrypted PKCS#8. Never logged, printed or part of a request. */
  readonly keyPem: string;
  /** The leaf in DER, as a signature carries it. */
  readonly certificateDer: Uint8Array;
  /** As Node names it: `rsa`, `ec`, … */
  readonly keyType: string | undefined;
  /** RFC 4514, most specific first: `CN=ALPHAx0001,OU=people,O=CAISO,C=US`. */
  readonly username: string;
  readonly issuer: string;
  /** SHA-256 of the leaf, 64 lower-case hexadecimal digits. */
  readonly fingerprint256: string;
  /** First instant of validity, in ms since 1970 UTC. */
  readonly notBeforeMs: number;
  /** Last instant of validity, in ms since 1970 UTC. */
  readonly notAfterMs: number;
}

/** PEM texts or file contents. One file may hold both certificate and key. */
export interface CredentialFiles {
  readonly certificate: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** For a key that is encrypted. */
  readonly passphrase?: string | undefined;
}

/** Largest credential file read, in bytes (1 MiB). */
export const credentialBytesMax = 1024 * 1024;

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const pemKey = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )*PRIVATE KEY-----/;

/** Reads a credential; raises `credential.unreadable`, `credential.unsupported_format` or `credential.key_mismatch`. */
export function loadCredential({ certificate, key, passphrase }: CredentialFiles): Credential {
  const blocks = textOf(certificate, 'certificate').match(pemCertificate) ?? [];
  const [leafPem] = blocks;
  if (leafPem === undefined) throw unreadable('certificate', 'there is no CERTIFICATE block in it');
  const keyBlock = pemKey.exec(textOf(key, 'private key'))?.[0];
  if (keyBlock === undefined) throw unreadable('private key', 'there is no PRIVATE KEY block in it');

  const leaf = leafOf(leafPem);
  const facts = readLeaf(leaf.raw);
  const privateKey = keyOf(keyBlock, passphrase);
  if (!leaf.checkPrivateKey(privateKey)) throw clientProblem('credential.key_mismatch', { subject: facts.subject });
  return {
    certificatePem: `${blocks.join('\n')}\n`,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificateDer: leaf.raw,
    keyType: privateKey.asymmetricKeyType,
    username: facts.subject,
    issuer: facts.issuer,
    fingerprint256: facts.fingerprint256,
    notBeforeMs: facts.notBeforeMs,
    notAfterMs: facts.notAfterMs,
  };
}

function textOf(content: string | Uint8Array, what: string): string {
  if (content.length > credentialBytesMax) throw unreadable(what, `it is larger than ${credentialBytesMax} bytes`);
  // A DER SEQUENCE: PKCS#12, or a bare certificate or key.
  const first = typeof content === 'string' ? content.charCodeAt(0) : content[0];
  if (first === 0x30) {
    throw clientProblem('credential.unsupported_format', { what, format: 'binary (PKCS#12 or DER)' });
  }
  return typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
}

function leafOf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw unreadable('certificate', 'its first CERTIFICATE block is no X.509 certificate', cause);
  }
}

function readLeaf(der: Uint8Array) {
  try {
    return readCertificate(der);
  } catch (cause) {
    throw unreadable(
      'certificate',
      cause instanceof Error ? cause.message.replace(/\.$/, '') : 'it is malformed',
      cause,
    );
  }
}

function keyOf(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch (cause) {
    const encrypted = /ENCRYPTED/.test(pem);
    const found = encrypted ? 'it is encrypted and the passphrase is missing or wrong' : 'it is no private key';
    throw unreadable('private key', found, cause);
  }
}

function unreadable(what: string, found: string, cause?: unknown) {
  return clientProblem('credential.unreadable', { what, found }, { cause });
}
