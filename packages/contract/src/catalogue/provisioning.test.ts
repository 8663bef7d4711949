import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { sayFinding } from '../yaml-file.ts';
import { loadCatalogueFolder } from './load.ts';
import { parseProvisioning } from './provisioning.ts';

const folder = new URL('../../../../catalogues/example/', import.meta.url);

async function findingsAfter(from: string, to: string): Promise<readonly string[]> {
  const text = await readFile(new URL('provisioning.yaml', folder), 'utf8');
  assert.ok(text.includes(from));
  const loaded = await loadCatalogueFolder(folder.pathname);
  assert.ok(loaded.ok);
  const parsed = parseProvisioning('provisioning.yaml', text.replace(from, to), loaded.catalogue);
  return parsed.ok ? [] : parsed.findings.map(sayFinding);
}

test('the sample gives each participant its ids, credentials and rights', async () => {
  const text = await readFile(new URL('provisioning.yaml', folder), 'utf8');
  const parsed = parseProvisioning('provisioning.yaml', text);
  assert.ok(parsed.ok);
  const [fjord] = parsed.provisioning.participants;
  assert.deepEqual(fjord?.scids, ['FJORD']);
  assert.equal(fjord?.credentials[0]?.rights[0]?.system, 'offers');
});

test('a right over a system that does not exist is refused with its line', async () => {
  assert.match(
    (await findingsAfter('system: meters', 'system: meter'))[0] ?? '',
    /provisioning\.yaml:\d+:\d+ .*rights\.0\.system: found meter; expected a system of the catalogue/,
  );
});

test('a right over an id that the participant does not have is refused', async () => {
  assert.match(
    (await findingsAfter('scids: [SKR1] }', 'scids: [SKR9] }'))[0] ?? '',
    /found SKR9; expected one of SKR1, SKR2/,
  );
});

test('a right outside the environments of its credential is refused', async () => {
  assert.match(
    (await findingsAfter('environments: [live]', 'environments: [rehearsal]'))[0] ?? '',
    /rights\.0\.environment: found live/,
  );
});

test('one certificate cannot belong to two participants', async () => {
  assert.match(
    (await findingsAfter('CN=skerry-reader,O=Skerry Wind,C=NO', 'CN=fjord-trading,O=Fjord Energy,C=NO'))[0] ?? '',
    /again; expected each certificate subject once/,
  );
});
