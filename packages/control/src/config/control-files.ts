// The files that control's configuration names, read and proved usable before anything listens, and again at every reload.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createTrustBundle, type TrustBundle, UnreadableTrustBundle } from '@headgate/pki';
import type { ControlConfig } from './control-config.ts';
import { UnusableControlFiles, unusable } from './unusable-files.ts';

/** What control reads beside its configuration. */
export interface ControlFiles {
  readonly tls: { readonly cert: string; readonly key: string };
  readonly trust: TrustBundle;
}

/** Reads the files; relative names start from `base`. Rejects with `UnusableControlFiles`. */
export async function readControlFiles({ tls, trust }: ControlConfig, base: string): Promise<ControlFiles> {
  const [cert = '', key = '', anchorsPem = '', intermediatesPem = ''] = await everyText([
    textOf(tls.certificate, base),
    keyTextOf(tls.key, base),
    textOf(trust.anchors, base),
    ...(trust.intermediates === undefined ? [] : [textOf(trust.intermediates, base)]),
  ]);
  const pair = { cert, key };
  const fault = faultOfPair(pair);
  if (fault !== null)
    throw unusable(tls.certificate, `${tls.certificate} with ${tls.key}: ${fault}`, 'a PEM chain and its private key');
  try {
    return { tls: pair, trust: createTrustBundle({ name: 'control', anchorsPem, intermediatesPem }) };
  } catch (cause) {
    if (!(cause instanceof UnreadableTrustBundle)) throw cause;
    const file = cause.file === 'anchors' ? trust.anchors : (trust.intermediates ?? trust.anchors);
    throw unusable(file, cause.message, 'PEM certificates that can be read', cause.lineNumber);
  }
}

/** All texts; where some cannot be read, each of them is told and not the first alone. */
async function everyText(reading: readonly Promise<string>[]): Promise<readonly string[]> {
  const read = await Promise.allSettled(reading);
  const faults = read.flatMap((each): unknown[] => (each.status === 'rejected' ? [each.reason] : []));
  const findings = faults.flatMap((fault) => {
    if (!(fault instanceof UnusableControlFiles)) throw fault;
    return fault.findings;
  });
  if (findings.length > 0) throw new UnusableControlFiles(findings);
  return read.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

async function textOf(file: string, base: string): Promise<string> {
  try {
    return await readFile(resolve(base, file), 'utf8');
  } catch (cause) {
    const { code = 'an unreadable file' } = cause as NodeJS.ErrnoException;
    throw unusable(file, faultWords[code] ?? code, 'a file that can be read');
  }
}

const faultWords: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'a file that this user may not read',
  EPERM: 'a file that this user may not read',
  EISDIR: 'a folder',
};

/** Bits of a mode that no private key may have: write for the group, and anything for others (POSIX.1-2017, sys/stat.h). */
const othersAllowed = 0o027;

async function keyTextOf(file: string, base: string): Promise<string> {
  const { mode } = await stat(resolve(base, file)).catch(() => ({ mode: 0 })); // Whether it can be read is told below.
  if ((mode & othersAllowed) !== 0 && process.platform !== 'win32') {
    const found = `a private key with mode ${(mode & 0o777).toString(8)}`;
    throw unusable(file, found, 'one that is closed to others: chmod 600, or 640 where a group reads it');
  }
  return textOf(file, base);
}

/** In words, why a certificate and a key cannot be shown together; null where they can. What OpenSSL says are numbers. */
function faultOfPair({ cert, key }: ControlFiles['tls']): string | null {
  const leaf = opened(() => new X509Certificate(cert));
  if (leaf === null) return 'there is no certificate in PEM that can be read';
  if (key.includes('ENCRYPTED')) return 'the key is encrypted: decrypt it, and protect the file';
  const own = opened(() => createPrivateKey(key));
  if (own === null) return 'there is no private key in PEM that can be read';
  return leaf.checkPrivateKey(own) ? null : 'the key belongs to another certificate';
}

function opened<Thing>(open: () => Thing): Thing | null {
  try {
    return open();
  } catch {
    return null;
  }
}
