import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { thisMachine } from './bring-packages.ts';
import { debianPackages } from './debian-packages.ts';

const machine = thisMachine();
const skip = debianPackages.every((row) => machine.has(row))
  ? false
  : 'it would install Debian packages; run npm test first';
const skipsAreFaults = machine.isDebian && machine.isRoot;

/** Runs `tools/setup/test.ts` over a repository in miniature with these test files and this verdict of the checks. */
function npmTest(t: TestContext, files: Readonly<Record<string, string>>, checksExit = 0) {
  const root = mkdtempSync(join(tmpdir(), 'headgate-test-'));
  t.after(() => rmSync(root, { recursive: true }));
  const all = {
    'package.json': '{"type":"module"}',
    'tools/check/main.ts': `console.log('checks ran');\nprocess.exitCode = ${checksExit};`,
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, 'tools/setup'));
  for (const path of globSync(join(import.meta.dirname, '*.{ts,mjs}'))) {
    if (!path.endsWith('.test.ts')) copyFileSync(path, join(root, 'tools/setup', basename(path)));
  }
  // Without it node:test takes the inner run for a part of ours and runs nothing.
  const { NODE_TEST_CONTEXT: _outer, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, ['tools/setup/test.ts'], { cwd: root, env, encoding: 'utf8' });
  return { status, stdout, lastLine: stdout.trimEnd().split('\n').at(-1) };
}

const passing = "import test from 'node:test';\ntest('one', () => {});\ntest('two', () => {});\n";

test('checks and tests that pass close with the counts', { skip }, (t) => {
  const { status, stdout, lastLine } = npmTest(t, { 'tests/a.test.ts': passing, 'packages/a/src/b.test.ts': passing });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^checks ran$/m);
  assert.equal(lastLine, '4 passed, 0 failed, 0 skipped');
});

test('a failing test is shown with its place, its error and what its file printed', { skip }, (t) => {
  const failing =
    "import test from 'node:test';\ntest('outer', async (t) => {\n  await t.test('inner', () => { console.log('a clue'); throw new Error('no room'); });\n});\n";
  const { status, stdout, lastLine } = npmTest(t, { 'tests/a.test.ts': failing });
  assert.equal(status, 1);
  assert.match(stdout, /not ok inner\n +tests\/a\.test\.ts:3\n +Error: no room/);
  assert.match(stdout, /a clue/);
  assert.equal(lastLine, '0 passed, 2 failed, 0 skipped');
});

test('a test file that cannot be loaded fails the run', { skip }, (t) => {
  const { status, lastLine } = npmTest(t, { 'tests/a.test.ts': passing, 'tests/b.test.ts': "import './absent.ts';" });
  assert.equal(status, 1);
  assert.equal(lastLine, '2 passed, 1 failed, 0 skipped');
});

test('a skipped test is named and counted, and fails where everything can run', { skip }, (t) => {
  const skipping = "import test from 'node:test';\ntest('in a browser', { skip: 'no chromium' }, () => {});\n";
  const { status, stdout, lastLine } = npmTest(t, { 'tests/a.test.ts': skipping });
  assert.equal(status, skipsAreFaults ? 1 : 0);
  assert.match(stdout, /^skipped tests\/a\.test\.ts:2 in a browser: no chromium$/m);
  assert.equal(lastLine, '0 passed, 0 failed, 1 skipped');
});

test('a check that fails fails the run, and the tests run all the same', { skip }, (t) => {
  const { status, lastLine } = npmTest(t, { 'tests/a.test.ts': passing }, 1);
  assert.equal(status, 1);
  assert.equal(lastLine, '2 passed, 0 failed, 0 skipped');
});

test('suites are told which Debian packages are missing', { skip }, (t) => {
  const reading =
    "import assert from 'node:assert';\nimport test from 'node:test';\ntest('a', () => assert.equal(process.env.HEADGATE_MISSING, ''));\n";
  assert.equal(npmTest(t, { 'tests/a.test.ts': reading }).status, 0);
});
