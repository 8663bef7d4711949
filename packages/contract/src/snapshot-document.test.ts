import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createRandom, type Random } from './random.fixture.ts';
import {
  hashOfSnapshot,
  parseSnapshotDocument,
  type SnapshotContent,
  type SnapshotDocument,
  snapshotBounds,
} from './snapshot-document.ts';

const seeds = Array.from({ length: 200 }, (_, at) => at + 1);

function randomText(random: Random): string {
  const pieces = ['a', 'ß', '\n', '🙂', ':', '0', '12:', ' ', '\0', ';'];
  return Array.from({ length: random.below(12) }, () => random.of(pieces)).join('');
}

function randomContent(random: Random): SnapshotContent {
  const map = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, randomText(random) || 'x']));
  const some = (prefix: string) => Array.from({ length: 1 + random.below(5) }, (_, at) => `${prefix}${at}`);
  return { texts: map(some('t')), positions: map(some('p')), chainPositions: map(some('c')) };
}

function documentOf(content: SnapshotContent): SnapshotDocument {
  const hash = hashOfSnapshot(content);
  return { schemaVersion: 1, number: 7, hash, previous: 6, createdMs: 1, author: 'a', reason: 'b', ...content };
}

function shuffled<Value>(map: Readonly<Record<string, Value>>, random: Random): Record<string, Value> {
  return Object.fromEntries(random.shuffled(Object.entries(map)));
}

test('the order of keys makes no other hash, whatever the seed', () => {
  for (const seed of seeds) {
    const random = createRandom(seed);
    const content = randomContent(random);
    const other = {
      texts: shuffled(content.texts, random),
      positions: shuffled(content.positions, random),
      chainPositions: shuffled(content.chainPositions, random),
    };
    assert.equal(hashOfSnapshot(other), hashOfSnapshot(content), `seed ${seed}`);
  }
});

test('any changed byte, name or place makes another hash, whatever the seed', () => {
  for (const seed of seeds) {
    const random = createRandom(seed);
    const content = randomContent(random);
    const seen = new Set([hashOfSnapshot(content)]);
    const changes: SnapshotContent[] = [];
    for (const part of ['texts', 'positions', 'chainPositions'] as const) {
      const [key, text] = random.of(Object.entries(content[part]));
      const { [key]: gone, ...rest } = content[part];
      const at = random.below(text.length + 1);
      changes.push(
        { ...content, [part]: { ...content[part], [key]: `${text.slice(0, at)}#${text.slice(at)}` } },
        { ...content, [part]: { ...rest, [`${key}#`]: gone ?? '' } },
        { ...content, [part]: rest },
        { ...content, [part]: { ...content[part], more: '' } },
      );
    }
    for (const change of changes) {
      const hash = hashOfSnapshot(change);
      assert.ok(!seen.has(hash), `seed ${seed}: ${JSON.stringify(change)}`);
      seen.add(hash);
    }
  }
});

test('a text cannot be moved over a border between name and text, or between two texts', () => {
  const of = (texts: Record<string, string>) => hashOfSnapshot({ texts, positions: {}, chainPositions: {} });
  assert.notEqual(of({ a: 'bc' }), of({ ab: 'c' }));
  assert.notEqual(of({ a: '1:b1:c' }), of({ a: '', b: 'c' }));
  const moved = { positions: { x: 'y' }, chainPositions: {} };
  assert.notEqual(
    hashOfSnapshot({ texts: {}, ...moved }),
    hashOfSnapshot({ texts: {}, positions: moved.chainPositions, chainPositions: moved.positions }),
  );
});

test('the hash is over these bytes, so that every version computes the same', () => {
  const content = { texts: { a: 'ß', B: 'x' }, positions: { 'é/ü': 'y' }, chainPositions: {} };
  const bytes = 'headgate snapshot 1\n2;1:B1:x1:a2:ß1;5:é/ü1:y0;';
  assert.equal(hashOfSnapshot(content), createHash('sha256').update(bytes).digest('hex'));
});

test('number, author, reason and time are not what a hash is over', () => {
  const content = { texts: { 'policy.yaml': 'limits: []' }, positions: {}, chainPositions: {} };
  const parsed = parseSnapshotDocument({ ...documentOf(content), number: 9, author: 'somebody', reason: 'else' });
  assert.ok(parsed.ok);
});

const good = documentOf({ texts: { 'policy.yaml': 'limits: []' }, positions: {}, chainPositions: {} });

test('a document whose hash is not that of what it says is refused', () => {
  const parsed = parseSnapshotDocument({ ...good, texts: { 'policy.yaml': 'limits: [ ]' } });
  assert.ok(!parsed.ok);
  assert.equal(parsed.fault.code, 'hash_mismatch');
});

for (const [what, wrong] of [
  ['a name with a path', { texts: { '../policy.yaml': '' } }],
  ['a hidden name', { texts: { '.policy': '' } }],
  ['half a character', { texts: { 'policy.yaml': '\ud800' } }],
  ['a number that threads cannot share', { number: snapshotBounds.numberMax + 1 }],
  ['a key that nobody knows', { more: 1 }],
  ['another schema', { schemaVersion: 2 }],
  ['too many texts', { texts: Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`t${at}`, ''])) }],
  ['too many bytes', { texts: { a: 'x'.repeat(snapshotBounds.textBytesMax + 1) } }],
] as const)
  test(`${what} is refused before anything is hashed`, () => {
    const parsed = parseSnapshotDocument({ ...good, ...wrong });
    assert.ok(!parsed.ok);
    assert.equal(parsed.fault.code, 'unreadable');
  });

test('a document is read back from its JSON', () => {
  const parsed = parseSnapshotDocument(JSON.parse(JSON.stringify(good)));
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.document, good);
});
