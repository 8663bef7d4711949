import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRing, RingReader } from '../record-ring.ts';
import { type Draft, whole } from './record-draft.fixture.ts';
import { openRingSink } from './ring-sink.ts';

const draft = (receivedMs: number): Draft => ({ ...whole, listener: { ...whole.listener, receivedMs } });

/** A sink before a ring, what it told, and the reader behind it. */
function openSink(ringBytes = 65_536) {
  const ring = createRing(ringBytes);
  const told: string[] = [];
  const seen: number[] = [];
  const sink = openRingSink({
    ring,
    node: 'n',
    boot: 'a',
    thread: 2,
    trouble: (sentence) => told.push(sentence),
    seen: ({ sequence }) => seen.push(sequence),
  });
  return { sink, told, seen, reader: new RingReader(ring, 0, 0) };
}

test('a record stands in the ring as it would in a file', () => {
  const { sink, seen, reader } = openSink();
  reader.reserve(10);
  sink.append(draft(5));
  const [run] = reader.read(0).parts;
  assert.ok(run?.kind === 'records');
  const origin = { schemaVersion: 1, node: 'n', boot: 'a', thread: 2, sequence: 1 };
  assert.equal(run.lines.toString(), `${JSON.stringify({ ...origin, ...draft(5) })}\n`);
  assert.deepEqual(seen, [1]);
});

describe('where no number is reserved', () => {
  test('a call waits a moment, once, and then all go on; it is told when that begins and when it ends', () => {
    const { sink, told, reader } = openSink();
    for (let calls = 1; calls <= 20; calls += 1) sink.append(draft(calls));
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /no sequence numbers/);
    reader.reserve(100);
    sink.append(draft(21));
    assert.equal(told.length, 2);
    assert.equal(reader.read(0).last, 21);
  });
});

describe('where the ring has no room', () => {
  test('records are lost and no call waits; it is told once, and again when none was lost for a while', () => {
    const { sink, told, reader } = openSink(8_192);
    reader.reserve(1_000);
    for (let calls = 1; calls <= 100; calls += 1) sink.append(draft(calls));
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /no room/);
    const reading = reader.read(0);
    const lost = reading.parts.findLast(({ kind }) => kind === 'lost');
    assert.equal(lost?.last, 100);
    reader.release(reading);
    sink.append(draft(101));
    assert.equal(told.length, 1);
    sink.append(draft(20_000));
    assert.equal(told[1], `evidence has room again on its way to the spool; ${100 - lost.first + 1} records were lost`);
  });
});
