import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EvidenceRecord, Refusal } from '@headgate/contract';
import { answerBroken } from './broken-request.ts';
import type { ListenerOptions } from './listener-options.ts';

const connection = {
  listener: 'secure',
  secure: true,
  source: '192.0.2.7',
  sourcePort: 40_000,
  balanced: false,
  hasServed: false,
  serverName: null,
  tlsVersion: null,
  tlsResumed: false,
  peerCertificate: null,
};

for (const [caller, isThere] of [
  ['that reads it', true],
  ['that is gone', false],
] as const)
  test(`the record of a refusal to a caller ${caller} says ${isThere ? 'that' : 'that not'} all of it was sent`, () => {
    const records: Pick<EvidenceRecord, 'response'>[] = [];
    // All that it asks of a listener.
    const options = {
      name: 'secure',
      newId: () => 'exchange',
      clock: () => 0,
      serving: () => ({ snapshot: { number: 1 }, signsOf: () => ({}) }),
      evidence: { append: (record: EvidenceRecord) => records.push(record) },
    } as unknown as ListenerOptions;
    const refusal = new Refusal('listener.malformed_request', { found: 'no Host field' });
    answerBroken({ connection, refusal, write: () => isThere }, options);
    assert.equal(records.length, 1);
    assert.equal(records[0]?.response.complete, isThere);
  });
