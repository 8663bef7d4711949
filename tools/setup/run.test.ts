import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';

const nodePackage = `node-${process.platform}-${process.arch}`;

/** A clean clone in miniature: our way in, one real package (Node itself, linked from the tree), one word to hand to. */
function cleanClone(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'headgate-setup-'));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const dependencies = { [nodePackage]: 'file:vendor/node' };
  write('package.json', JSON.stringify({ name: 'miniature', version: '1.0.0', type: 'module', dependencies }));
  const packages = {
    '': { name: 'miniature', version: '1.0.0', dependencies },
    [`node_modules/${nodePackage}`]: { resolved: 'vendor/node', link: true },
    'vendor/node': { name: nodePackage, version: '24.0.0' },
  };
  write(
    'package-lock.json',
    JSON.stringify({ name: 'miniature', version: '1.0.0', lockfileVersion: 3, requires: true, packages }),
  );
  write('vendor/node/package.json', JSON.stringify({ name: nodePackage, version: '24.0.0' }));
  mkdirSync(join(root, 'vendor/node/bin'));
  symlinkSync(process.execPath, join(root, 'vendor/node/bin/node'));
  write(
    'tools/setup/test.ts',
    "const words: string[] = process.argv.slice(2);\nconsole.log('ran', ...words, process.env.PATH);\n",
  );
  for (const name of ['run.mjs', 'install.mjs', 'child.mjs', 'lock.mjs']) {
    copyFileSync(join(import.meta.dirname, name), join(root, 'tools/setup', name));
  }
  return root;
}

function runIn(root: string, args: readonly string[] = ['test']) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'tools/setup/run.mjs'), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('a clean clone installs its packages and hands over on the Node that npm brought', (t) => {
  const root = cleanClone(t);
  const { status, stdout, stderr } = runIn(root, ['test', '--some', 'words']);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /installing packages with npm ci \(node_modules is not there yet\)/);
  assert.ok(stdout.includes(`ran --some words ${join(root, 'node_modules', nodePackage, 'bin')}:`), stdout);
});

test('a second run installs nothing and says nothing', (t) => {
  const root = cleanClone(t);
  runIn(root);
  assert.equal(runIn(root).stderr, '');
});

test('a changed lockfile, a damaged folder and a broken-off installation each install again', (t) => {
  const root = cleanClone(t);
  runIn(root);
  const lockfile = join(root, 'package-lock.json');
  writeFileSync(lockfile, `${readFileSync(lockfile, 'utf8')}\n`);
  assert.match(runIn(root).stderr, /the lockfile or a package\.json has changed/);

  rmSync(join(root, 'node_modules', nodePackage));
  assert.match(runIn(root).stderr, /node_modules is damaged/);

  rmSync(join(root, '.headgate/setup/installed.json')); // What an installation that was killed leaves behind.
  assert.match(runIn(root).stderr, /no finished installation is on record/);
  assert.equal(runIn(root).stderr, '');
});

test('an installation that fails says what to do and is not taken for finished', (t) => {
  const root = cleanClone(t);
  const manifest = join(root, 'package.json');
  const good = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, good.replace('"dependencies":{', '"dependencies":{"absent":"file:vendor/absent",'));
  const { status, stdout, stderr } = runIn(root);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /npm ci failed \(exit code \d+\)[\s\S]*Offline\?[\s\S]*not in sync/);
  assert.equal(existsSync(join(root, '.headgate/setup/install.lock')), false);

  writeFileSync(manifest, good);
  assert.equal(runIn(root).status, 0);
});

test('of two runs at once one installs and both succeed', async (t) => {
  const root = cleanClone(t);
  const runs = [0, 1].map(() => spawn(process.execPath, [join(root, 'tools/setup/run.mjs'), 'test']));
  let said = '';
  for (const run of runs)
    run.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const exits = await Promise.all(runs.map((run) => once(run, 'close')));
  assert.deepEqual(
    exits,
    [
      [0, null],
      [0, null],
    ],
    said,
  );
  assert.equal(said.match(/installing packages/g)?.length, 1, said);
});

test('a signal reaches the program that was handed over to, and its exit code comes back', async (t) => {
  const root = cleanClone(t);
  const waits =
    "process.on('SIGTERM', () => process.exit(7));\nsetInterval(() => {}, 60_000);\nconsole.log('ready');\n";
  writeFileSync(join(root, 'tools/setup/start.ts'), waits);
  const run = spawn(process.execPath, [join(root, 'tools/setup/run.mjs'), 'start']);
  run.stdout.on('data', (chunk: Buffer) => {
    if (chunk.includes('ready')) run.kill('SIGTERM');
  });
  assert.deepEqual(await once(run, 'close'), [7, null]);
});

test('a word that nothing answers to is refused with the words there are', (t) => {
  const { status, stderr } = runIn(cleanClone(t), ['../test']);
  assert.equal(status, 2);
  assert.match(stderr, /start, test, check, soak or bench/);
});
