import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runLine, workspaceRoot } from '../cli.fixture.ts';
import { registerSimulator } from './simulator.ts';

const run = (...args: readonly string[]) =>
  runLine(['simulator', '--port', '0', ...args], { more: [registerSimulator] });
const caiso = join(workspaceRoot, 'catalogues/caiso');

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-simulator-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('an option that needs another says so, and nothing is started', async () => {
  const lacking: readonly (readonly [string, readonly string[]])[] = [
    ['--limits needs --catalogue', ['--limits']],
    ['--provisioning needs --limits', ['--provisioning', 'p.yaml']],
    ['--personality needs --limits', ['--catalogue', caiso, '--personality', 'fixed-window']],
    ['--key needs --certificate', ['--key', 'k.pem']],
    ['--certificate needs --client-authorities', ['--certificate', 'c.pem', '--key', 'k.pem']],
  ];
  for (const [sentence, args] of lacking) {
    const { code, stderr, stdout } = await run(...args);
    assert.deepEqual([code, stdout], [2, ''], sentence);
    assert.ok(stderr.includes(sentence), stderr);
  }
});

test('a personality that there is not is refused, and those that there are are named', async () => {
  const { code, stderr } = await run('--catalogue', caiso, '--limits', '--personality', 'leaky');
  assert.equal(code, 2);
  assert.match(stderr, /exact-sliding-window, fixed-window, quiet-period, token-bucket/);
});

test('a policy, a provisioning file and a certificate that cannot be used are named', async (t) => {
  const folder = await folderOf(t);
  const file = (name: string) => join(folder, name);
  await writeFile(file('policy.yaml'), 'limits: 1\n');
  await writeFile(file('provisioning.yaml'), 'format: 2\n');
  await writeFile(file('no.pem'), 'text\n');
  const tls = ['--key', file('no.pem'), '--client-authorities', file('no.pem')];
  const unusable: readonly (readonly [RegExp, readonly string[]])[] = [
    [/policy\.yaml:1:\d+ limits/, ['--catalogue', caiso, '--limits', file('policy.yaml')]],
    [
      /provisioning\.yaml:1:\d+ format/,
      ['--catalogue', caiso, '--limits', '--provisioning', file('provisioning.yaml')],
    ],
    [/no\.pem is no PEM file; name one with --certificate/, ['--certificate', file('no.pem'), ...tls]],
    [/gone\.pem does not exist; --certificate names it/, ['--certificate', file('gone.pem'), ...tls]],
  ];
  for (const [words, args] of unusable) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 4, stderr);
    assert.match(stderr, words);
  }
});
