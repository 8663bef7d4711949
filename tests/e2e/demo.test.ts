// The README's first story: `npm start`, then the commands it prints, pasted as they stand.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Finished {
  readonly code: number | null;
  readonly out: string;
}

/** Runs a command line in the checkout, in a shell, as a person would. */
async function paste(command: string): Promise<Finished> {
  const child = spawn('sh', ['-c', command], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out };
}

describe('the demo that `npm start` runs', () => {
  const lines: string[] = [];
  let folder = '';
  let demo: ChildProcess;

  const suggested = (fragment: string): string => {
    const command = lines
      .map((line) => line.trim())
      .find((line) => line.startsWith('npx headgate') && line.includes(fragment));
    assert.ok(command !== undefined, `the demo suggests a command with ${fragment}`);
    return command;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headgate-demo-'));
    demo = spawn(process.execPath, ['packages/cli/src/main.ts', 'start', '--folder', folder], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    assert.ok(demo.stdout !== null && demo.stderr !== null);
    demo.stderr.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
    const ready = Promise.withResolvers<void>();
    createInterface({ input: demo.stdout }).on('line', (line) => {
      lines.push(line);
      if (line.includes('Ctrl-C stops everything')) ready.resolve();
    });
    const ended = once(demo, 'exit').then(() => assert.fail(`the demo ended early:\n${lines.join('\n')}`));
    ended.catch(() => undefined);
    await Promise.race([ready.promise, ended]);
  });

  after(async () => {
    if (demo.exitCode === null) demo.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  test('the suggested retrieve answers with a table of awards', async () => {
    const { code, out } = await paste(suggested('call cmri RetrieveMarketAwards --profile'));
    assert.equal(code, 0, out);
    assert.match(out, /\d+ rows/);
    assert.match(out, /resource .* intervalStartTime .* MW/);
  });

  test('the suggested submit is acknowledged by the system', async () => {
    const { code, out } = await paste(suggested('SubmitRawBidSet'));
    assert.equal(code, 0, out);
    assert.match(out, /SCSS0001 .* SUCCESS/);
  });

  test('of several retrieves in a row the second is refused with the deck’s fault and the seconds to wait', async () => {
    const { code, out } = await paste(suggested('--repeat 3'));
    assert.equal(code, 1, out);
    assert.match(out, /call 1 of 3: \d+ rows/);
    assert.match(
      out,
      /call 2 of 3: .*admission\.acceptable_use\n.*429: CAISO Acceptable Use Policy Violation\. Please retry your request after [1-5] seconds\./,
    );
  });

  test('the suggested call with an expired certificate is refused with the reason, as a SOAP fault', async () => {
    const { code, out } = await paste(suggested('expired.yaml'));
    assert.equal(code, 1, out);
    assert.match(out, /HTTP\/1\.1 500/);
    assert.match(
      out,
      /<faultstring xml:lang="en">The certificate CN=YOUx1000,OU=people,O=You,C=US .* expired on \d{4}-/,
    );
    assert.match(out, /identity\.certificate_expired/);
    assert.doesNotMatch(out, /PRIVATE KEY/);
  });

  test('the suggested OASIS query answers with public prices', async () => {
    const { code, out } = await paste(suggested('call oasis'));
    assert.equal(code, 0, out);
    assert.match(out, /\d+ rows/);
  });

  test('the suggested matrix is the deck’s on its own day', async () => {
    const { code, out } = await paste(suggested('catalogue show'));
    assert.equal(code, 0, out);
    assert.match(out, /CMRI +.*https:\/\/cmri\.caiso\.com/);
  });

  test('the suggested look-up tells the system behind a shared path', async () => {
    const { code, out } = await paste(suggested('catalogue find'));
    assert.equal(code, 0, out);
    assert.match(out, /^system +MF$/m);
  });

  test('evidence on the screen names who is still on old addresses', async () => {
    const seen = () => lines.some((line) => /^bravo-municipal .* yes, last/.test(line));
    assert.ok(demo.stdout !== null);
    while (!seen()) await once(demo.stdout, 'data');
    assert.ok(!lines.some((line) => line.includes('Never reached the gateway')), lines.join('\n'));
  });

  test('Ctrl-C stops every process of it', async () => {
    const pids = [...lines.join('\n').matchAll(/(?:simulator \(\w+\)|gateway) (\d+)/g)].map(([, pid]) => Number(pid));
    assert.equal(pids.length, 3);
    demo.kill('SIGINT');
    const [code] = (await once(demo, 'exit')) as [number | null];
    assert.equal(code, 0, lines.join('\n'));
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
});
