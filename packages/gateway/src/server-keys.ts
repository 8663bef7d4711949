// The certificates that hosts show, read and proved usable before anything listens.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Config } from './config.ts';
import { textOf, unusable } from './named-file.ts';
import { tlsSettings } from './tls-settings.ts';

type Host = Config['listeners'][number]['hosts'][number];

/** One host with its PEM text; none on a plain listener. */
export interface KeyedHost {
  readonly name: string;
  readonly pem: { readonly cert: string; readonly key: string } | undefined;
}

/** Reads certificate and key of a host. Rejects with `UnusableFiles` when they cannot be read or do not belong together. */
export async function readKeys(host: Host, base: string): Promise<KeyedHost> {
  const { name, certificate, key } = host;
  if (certificate === undefined || key === undefined) return { name, pem: undefined };
  const pem = { cert: await textOf(certificate, base), key: await textOf(key, base) };
  try {
    toSecureContext(pem);
    provePair(pem);
  } catch (cause) {
    const found = `${certificate} with ${key}: ${(cause as Error).message}`;
    throw unusable(certificate, found, `a PEM chain of ${name} and its private key`);
  }
  return { name, pem };
}

/** What TLS shows for a host. Throws what OpenSSL says of PEM text that `readKeys` did not prove. */
export function toSecureContext(pem: { readonly cert: string; readonly key: string } | undefined): SecureContext {
  return createSecureContext({ ...tlsSettings, ...pem });
}

/** Throws when a key belongs to another certificate: OpenSSL says so only where both are of one kind. */
export function provePair({ cert, key }: { readonly cert: string; readonly key: string }): void {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error('the key belongs to another certificate');
}
