import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceRecord } from '@headgate/contract';
import { evidenceRecord } from './evidence-record.fixture.ts';
import { emptySummary, lastCallLines, summaryFor, summaryLines, withRecord } from './summary.ts';

const record = evidenceRecord;

const linesOf = (...records: EvidenceRecord[]) =>
  summaryLines(records.reduce(withRecord, emptySummary), 200).join('\n');

test('the summary counts calls, answers and refusals by reason', () => {
  const text = linesOf(
    record({}),
    record({ refusal: 'admission.acceptable_use' }),
    record({ refusal: 'admission.acceptable_use' }),
  );
  assert.match(text, /Calls 3 {3}answered 1 {3}faults of systems 0 {3}refused 2/);
  assert.match(text, /Refusals {6}admission\.acceptable_use 2/);
});

test('a fault of a system itself is counted apart from answers and refusals', () => {
  const text = linesOf(record({ upstreamStatus: 200 }), record({ upstreamStatus: 500 }));
  assert.match(text, /Calls 2 {3}answered 1 {3}faults of systems 1 {3}refused 0/);
});

test('a participant that called an old address is named with the time of its last such call', () => {
  const text = linesOf(
    record({ participant: 'bravo-municipal', generation: 'old' }),
    record({ participant: 'alpha-energy' }),
  );
  assert.match(text, /^bravo-municipal +0 +1 +0 +0 {3}yes, last 14:00:05 UTC$/m);
  assert.match(text, /^alpha-energy +1 +0 +0 +0 {3}no$/m);
});

test('new, old and unrouted calls of a participant add up to its calls', () => {
  const unrouted = { ...record({ refusal: 'route.not_found' }), route: null };
  const text = linesOf(record({}), record({ generation: 'old' }), unrouted, unrouted);
  assert.match(text, /^Participant +new +old +unrouted +refused {3}still on old addresses$/m);
  assert.match(text, /^alpha-energy +1 +1 +2 +2 {3}yes/m);
  assert.match(text, /unrouted 2/);
});

test('a call that is refused before routing counts for the generation that its host alone tells', () => {
  const at = (host: string) => {
    const refused = record({ participant: 'you', refusal: 'identity.certificate_expired' });
    return { ...refused, route: null, listener: { ...refused.listener, host } };
  };
  const hosts = new Map([['ws.caiso.com', 'old'] as const, ['ws.prod.caiso.com', 'new'] as const]);
  const calls = ['ws.caiso.com', 'WS.caiso.com:8443', 'ws.prod.caiso.com', 'elsewhere.example.org'].map(at);
  const counted = calls.reduce(withRecord, summaryFor(hosts));
  const text = summaryLines(counted, 79).join('\n');
  assert.match(text, /^you +1 +2 +1 +4 {3}yes, last 14:00:05 UTC$/m);
  assert.match(text, /^unrouted: refused before routing; the host may still tell new from old$/m);
  assert.match(lastCallLines(counted, 79)[0] ?? '', / you +old ws\.caiso\.com/);
});

test('where every call was routed, nothing explains calls that were not', () => {
  assert.doesNotMatch(linesOf(record({})), /^unrouted/m);
});

test('an empty summary says so instead of showing nothing', () => {
  assert.match(summaryLines(emptySummary, 200).join('\n'), /By system {5}none yet\nRefusals {6}none/);
});

test('no line is wider than the screen', () => {
  const lines = summaryLines(
    [record({ system: 'A very long name of a system that goes on and on' })].reduce(withRecord, emptySummary),
    60,
  );
  assert.ok(lines.every((line) => line.length <= 60));
});
