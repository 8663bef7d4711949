import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { EvidenceRecord } from '@headgate/contract';
import { runLine } from '../cli.fixture.ts';
import { evidenceRecord } from '../start/evidence-record.fixture.ts';
import { registerEvidence } from './evidence.ts';

/** What `--json` prints. */
interface Who {
  readonly read: Readonly<Record<string, number>>;
  readonly senders: readonly {
    readonly subject: string | null;
    readonly participant: string | null;
    readonly source: string | null;
    readonly calls: number;
    readonly lastSeen: string;
    readonly chunked: { readonly calls: number; readonly lastSeen: string | null };
    readonly uncompressed: { readonly calls: number; readonly largestBytes: number };
    readonly cookies: { readonly calls: number; readonly reused: number };
  }[];
}

const noon = Date.UTC(2024, 1, 21, 12);
const inspection = {
  checks: ['size'],
  uninspected: [],
  bodyBytesLimit: 1_048_576,
  payloadEncoding: null,
  username: null,
} as const;

interface Call {
  readonly subject?: string | null;
  readonly minute?: number;
  readonly listener?: Partial<EvidenceRecord['listener']>;
  readonly payloadEncoding?: NonNullable<EvidenceRecord['inspection']>['payloadEncoding'];
  readonly requestBytes?: number;
  readonly channel?: 'ui' | 'api';
}

function recordOf({ subject = 'CN=ALPHAx0001', minute = 0, ...call }: Call): EvidenceRecord {
  const record = evidenceRecord({});
  const { identity, route, listener, response } = record;
  return {
    ...record,
    listener: { ...listener, receivedMs: noon + minute * 60_000, ...call.listener },
    identity: identity && { ...identity, subject, participant: subject === null ? null : 'alpha' },
    route: route && { ...route, channel: call.channel ?? 'api' },
    inspection: { ...inspection, payloadEncoding: call.payloadEncoding ?? null },
    response: { ...response, requestBytes: call.requestBytes ?? 100 },
  };
}

const calls: readonly Call[] = [
  {},
  { minute: 1, listener: { framing: 'chunked' } },
  { minute: 2, listener: { framing: 'chunked' }, requestBytes: 50_000, payloadEncoding: 'gzip+base64' },
  { minute: 3, subject: 'CN=BETAx0002', requestBytes: 20_000 },
  { minute: 4, subject: 'CN=BETAx0002', requestBytes: 90_000, payloadEncoding: 'none' },
  { minute: 5, subject: 'CN=BETAx0002', requestBytes: 90_000, listener: { contentEncoding: 'gzip' } },
  { minute: 6, subject: null, listener: { source: '192.0.2.9', cookies: { count: 2, reused: 1 } } },
  { minute: 7, subject: 'CN=GAMMAx0003', channel: 'ui', listener: { cookies: { count: 9, reused: 9 } } },
];

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-evidence-'));
  const lines = calls.map((call) => `${JSON.stringify(recordOf(call))}\n`);
  await writeFile(join(folder, 'a.ndjson'), lines.slice(0, 4).join(''));
  await writeFile(join(folder, 'b.ndjson'), `{"gap":{}}\nnot JSON\n${lines.slice(4).join('')}{"cut":`);
  await writeFile(join(folder, 'node.lock'), '1');
});
after(() => rm(folder, { recursive: true }));

const run = (...args: readonly string[]) => runLine(['evidence', 'who', ...args], { more: [registerEvidence] });
const whoIn = async (...args: readonly string[]) => JSON.parse((await run(...args, '--json')).stdout) as Who;

test('every caller is listed where no way of sending is named, with all that was counted', async () => {
  const { read, senders } = await whoIn(folder);
  assert.deepEqual(read, { files: 2, records: 8, gaps: 1, unreadable: 1, uncounted: 0 });
  assert.deepEqual(
    senders.map(({ subject, calls: count }) => [subject, count]),
    [
      ['CN=ALPHAx0001', 3],
      ['CN=BETAx0002', 3],
      [null, 1],
      ['CN=GAMMAx0003', 1],
    ],
  );
});

test('who sends in chunks is told with how often and when last', async () => {
  const { senders } = await whoIn(folder, '--chunked');
  assert.deepEqual(
    senders.map(({ subject, participant, chunked }) => [subject, participant, chunked.calls, chunked.lastSeen]),
    [['CN=ALPHAx0001', 'alpha', 2, '2024-02-21T12:02:00.000Z']],
  );
});

test('a large body is uncompressed unless its encoding or its payload says otherwise', async () => {
  const { senders } = await whoIn(folder, '--uncompressed');
  assert.deepEqual(
    senders.map(({ subject, uncompressed }) => [subject, uncompressed.calls, uncompressed.largestBytes]),
    [['CN=BETAx0002', 2, 90_000]],
  );
  assert.equal((await whoIn(folder, '--uncompressed', '--from-bytes', '50000')).senders[0]?.uncompressed.calls, 1);
});

test('cookies of programs are told, those of a browser are not, and a caller without a certificate is its source', async () => {
  const { senders } = await whoIn(folder, '--cookies');
  assert.deepEqual(
    senders.map(({ subject, source, cookies }) => [subject, source, cookies.calls, cookies.reused]),
    [[null, '192.0.2.9', 1, 1]],
  );
});

test('its lines are printed as they are, but for one that is being written', async () => {
  const half = join(folder, 'half.ndjson');
  await writeFile(half, '{"a":1}\n{"gap":{}}\n{"b":');
  const { code, stdout } = await runLine(['evidence', 'lines', half], { more: [registerEvidence] });
  assert.deepEqual([code, stdout], [0, '{"a":1}\n{"gap":{}}\n']);
  await rm(half);
});

test('calls before a day are left out', async () => {
  assert.equal((await whoIn(folder, '--since', '2024-02-22')).senders.length, 0);
  assert.equal((await whoIn(folder, '--since', '2024-02-21')).senders.length, 4);
});

test('a person reads a table, and beside it what was read', async () => {
  const { code, stdout, stderr } = await run(folder, '--chunked', '--cookies');
  assert.equal(code, 0);
  const [headers, , ...rows] = stdout.trimEnd().split('\n');
  assert.match(headers ?? '', /^caller +participant +calls +chunked +with cookies +reused +last seen$/);
  assert.match(rows[0] ?? '', /^CN=ALPHAx0001 +alpha +3 +2 +0 +0 +2024-02-21T12:02:00Z$/);
  assert.match(rows[1] ?? '', /^\(no certificate\) 192\.0\.2\.9 +1 +0 +1 +1 +2024-02-21T12:06:00Z$/);
  assert.equal(stderr, '8 records in 2 files; 1 gap; 1 line that cannot be read\n');
  assert.equal((await run(join(folder, 'a.ndjson'), '--cookies')).stdout, 'nobody sent cookies from a program\n');
});

test('a record of a version that noted less is counted for what it says', async () => {
  const file = join(folder, 'old.ndjson');
  const { cookies: _cookies, contentEncoding: _encoding, ...listener } = recordOf({}).listener;
  await appendFile(file, `${JSON.stringify({ ...recordOf({}), listener, inspection: null })}\n`);
  const [sender] = (await whoIn(file)).senders;
  assert.deepEqual([sender?.calls, sender?.cookies.calls, sender?.uncompressed.calls], [1, 0, 0]);
  await rm(file);
});

test('a line without end is passed over, and the next one is read', async () => {
  const file = join(folder, 'long.ndjson');
  await writeFile(file, `${'x'.repeat(3 * 1_048_576)}\n${JSON.stringify(recordOf({}))}\n`);
  const { read } = await whoIn(file);
  assert.deepEqual([read.unreadable, read.records], [1, 1]);
  await rm(file);
});

test('a name that leads nowhere, a folder without evidence and a day that is none are refused each in its way', async () => {
  const nowhere = await run(join(folder, 'nowhere'));
  assert.equal(nowhere.code, 4);
  assert.match(nowhere.stderr, /there is no .*nowhere/);
  const empty = await mkdtemp(join(tmpdir(), 'headgate-evidence-'));
  assert.equal((await run(empty)).code, 4);
  await rm(empty, { recursive: true });
  assert.equal((await run(folder, '--since', 'monday')).code, 2);
  assert.equal((await run(folder, '--from-bytes', 'many')).code, 2);
});
