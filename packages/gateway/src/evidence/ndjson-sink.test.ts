import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  access,
  appendFile,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import type { EvidenceRecord } from '@headgate/contract';
import { removeOldFiles } from './keep-files.ts';
import { openNdjsonSink } from './ndjson-sink.ts';
import { type Draft, whole } from './record-draft.fixture.ts';
import { type EvidenceGap, sequenceBlock } from './reservation.ts';

const draft = (receivedMs: number): Draft => ({ ...whole, listener: { ...whole.listener, receivedMs } });

let root: string;
let folder: string;
let turn = 0;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'headgate-evidence-'));
});
after(() => rm(root, { recursive: true, force: true }));
beforeEach(() => {
  turn += 1;
  folder = join(root, String(turn));
});

const open = (boot: string, nowMs = 1_000) => openNdjsonSink({ folder, node: 'n', boot, clock: () => nowMs });
const linesOf = async (boot: string) =>
  (await readFile(join(folder, `${boot}.ndjson`), 'utf8'))
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as EvidenceRecord & { gap?: EvidenceGap['gap'] });

/** Opens a sink in a process of its own, appends, and kills it the hard way once it says so. */
async function killedBoot(boot: string, { records = 0, waits = false } = {}): Promise<void> {
  const script = `
    const { openNdjsonSink } = await import(${JSON.stringify(new URL('./ndjson-sink.ts', import.meta.url).href)});
    const whole = ${JSON.stringify(whole)};
    const sink = openNdjsonSink({ folder: ${JSON.stringify(folder)}, node: 'n', boot: '${boot}', clock: () => 500 });
    for (let at = 1; at <= ${records}; at += 1) sink.append({ ...whole, listener: { ...whole.listener, receivedMs: at } });
    const say = () => process.stdout.write('ready');
    const { statSync } = await import('node:fs');
    if (${!waits}) say();
    const look = setInterval(() => {
      if (statSync(sink.file).size > 0) say();
    }, 5);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = Promise.withResolvers<void>();
  child.on('exit', () => exited.resolve());
  child.stdout.once('data', () => child.kill('SIGKILL'));
  await exited.promise;
}

describe('after a clean stop', () => {
  test('records are numbered from one without a hole, over several blocks, and no gap is told', async () => {
    const first = open('a');
    const count = sequenceBlock * 2 + 5;
    for (let at = 1; at <= count; at += 1) first.append(draft(at));
    await first.close();
    const numbers = (await linesOf('a')).map(({ sequence }) => sequence);
    assert.deepEqual(
      numbers,
      Array.from({ length: count }, (_, at) => at + 1),
    );
    const second = open('b');
    second.append(draft(1));
    await second.close();
    const [only, ...more] = await linesOf('b');
    assert.equal(only?.sequence, 1);
    assert.deepEqual(more, []);
  });
});

describe('after a kill', () => {
  test('the next boot tells a gap that covers every record that may be missing', async () => {
    await killedBoot('a', { records: 3, waits: true });
    await open('b', 9_000).close();
    const [gap] = await linesOf('b');
    assert.deepEqual(gap?.gap, { boot: 'a', thread: 0, after: 3, atMost: sequenceBlock - 3, fromMs: 3, toMs: 9_000 });
  });

  test('before anything was written, the gap is the whole block', async () => {
    await killedBoot('a');
    await open('b', 9_000).close();
    const [gap] = await linesOf('b');
    assert.deepEqual(gap?.gap, { boot: 'a', thread: 0, after: 0, atMost: sequenceBlock, fromMs: 500, toMs: 9_000 });
  });

  test('in the middle of a line, the last whole line counts', async () => {
    await killedBoot('a', { records: 3, waits: true });
    await appendFile(join(folder, 'a.ndjson'), '{"schemaVersion":1,"sequence":4,"liste');
    await open('b').close();
    assert.equal((await linesOf('b'))[0]?.gap?.after, 3);
  });

  test('that left a file too long to hold in memory, its last record counts', async () => {
    await killedBoot('a', { records: 3, waits: true });
    const file = join(folder, 'a.ndjson');
    const lines = await readFile(file);
    const handle = await openFile(file, 'r+');
    await handle.write(lines, 0, lines.byteLength, 600 * 1_048_576); // A hole in the file, so that it takes no disk.
    await handle.close();
    await open('b').close();
    const [told] = await linesOf('b');
    assert.equal(told?.gap?.after, 3);
  });

  test('and another one right after the start, both gaps are told', async () => {
    await killedBoot('a', { records: 3, waits: true });
    await killedBoot('b');
    await open('c').close();
    const files = (await readdir(folder)).filter((file) => file.endsWith('.ndjson'));
    const told = await Promise.all(files.map((file) => linesOf(file.slice(0, -'.ndjson'.length))));
    const gaps = told.flat().flatMap(({ gap }) => (gap === undefined ? [] : [gap.boot]));
    assert.deepEqual(
      gaps.toSorted((a, b) => a.localeCompare(b)),
      ['a', 'b'],
    );
  });
});

test('a thread that is replaced tells the gap of the one before it, and only its own', async () => {
  const openThread = (boot: string, thread: number, threads = 3) =>
    openNdjsonSink({ folder, node: 'n', boot, thread, threads, locked: true, clock: () => 1_000 });
  await mkdir(folder);
  const [, second] = [openThread('a', 0), openThread('a', 1), openThread('a', 2)];
  assert.ok(second);
  await openThread('b', 1).close(); // Those of boot a were never closed, as after a crash.
  const [gap, ...more] = await linesOf('b.t1');
  assert.deepEqual(gap?.gap, { boot: 'a', thread: 1, after: 0, atMost: sequenceBlock, fromMs: 1_000, toMs: 1_000 });
  assert.deepEqual(more, []);
});

test('a node that has fewer threads than before its crash tells the gaps of all', async () => {
  const openThread = (boot: string, thread: number, threads: number) =>
    openNdjsonSink({ folder, node: 'n', boot, thread, threads, locked: true, clock: () => 1_000 });
  await mkdir(folder);
  for (const thread of [0, 1, 2]) openThread('a', thread, 3);
  await openThread('b', 0, 1).close();
  const told = (await linesOf('b')).map(({ gap }) => gap?.thread);
  assert.deepEqual(
    told.toSorted((a = 0, b = 0) => a - b),
    [0, 1, 2],
  );
  await openThread('c', 0, 1).close();
  await assert.rejects(access(join(folder, 'c.ndjson')), { code: 'ENOENT' });
});

test('numbers are reserved ahead of their use, so that no call waits for the disk', async () => {
  const told: string[] = [];
  const reserved = async () =>
    (JSON.parse(await readFile(join(folder, 'n.sequence.json'), 'utf8')) as { reservedTo: number }).reservedTo;
  const sink = openNdjsonSink({ folder, node: 'n', boot: 'a', clock: () => 1, trouble: (said) => told.push(said) });
  for (let sequence = 1; sequence <= 3 * sequenceBlock; sequence += 1) {
    sink.append(draft(sequence));
    if (sequence % (sequenceBlock / 2) === 0)
      while ((await reserved()) < sequence + sequenceBlock / 2) await immediate();
  }
  await sink.close();
  assert.deepEqual(told, []);
});

test('a call that comes before more numbers are reserved waits, and that is told once', async () => {
  const told: string[] = [];
  const sink = openNdjsonSink({ folder, node: 'n', boot: 'a', clock: () => 1, trouble: (said) => told.push(said) });
  for (let sequence = 1; sequence <= 3 * sequenceBlock; sequence += 1) sink.append(draft(sequence));
  await sink.close();
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /ran out/);
});

describe('files follow one another', () => {
  const bounds = { keepHours: 48, keepBytes: 2 ** 40, fileBytesMax: 2 ** 40, fileClock: Date.now };
  const dayMs = 86_400_000;
  const boot = 'n-2024-02-21T120000000Z-a9abc1';
  const names = async () => (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).toSorted();
  const until = async (isSo: () => Promise<boolean>) => {
    while (!(await isSo())) await immediate();
  };

  test('by day, and the last record of a boot that crashed is found in the last of them', async () => {
    await mkdir(folder);
    let nowMs = dayMs / 2;
    const sink = openNdjsonSink({
      folder,
      node: 'n',
      boot,
      thread: 1,
      clock: () => 1,
      bounds: { ...bounds, fileClock: () => nowMs },
      locked: true,
    });
    sink.append(draft(1));
    nowMs += dayMs;
    await until(async () => (await names()).length > 1);
    sink.append(draft(2));
    sink.append(draft(3));
    const second = join(folder, `${boot}.t1.p0002.ndjson`);
    await until(async () => (await stat(second)).size > 0);
    const next = openNdjsonSink({ folder, node: 'n', boot: 'b', thread: 1, clock: () => nowMs, locked: true });
    await next.close();
    assert.equal((await linesOf('b.t1'))[0]?.gap?.after, 3);
    await sink.close();
    assert.deepEqual(
      (await linesOf(`${boot}.t1`)).map(({ sequence }) => sequence),
      [1],
    );
    assert.deepEqual(
      (await linesOf(`${boot}.t1.p0002`)).map(({ sequence }) => sequence),
      [2, 3],
    );
  });

  test('by size, and those past their bounds go, but for one that a thread writes to and those of other nodes', async () => {
    await mkdir(folder);
    const old = ['n-2023-01-01T120000000Z-aaaaaa.ndjson', 'n-2023-01-01T120000000Z-aaaaaa.t1.p0002.ndjson'];
    const others = ['n-2-2023-01-01T120000000Z-aaaaaa.ndjson', 'm-2023-01-01T120000000Z-aaaaaa.ndjson'];
    const idle = 'n-2023-05-01T120000000Z-bbbbbb.t2.ndjson';
    for (const name of [...old, ...others, idle]) {
      await writeFile(join(folder, name), '{}\n');
      await utimes(join(folder, name), 1, 1);
    }
    const reservation = { boot: idle.slice(0, -'.t2.ndjson'.length), reservedTo: 10, reservedMs: 1 };
    await writeFile(join(folder, 'n.t2.sequence.json'), JSON.stringify(reservation));
    const nowMs = Date.now();
    const sink = openNdjsonSink({
      folder,
      node: 'n',
      boot,
      threads: 3,
      clock: () => nowMs,
      bounds: { ...bounds, fileBytesMax: 1 },
    });
    sink.append(draft(1));
    await until(async () => !(await names()).some((name) => old.includes(name)));
    await sink.close();
    assert.deepEqual(await names(), [...others, idle, `${boot}.ndjson`].toSorted());
  });

  test('until all of a node take more room than they may, and then the oldest go', async () => {
    await mkdir(folder);
    const nowMs = Date.now();
    const old = [1, 2, 3].map((day) => `n-2023-01-0${day}T120000000Z-aaaaaa.ndjson`);
    for (const [at, name] of old.entries()) {
      await writeFile(join(folder, name), 'x'.repeat(1_000));
      const modified = (nowMs - dayMs) / 1_000 + at;
      await utimes(join(folder, name), modified, modified);
    }
    await removeOldFiles(folder, 'n', { keepHours: 48, keepBytes: 2_000 }, nowMs);
    assert.deepEqual(await names(), old.slice(1));
  });
});

test('a second opener of the same node is refused while the first lives', async () => {
  const first = open('a');
  assert.throws(() => open('b'), { name: 'EvidenceInUse' });
  await first.close();
  await open('c').close();
});

test('a lock whose process id now belongs to a process that started later is taken over', async () => {
  await mkdir(folder);
  await writeFile(join(folder, 'n.lock'), `${process.pid} 1\n`);
  const sink = open('a');
  sink.append(draft(1));
  await sink.close();
  assert.equal((await linesOf('a')).length, 1);
});

test('of many that find the lock of a dead one at once, one takes it over', async () => {
  await mkdir(folder);
  await writeFile(join(folder, 'n.lock'), '999999999 1\n');
  // Those that are refused end at once; the one that has it keeps it until they have.
  const script = `
    import { lockFolder } from ${JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)};
    try { lockFolder(${JSON.stringify(join(folder, 'n.lock'))}); console.log('taken'); process.stdin.resume(); }
    catch (error) { console.log(error.code); process.exit(); }`;
  const openers = Array.from({ length: 4 }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const said = new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(String(data))));
    return { child, said };
  });
  const outcomes = await Promise.all(openers.map(({ said }) => said));
  for (const { child } of openers) child.stdin.end();
  assert.deepEqual(outcomes.toSorted(), ['evidence.in_use\n', 'evidence.in_use\n', 'evidence.in_use\n', 'taken\n']);
});

test('a boot that recorded nothing leaves no file behind', async () => {
  const sink = open('a');
  await sink.close();
  await assert.rejects(access(sink.file), { code: 'ENOENT' });
  await open('b').close();
});

test('a folder that vanishes never throws into the path, and is told', async () => {
  const told: string[] = [];
  const sink = openNdjsonSink({
    folder,
    node: 'n',
    boot: 'a',
    clock: () => 1,
    trouble: (sentence) => told.push(sentence),
  });
  await rm(folder, { recursive: true });
  for (let at = 0; at <= sequenceBlock; at += 1) sink.append(draft(at));
  assert.match(told[0] ?? '', /cannot be reserved/);
  await sink.close().catch(() => undefined);
});
