import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { installPackages } from './install.mjs';
import { cloneWith, createRegistry, npmCommand } from './miniature-clone.ts';

const ignore = () => {};
const takenOver = 'taking over the packages that are installed: they are what the lockfile says';

/** The set-up's way in, in a process group of its own as a terminal gives it one. */
function startRun(root: string): { readonly run: ChildProcess; readonly said: () => string } {
  const run = spawn(process.execPath, [join(root, 'tools/setup/run.mjs'), 'test'], { detached: true });
  let text = '';
  run.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { run, said: () => text };
}

async function npmCi(root: string): Promise<void> {
  const [program, ...first] = npmCommand;
  const npm = spawn(program, [...first, 'ci', '--no-audit', '--ignore-scripts'], { cwd: root });
  assert.deepEqual(await once(npm, 'close'), [0, null]);
}

function sentencesOf(root: string): Promise<readonly string[]> {
  const said: string[] = [];
  return installPackages(root, (sentence) => said.push(sentence), 0).then(() => said);
}

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`an installation that ${signal} ends says that it was interrupted, and ends with ${exitCode}`, async (t) => {
    const registry = await createRegistry(t);
    const root = cloneWith(t, registry);
    const { run, said } = startRun(root);
    registry.answer = (response) => {
      assert.ok(run.pid);
      process.kill(-run.pid, signal);
      response.destroy(); // A signal that reaches npm once lets it wait for what it has asked for.
    };
    assert.deepEqual(await once(run, 'close'), [exitCode, null], said());
    assert.match(said(), new RegExp(`interrupted \\(${signal}\\)`));
    assert.doesNotMatch(said(), /Offline|in sync|npm ci failed/);
    assert.equal(existsSync(join(root, '.headgate/setup/installed.json')), false);
    assert.equal(existsSync(join(root, '.headgate/setup/install.lock')), false);
  });
}

test('an npm that dies of a signal of its own is called interrupted too', async (t) => {
  const registry = await createRegistry(t);
  const root = cloneWith(t, registry);
  registry.answer = () => {
    const lock = readFileSync(join(root, '.headgate/setup/install.lock'), 'utf8');
    const [, npm] = JSON.parse(lock) as readonly { readonly pid: number }[];
    assert.ok(npm);
    process.kill(npm.pid, 'SIGKILL');
  };
  const { run, said } = startRun(root);
  assert.deepEqual(await once(run, 'close'), [137, null], said());
  assert.match(said(), /interrupted \(SIGKILL\)/);
});

test('an installation that takes long says again and again how far it is', async (t) => {
  const registry = await createRegistry(t);
  const root = cloneWith(t, registry);
  const progress: string[] = [];
  const { promise: saidTwice, resolve } = Promise.withResolvers<void>();
  registry.answer = (response) => {
    void saidTwice.then(() => response.end(registry.tarball));
  };
  const say = (sentence: string) => {
    if (/^npm ci has run for \d+ s: \d+ packages are unpacked so far$/.test(sentence)) progress.push(sentence);
    if (progress.length === 2) resolve();
  };
  await installPackages(root, say, 10);
  assert.ok(progress.length >= 2);
});

test('an installation in a terminal leaves the progress to npm', async (t) => {
  const root = cloneWith(t, await createRegistry(t));
  assert.deepEqual(await sentencesOf(root), ['installing packages with npm ci (node_modules is not there yet)']);
});

for (const omits of [true, false]) {
  const title = `what npm ci installed by hand is taken over, its addresses ${omits ? 'left out' : 'written down'}`;
  test(title, async (t) => {
    const root = cloneWith(t, await createRegistry(t));
    appendFileSync(join(root, '.npmrc'), `omit-lockfile-registry-resolved=${omits}\n`);
    await npmCi(root);
    assert.deepEqual(await sentencesOf(root), [takenOver]);
    assert.deepEqual(await sentencesOf(root), []);
  });
}

test('an npm ci by hand after the lockfile changed is taken over too', async (t) => {
  const root = cloneWith(t, await createRegistry(t));
  await sentencesOf(root);
  const lockfile = join(root, 'package-lock.json');
  writeFileSync(lockfile, `${readFileSync(lockfile, 'utf8')}\n`);
  await npmCi(root);
  assert.deepEqual(await sentencesOf(root), [takenOver]);
});

const inLeaf = (root: string, path: string) => join(root, 'node_modules/leaf', path);

function rewrite(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes(from));
  writeFileSync(file, text.replace(from, to));
}

/** Keeps npm's record the newest, so that only the damage itself can be noticed. */
function makeRecordNewest(root: string): void {
  const dayAfter = new Date(Date.now() + 86_400_000);
  utimesSync(join(root, 'node_modules/.package-lock.json'), dayAfter, dayAfter);
}

const damages: readonly (readonly [title: string, damage: (root: string) => void])[] = [
  ['whose record npm did not get to write', (root) => rmSync(join(root, 'node_modules/.package-lock.json'))],
  ['whose record is cut off', (root) => writeFileSync(join(root, 'node_modules/.package-lock.json'), '{"packages":')],
  ['that lacks a package', (root) => rmSync(inLeaf(root, ''), { recursive: true })],
  ['that holds another version', (root) => rewrite(inLeaf(root, 'package.json'), '1.0.0', '1.0.1')],
  [
    'whose record names other bytes',
    (root) => rewrite(join(root, 'node_modules/.package-lock.json'), 'sha512-', 'sha512-A'),
  ],
  [
    'whose record lacks a package',
    (root) => rewrite(join(root, 'node_modules/.package-lock.json'), '"node_modules/leaf"', '"node_modules/other"'),
  ],
];

for (const [title, damage] of damages) {
  test(`an installation by hand ${title} is made again`, async (t) => {
    const root = cloneWith(t, await createRegistry(t));
    await npmCi(root);
    damage(root);
    if (existsSync(join(root, 'node_modules/.package-lock.json'))) makeRecordNewest(root);
    assert.deepEqual(await sentencesOf(root), [
      'installing packages with npm ci (no finished installation is on record)',
    ]);
    assert.equal(JSON.parse(readFileSync(inLeaf(root, 'package.json'), 'utf8')).version, '1.0.0');
  });
}

test('an installation by hand that something touched since is made again', async (t) => {
  const root = cloneWith(t, await createRegistry(t));
  await npmCi(root);
  const dayBefore = new Date(Date.now() - 86_400_000);
  utimesSync(join(root, 'node_modules/.package-lock.json'), dayBefore, dayBefore);
  assert.deepEqual(await sentencesOf(root), [
    'installing packages with npm ci (no finished installation is on record)',
  ]);
});

test('an npm ci by hand that was killed halfway is made again', async (t) => {
  const registry = await createRegistry(t);
  const root = cloneWith(t, registry);
  await npmCi(root);
  rmSync(join(root, '.npm-cache'), { recursive: true });
  const [program, ...first] = npmCommand;
  const npm = spawn(program, [...first, 'ci', '--no-audit', '--ignore-scripts'], { cwd: root });
  const serve = registry.answer;
  registry.answer = () => npm.kill('SIGKILL');
  await once(npm, 'close');
  registry.answer = serve;
  assert.equal(existsSync(join(root, 'node_modules')), true);
  assert.deepEqual(await sentencesOf(root), [
    'installing packages with npm ci (no finished installation is on record)',
  ]);
});

test('an installation by hand is not taken over when a manifest asks for something else', async (t) => {
  const root = cloneWith(t, await createRegistry(t));
  await npmCi(root);
  rewrite(join(root, 'package.json'), '"leaf":"1.0.0"', '"leaf":"^1.0.1"');
  await assert.rejects(installPackages(root, ignore, 0), /npm ci failed/);
});
