import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { runLine, workspaceRoot } from './cli.fixture.ts';
import type { Register } from './context.ts';
import { exitCodeFor, exitCodes } from './exit-codes.ts';

const failing: Register = (program) => {
  program.command('fail').action(() => {
    throw new Error('it broke');
  });
};

test('a defect is said in one sentence, with its stack only when debugging', async () => {
  const plain = await runLine(['fail'], { more: [failing] });
  assert.deepEqual([plain.code, plain.stderr.includes('    at ')], [exitCodes.defect, false]);
  const debug = await runLine(['fail'], { more: [failing], env: { HEADGATE_DEBUG: '1' } });
  assert.match(debug.stderr, /it broke[\s\S]* {4}at /);
});

test('help succeeds on standard output, and an unknown command is a usage error on standard error', async () => {
  const help = await runLine(['--help']);
  assert.deepEqual([help.code, help.stderr], [0, '']);
  assert.match(help.stdout, /call[\s\S]*catalogue[\s\S]*problem[\s\S]*version/);
  const unknown = await runLine(['nonsense']);
  assert.deepEqual([unknown.code, unknown.stdout], [2, '']);
});

test('a code is explained with its fix, and the beginning of a code explains all that begin so', async () => {
  const one = await runLine(['problem', 'forward.html_answer']);
  assert.match(one.stdout, /fix: .*\n {2}operator fix: /);
  const all = JSON.parse((await runLine(['problem', 'credential.', '--json'])).stdout);
  assert.ok(all.length >= 5 && all.every(({ saidBy }: { saidBy: string }) => saidBy === 'client'));
  assert.equal((await runLine(['problem', 'nothing.here'])).code, 3);
  assert.match(
    (await runLine(['problem', 'admision.acceptable_use'])).stderr,
    /Do you mean admission\.acceptable_use\?/,
  );
  assert.match((await runLine(['problem'])).stdout, /^admission\.acceptable_use +Acceptable use/m);
});

test('the version is told by option and by command alike', async () => {
  const { stdout } = await runLine(['version']);
  for (const option of ['--version', '-V']) {
    const told = await runLine([option]);
    assert.deepEqual([told.code, told.stdout], [0, stdout]);
  }
});

test('every stage’s codes end with the exit code that is documented for it', () => {
  const cases = [
    ['catalogue.unknown_service', 3],
    ['catalogue.unreadable', 4],
    ['credential.expired', 4],
    ['encode.invalid_input', 2],
    ['call.timeout', 1],
    ['admission.acceptable_use', 1],
  ] as const;
  for (const [code, expected] of cases) assert.equal(exitCodeFor(code), expected);
});

test('the binary runs the command line and passes its exit code on', async () => {
  const bin = join(workspaceRoot, 'packages', 'cli', 'bin', 'headgate.mjs');
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [bin, 'version']);
  assert.equal(stdout, `headgate 0.1.0 on Node ${process.versions.node}\n`);
  await assert.rejects(run(process.execPath, [bin, 'problem', 'nothing.here']), { code: 3 });
});
