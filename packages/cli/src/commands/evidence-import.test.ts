// `headgate evidence import`: from logs of another tier to answers, and what a person is told.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { EvidenceRecord } from '@headgate/contract';
import { arrivalLine, type GeneratedCall, generateMonth } from '@headgate/testkit';
import { runLine, workspaceRoot } from '../cli.fixture.ts';
import { exitCodes } from '../exit-codes.ts';
import { registerEvidence } from './evidence.ts';
import { registerPolicy } from './policy.ts';

const run = (...args: readonly string[]) => runLine(args, { more: [registerEvidence, registerPolicy] });
const policy = join(workspaceRoot, 'catalogues', 'caiso', 'policy.yaml');

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-cli-import-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

const template =
  '$remote_addr $msec $request_time $host "$request" $status $body_bytes_sent "$http_user_agent" "$ssl_client_s_dn" $fingerprint';

/** As nginx logs a call when it has ended. */
const nginxLine = (call: GeneratedCall) =>
  `${call.source} ${((call.atMs + call.durationMs) / 1_000).toFixed(3)} ${(call.durationMs / 1_000).toFixed(3)} ws.prod.caiso.com "POST /sst/${call.system.toLowerCase()}/${call.service}_${call.system}v4_AP HTTP/1.1" 200 4800 "agent" "${call.subject}" ${call.credential}`;

const combined = (second: number, agent = 'x') =>
  `192.0.2.1 - - [21/Feb/2024:12:00:${String(second).padStart(2, '0')} +0000] "POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.1" 200 1 "-" "${agent}"`;

test('a backtest of what nginx logged finds what one of the calls themselves finds', async (t) => {
  const folder = await folderOf(t);
  const calls = [
    ...generateMonth({ seed: 20_240_221, startMs: Date.UTC(2024, 1, 1), days: 3, participants: 6, edgeMinutes: 15 }),
  ].flat();
  const ended = calls.toSorted((a, b) => a.atMs + a.durationMs - (b.atMs + b.durationMs));
  // Two nodes, one of them with a log that was packed since.
  const nodes = [0, 1].map((node) =>
    ended.flatMap((call, at) => (at % 2 === node ? [`${nginxLine(call)}\n`] : [])).join(''),
  );
  await writeFile(join(folder, 'one'), nodes[0] ?? '');
  await writeFile(join(folder, 'two.gz'), gzipSync(nodes[1] ?? ''));
  await writeFile(join(folder, 'template'), `${template}\n`);
  await mkdir(join(folder, 'evidence'));
  const words = [
    '--format',
    'nginx-combined',
    '--template',
    `@${join(folder, 'template')}`,
    '--field',
    'fingerprint=fingerprint',
  ];
  for (const [name, log] of [
    ['one', 'one'],
    ['two', 'two.gz'],
  ] as const) {
    const { code, stderr } = await run(
      'evidence',
      'import',
      join(folder, log),
      '--to',
      join(folder, 'evidence', `${name}.ndjson`),
      ...words,
    );
    assert.equal(code, 0, stderr);
  }
  await writeFile(join(folder, 'calls.ndjson'), calls.map((call) => `${arrivalLine(call)}\n`).join(''));
  const candidate = join(folder, 'candidate.yaml');
  await writeFile(candidate, (await readFile(policy, 'utf8')).replace(/(name: ws-global[\s\S]*?quota: )30/, '$120'));
  const backtest = async (...source: string[]) => {
    const { stdout, stderr } = await run('policy', 'backtest', '--json', '--policy', candidate, ...source);
    assert.equal(stderr, '');
    return JSON.parse(stdout) as Readonly<
      Record<'arrivals' | 'newlyRefused' | 'newlyAdmitted' | 'bySystem' | 'byRule', unknown>
    >;
  };
  const imported = await backtest('--evidence', join(folder, 'evidence'));
  const direct = await backtest('--arrivals', join(folder, 'calls.ndjson'));
  assert.equal(imported.arrivals, calls.length);
  assert.ok(Number(direct.newlyRefused) > 0, 'the candidate refuses what the policy in force does not');
  assert.deepEqual(
    [imported.newlyRefused, imported.newlyAdmitted, imported.bySystem, imported.byRule],
    [direct.newlyRefused, direct.newlyAdmitted, direct.bySystem, direct.byRule],
  );
  const who = await run('evidence', 'who', join(folder, 'evidence'), '--json');
  const { read, senders } = JSON.parse(who.stdout) as {
    read: { records: number };
    senders: { subject: string; calls: number }[];
  };
  assert.equal(read.records, calls.length);
  assert.equal(
    senders.reduce((sum, sender) => sum + sender.calls, 0),
    calls.length,
  );
  assert.ok(senders.some(({ subject }) => subject === 'CN=PARTY0x0001,OU=people,O=EXAMPLE,C=US'));
});

test('a backtest of calls to old addresses counts them as though they had moved, where the import says so', async (t) => {
  const folder = await folderOf(t);
  // Two calls of one service in a second: one in five is what the new infrastructure takes.
  const line = (second: number) =>
    `192.0.2.1 [2024-02-21T12:00:0${second}Z] "POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.1" 200 "CN=A"`;
  await writeFile(join(folder, 'log'), `${line(1)}\n${line(2)}\n`);
  const candidate = join(folder, 'candidate.yaml');
  const text = await readFile(policy, 'utf8');
  await writeFile(candidate, text);
  const inForce = join(folder, 'in-force.yaml');
  await writeFile(inForce, text.replace(/(name: cmri-retrieve\n[\s\S]*?quota: )1/, '$19'));
  const words = [
    '--format',
    'nginx-combined',
    '--template',
    '$remote_addr [$time_iso8601] "$request" $status "$ssl_client_s_dn"',
    '--host',
    'ws.caiso.com',
  ];
  const flips = async (...more: string[]) => {
    const to = join(folder, `${more.length}.ndjson`);
    await run('evidence', 'import', join(folder, 'log'), '--to', to, ...words, ...more);
    const { stdout } = await run(
      'policy',
      'backtest',
      '--json',
      '--against',
      inForce,
      '--policy',
      candidate,
      '--evidence',
      to,
    );
    const { arrivals, newlyRefused } = JSON.parse(stdout) as Readonly<Record<string, number>>;
    return [arrivals, newlyRefused];
  };
  assert.deepEqual(await flips(), [2, 0]);
  assert.deepEqual(await flips('--infrastructure', 'current'), [2, 1]);
});

test('a person is told what was read, what could not be, and what the catalogue does not know; nothing steers the terminal', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'a');
  await writeFile(
    file,
    `${combined(1)}\n${combined(2)}\n# no call\nrubbish \u001b]0;evil\u0007\u202e\n${combined(3)}\n${combined(4).slice(0, 60)}`,
  );
  const to = join(folder, 'out.ndjson');
  const bad = join(folder, 'bad.ndjson');
  const { code, stdout, stderr } = await run('evidence', 'import', file, '--to', to, '--bad', bad);
  assert.equal(code, 0, stderr);
  assert.equal(
    stdout,
    `5 lines of 1 file (nginx-combined): 3 records in ${to}
calls from 2024-02-21T12:00:01.000Z until 2024-02-21T12:00:03.000Z
1 line cannot be read: all in ${bad}
1 line of no call
3 calls at no address of the catalogue: no host in the line 3. --host or --listener-host says which host lines without one are for; --template, where it stands in lines that have it
the last line of ${file} has no line break and was left; --ends-whole takes it
`,
  );
  assert.equal(stderr, `${file}:4: not of the form of combined: rubbish  ]0;evil \n`);
  const [line] = (await readFile(bad, 'utf8')).split('\n');
  assert.deepEqual(JSON.parse(line ?? ''), {
    file,
    line: 4,
    reason: 'not of the form of combined',
    text: 'rubbish \u001b]0;evil\u0007\u202e',
  });
  const again = await run('evidence', 'import', file, '--to', to, '--json');
  const summary = JSON.parse(again.stdout) as { lines: number; known: number; records: number };
  assert.deepEqual([summary.lines, summary.known, summary.records], [0, 5, 0]);
});

test('a name of a file steers no terminal either', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'a\u001b[2J\u202e');
  await writeFile(file, `${combined(1)}\nrubbish\n${combined(2).slice(0, 60)}`);
  const { stdout, stderr } = await run('evidence', 'import', file, '--to', join(folder, 'out.ndjson'));
  assert.match(stderr, /a \[2J :2: not of the form/);
  assert.match(stdout, /the last line of .*a \[2J {2}has no line break/);
  for (const character of ['\u001b', '\u202e']) assert.ok(!`${stdout}${stderr}`.includes(character));
});

test('what cannot be imported is refused before anything is written, with what to do', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'a');
  const to = join(folder, 'out.ndjson');
  await writeFile(file, 'what is this\n'.repeat(30));
  const refused = async (...args: string[]) => {
    const { code, stderr } = await run('evidence', 'import', ...args);
    assert.notEqual(code, 0, args.join(' '));
    return stderr;
  };
  assert.match(await refused(file, '--to', to), /cannot be told: say --format/);
  assert.match(
    await refused(file, '--to', to, '--format', 'alb'),
    /no line at the start of .* can be read as alb; line 1: /,
  );
  assert.match(await refused(file, '--to', to, '--template', '$status'), /name it with --format/);
  assert.match(
    await refused(file, '--to', to, '--format', 'haproxy', '--template', 'x'),
    /the template cannot be used/,
  );
  assert.match(await refused(join(folder, 'none'), '--to', to), /there is no /);
  assert.match(await refused(folder, '--to', to), /is no file/);
  assert.match(await refused(file, '--to', to, '--zone', 'Mars'), /"Mars" is no time zone/);
  assert.match(await refused(file, '--to', to, '--environment', 'mars'), /none of production, map-stage/);
  assert.match(await refused(file, '--to', to, '--field', 'a=b'), /say NAME=FIELD/);
  await writeFile(file, `${combined(1)}\n`);
  assert.match(await refused(file, '--control', join(folder, 'none.yaml')), /there is no .*none\.yaml/);
  await assert.rejects(stat(to), /ENOENT/);
  await writeFile(file, `${combined(1)}\nrubbish\n`);
  assert.match(
    await refused(file, '--to', to, '--strict'),
    /a:2: not of the form of combined: rubbish\n.*--strict allows none/s,
  );
  await run('evidence', 'import', file, '--to', to);
  assert.match(await refused(file, '--to', to, '--zone', 'America/Denver'), /was written with another --format/);
  await rm(`${to}.import.json`);
  assert.match(await refused(file, '--to', to), /nothing says what of which log is in it/);
  await writeFile(`${to}.lock`, `${process.ppid}\n`);
  assert.match(await refused(file, '--to', to), /another import, process \d+, writes there/);
});

test('an import that is killed in the middle goes on, and every line is there once', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'a');
  const to = join(folder, 'out.ndjson');
  const count = 100_000;
  await writeFile(file, Array.from({ length: count }, (_, at) => `${combined(at % 60, `agent ${at}`)}\n`).join(''));
  const args = ['evidence', 'import', file, '--to', to, '--host', 'ws.caiso.com', '--json'];
  const child = spawn(process.execPath, [join(workspaceRoot, 'packages', 'cli', 'src', 'main.ts'), ...args], {
    stdio: 'ignore',
  });
  const gone = once(child, 'close');
  // Killed once some of it is on disk.
  while (child.exitCode === null && (await stat(to).catch(() => ({ size: 0 }))).size < 10_000_000)
    await new Promise(setImmediate);
  child.kill('SIGKILL');
  await gone;
  const { code, stdout, stderr } = await run(...args);
  assert.equal(code, exitCodes.ok, stderr);
  const summary = JSON.parse(stdout) as { known: number; records: number };
  assert.equal(summary.known + summary.records, count);
  const lines = (await readFile(to, 'utf8')).split('\n').slice(0, -1);
  assert.equal(lines.length, count);
  for (const [at, line] of lines.entries())
    if (at % 997 === 0) assert.equal((JSON.parse(line) as EvidenceRecord).sequence, at + 1);
});
