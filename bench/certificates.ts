// Certificates of one bench, made when it begins and removed when it ends: ECDSA throughout, and one trust for every server.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestAuthority } from '@headgate/pki';

/** Where the files are. */
export interface CertificateFiles {
  readonly folder: string;
  /** The caller: certificate, then key. */
  readonly caller: string;
  /** The caller's certificate alone, in base64 of DER. */
  readonly callerDer: string;
}

/**
 * Writes server.pem (chain), server.key, server-and-key.pem, trust.pem (roots and intermediates), anchors.pem,
 * intermediates.pem and caller.pem into a folder.
 */
export async function writeCertificates(folder: string, nowMs: number): Promise<CertificateFiles> {
  mkdirSync(folder, { recursive: true });
  const authority = await createTestAuthority({ nowMs });
  const server = await authority.serverChain('current', ['gw.test', 'refuse.test', 'localhost']);
  const caller = await authority.user('current', {
    name: 'BENCHx0001',
    organisation: 'Bench Energy',
    keyType: 'ec-p256',
  });
  // Both families, as in a transition: four authorities to build paths from.
  const bundles = (['current', 'legacy'] as const).map((family) => authority.trustBundlePem(family, 'user'));
  const anchors = bundles.map(({ anchorsPem }) => anchorsPem).join('');
  const intermediates = bundles.map(({ intermediatesPem }) => intermediatesPem).join('');
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  write('server.pem', server.certificatePem);
  write('server.key', server.keyPem);
  write('server-and-key.pem', server.certificatePem + server.keyPem);
  write('anchors.pem', anchors);
  write('intermediates.pem', intermediates);
  write('trust.pem', anchors + intermediates);
  return {
    folder,
    caller: write('caller.pem', caller.certificatePem + caller.keyPem),
    callerDer: Buffer.from(caller.certificateDer).toString('base64'),
  };
}
