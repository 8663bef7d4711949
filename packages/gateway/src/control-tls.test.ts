import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTestAuthority } from '@headgate/pki';
import { readControlAddress } from './control-tls.ts';
import { UnusableFiles } from './unusable-files.ts';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-control-tls-'));
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const gateway = await authority.user('current', { name: 'GATEWAYx0001', organisation: 'Headgate' });
  const texts = {
    'gateway.pem': gateway.certificatePem + authority.trustBundlePem('current', 'user').intermediatesPem,
    'gateway.key': gateway.keyPem,
    'other.key': (await authority.serverChain('current', ['x'])).keyPem,
    'control.pem': authority.trustBundlePem('current', 'server').anchorsPem,
    'garbage.pem': 'no PEM at all\n',
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text, { mode: 0o600 });
  await writeFile(join(folder, 'open.key'), gateway.keyPem, { mode: 0o644 });
});
after(() => rm(folder, { recursive: true, force: true }));

const files = {
  url: 'https://control.test:9443',
  certificate: 'gateway.pem',
  key: 'gateway.key',
  trust: 'control.pem',
};

test('control is addressed by name, which its certificate must have unless another is given', async () => {
  assert.equal((await readControlAddress(files, folder))?.serverName, 'control.test');
  assert.equal((await readControlAddress({ ...files, serverName: 'a.test' }, folder))?.serverName, 'a.test');
  assert.equal(await readControlAddress(undefined, folder), null);
});

for (const [what, wrong, said] of [
  ['a missing certificate', { certificate: 'none.pem' }, /none\.pem.*no such file/],
  ['the key of another certificate', { key: 'other.key' }, /other\.key/],
  ['a key that others may read', { key: 'open.key' }, /mode 644/],
  ['authorities that are none', { trust: 'garbage.pem' }, /garbage\.pem/],
] as const)
  test(`${what} is refused with the name of the file`, async () => {
    await assert.rejects(readControlAddress({ ...files, ...wrong }, folder), (fault) => {
      assert.ok(fault instanceof UnusableFiles);
      assert.match(fault.findings.map((each) => `${each.file} ${each.found}`).join('\n'), said);
      return true;
    });
  });
