import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createRing, RingReader, RingWriter, recordBytesMax } from './record-ring.ts';

const bytesOf = (text: string) => Buffer.from(text);

/** What a reader took out, in words: "1-3" for records, "lost 4-7" for what is missing. */
function taken(reader: RingReader, nowMs = 0): string[] {
  const told: string[] = [];
  for (;;) {
    const reading = reader.read(nowMs);
    for (const { kind, first, last } of reading.parts) told.push(`${kind === 'lost' ? 'lost ' : ''}${first}-${last}`);
    reader.release(reading);
    if (!reading.more) return told;
  }
}

test('what is written is read once, in order, with a line break behind each record', () => {
  const ring = createRing(4_096);
  const writer = new RingWriter(ring);
  const reader = new RingReader(ring, 0, 0);
  assert.ok(writer.append(1, 10, bytesOf('{"a":1}')));
  assert.ok(writer.append(2, 20, bytesOf('{"bb":22}')));
  const reading = reader.read(99);
  const [run] = reading.parts;
  assert.ok(run?.kind === 'records');
  assert.equal(run.lines.toString(), '{"a":1}\n{"bb":22}\n');
  assert.deepEqual([run.first, run.last, run.fromMs, run.toMs], [1, 2, 10, 20]);
  reader.release(reading);
  assert.deepEqual(reader.read(99).parts, []);
});

test('what was read and not released is read again', () => {
  const ring = createRing(4_096);
  const reader = new RingReader(ring, 0, 0);
  new RingWriter(ring).append(1, 10, bytesOf('x'));
  assert.equal(reader.read(0).parts.length, 1);
  assert.deepEqual(taken(reader), ['1-1']);
});

describe('records that have no room are lost, and told as numbers that are missing', () => {
  test('between two that had room', () => {
    const ring = createRing(256);
    const writer = new RingWriter(ring);
    const reader = new RingReader(ring, 0, 5);
    let sequence = 0;
    const append = (): boolean => {
      sequence += 1;
      return writer.append(sequence, sequence, Buffer.alloc(40));
    };
    while (append());
    const full = sequence - 1;
    append();
    const first = reader.read(77);
    assert.deepEqual(
      first.parts.map(({ kind, first: from, last, toMs }) => [kind, from, last, toMs]),
      [
        ['records', 1, full, full],
        ['lost', full + 1, full + 2, 77],
      ],
    );
    reader.release(first);
    assert.ok(append());
    assert.deepEqual(taken(reader), [`${sequence}-${sequence}`]);
  });

  test('while others wait to be read', () => {
    const ring = createRing(1_024);
    const writer = new RingWriter(ring);
    writer.append(1, 1, bytesOf('a'));
    assert.equal(writer.append(2, 2, Buffer.alloc(300)), false); // Longer than a quarter of the ring.
    writer.append(3, 3, bytesOf('c'));
    assert.deepEqual(taken(new RingReader(ring, 0, 0)), ['1-1', 'lost 2-2', '3-3']);
  });

  test('also where a record is longer than any may be', () => {
    const ring = createRing(16 * recordBytesMax);
    assert.equal(new RingWriter(ring).append(1, 1, Buffer.alloc(recordBytesMax + 1)), false);
    assert.deepEqual(taken(new RingReader(ring, 0, 0)), ['lost 1-1']);
  });
});

test('another reader passes over what is kept already, and goes on behind it', () => {
  const ring = createRing(4_096);
  const writer = new RingWriter(ring);
  for (let sequence = 1; sequence <= 5; sequence += 1) writer.append(sequence, sequence, bytesOf('x'));
  new RingReader(ring, 0, 0).read(0); // Kept, and gone before it was released.
  writer.append(6, 6, bytesOf('y'));
  assert.deepEqual(taken(new RingReader(ring, 5, 5)), ['6-6']);
});

test('numbers go on past what a word holds', () => {
  const near = 2 ** 32 - 2;
  const ring = createRing(4_096);
  const writer = new RingWriter(ring);
  const reader = new RingReader(ring, near - 1, 0);
  for (let at = 0; at < 4; at += 1) writer.append(near + at, 0, bytesOf('x'));
  reader.reserve(near + 1_000);
  assert.equal(writer.reservedBeyond(near + 3), 997);
  assert.deepEqual(taken(reader), [`${near}-${near + 3}`]);
});

test('any records, read at any moment, come out as they went in or are told to be lost', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 64, max: 2_048 }),
      fc.array(fc.oneof(fc.integer({ min: 0, max: 400 }), fc.constant('read' as const)), { maxLength: 200 }),
      (ringBytes, steps) => {
        const ring = createRing(ringBytes);
        const writer = new RingWriter(ring);
        const reader = new RingReader(ring, 0, 0);
        const written: string[] = [];
        const read: string[] = [];
        let sequence = 0;
        const drain = (): void => {
          const reading = reader.read(0);
          for (const part of reading.parts)
            if (part.kind === 'records') read.push(...part.lines.toString().slice(0, -1).split('\n'));
            else for (let lost = part.first; lost <= part.last; lost += 1) read.push(`${lost} lost`);
          reader.release(reading);
          assert.equal(reading.last, sequence);
        };
        for (const step of steps) {
          if (step === 'read') drain();
          else {
            sequence += 1;
            const line = `${sequence} ${'x'.repeat(step)}`;
            written.push(writer.append(sequence, 0, bytesOf(line)) ? line : `${sequence} lost`);
          }
        }
        drain();
        assert.deepEqual(read, written);
      },
    ),
  );
});
