// Logs become records once, however often they are read, grow, are renamed or packed, and whenever a run is cut off.
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { compileCatalogue, type EvidenceRecord, loadCatalogueFolder, parseProvisioning } from '@headgate/contract';
import { caisoCatalogue } from '@headgate/testkit';
import { type ImportMemory, readMemory, writeMemory } from './files/import-memory.ts';
import { type BadLine, type ImportAsk, importLogs, StrictlyBad } from './import-logs.ts';
import { createLineReader, type LogFormat } from './logs/formats.ts';
import { participantsOf } from './records/participants.ts';
import { openRecordFile } from './records/record-sink.ts';
import { createRecords, type RecordOptions } from './records/to-record.ts';

const template = '$remote_addr [$time_iso8601] $host "$request" $status "$ssl_client_s_dn"';
const lineOf = (
  second: number,
  { host = 'ws.caiso.com', path = '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP', status = 200, subject = 'CN=A' } = {},
) =>
  `192.0.2.7 [2024-02-21T12:${String(Math.floor(second / 60) % 60).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}Z] ${host} "POST ${path} HTTP/1.1" ${status} "${subject}"`;
const textOf = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `${lineOf(from + at)}\n`).join('');

const loaded = await loadCatalogueFolder(caisoCatalogue);
assert.ok(loaded.ok);
const index = compileCatalogue(loaded.catalogue);
const known: RecordOptions = {
  index,
  participantOf: null,
  host: null,
  hostByListener: new Map(),
  infrastructure: null,
  environment: null,
};

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-import-logs-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

interface RunOptions extends Partial<Pick<ImportAsk, 'isStrict' | 'endsWhole' | 'progress' | 'onBad' | 'commitBytes'>> {
  /** What stands behind the usual template. */
  readonly more?: string;
  readonly records?: Partial<RecordOptions>;
  readonly zone?: string;
  readonly format?: LogFormat;
}

/** One run as the command does it: memory and records beside each other in the folder. */
async function run(
  folder: string,
  names: readonly string[],
  { records, more = '', zone = 'UTC', format = 'nginx-combined', ...rest }: RunOptions = {},
) {
  const memoryFile = join(folder, 'memory.json');
  const memory: ImportMemory = (await readMemory(memoryFile)) ?? {
    format: 1,
    reading: 'r',
    outputBytes: null,
    logs: [],
  };
  const sink = await openRecordFile(join(folder, 'out.ndjson'), memory.outputBytes ?? 0);
  const logs = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      const { size, mtimeMs } = await stat(file);
      const reader = () =>
        createLineReader({
          format,
          template: format === 'nginx-combined' ? `${template}${more}` : null,
          fields: new Map(),
          captured: [],
          zone,
          writtenMs: mtimeMs,
        });
      return { file, bytes: size, reader };
    }),
  );
  const reports = importLogs({
    logs,
    node: 'import:test',
    toRecord: createRecords({ ...known, ...records }),
    sink,
    memory,
    remember: (next) => writeMemory(memoryFile, next),
    onBad: () => undefined,
    isStrict: false,
    endsWhole: false,
    progress: () => undefined,
    ...rest,
  });
  try {
    return await reports;
  } finally {
    await sink.close();
  }
}

async function recordsIn(folder: string): Promise<readonly EvidenceRecord[]> {
  const text = await readFile(join(folder, 'out.ndjson'), 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as EvidenceRecord]));
}

const sequences = (records: readonly EvidenceRecord[]) => records.map(({ sequence }) => sequence);

test('a line becomes a record that is routed as a gateway routes, and says no more than the line', async (t) => {
  const folder = await folderOf(t);
  await writeFile(
    join(folder, 'a'),
    [
      lineOf(0),
      lineOf(1, { host: 'ws.prod.caiso.com', status: 429 }),
      lineOf(2, { host: 'elsewhere.example.org' }),
      lineOf(3, { path: '/sst/runtime.asvc/unheard' }),
      lineOf(4, { status: 503, subject: '-' }),
      lineOf(5, { status: 404 }),
      '',
    ].join('\n'),
  );
  const [report] = await run(folder, ['a']);
  const records = await recordsIn(folder);
  assert.deepEqual(
    [report?.records, report?.unrouted, report?.unroutedHosts],
    [6, 1, [{ host: 'elsewhere.example.org', calls: 1 }]],
  );
  const [first, second, third, fourth, fifth, sixth] = records;
  assert.deepEqual(first?.route, {
    environment: 'production',
    channel: 'api',
    generation: 'old',
    infrastructure: 'legacy',
    namespace: 'ws',
    address: 'https://ws.caiso.com/sst/cmri',
    system: 'CMRI',
    service: 'RetrieveMarketAwards',
    operation: 'retrieve',
    docAttach: false,
    decidedBy: 'service-name',
  });
  assert.deepEqual(
    [first.node, first.thread, first.identity?.verdict, first.identity?.subject],
    ['import:test', 0, 'accepted', 'CN=A'],
  );
  assert.deepEqual([first.listener.framing, first.inspection, first.forward], ['unknown', null, null]);
  assert.deepEqual([second?.route?.generation, second?.route?.infrastructure], ['new', 'current']);
  assert.deepEqual(
    [second?.admission?.admitted, second?.response.refusal, second?.response.status],
    [false, null, 429],
  );
  assert.deepEqual([third?.route, third?.admission], [null, null]);
  assert.deepEqual([fourth?.route?.system, fourth?.route?.service], ['undecided', null]);
  assert.deepEqual([fifth?.admission?.admitted, fifth?.response.status, fifth?.identity], [true, 503, null]);
  assert.deepEqual([sixth?.admission?.admitted, sixth?.response.status], [true, 404]);
});

test('whose certificate it is tells provisioning, by the subject alone where one participant has it', async (t) => {
  const folder = await folderOf(t);
  const credential = (more: string) => `      - { ${more}, environments: [production], rights: [] }\n`;
  const parsed = parseProvisioning(
    'p',
    `format: 1\nparticipants:\n  - id: alpha\n    name: Alpha\n    scids: []\n    credentials:\n${credential("subject: 'CN=A'")}${credential(`subject: 'CN=B', fingerprint: '${'ab'.repeat(32)}'`)}${credential(`subject: 'CN=C', fingerprint: '${'cd'.repeat(32)}'`)}  - id: beta\n    name: Beta\n    scids: []\n    credentials:\n${credential(`subject: 'CN=C', fingerprint: '${'ef'.repeat(32)}'`)}`,
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  await writeFile(
    join(folder, 'a'),
    ['CN=A', 'CN=B', 'CN=C', 'CN=D'].map((subject, at) => `${lineOf(at, { subject })}\n`).join(''),
  );
  await run(folder, ['a'], { records: { participantOf: participantsOf(parsed.provisioning) } });
  const holders = (await recordsIn(folder)).map(({ identity }) => identity?.participant);
  assert.deepEqual(holders, ['alpha', 'alpha', null, null]);

  const participantOf = participantsOf(parsed.provisioning);
  // Of a certificate that the log has whole its subject alone tells nothing: it is one that nobody enrolled.
  const holderOf = (fingerprint: string | null) =>
    participantOf({ verdict: 'accepted', subject: 'CN=B', issuer: null, serial: null, fingerprint, notAfter: null });
  assert.deepEqual(['ab'.repeat(32), 'ba'.repeat(32), `sha1:${'ba'.repeat(20)}`].map(holderOf), [
    'alpha',
    null,
    'alpha',
  ]);

  await writeFile(join(folder, 'b'), `${lineOf(9)} SUCCESS\n${lineOf(9)} FAILED:expired\n`);
  await run(folder, ['b'], { records: { participantOf }, more: ' $ssl_client_verify' });
  const judged = (await recordsIn(folder)).slice(4).map(({ identity }) => identity);
  assert.deepEqual(
    judged.map((identity) => [identity?.verdict === 'accepted', identity?.subject, identity?.participant]),
    [
      [true, 'CN=A', 'alpha'],
      [false, 'CN=A', null],
    ],
  );
});

test('a log is taken once: again, renamed, packed, or twice in one run', async (t) => {
  const folder = await folderOf(t);
  await writeFile(join(folder, 'a'), textOf(50));
  await run(folder, ['a', 'a']);
  await rename(join(folder, 'a'), join(folder, 'a.1'));
  await writeFile(join(folder, 'a.1.gz'), gzipSync(await readFile(join(folder, 'a.1'))));
  await writeFile(join(folder, 'a.1.zst'), zstdCompressSync(await readFile(join(folder, 'a.1'))));
  const reports = await run(folder, ['a.1', 'a.1.gz', 'a.1.zst']);
  assert.deepEqual(
    reports.map(({ records, known: before }) => [records, before]),
    [
      [0, 50],
      [0, 50],
      [0, 50],
    ],
  );
  assert.equal((await recordsIn(folder)).length, 50);
});

test('a log that grows goes on where it was, and one that was begun anew under its name is another', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'a');
  await writeFile(file, textOf(3));
  await run(folder, ['a']);
  await appendFile(file, textOf(2, 3) + lineOf(5).slice(0, 30));
  const [second] = await run(folder, ['a']);
  assert.deepEqual([second?.known, second?.records, second?.hasOpenLine], [3, 2, true]);
  await appendFile(file, `${lineOf(5).slice(30)}\n`);
  const [third] = await run(folder, ['a']);
  assert.deepEqual([third?.known, third?.records, third?.bad], [5, 1, 0]);
  assert.deepEqual(sequences(await recordsIn(folder)), [1, 2, 3, 4, 5, 6]);
  await writeFile(file, textOf(4, 100));
  const [fourth] = await run(folder, ['a']);
  assert.deepEqual([fourth?.known, fourth?.records], [0, 4]);
  const boots = new Set((await recordsIn(folder)).map(({ boot }) => boot));
  assert.equal(boots.size, 2);
});

test('of two logs that begin alike each goes on from where it was itself', async (t) => {
  const folder = await folderOf(t);
  await writeFile(join(folder, 'long'), textOf(3));
  await run(folder, ['long']);
  await writeFile(join(folder, 'short'), textOf(1));
  for (let turn = 0; turn < 3; turn += 1) {
    const reports = await run(folder, ['short', 'long', 'long']);
    assert.deepEqual(
      reports.map(({ known: before, records }) => before + records),
      [1, 3, 3],
    );
  }
  assert.equal((await recordsIn(folder)).length, 4);
});

test('calls came from the earliest to the latest of them, in whatever order they were logged', async (t) => {
  const folder = await folderOf(t);
  await writeFile(join(folder, 'a'), [3, 1, 5, 2].map((second) => `${lineOf(second)}\n`).join(''));
  const [report] = await run(folder, ['a']);
  const atMs = (second: number) => Date.UTC(2024, 1, 21, 12, 0, second);
  assert.deepEqual([report?.firstMs, report?.lastMs], [atMs(1), atMs(5)]);
});

test('of a packed log that was cut what is whole is taken, and its end once it is there', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'a.gz');
  const packed = gzipSync(Buffer.from(textOf(10_000) + lineOf(10_000)));
  await writeFile(file, packed.subarray(0, -20));
  const [cut] = await run(folder, ['a.gz']);
  assert.deepEqual([cut?.damage, cut?.bad], ['it ends in the middle', 0]);
  assert.ok((cut?.records ?? 0) > 0);
  await writeFile(file, packed);
  const [whole] = await run(folder, ['a.gz']);
  assert.deepEqual([whole?.damage, whole?.bad, whole?.hasOpenLine], [null, 0, false]);
  assert.equal((whole?.known ?? 0) + (whole?.records ?? 0), 10_001);
  assert.equal((await recordsIn(folder)).length, 10_001);
});

test('what a run wrote and did not make safe is gone after the next one, though that has nothing to write', async (t) => {
  const folder = await folderOf(t);
  await writeFile(join(folder, 'a'), textOf(3));
  await run(folder, ['a']);
  await appendFile(join(folder, 'out.ndjson'), '{"schemaVersion":1,"node":"import:te');
  await run(folder, ['a']);
  assert.equal((await recordsIn(folder)).length, 3);
});

test('a log that is shorter than what was taken of it is left alone, and told', async (t) => {
  const folder = await folderOf(t);
  await writeFile(join(folder, 'a'), textOf(4_000));
  await run(folder, ['a']);
  await writeFile(join(folder, 'a'), textOf(2_000));
  const [report] = await run(folder, ['a']);
  assert.deepEqual([report?.records, report?.isShorter, report?.known], [0, true, 4_000]);
});

test('a session that began in one run is told in the next with what the first line of it said', async (t) => {
  const folder = await folderOf(t);
  const line = (id: string, words: string) =>
    `Feb 21 12:00:00 bigip1 notice tmm[1]: ${id}:5: /Common/portal:Common:1a2b3c4d: ${words}\n`;
  const file = join(folder, 'a');
  await writeFile(
    file,
    line(
      '01490500',
      'New session from client IP 192.0.2.8 (ST=/CC=/C=) at VIP 198.51.100.1 Listener /Common/vs_portal (Reputation=Unknown)',
    ),
  );
  const options = {
    format: 'bigip-apm' as const,
    records: { hostByListener: new Map([['/Common/vs_portal', 'cmri.caiso.com']]) },
  };
  assert.equal((await run(folder, ['a'], options))[0]?.records, 0);
  await appendFile(file, line('01490102', 'Access policy result: Logon_Deny'));
  assert.equal((await run(folder, ['a'], options))[0]?.records, 1);
  const [record] = await recordsIn(folder);
  assert.deepEqual(
    [record?.listener.source, record?.sequence, record?.route?.system, record?.route?.channel],
    ['192.0.2.8', 2, 'CMRI', 'ui'],
  );
  assert.equal(record?.response.detail, 'access policy result Logon_Deny');
});

test('a file of one line without a line break is taken where it ends whole, and once', async (t) => {
  const folder = await folderOf(t);
  await writeFile(join(folder, 'a'), lineOf(0));
  const [left] = await run(folder, ['a']);
  assert.equal(left?.records, 0);
  await run(folder, ['a'], { endsWhole: true });
  await run(folder, ['a'], { endsWhole: true });
  assert.equal((await recordsIn(folder)).length, 1);
});

test('bad lines are counted and told with their numbers, and strictly the first ends the run with nothing half taken', async (t) => {
  const folder = await folderOf(t);
  await writeFile(
    join(folder, 'a'),
    `${lineOf(0)}\nrubbish \u001b[2J\n${lineOf(1)}\n${'x'.repeat(2_000_000)}\n${lineOf(2)}\n`,
  );
  await assert.rejects(
    run(folder, ['a'], { isStrict: true }),
    (fault: unknown) => fault instanceof StrictlyBad && fault.line.line === 2,
  );
  const bad: BadLine[] = [];
  const [report] = await run(folder, ['a'], { onBad: (line) => bad.push(line) });
  assert.deepEqual(
    bad.map(({ line, reason }) => [line, reason]),
    [
      [2, 'not of the form of the template'],
      [4, 'longer than 1,048,576 bytes'],
    ],
  );
  assert.deepEqual([report?.lines, report?.records, report?.bad], [5, 3, 2]);
  assert.deepEqual(sequences(await recordsIn(folder)), [1, 3, 5]);
});

test('a run that is cut off anywhere goes on, and leaves what one run would have left', async (t) => {
  const folder = await folderOf(t);
  const count = 20_000;
  const commitBytes = 500_000;
  await writeFile(join(folder, 'a'), textOf(count));
  const cut = new Error('cut off');
  for (const piecesUntil of [2, 5, 3]) {
    let pieces = 0;
    await assert.rejects(
      run(folder, ['a'], {
        commitBytes,
        progress: () => {
          pieces += 1;
          if (pieces === piecesUntil) throw cut;
        },
      }).catch(async (fault: unknown) => {
        // As a process that is killed in the middle of a line leaves it.
        await appendFile(join(folder, 'out.ndjson'), '{"schemaVersion":1,"node":"import:te');
        throw fault;
      }),
      cut,
    );
  }
  const before = await readMemory(join(folder, 'memory.json'));
  assert.ok((before?.logs[0]?.lines ?? 0) > 0, 'something was safe before');
  const [report] = await run(folder, ['a'], { commitBytes });
  assert.equal((report?.known ?? 0) + (report?.records ?? 0), count);
  const records = await recordsIn(folder);
  assert.ok(sequences(records).every((sequence, at) => sequence === at + 1));
  assert.equal(records.length, count);
});

test('calls of other environments are left out where one is asked for', async (t) => {
  const folder = await folderOf(t);
  await writeFile(join(folder, 'a'), `${lineOf(0)}\n${lineOf(1, { host: 'mapstage-ws.caiso.com' })}\n`);
  const [report] = await run(folder, ['a'], { records: { environment: 'production' } });
  assert.deepEqual([report?.records, report?.leftOut], [1, 1]);
});
