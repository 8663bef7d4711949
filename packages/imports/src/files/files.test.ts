// Bytes of logs: packed, cut anywhere, damaged.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { readStart } from './file-start.ts';
import { createLineBlocks, lineBytesMax } from './line-blocks.ts';
import { openLog, UnreadablePacking } from './open-log.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-imports-'));
});
after(() => rm(folder, { recursive: true }));

async function bytesOf(file: string) {
  const log = await openLog(file);
  const pieces: Buffer[] = [];
  for (let piece = await log.next(); piece !== null; piece = await log.next()) pieces.push(piece);
  await log.close();
  return {
    text: Buffer.concat(pieces).toString(),
    damage: log.damage(),
    packing: log.packing,
    readBytes: log.readBytes(),
  };
}

async function written(name: string, bytes: Buffer): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, bytes);
  return file;
}

const first = 'first '.repeat(100_000);
const second = `second ${'x'.repeat(700_000)}`;

test('a file of several members or frames is read to its end, however they fall into pieces', async () => {
  for (const [packing, pack] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    const many = Array.from({ length: 1_000 }, (_, at) => pack(`${at}\n`));
    const file = await written(`many.${packing}`, Buffer.concat([pack(first), pack(second), ...many, pack('last')]));
    const read = await bytesOf(file);
    assert.equal(read.text, `${first}${second}${many.map((_, at) => `${at}\n`).join('')}last`, packing);
    assert.deepEqual([read.packing, read.damage], [packing, null]);
  }
});

test('what stands before the damage of a packed file is read, and the damage is told', async () => {
  for (const [packing, pack] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    const whole = Buffer.concat([pack(first), pack(second)]);
    const cut = await bytesOf(await written(`cut.${packing}`, whole.subarray(0, whole.byteLength - 5)));
    assert.ok(cut.text.startsWith(first), packing);
    assert.equal(cut.damage, 'it ends in the middle');
    const rubbish = await bytesOf(
      await written(`rubbish.${packing}`, Buffer.concat([pack(first), whole.subarray(0, 4), Buffer.alloc(400, 0x55)])),
    );
    assert.ok(first.startsWith(rubbish.text) && first.length - rubbish.text.length <= 262_144, packing);
    assert.ok(rubbish.damage !== null, packing);
  }
});

test('a packing that is not read is named', async () => {
  const file = await written('log.xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0, 0]));
  await assert.rejects(
    openLog(file),
    (fault: unknown) => fault instanceof UnreadablePacking && /packed with xz/.test(fault.message),
  );
});

test('lines come out the same in whatever pieces they come in, with their numbers and places', () => {
  const texts = fc.array(fc.oneof(fc.string({ maxLength: 20 }), fc.constant(''), fc.constant('é€\u0000')), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(texts, fc.array(fc.nat(200), { maxLength: 20 }), fc.boolean(), (lines, cuts, ends) => {
      const clean = lines.map((line) => line.replaceAll(/[\r\n]/g, '.'));
      const bytes = Buffer.from(clean.join('\n') + (ends ? '\n' : ''));
      const blocks = createLineBlocks(0, 1);
      const places = [
        0,
        ...cuts.map((cut) => Math.min(cut, bytes.byteLength)).toSorted((a, b) => a - b),
        bytes.byteLength,
      ];
      const out = places.slice(1).flatMap((end, at) => blocks.push(bytes.subarray(places[at], end)));
      const rest = blocks.rest();
      const all = rest === null ? out : [...out, rest];
      const expected = bytes.toString().split('\n');
      if (expected.at(-1) === '') expected.pop();
      assert.deepEqual(
        all.flatMap((block) => block.lines),
        expected,
      );
      let line = 1;
      let offset = 0;
      for (const block of all) {
        assert.deepEqual([block.firstLine, block.offset], [line, offset]);
        line += block.lines.length;
        offset = block.endOffset;
      }
      assert.equal(offset, bytes.byteLength);
    }),
    { numRuns: 300 },
  );
});

test('a line past the bound is one line that is too long, and those around it are whole', () => {
  const long = Buffer.alloc(10_000_000, 0x61);
  const blocks = createLineBlocks(0, 1);
  const bytes = Buffer.concat([Buffer.from('before\r\n'), long, Buffer.from('\nafter\n')]);
  const out = [];
  for (let at = 0; at < bytes.byteLength; at += 100_000) out.push(...blocks.push(bytes.subarray(at, at + 100_000)));
  assert.deepEqual(
    out.map(({ isTooLong, firstLine }) => [isTooLong, firstLine]),
    [
      [false, 1],
      [true, 2],
      [false, 3],
    ],
  );
  assert.deepEqual([out[0]?.lines, out[2]?.lines], [['before'], ['after']]);
  assert.ok((out[1]?.lines[0]?.length ?? 0) < lineBytesMax);
  assert.equal(out[2]?.endOffset, bytes.byteLength);
});

test('a log is known by its first 64 KiB of bytes as they are unpacked, or by its whole lines', async () => {
  const text = Buffer.from('a line of a log\n'.repeat(10_000));
  const plain = await readStart(await written('plain', text));
  const packed = await readStart(await written('packed.gz', gzipSync(text)));
  assert.ok(plain.bytes.equals(packed.bytes));
  assert.deepEqual([plain.bytes.byteLength, plain.isLonger], [65_536, true]);
  const open = await readStart(await written('open', Buffer.from('whole\nhal')));
  assert.equal(open.bytes.toString(), 'whole\n');
  assert.equal((await readStart(join(folder, 'open'), true)).bytes.toString(), 'whole\nhal');
});
