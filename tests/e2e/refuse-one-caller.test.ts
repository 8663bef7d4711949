// The guide about refusing one caller, pasted block by block: its commands as they stand, on a demo of the test's own.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');
const headgate = `'${process.execPath}' packages/cli/src/main.ts`;

/** Starts the demo in a folder, on whatever ports are free, and waits until its page is there: it serves by then. */
async function startDemo(folder: string): Promise<ChildProcess> {
  const demo = spawn(process.execPath, ['packages/cli/src/main.ts', 'start', '--quiet', '--folder', folder], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Its output stays open: a demo ends when nobody reads it any more.
  const { promise, resolve: serves, reject } = Promise.withResolvers<void>();
  let said = '';
  demo.stdout.on('data', (piece: Buffer) => {
    said += piece.toString();
    if (/participants calling/.test(said)) serves();
  });
  demo.once('exit', () => reject(new Error(`the demo ended: ${said}`)));
  await promise;
  return demo;
}

function paste(block: string): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((done) => {
    execFile('bash', ['-c', block], { cwd: root }, (fault, stdout, stderr) =>
      done({ code: typeof fault?.code === 'number' ? fault.code : 0, out: stdout + stderr }),
    );
  });
}

test('whoever follows the guide revokes a caller, sees it refused, releases it, refuses it by its enrolment, and undoes that', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-refuse-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const text = await readFile(join(root, 'docs/guides/refuse-one-caller.md'), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) =>
    block.replaceAll('.headgate/demo', join(folder, 'demo')).replaceAll('npx --no headgate', headgate),
  );
  assert.equal(blocks.length, 6);
  const [caller = '', revoke = '', look = '', release = '', refuse = '', undo = ''] = blocks;
  const demo = await startDemo(join(folder, 'demo'));
  t.after(() => demo.kill('SIGKILL'));

  const accepted = await paste(caller);
  assert.equal(accepted.code, 0, accepted.out);
  assert.match(accepted.out, /^you: You\n/m);
  const revoked = await paste(revoke);
  assert.equal(revoked.code, 1, revoked.out);
  assert.match(revoked.out, /identity\.certificate_revoked[\s\S]+was revoked on \S+ \(on hold\)/);
  assert.match(revoked.out, /^ {2}ask: +\S+@/m);
  const looked = await paste(look);
  assert.match(looked.out, /1 revocation list with 2 entries in force/);
  assert.match(looked.out, /^refused: identity\.certificate_revoked$/m);
  const released = await paste(release);
  assert.equal(released.code, 0, released.out);
  const refused = await paste(refuse);
  assert.equal(refused.code, 1, refused.out);
  assert.match(refused.out, /identity\.not_enrolled/);
  const undone = await paste(undo);
  assert.equal(undone.code, 0, undone.out);
  assert.match(await readFile(join(folder, 'demo/gateway.log'), 'utf8'), /revocation-lists-taken/);

  demo.kill('SIGTERM');
  await once(demo, 'exit');
});
