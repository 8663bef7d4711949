import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceRecord } from '@headgate/contract';
import fc from 'fast-check';
import { originText, recordLine } from './record-line.ts';

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
      rules: fc.array(text),
      decidedBy: maybe(text),
      decidedByKey: maybe(fc.array(text)),
      retryAfterMs: maybe(number),
      shadow: fc.array(fc.record({ rule: text, retryAfterMs: number })),
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

function lineOf(whole: EvidenceRecord, likeness?: object): string {
  const { schemaVersion, node, boot, thread, sequence, ...record } = whole;
  return recordLine(originText({ schemaVersion, node, boot, thread }), sequence, record, likeness);
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

test('a line of records that are alike has what differs between them: port, instant, cookies and every other section', () => {
  fc.assert(
    fc.property(record, fc.array(record, { minLength: 1, maxLength: 5 }), (first, others) => {
      const likeness = {};
      for (const other of [first, ...others, first]) {
        const { sourcePort, receivedMs, cookies } = other.listener;
        const listener = { ...first.listener, sourcePort, receivedMs, cookies };
        const alike = { ...other, snapshot: first.snapshot, listener };
        assert.equal(lineOf(alike, likeness), JSON.stringify(alike));
        assert.equal(lineOf(alike, likeness), JSON.stringify(alike));
      }
    }),
  );
});
