// TLS toward control: the files that the configuration names, read and proved usable before anything is asked of it.
import { createSecureContext } from 'node:tls';
import { createTrustBundle, UnreadableTrustBundle } from '@headgate/pki';
import type { ControlOptions } from './config-control.ts';
import { keyTextOf, textOf, unusable } from './named-file.ts';
import { provePair } from './server-keys.ts';

/** Where control is and what its connections are made with. Plain, so that a message can carry it to another thread. */
export interface ControlAddress {
  readonly url: string;
  readonly pem: { readonly ca: string; readonly cert: string; readonly key: string };
  /** The name that the certificate of control must have. */
  readonly serverName: string;
}

/** Reads the files of the option; null without it. Rejects with `UnusableFiles`. */
export async function readControlAddress(
  control: ControlOptions | undefined,
  base: string,
): Promise<ControlAddress | null> {
  if (control === undefined) return null;
  const { url, certificate, key, trust } = control;
  const ca = await textOf(trust, base);
  try {
    createTrustBundle({ name: 'control', anchorsPem: ca, intermediatesPem: '' });
  } catch (cause) {
    if (!(cause instanceof UnreadableTrustBundle)) throw cause;
    throw unusable(trust, cause.message, 'PEM certificates that can be read', cause.lineNumber);
  }
  const shown = { cert: await textOf(certificate, base), key: await keyTextOf(key, base) };
  try {
    provePair(shown);
    createSecureContext({ ca, ...shown });
  } catch (cause) {
    const found = `${certificate} with ${key}: ${(cause as Error).message}`;
    throw unusable(certificate, found, 'a PEM chain and its private key');
  }
  return { url, pem: { ca, ...shown }, serverName: control.serverName ?? new URL(url).hostname };
}
