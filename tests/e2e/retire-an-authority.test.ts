// The guide about retiring an authority, pasted step by step: its commands as they stand, in a folder and on a port of the test's own.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');

interface Pasted {
  readonly code: number;
  readonly out: string;
}

/** The guide's blocks by number from 0, each pasted into a shell that knows what the ones before it defined. */
async function openGuide(folder: string, port: number) {
  const text = await readFile(join(root, 'docs/guides/retire-an-authority.md'), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) =>
    block
      .replaceAll('.headgate/shore', folder)
      .replaceAll('../../catalogues', join(root, 'catalogues'))
      .replaceAll('cd ../..', `cd ${root}`)
      .replaceAll('8443', String(port))
      .replaceAll('npx --no headgate', `'${process.execPath}' packages/cli/src/main.ts`),
  );
  const defined = blocks.flatMap((block) => block.match(/^shore\(\) \{[\s\S]*?^\}$/m) ?? []);
  const paste = (block: string): Promise<Pasted> =>
    new Promise((done) => {
      execFile('bash', ['-c', [...defined, block].join('\n')], { cwd: root }, (fault, stdout, stderr) =>
        done({ code: typeof fault?.code === 'number' ? fault.code : 0, out: stdout + stderr }),
      );
    });
  return { blocks, paste };
}

async function started(block: string): Promise<ChildProcess> {
  const child = spawn('bash', ['-c', `exec ${block}`], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') break;
  child.stdout.resume();
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('whoever follows the guide sees whom a removal would strand, applies it, and takes it back', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-shore-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { blocks, paste } = await openGuide(folder, await freePort());
  assert.equal(blocks.length, 10);
  const [
    make = '',
    check = '',
    announce = '',
    start = '',
    call = '',
    show = '',
    plan = '',
    apply = '',
    gone = '',
    undo = '',
  ] = blocks;

  const made = await paste(make);
  assert.equal(made.code, 0, made.out);
  const warned = await paste(check);
  assert.match(warned.out, /every file can be used/);
  assert.match(
    warned.out,
    /trust\/api\.pem leads to CN=api\.grid\.example\.net\S* .*announces "North Shore Root R1" for live/,
  );
  const announced = await paste(announce);
  assert.match(announced.out, /^every file can be used: .*\n$/);

  const gateway = await started(start);
  t.after(() => gateway.kill('SIGKILL'));
  assert.equal((await paste(call)).out, 'forward.upstream_unavailable\nforward.upstream_unavailable\n');
  assert.match((await paste(show)).out, /^users-r1 +anchor +yes +done +tbd [\s\S]*^users-r2 +anchor +yes /m);

  const planned = await paste(plan);
  assert.match(planned.out, /^CN=fjord-trading,O=Fjord Energy,C=NO .*stranded .*Renew it before/m);
  assert.doesNotMatch(planned.out, /skerry-reader/);
  assert.match(
    (await paste(`${plan.split('\n').find((line) => line.includes('trust plan'))} --within 30d`)).out,
    /^no authority/,
  );
  assert.match((await paste(apply)).out, /changed: trust file\nchanged: trust bundle users\n/);

  const atOnce = await paste(gone);
  assert.match(
    atOnce.out,
    /^1 anchor ends AT ONCE with apply; 1 credential is stranded: CN=fjord-trading,O=Fjord Energy,C=NO\n/,
  );
  assert.match(atOnce.out, /^1 anchor ended AT ONCE; 1 credential is stranded: CN=fjord-trading/m);
  assert.match(atOnce.out, /^identity\.authority_withdrawn\nforward\.upstream_unavailable$/m);
  assert.match((await paste(undo)).out, /forward\.upstream_unavailable\n$/);
  gateway.kill('SIGTERM');
  assert.deepEqual(await once(gateway, 'exit'), [0, null]);
});
