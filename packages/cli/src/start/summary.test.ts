import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceRecord } from '@headgate/contract';
import { emptySummary, summaryLines, withRecord } from './summary.ts';

const receivedMs = Date.UTC(2024, 1, 21, 14, 0, 5);

function record(facts: {
  participant?: string;
  generation?: 'old' | 'new';
  system?: string;
  refusal?: EvidenceRecord['response']['refusal'];
}): EvidenceRecord {
  const { participant = 'alpha-energy', generation = 'new', system = 'CMRI', refusal = null } = facts;
  return {
    schemaVersion: 1,
    node: 'test',
    boot: 'test',
    thread: 0,
    sequence: 1,
    exchange: 'x',
    snapshot: 1,
    listener: {
      listener: 'secure',
      source: '127.0.1.11',
      sourcePort: 1,
      receivedMs,
      serverName: null,
      tlsVersion: null,
      tlsResumed: false,
      method: 'POST',
      host: 'ws.caiso.com',
      path: '/sst/cmri/X',
      contentType: null,
      framing: 'none',
      userAgent: null,
    },
    identity: {
      subject: 'CN=ALPHAx1001',
      issuer: null,
      serial: null,
      fingerprint: null,
      notAfter: null,
      participant,
      verdict: 'accepted',
    },
    route: {
      environment: 'production',
      channel: 'api',
      generation,
      infrastructure: 'current',
      namespace: 'ws',
      address: 'https://ws.caiso.com/sst/cmri',
      system,
      service: 'RetrieveMarketAwards',
      operation: 'retrieve',
      docAttach: false,
      decidedBy: 'service-name',
    },
    admission: null,
    inspection: null,
    forward: null,
    response: {
      status: refusal === null ? 200 : 500,
      format: 'upstream',
      refusal,
      detail: null,
      requestBytes: 0,
      responseBytes: 0,
      durationMs: 1,
      complete: true,
      defect: null,
    },
  };
}

const linesOf = (...records: EvidenceRecord[]) =>
  summaryLines(records.reduce(withRecord, emptySummary), 200).join('\n');

test('the summary counts calls, answers and refusals by reason', () => {
  const text = linesOf(
    record({}),
    record({ refusal: 'admission.acceptable_use' }),
    record({ refusal: 'admission.acceptable_use' }),
  );
  assert.match(text, /Calls 3 {3}answered 1 {3}refused 2/);
  assert.match(text, /Refusals {6}admission\.acceptable_use 2/);
});

test('a participant that called an old address is named with the time of its last such call', () => {
  const text = linesOf(
    record({ participant: 'bravo-municipal', generation: 'old' }),
    record({ participant: 'alpha-energy' }),
  );
  assert.match(text, /^bravo-municipal +0 +1 +0 {3}yes, last 14:00:05$/m);
  assert.match(text, /^alpha-energy +1 +0 +0 {3}no$/m);
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
