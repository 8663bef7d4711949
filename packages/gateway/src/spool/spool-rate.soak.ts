// What a record costs the thread that serves, and how many a second the spool keeps: beside files, on this machine's disk.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setInterval as every } from 'node:timers/promises';
import type { EvidenceSink, Likeness } from '@headgate/contract';
import { openNdjsonSink } from '../evidence/ndjson-sink.ts';
import { openRingSink } from '../evidence/ring-sink.ts';
import { startSpool } from './running-spool.ts';

type Draft = Parameters<EvidenceSink['append']>[0];

const secondsEach = 10;
const rates = [5_000, 20_000] as const;
const ringBytes = 33_554_432;

/** A retrieve as most are: what calls of one caller share is the same object again. */
function draftsOf(count: number): readonly Draft[] {
  const identity: Draft['identity'] = {
    subject: 'CN=ALPHAx0001,OU=people,O=CAISO,C=US',
    issuer: 'CN=Headgate Issuing,O=Headgate,C=US',
    serial: '5BC23497AABBCCDD',
    fingerprint: '464a6acc'.repeat(8),
    notAfter: '2030-02-20T12:00:00.000Z',
    issuedBy: '90c1d2e7'.repeat(8),
    participant: 'alpha',
    verdict: 'accepted',
  };
  const route: Draft['route'] = {
    environment: 'production',
    channel: 'api',
    generation: 'new',
    infrastructure: 'current',
    namespace: 'ws',
    address: 'https://ws.prod.caiso.com/sst/cmri',
    system: 'CMRI',
    service: 'RetrieveMarketAwards',
    operation: 'retrieve',
    docAttach: false,
    decidedBy: 'service-name',
  };
  return Array.from(
    { length: count },
    (_, at): Draft => ({
      exchange: `e7dcfbe3-c799-4ea1-8f76-${String(at).padStart(12, '0')}`,
      snapshot: 1,
      listener: {
        listener: 'secure',
        source: '192.0.2.7',
        sourcePort: 42_588,
        receivedMs: 1_708_516_800_000 + at,
        serverName: 'ws.prod.caiso.com',
        tlsVersion: 'TLSv1.3',
        tlsResumed: false,
        method: 'POST',
        host: 'ws.prod.caiso.com',
        path: '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP',
        contentType: 'text/xml',
        framing: 'content-length',
        contentEncoding: null,
        userAgent: 'headgate-client/1.0',
        cookies: null,
      },
      identity,
      route,
      admission: null,
      inspection: null,
      forward: {
        upstream: '*/*/*',
        endpoint: 'http://127.0.0.1:9000',
        attempts: 1,
        retryWithheld: false,
        forwarded: 'yes',
        reusedConnection: true,
        status: 200,
        firstByteMs: at % 30,
      },
      response: {
        status: 200,
        format: 'upstream',
        refusal: null,
        detail: null,
        requestBytes: 163 + (at % 9),
        responseBytes: 1_203,
        durationMs: at % 40,
        complete: true,
        defect: null,
      },
    }),
  );
}

const drafts = draftsOf(2_000);

/** Appends at a rate; how many, and what each cost the caller in microseconds. */
async function appendAt(sink: EvidenceSink, perSecond: number): Promise<{ records: number; each: number }> {
  const likeness: Likeness = { caller: {}, head: {} };
  const startMs = performance.now();
  let records = 0;
  let spentMs = 0;
  for await (const _ of every(5)) {
    const passedMs = performance.now() - startMs;
    if (passedMs > secondsEach * 1_000) break;
    const due = Math.min(drafts.length, Math.floor((passedMs / 1_000) * perSecond) - records);
    const beganMs = performance.now();
    for (const draft of drafts.slice(0, due)) sink.append(draft, likeness);
    spentMs += performance.now() - beganMs;
    records += due;
  }
  return { records, each: (spentMs / records) * 1_000 };
}

for (const perSecond of rates)
  test(`of ${perSecond} records a second each is kept in the spool; what one costs its thread, here and in a file, is told`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'headgate-rate-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const file = openNdjsonSink({ folder, node: 'f', boot: 'f', clock: Date.now });
    const inFile = await appendAt(file, perSecond);
    await file.close();
    const name = join(folder, 'n.spool.sqlite');
    const spool = await startSpool({
      file: name,
      node: 'n',
      bounds: { keepHours: 720, keepBytes: 2 ** 40, unsentBytesMax: 2 ** 40, sends: false },
      control: null,
      gaps: [],
      ringBytes,
      notice: (notice) => t.diagnostic(JSON.stringify(notice)),
    });
    const ring = openRingSink({ ring: spool.ring('r', 0), node: 'n', boot: 'r', thread: 0 });
    const inRing = await appendAt(ring, perSecond);
    await spool.close();
    const database = new DatabaseSync(name, { readOnly: true });
    const kept = database
      .prepare(
        "SELECT count(*) pieces, sum(last - first + 1) records, sum(bytes) bytes, sum(packed) packed FROM pieces WHERE kind = 'records'",
      )
      .get() as Record<'pieces' | 'records' | 'bytes' | 'packed', number>;
    database.close();
    t.diagnostic(`file: ${inFile.records} records, ${inFile.each.toFixed(2)} µs each`);
    t.diagnostic(`ring: ${inRing.records} records, ${inRing.each.toFixed(2)} µs each; ${JSON.stringify(kept)}`);
    assert.equal(kept.records, inRing.records);
  });
