import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { cleanClone, nodePackage } from './miniature-clone.ts';

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

test('a changed manifest, a damaged folder and a broken-off installation each install again', (t) => {
  const root = cleanClone(t);
  runIn(root);
  const manifest = join(root, 'package.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"1.0.0"', '"1.0.1"'));
  assert.match(runIn(root).stderr, /the lockfile or a package\.json has changed/);

  rmSync(join(root, 'node_modules', nodePackage));
  assert.match(runIn(root).stderr, /node_modules is damaged/);

  // What an installation that was killed leaves behind: npm writes its own record last.
  rmSync(join(root, '.headgate/setup/installed.json'));
  rmSync(join(root, 'node_modules/.package-lock.json'));
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
