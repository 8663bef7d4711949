import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceRecord, Likeness } from '@headgate/contract';
import fc from 'fast-check';
import { originText, RecordLines } from './record-line.ts';

const text = fc.string({ unit: 'binary', maxLength: 30 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const number = fc.integer({ min: 0, max: 1_000_000 });

/** Keys in the order of the type; texts of any character, as a caller could bring them. */
const record = fc.record({
  schemaVersion: fc.constant(1),
  node: text,
  boot: text,
  thread: number,
  sequence: number,
  exchange: fc.uuid(),
  snapshot: number,
  listener: fc.record({
    listener: text,
    source: text,
    sourcePort: number,
    receivedMs: number,
    serverName: maybe(text),
    tlsVersion: maybe(text),
    tlsResumed: fc.boolean(),
    method: text,
    host: text,
    path: text,
    contentType: maybe(text),
    framing: fc.constantFrom('none', 'content-length', 'chunked'),
    contentEncoding: maybe(text),
    userAgent: maybe(text),
    cookies: maybe(fc.record({ count: number, reused: number })),
  }),
  identity: maybe(fc.record({ subject: text })),
  route: maybe(fc.record({ system: text })),
  admission: maybe(
    fc.record({
      admitted: fc.boolean(),
      permit: maybe(fc.uuid()),
      participant: maybe(text),
      endorsers: fc.array(text),
      rules: fc.array(text),
      refused: fc.array(fc.record({ rule: text, retryAfterMs: maybe(number) }), { maxLength: 3 }),
      decidedBy: maybe(text),
      decidedByKey: maybe(fc.array(text)),
      retryAfterMs: maybe(number),
      shadow: fc.array(fc.record({ rule: text, retryAfterMs: maybe(number) }), { maxLength: 3 }),
      session: fc.constantFrom(null, 'begun', 'ended'),
      scid: maybe(fc.record({ outcome: text, value: maybe(text) })),
    }),
  ),
  inspection: maybe(fc.record({ checks: fc.array(text) })),
  forward: maybe(
    fc.record({
      upstream: text,
      endpoint: text,
      attempts: number,
      retryWithheld: fc.boolean(),
      forwarded: fc.constantFrom('no', 'partly', 'yes'),
      reusedConnection: fc.boolean(),
      status: maybe(number),
      firstByteMs: maybe(number),
    }),
  ),
  response: fc.record({
    status: maybe(number),
    format: fc.constantFrom('upstream', 'soap-1.1', 'none'),
    refusal: maybe(text),
    detail: maybe(text),
    requestBytes: number,
    responseBytes: number,
    durationMs: number,
    complete: fc.boolean(),
    defect: maybe(text),
  }),
}) as unknown as fc.Arbitrary<EvidenceRecord>;

function lineOf(whole: EvidenceRecord, likeness?: Likeness): string {
  const { schemaVersion, node, boot, thread, sequence, ...record } = whole;
  const lines = new RecordLines(originText({ schemaVersion, node, boot, thread }));
  return Buffer.from(lines.write(sequence, record, likeness)).toString();
}

test('a line is what JSON.stringify writes of the record, the first time and again', () => {
  fc.assert(
    fc.property(record, (drawn) => {
      assert.equal(lineOf(drawn), JSON.stringify(drawn));
      const again = { ...drawn, sequence: drawn.sequence + 1 };
      assert.equal(lineOf(again), JSON.stringify(again));
    }),
  );
});

/** What records of one likeness may differ in, one at a time. */
const differing = ['port', 'instant', 'cookies', 'identity', 'route', 'admission', 'forward', 'response'] as const;

test('a line of records that are alike has what differs between them, though it is one section alone', () => {
  const change = fc.tuple(fc.constantFrom(...differing), record);
  fc.assert(
    fc.property(record, fc.array(change, { minLength: 1, maxLength: 5 }), (first, changes) => {
      const likeness = { caller: {}, head: {} };
      assert.equal(lineOf(first, likeness), JSON.stringify(first));
      for (const [what, other] of changes) {
        const { sourcePort, receivedMs, cookies } = other.listener;
        const seen = { port: { sourcePort }, instant: { receivedMs }, cookies: { cookies } };
        const alike =
          what === 'port' || what === 'instant' || what === 'cookies'
            ? { ...first, listener: { ...first.listener, ...seen[what] } }
            : { ...first, [what]: other[what] };
        assert.equal(lineOf(alike, likeness), JSON.stringify(alike));
      }
    }),
  );
});

test('a line differs from one of a record that is alike wherever a single member of a section does', () => {
  const sections = ['admission', 'inspection', 'forward', 'response', 'identity', 'route'] as const;
  fc.assert(
    fc.property(record, record, fc.constantFrom(...sections), fc.nat(), (first, other, section, at) => {
      const likeness: Likeness = { caller: {}, head: {} };
      lineOf(first, likeness);
      const [of, from] = [first[section], other[section]];
      fc.pre(of !== null && from !== null);
      const keys = Object.keys(of);
      const key = keys[at % keys.length] ?? '';
      const changed = { ...first, [section]: { ...of, [key]: (from as unknown as Record<string, unknown>)[key] } };
      assert.equal(lineOf(changed, likeness), JSON.stringify(changed));
      assert.equal(lineOf(first, likeness), JSON.stringify(first));
    }),
  );
});

test('a record as the stages hand it over leaves a form behind, so that the next is not written anew', () => {
  fc.assert(
    fc.property(record, (drawn) => {
      const likeness: Likeness = { caller: {}, head: {} };
      lineOf(drawn, likeness);
      const { admission } = drawn;
      const later = (waits: NonNullable<typeof admission>['refused']) =>
        waits.map(({ rule, retryAfterMs }) => ({
          rule,
          retryAfterMs: retryAfterMs === null ? null : retryAfterMs + 1,
        }));
      const again = {
        ...drawn,
        admission: admission && { ...admission, refused: later(admission.refused), shadow: later(admission.shadow) },
      };
      assert.equal(lineOf(again, likeness), JSON.stringify(again));
      assert.equal((likeness.head.sink as unknown[]).length, 1);
    }),
  );
});
