// The README's first story: `npm start`, then the commands it prints, pasted as they stand.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { setInterval } from 'node:timers/promises';
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

interface Demo {
  readonly child: ChildProcess;
  readonly folder: string;
  /** What it printed, both streams. */
  readonly lines: string[];
  /** Its exit code, when all of its output is there. */
  readonly ended: Promise<number | null>;
  /** Process ids of its parts, from the line that tells them. */
  pids(): readonly number[];
}

/** The words before `--folder` that start a demo, by our program. */
const byProgram = [process.execPath, 'packages/cli/src/main.ts', 'start'];

/** Starts a demo in a folder of its own, or in the one given, by our program or by another way in. */
async function startDemo(given?: string, wayIn: readonly string[] = byProgram): Promise<Demo> {
  const folder = given ?? (await mkdtemp(join(tmpdir(), 'headgate-demo-')));
  const [program, ...args] = [...wayIn, '--folder', folder];
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', (line) => lines.push(line));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const pids = () =>
    [...lines.join('\n').matchAll(/(?:simulator \(\w+\)|control|gateway) (\d+)/g)].map(([, pid]) => Number(pid));
  return { child, folder, lines, ended, pids };
}

/** Waits for the last line that it prints before it shows calls. */
async function untilReady({ child, lines, ended }: Demo): Promise<void> {
  const early = ended.then(() => assert.fail(`the demo ended early:\n${lines.join('\n')}`));
  early.catch(() => undefined);
  const said = async () => {
    assert.ok(child.stdout !== null);
    while (!lines.some((line) => line.includes('Ctrl-C stops everything'))) await once(child.stdout, 'data');
  };
  await Promise.race([said(), early]);
}

async function remove(demo: Demo): Promise<void> {
  demo.child.kill('SIGKILL');
  await Promise.all(demo.pids().map(untilGone));
  await rm(demo.folder, { recursive: true, force: true });
}

/** Whether a process is gone; a container may leave it as a zombie that nobody reaps. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

async function untilGone(pid: number): Promise<void> {
  // Nobody tells of the end of a process that is no child of ours.
  for await (const _ of setInterval(20)) if (isGone(pid)) return;
}

describe('the demo that `npm start` runs', () => {
  let demo: Demo;
  let lines: string[] = [];

  const suggested = (fragment: string): string => {
    const command = lines
      .map((line) => line.trim())
      .find((line) => line.startsWith('npx --no headgate') && line.includes(fragment));
    assert.ok(command !== undefined, `the demo suggests a command with ${fragment}`);
    return command;
  };

  before(async () => {
    demo = await startDemo();
    ({ lines } = demo);
    await untilReady(demo);
  });

  after(() => remove(demo));

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

  test('the suggested help lists the commands', async () => {
    const { code, out } = await paste(suggested('headgate help'));
    assert.equal(code, 0, out);
    for (const command of ['call', 'catalogue', 'gateway', 'start', 'problem', 'version'])
      assert.match(out, new RegExp(`^  ${command} `, 'm'));
  });

  test('the suggested matrix is the deck’s on its own day', async () => {
    const { code, out } = await paste(suggested('catalogue show'));
    assert.equal(code, 0, out);
    assert.match(out, /CMRI +.*https:\/\/cmri\.caiso\.com/);
  });

  test('the trust and the provisioning that the README shows are those of the demo’s own gateway', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const shown = (words: string): string => {
      const command = readme.split('\n').find((line) => line.startsWith(`npx --no headgate ${words} `));
      assert.ok(command !== undefined, `the README shows a command with ${words}`);
      return command.replace('.headgate/demo', demo.folder);
    };
    const trust = await paste(shown('trust show'));
    assert.equal(trust.code, 0, trust.out);
    assert.match(trust.out, /^users, demo-users of the trust file\njudges the callers of ws\.prod\.caiso\.com, /m);
    const provisioning = await paste(shown('provisioning show'));
    assert.equal(provisioning.code, 0, provisioning.out);
    assert.match(provisioning.out, /^alpha-energy +Alpha Energy +EXA1 +1 /m);
  });

  test('the page of commands has those that the screen has no room for: whom an end of trust strands, and one more certificate', async () => {
    const page = await readFile(join(demo.folder, 'TRY.md'), 'utf8');
    const onPage = (words: string) =>
      page.split('\n').find((line) => line.startsWith(`npx --no headgate ${words}`)) ?? '';
    const plan = await paste(onPage('trust plan'));
    assert.equal(plan.code, 0, plan.out);
    assert.match(plan.out, /CN=ALPHAx1001\S.* +alpha-energy +stranded /);
    const made = await paste(onPage('demo certificate'));
    assert.equal(made.code, 0, made.out);
    const [call = '', bring = '', apply = ''] = made.out
      .split('\n')
      .filter((line) => line.startsWith('  npx'))
      .map((line) => line.trim());
    assert.match((await paste(call)).out, /identity\.not_enrolled[\s\S]*access@operator\.example\.org/);
    assert.equal((await paste(bring)).code, 0);
    assert.match((await paste(apply)).out, /changed: provisioning/);
    assert.equal((await paste(call)).code, 0);
  });

  test('the link that it prints signs in to its control once, as the operator that the page of commands asks as', async () => {
    const link = lines.map((line) => line.trim()).find((line) => /^https:\S+\/v1\/sign-in\?link=\S+$/.test(line)) ?? '';
    const trust = join(demo.folder, 'trust/current-servers.pem');
    const secret = new URL(link).searchParams.get('link');
    const post = `curl -s --cacert ${trust} -H 'content-type: application/json' -d '{"link":"${secret}"}' ${new URL(link).origin}/v1/sign-in`;
    assert.match((await paste(post)).out, /^\{"account":"operator","ends":/);
    assert.match((await paste(post)).out, /"code":"control\.link_used"/);
    const page = await readFile(join(demo.folder, 'TRY.md'), 'utf8');
    const asked = page.split('\n').find((line) => line.startsWith('npx --no headgate control who-am-i')) ?? '';
    assert.deepEqual(await paste(asked), { code: 0, out: 'operator: operator\n' });
  });

  test('control tells who is still on old addresses, from what the demo’s own gateway has seen', async () => {
    const ask = suggested('evidence old-addresses');
    // What the gateway saw is on its way for a moment.
    for (;;) {
      const { code, out } = await paste(ask);
      assert.equal(code, 0, out);
      if (/BRAVOx1002/.test(out) && /ws\.caiso\.com\/sst\/cmri/.test(out)) break;
    }
    const page = await readFile(join(demo.folder, 'TRY.md'), 'utf8');
    const onPage = (words: string) =>
      page.split('\n').find((line) => line.startsWith(`npx --no headgate ${words}`)) ?? '';
    assert.match((await paste(onPage('evidence refusals'))).out, /admission\.acceptable_use/);
    assert.match((await paste(onPage('snapshot history'))).out, /the files changed/);
  });

  test('the suggested look-up tells the system behind a shared path', async () => {
    const { code, out } = await paste(suggested('catalogue find'));
    assert.equal(code, 0, out);
    assert.match(out, /^system +MF$/m);
  });

  test('evidence on the screen names who is still on old addresses', async () => {
    const seen = () => lines.some((line) => /^bravo-municipal .* yes, last/.test(line));
    assert.ok(demo.child.stdout !== null);
    while (!seen()) await once(demo.child.stdout, 'data');
    assert.ok(!lines.some((line) => line.includes('Never reached the gateway')), lines.join('\n'));
  });

  test('a call to an old address that its expired certificate keeps from being routed counts as old', async () => {
    const { code, out } = await paste(`${suggested('expired.yaml')} --generation old`);
    assert.equal(code, 1, out);
    const seen = () => lines.some((line) => /^you .* yes, last/.test(line));
    assert.ok(demo.child.stdout !== null);
    while (!seen()) await once(demo.child.stdout, 'data');
  });

  test('a second demo in the same folder is refused with the pid of the first, which goes on with its files', async () => {
    const profile = await readFile(join(demo.folder, 'you.yaml'), 'utf8');
    const second = await startDemo(demo.folder);
    assert.equal(await second.ended, 4, second.lines.join('\n'));
    assert.match(second.lines.join('\n'), new RegExp(`a demo runs already \\(pid ${demo.child.pid}\\) in .*--folder`));
    assert.equal(await readFile(join(demo.folder, 'you.yaml'), 'utf8'), profile);
    assert.equal(demo.child.exitCode, null);
    const { code, out } = await paste(suggested('SubmitRawBidSet'));
    assert.equal(code, 0, out);
  });

  test('the page of commands holds every command that the demo prints', async () => {
    const page = await readFile(join(demo.folder, 'TRY.md'), 'utf8');
    const printed = lines.map((line) => line.trim()).filter((line) => line.startsWith('npx '));
    assert.ok(printed.length >= 7);
    for (const command of printed) assert.ok(page.includes(`\n${command}\n`), command);
  });

  test('Ctrl-C stops every process of it, and its last line says so', async () => {
    const pids = demo.pids();
    assert.equal(pids.length, 4);
    demo.child.kill('SIGINT');
    assert.equal(await demo.ended, 0, lines.join('\n'));
    assert.equal(lines.at(-1), 'Everything is stopped.');
    for (const pid of pids) assert.ok(isGone(pid));
    assert.ok(!existsSync(join(demo.folder, 'demo.lock')));
  });
});

test('a demo whose gateway is killed says by which signal, stops the rest and fails', async (t) => {
  const demo = await startDemo();
  t.after(() => remove(demo));
  await untilReady(demo);
  const gateway = Number(/gateway (\d+)\./.exec(demo.lines.join('\n'))?.[1]);
  process.kill(gateway, 'SIGKILL');
  assert.equal(await demo.ended, 1, demo.lines.join('\n'));
  assert.match(demo.lines.join('\n'), /gateway was killed by signal SIGKILL[\s\S]*What to do: /);
  for (const pid of demo.pids()) assert.ok(isGone(pid));
});

test('a demo that is killed leaves no process behind, and the next one takes its folder', async (t) => {
  const demo = await startDemo();
  t.after(() => remove(demo));
  await untilReady(demo);
  demo.child.kill('SIGKILL');
  await Promise.all(demo.pids().map(untilGone));
  const next = await startDemo(demo.folder);
  t.after(() => remove(next));
  await untilReady(next);
});

test('Ctrl-C while the demo starts stops what has begun', async (t) => {
  const demo = await startDemo();
  t.after(() => remove(demo));
  assert.ok(demo.child.stdout !== null);
  while (!demo.lines.some((line) => line.includes('✓ market systems'))) await once(demo.child.stdout, 'data');
  demo.child.kill('SIGINT');
  assert.equal(await demo.ended, 0, demo.lines.join('\n'));
  assert.equal(demo.lines.at(-1), 'Everything is stopped.');
  assert.ok(!existsSync(join(demo.folder, 'demo.lock')));
});

test('SIGTERM to what `npm start` runs stops the demo, and so does the end of npm itself', async (t) => {
  const asked = await startDemo(undefined, [process.execPath, 'tools/setup/run.mjs', 'start']);
  t.after(() => remove(asked));
  await untilReady(asked);
  asked.child.kill('SIGTERM');
  assert.equal(await asked.ended, 0, asked.lines.join('\n'));

  // npm starts a script through a shell, and the shell of Debian outlives it.
  const orphaned = await startDemo(undefined, ['npm', 'start', '--']);
  t.after(() => remove(orphaned));
  await untilReady(orphaned);
  orphaned.child.kill('SIGKILL');
  await orphaned.ended;
  assert.ok(orphaned.lines.includes('Everything is stopped.'), orphaned.lines.join('\n'));
  for (const pid of orphaned.pids()) assert.ok(isGone(pid));
});

test('a demo whose output nobody reads any more, as in `npm start | head -3`, stops and gives its folder back', async (t) => {
  const demo = await startDemo();
  t.after(() => remove(demo));
  const { stdout } = demo.child;
  assert.ok(stdout !== null);
  while (!demo.lines.some((line) => line.includes('✓ market systems'))) await once(stdout, 'data');
  stdout.destroy();
  assert.equal(await demo.ended, 0, demo.lines.join('\n'));
  assert.ok(!existsSync(join(demo.folder, 'demo.lock')));
});

test('a demo whose terminal is closed stops every process of it and gives its folder back', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-demo-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const inTerminal = `stty rows 50 cols 200; exec ${[...byProgram, '--folder', folder].join(' ')}`;
  // script(1) of bsdutils, which every Debian has, holds the other end of the terminal.
  const terminal = spawn('sh', ['-c', 'exec script -qec "$0" /dev/null', inTerminal], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => terminal.kill('SIGKILL'));
  let shown = '';
  const parts = () => [...shown.matchAll(/(?:simulator \(\w+\)|gateway) (\d+)/g)].map(([, pid]) => Number(pid));
  while (!/Processes: .*gateway \d+\./.test(shown)) {
    const [chunk] = (await once(terminal.stdout, 'data')) as [Buffer];
    shown += chunk.toString();
  }
  const lock = join(folder, 'demo.lock');
  const demo = Number.parseInt(await readFile(lock, 'utf8'), 10);
  terminal.kill('SIGKILL');
  await Promise.all([demo, ...parts()].map(untilGone));
  assert.ok(!existsSync(lock));
});
