import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { createRing, RingReader, RingWriter } from '../record-ring.ts';
import { createSpool } from './spool.ts';
import { openSpoolFile, type SpoolBounds } from './spool-file.ts';
import { linesIn } from './spool-lines.fixture.ts';

const reservedAhead = 10_000;
const roomy: SpoolBounds = { keepHours: 720, keepBytes: 2 ** 40, unsentBytesMax: 2 ** 40, sends: true };

async function newFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-spool-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'n.spool.sqlite');
}

/** A spool over a file, on a clock that the test turns. */
function openSpool(fileName: string, bounds: Partial<SpoolBounds> = {}) {
  const file = openSpoolFile(fileName, 0);
  const told: string[] = [];
  let nowMs = 1_000;
  const spool = createSpool({
    file,
    fileName,
    bounds: { ...roomy, ...bounds },
    clock: () => nowMs,
    trouble: (sentence) => told.push(sentence),
  });
  return {
    ...spool,
    file,
    told,
    at(ms: number) {
      nowMs = ms;
    },
    /** A ring that is attached, and its writer. */
    ring(boot: string, thread = 0, ringBytes = 65_536) {
      const ring = createRing(ringBytes);
      spool.attach({ boot, thread, ring });
      return { ring, writer: new RingWriter(ring) };
    },
  };
}

function write(writer: RingWriter, from: number, to: number): void {
  for (let sequence = from; sequence <= to; sequence += 1)
    writer.append(sequence, sequence, Buffer.from(`{"sequence":${sequence}}`));
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `{"sequence":${from + at}}`);

test('what threads wrote is kept in their order, each record once', async (t) => {
  const fileName = await newFile(t);
  const spool = openSpool(fileName);
  const { writer } = spool.ring('a');
  write(writer, 1, 3);
  assert.equal(spool.commit(), 'done');
  write(writer, 4, 5);
  spool.commit();
  spool.commit();
  assert.deepEqual(linesIn(fileName), numbered(1, 5));
  spool.file.close();
});

test('nobody but its owner and its group may read it', async (t) => {
  const fileName = await newFile(t);
  const spool = openSpool(fileName);
  spool.ring('a');
  for (const name of [fileName, `${fileName}-wal`, `${fileName}-shm`]) assert.equal((await stat(name)).mode & 0o027, 0);
  spool.file.close();
});

test('what is kept outlasts a power cut: each commit waits for the disk', async (t) => {
  const connections = new Set<DatabaseSync>();
  const exec = Reflect.get(DatabaseSync.prototype, 'exec');
  t.mock.method(DatabaseSync.prototype, 'exec', function noted(this: DatabaseSync, text: string) {
    connections.add(this);
    exec.call(this, text);
  });
  const file = openSpoolFile(await newFile(t), 0);
  const [connection] = connections;
  assert.equal(connections.size, 1);
  assert.deepEqual({ ...connection?.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' });
  // 2 is FULL (SQLite, PRAGMA synchronous): with WAL and less than that, a commit may be lost.
  assert.deepEqual({ ...connection?.prepare('PRAGMA synchronous').get() }, { synchronous: 2 });
  file.close();
});

test('numbers are reserved before they are used, and further ones as records are kept', async (t) => {
  const fileName = await newFile(t);
  const spool = openSpool(fileName);
  const { writer } = spool.ring('a');
  assert.equal(writer.reservedBeyond(0), reservedAhead);
  write(writer, 1, 100);
  spool.commit();
  assert.equal(writer.reservedBeyond(100), reservedAhead);
  assert.equal(spool.file.openStreams()[0]?.reservedTo, 100 + reservedAhead);
  spool.file.close();
});

describe('after a crash', () => {
  test('the next boot tells one gap for each thread that had not ended, as far as its numbers were reserved', async (t) => {
    const fileName = await newFile(t);
    const first = openSpool(fileName);
    write(first.ring('a', 0).writer, 1, 7);
    first.ring('a', 1);
    first.commit();
    first.file.close(); // What the rings hold now is lost with the process.
    const next = openSpool(fileName);
    next.at(9_000);
    next.ring('b');
    next.tellGaps([]);
    next.tellGaps([]);
    const gaps = linesIn(fileName)
      .slice(7)
      .map((line) => (JSON.parse(line) as { gap: object }).gap);
    assert.deepEqual(gaps, [
      { boot: 'a', thread: 0, after: 7, atMost: reservedAhead, fromMs: 7, toMs: 9_000 },
      { boot: 'a', thread: 1, after: 0, atMost: reservedAhead, fromMs: 1_000, toMs: 9_000 },
    ]);
    next.file.close();
  });

  test('a thread that ended leaves no gap, and what it wrote last is kept', async (t) => {
    const fileName = await newFile(t);
    const first = openSpool(fileName);
    const { writer } = first.ring('a');
    write(writer, 1, 7);
    first.ended({ boot: 'a', thread: 0 });
    first.commit();
    assert.deepEqual(first.attached(), []);
    first.file.close();
    const next = openSpool(fileName);
    next.tellGaps([]);
    assert.deepEqual(linesIn(fileName), numbered(1, 7));
    next.file.close();
  });
});

test('a spool that takes the place of another goes on with the rings, and keeps nothing twice', async (t) => {
  const fileName = await newFile(t);
  const first = openSpool(fileName);
  const { ring, writer } = first.ring('a');
  write(writer, 1, 3);
  // It died between the disk and the ring: all of it is kept, and none of it is released.
  const lines = Buffer.from(`${numbered(1, 3).join('\n')}\n`);
  const stream = { boot: 'a', thread: 0, reservedTo: reservedAhead, last: 3, lastMs: 3, ended: false };
  first.file.commit(
    [{ kind: 'records', boot: 'a', thread: 0, first: 1, last: 3, fromMs: 1, toMs: 3, lines }],
    [stream],
    1,
  );
  first.file.close();
  const next = openSpool(fileName);
  next.attach({ boot: 'a', thread: 0, ring });
  assert.ok(!new RingReader(ring, 3, 3).read(0).moved, 'what is kept takes no room in the ring any more');
  write(writer, 4, 6);
  next.tellGaps([]);
  next.commit();
  assert.deepEqual(linesIn(fileName), numbered(1, 6));
  next.file.close();
});

test('records that had no room in the ring are told as a gap between those that had', async (t) => {
  const fileName = await newFile(t);
  const spool = openSpool(fileName);
  const { writer } = spool.ring('a', 0, 4_096);
  let lost = 0;
  for (let sequence = 1; sequence <= 200; sequence += 1)
    if (!writer.append(sequence, sequence, Buffer.alloc(100, 'x'))) lost += 1;
  assert.ok(lost > 0);
  spool.commit();
  write(writer, 201, 202);
  spool.commit();
  const gap = linesIn(fileName).find((line) => line.startsWith('{"gap"'));
  const kept = 200 - lost;
  assert.deepEqual((JSON.parse(gap ?? '') as { gap: object }).gap, {
    boot: 'a',
    thread: 0,
    after: kept,
    atMost: lost,
    fromMs: kept,
    toMs: 1_000,
  });
  assert.deepEqual(linesIn(fileName).slice(-2), numbered(201, 202));
  spool.file.close();
});

test('while the disk takes nothing the records stay in the ring, and it is told once when that begins and ends', async (t) => {
  const fileName = await newFile(t);
  const spool = openSpool(fileName);
  const { writer } = spool.ring('a');
  const other = new DatabaseSync(fileName);
  other.exec('BEGIN IMMEDIATE'); // Nobody else can write now.
  write(writer, 1, 2);
  assert.equal(spool.commit(), 'failed');
  assert.equal(spool.commit(), 'failed');
  assert.equal(writer.reservedBeyond(0), reservedAhead, 'no number is reserved that the disk does not know of');
  other.exec('ROLLBACK');
  other.close();
  assert.equal(spool.commit(), 'done');
  assert.deepEqual(linesIn(fileName), numbered(1, 2));
  assert.equal(spool.told.length, 2);
  assert.match(spool.told[0] ?? '', /cannot be kept/);
  assert.match(spool.told[1] ?? '', /kept again/);
  spool.file.close();
});

describe('what control has', () => {
  test('is let go after its time, and what it does not have stays', async (t) => {
    const fileName = await newFile(t);
    const spool = openSpool(fileName, { keepHours: 1 });
    const { writer } = spool.ring('a');
    write(writer, 1, 3);
    spool.commit();
    const batch = spool.file.nextBatch(1);
    assert.ok(batch);
    assert.deepEqual(batch.lasts, [{ boot: 'a', thread: 0, last: 3 }]);
    spool.file.acknowledge(batch);
    spool.at(2_000);
    write(writer, 4, 5);
    spool.commit();
    assert.deepEqual(spool.file.unsent(), { records: 2, sinceMs: 2_000 });
    spool.at(3_602_000);
    spool.retain(0);
    assert.deepEqual(linesIn(fileName), numbered(4, 5));
    spool.at(100 * 3_600_000);
    spool.retain(0);
    assert.deepEqual(linesIn(fileName), numbered(4, 5), 'however long control is away');
    assert.deepEqual(spool.file.unsent(), { records: 2, sinceMs: 2_000 });
    spool.file.close();
  });

  test('is let go from a number of bytes on, oldest first', async (t) => {
    const fileName = await newFile(t);
    const spool = openSpool(fileName, { keepBytes: 100 });
    const { writer } = spool.ring('a');
    for (let at = 1; at <= 20; at += 1) {
      write(writer, at, at);
      spool.commit();
    }
    for (let batch = spool.file.nextBatch(1); batch !== null; batch = spool.file.nextBatch(1))
      spool.file.acknowledge(batch);
    spool.retain(0);
    const left = linesIn(fileName);
    assert.ok(left.length > 0 && left.length < 6, String(left.length));
    assert.equal(left.at(-1), '{"sequence":20}');
    spool.file.close();
  });
});

test('without control everything goes after its time', async (t) => {
  const fileName = await newFile(t);
  const spool = openSpool(fileName, { keepHours: 1, sends: false });
  const { writer } = spool.ring('a');
  write(writer, 1, 3);
  spool.commit();
  spool.at(1_000 + 3_600_001);
  spool.retain(0);
  assert.deepEqual(linesIn(fileName), []);
  spool.file.close();
});

test('of what waits for control past the bound the oldest goes, but for what is on its way, and one gap tells how many', async (t) => {
  const fileName = await newFile(t);
  const spool = openSpool(fileName, { unsentBytesMax: 300 });
  const { writer } = spool.ring('a');
  const other = spool.ring('a', 1).writer;
  for (let at = 1; at <= 20; at += 1) {
    write(writer, at, at);
    if (at === 3) write(other, 1, 1);
    spool.commit();
  }
  spool.retain(2);
  spool.retain(2);
  const lines = linesIn(fileName);
  assert.deepEqual(lines.slice(0, 2), numbered(1, 2));
  const gaps = lines.flatMap((line) => (line.startsWith('{"gap"') ? [(JSON.parse(line) as { gap: object }).gap] : []));
  const firstLeft = Number(/\d+/.exec(lines[2 + gaps.length] ?? '')?.[0]);
  assert.ok(firstLeft > 3);
  assert.deepEqual(gaps, [
    { boot: 'a', thread: 1, after: 0, atMost: 1, fromMs: 1, toMs: 1 },
    { boot: 'a', thread: 0, after: 2, atMost: firstLeft - 3, fromMs: 3, toMs: firstLeft - 1 },
  ]);
  assert.deepEqual(lines.slice(2 + gaps.length), numbered(firstLeft, 20));
  assert.equal(spool.file.unsent().records, 2 + 20 - firstLeft + 1);
  assert.equal(spool.told.length, 1);
  spool.file.close();
});

test('a file of another layout is refused', async (t) => {
  const fileName = await newFile(t);
  const other = new DatabaseSync(fileName);
  other.exec('PRAGMA user_version = 99');
  other.close();
  assert.throws(() => openSpoolFile(fileName), /layout 99/);
});
