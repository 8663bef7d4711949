// `headgate import bigip`: from a configuration to files that a gateway takes, and to a list of what is left to decide.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { loadCatalogueFolder } from '@headgate/contract';
import { createTestAuthority } from '@headgate/pki';
import { runLine, workspaceRoot } from '../cli.fixture.ts';
import { registerGateway } from './gateway.ts';
import { registerImport } from './import.ts';

const samples = join(workspaceRoot, 'packages', 'imports', 'src', 'bigip', 'testdata');
const run = (...args: readonly string[]) => runLine(args, { more: [registerImport, registerGateway], clock: Date.now });

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-cli-bigip-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** The samples, written on a day that the files can name. */
async function samplesIn(folder: string): Promise<readonly string[]> {
  return Promise.all(
    ['bigip.conf', 'bigip_base.conf'].map(async (name) => {
      const file = join(folder, name);
      await writeFile(file, await readFile(join(samples, name)));
      await utimes(file, new Date('2024-02-21T12:00:00Z'), new Date('2024-02-21T12:00:00Z'));
      return file;
    }),
  );
}

/** What was expected, written anew where HEADGATE_GOLDEN asks for it. */
async function golden(name: string, text: string): Promise<string> {
  const file = join(samples, name);
  if (process.env.HEADGATE_GOLDEN === 'write') await writeFile(file, text);
  return readFile(file, 'utf8');
}

test('the sample becomes these files, this report and these notes', async (t) => {
  const folder = await folderOf(t);
  const files = await samplesIn(folder);
  const out = join(folder, 'out');
  const { code, stdout, stderr } = await run('import', 'bigip', ...files, '--out', out);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.replace(out, 'OUT'), await golden('report.txt', stdout.replace(out, 'OUT')));
  assert.deepEqual((await readdir(out, { recursive: true })).toSorted(), [
    'catalogue',
    'catalogue/announcements.yaml',
    'catalogue/catalogue.yaml',
    'catalogue/known-issues.yaml',
    'catalogue/policy.yaml',
    'catalogue/programme.yaml',
    'catalogue/trust.yaml',
    'gateway.yaml',
  ]);
  for (const name of ['gateway.yaml', 'catalogue/catalogue.yaml']) {
    const text = await readFile(join(out, name), 'utf8');
    assert.equal(text, await golden(`expected-${name.replace('catalogue/', '')}`, text), name);
  }
});

test('a gateway takes what was written once the certificates are there, and the catalogue is whole', async (t) => {
  const folder = await folderOf(t);
  const out = join(folder, 'out');
  await run('import', 'bigip', ...(await samplesIn(folder)), '--out', out);
  const loaded = await loadCatalogueFolder(join(out, 'catalogue'));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const missing = await run('gateway', '--config', join(out, 'gateway.yaml'), '--check');
  assert.match(missing.stderr, /a file that can be read: certificates\/ws-2024\.pem/);
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const hosts = ['ws.example.org', 'ws.prod.example.org', 'reports.example.org', 'portal.example.org'];
  const chain = await authority.serverChain('current', hosts);
  const anchors = authority.trustBundlePem('current', 'server').anchorsPem;
  for (const part of ['certificates', 'trust']) await mkdir(join(out, part));
  for (const name of ['ws-2024', 'reports', 'wild', 'gateway-client']) {
    await writeFile(join(out, 'certificates', `${name}.pem`), chain.certificatePem);
    await writeFile(join(out, 'certificates', `${name}.key`), chain.keyPem, { mode: 0o600 });
  }
  for (const name of ['market-users-ca.pem', 'internal-ca.pem', 'unknown-authorities.pem'])
    await writeFile(join(out, 'trust', name), anchors);
  const config = join(out, 'gateway.yaml');
  // The test authority makes no list; a gateway would want it.
  await writeFile(config, (await readFile(config, 'utf8')).replace(/, crls: \[[^\]]*\]/, ''));
  const { code, stdout, stderr } = await run('gateway', '--config', config, '--check');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /every file can be used/);
});

test('JSON says every object that does not translate, with its line, why and what to do', async (t) => {
  const folder = await folderOf(t);
  const { stdout } = await run('import', 'bigip', ...(await samplesIn(folder)), '--json');
  const { untranslated, objects, faults } = JSON.parse(stdout) as {
    untranslated: { object: string; line: number; why: string; instead: string }[];
    objects: Record<string, number>;
    faults: unknown[];
  };
  assert.deepEqual(faults, []);
  assert.equal(objects['ltm virtual'], 6);
  for (const { line, why, instead } of untranslated) assert.ok(line > 0 && why !== '' && instead !== '');
  const rule = untranslated.find(({ object }) => object === 'ltm rule /Common/ir_client_cert');
  assert.match(rule?.why ?? '', /used by \/Common\/vs_ws_443; it .*reads certificates/);
  const text = await readFile(join(samples, 'bigip.conf'), 'utf8');
  assert.match(text.split('\n')[(rule?.line ?? 0) - 1] ?? '', /^ltm rule \/Common\/ir_client_cert/);
});

test('a file that is none, a folder that is full, and text that steers a terminal do no harm', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'bigip.conf');
  const refused = async (...args: string[]) => {
    const { code, stderr } = await run('import', 'bigip', ...args);
    assert.notEqual(code, 0);
    return stderr;
  };
  assert.match(await refused(file), /there is no /);
  await writeFile(file, gzipSync('x'));
  assert.match(await refused(file), /is no text; of a UCS archive/);
  await writeFile(file, 'pool old {\n}\n');
  assert.match(await refused(file), /holds no object of a BIG-IP; line 1: written before version 11/);
  await writeFile(file, 'ltm pool /Common/\u001b[31mevil { }\nltm virtual x {\n');
  assert.match(await refused(file, '--out', folder), /is not empty/);
  const { code, stdout } = await run('import', 'bigip', file);
  assert.equal(code, 0);
  assert.ok(!stdout.includes('\u001b'));
  assert.match(stdout, /What cannot be read\nbigip\.conf:2: a brace is not closed/);
});
