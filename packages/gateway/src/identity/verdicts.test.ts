import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestAuthority } from '@headgate/pki';
import { configSchema } from '../config.ts';
import { createServing } from '../serving.ts';
import { createSnapshotFiles } from '../snapshot-files.ts';
import { createVerdicts } from './verdicts.ts';

const nowMs = Date.UTC(2026, 5, 1);

test('one certificate is judged by each trust bundle on its own', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-verdicts-'));
  context.after(() => rm(folder, { recursive: true }));
  const authority = await createTestAuthority({ nowMs });
  const families = ['legacy', 'current'] as const;
  for (const family of families) {
    const { anchorsPem, intermediatesPem } = authority.trustBundlePem(family, 'user');
    await writeFile(join(folder, `${family}.anchors.pem`), anchorsPem);
    await writeFile(join(folder, `${family}.intermediates.pem`), intermediatesPem);
  }
  const config = configSchema.parse({
    listeners: [{ name: 'a', port: 0, hosts: [{ name: 'a.example', trust: 'current' }] }],
    catalogue: fileURLToPath(new URL('../../../../catalogues/example', import.meta.url)),
    trustBundles: families.map((name) => ({
      name,
      anchors: `${name}.anchors.pem`,
      intermediates: `${name}.intermediates.pem`,
    })),
    upstreams: [{ system: '*', endpoints: ['http://127.0.0.1:1'] }],
    evidence: { folder },
  });
  const serving = createServing(await createSnapshotFiles(config, folder).current(), config);
  const user = await authority.user('current', { name: 'ALPHAx0001', organisation: 'CAISO', keyType: 'ec-p256' });
  const peer = { der: user.certificateDer, fingerprint: user.fingerprint256 };
  const verdicts = createVerdicts();
  const judged = ['current', 'legacy', 'current', 'legacy'].map((bundle) => {
    const judged = verdicts.judge(peer, bundle, serving, nowMs);
    return [bundle, judged.accepted ? 'accepted' : judged.rejection.check];
  });
  assert.deepEqual(judged, [
    ['current', 'accepted'],
    ['legacy', 'issuer_unknown'],
    ['current', 'accepted'],
    ['legacy', 'issuer_unknown'],
  ]);
});
