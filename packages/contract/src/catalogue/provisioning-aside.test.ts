import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { exampleCatalogue } from '@headgate/testkit';
import { sayFinding } from '../yaml-file.ts';
import { loadCatalogueFolder } from './load.ts';
import { parseProvisioning } from './provisioning.ts';
import { parseProvisioningAside } from './provisioning-aside.ts';

const loaded = await loadCatalogueFolder(exampleCatalogue);
assert.ok(loaded.ok);
const { catalogue } = loaded;
const small = await readFile(join(exampleCatalogue, 'provisioning.yaml'), 'utf8');
const participants = Array.from(
  { length: 4_000 },
  (_, at) => `  - { id: many-${at}, name: Many ${at}, scids: [M${at}], credentials: [] }\n`,
);
const large = small.concat(...participants);

test('a large file is parsed to the same, and this thread goes on with other work meanwhile', async () => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  const parsing = parseProvisioningAside('p.yaml', large, catalogue);
  setImmediate(turn);
  const parsed = await parsing;
  isOver = true;
  assert.deepEqual(parsed, parseProvisioning('p.yaml', large, catalogue));
  assert.ok(parsed.ok);
  assert.equal(parsed.provisioning.participants.length, 4_002);
  assert.ok(turns > 1, 'parsed in this thread it would have had no turn at all');
});

test('what is wrong with a large file is told as of a small one', async () => {
  const findings = async (text: string) => {
    const parsed = await parseProvisioningAside('p.yaml', text, catalogue);
    return parsed.ok ? [] : parsed.findings.map(sayFinding);
  };
  const wrong = (text: string) => text.replace('system: meters', 'system: meter');
  assert.deepEqual(await findings(wrong(large)), await findings(wrong(small)));
  assert.equal((await findings(wrong(small))).length, 1);
});
