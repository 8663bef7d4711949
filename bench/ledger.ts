// What the ledger takes in and how fast it answers, through control as it is run: records a second with the CPU they cost, and every
// question over a made-up year of 1,000 participants. `node bench/ledger.ts [embedded|postgresql] [RECORDS] [--json FILE]
// [--without-year]`.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { zstdCompressSync } from 'node:zlib';
import { openStore } from '@headgate/control';
import { createTestAuthority } from '@headgate/pki';
import { evidenceOfCall, seededRandom, startPostgres } from '@headgate/testkit';
import { fillYear } from './ledger-year.ts';
import { describeMachine } from './machine.ts';
import { createProgress } from './progress.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const participants = 1_000;
const nodes = 4;
const linesPerBatch = 500;
const runs = 30;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, 'without-year': { type: 'boolean' } },
});
const kind = positionals[0] === 'postgresql' ? 'postgresql' : 'embedded';
const records = Number(positionals[1] ?? 100_000);

const gatewayIdentities: { cert: string; key: string }[] = [];
const gatewayAgents = new Map<number, Agent>();
const progress = createProgress(process.stderr, 13);
const base = await mkdtemp(join(tmpdir(), 'headgate-bench-ledger-'));
const postgres = kind === 'postgresql' ? await startPostgres() : null;
const url =
  postgres === null
    ? null
    : `postgresql://${postgres.user}@localhost/${postgres.database}?host=${encodeURIComponent(postgres.host)}`;
try {
  await main();
} finally {
  await postgres?.close();
  await rm(base, { recursive: true, force: true });
}

async function main(): Promise<void> {
  progress.step(`${kind}: making a year of ${participants.toLocaleString('en-US')} participants`);
  const store = await openStore({ folder: join(base, 'state'), url });
  const rows = values['without-year'] === true ? null : await fillYear(store.db, participants, Date.now());
  await store.close();
  const identity = await writeConfiguration();
  const batches = makeBatches();
  const control = await startControl();
  const agent = new Agent({ ...identity, keepAlive: true, rejectUnauthorized: false });
  const ask = (path: string, body?: Uint8Array, node = 0) => answered(agent, control.port, path, body, node);
  try {
    progress.step(`${kind}: sending ${records.toLocaleString('en-US')} records`);
    const ingest = await measureIngest(control.process, ask, batches);
    const questions = rows === null ? [] : await measureQuestions(ask, batches);
    const machine = describeMachine([], root);
    const report = { machine, kind, year: rows, ingest, questions };
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
    progress.end();
    tell(report);
  } finally {
    agent.destroy();
    control.process.kill('SIGTERM');
    await once(control.process, 'exit');
  }
}

interface Batch {
  readonly node: number;
  readonly body: Buffer;
  /** One of its exchanges. */
  readonly exchange: string;
}

type Ask = (path: string, body?: Uint8Array, node?: number) => Promise<number>;

/** Records of the last hour, of every participant in turn, as four gateways send them. */
function makeBatches(): readonly Batch[] {
  const random = seededRandom(3);
  const startMs = Date.now() - 3_600_000;
  const sequences = Array.from({ length: nodes }, () => 0);
  return Array.from({ length: Math.ceil(records / linesPerBatch) }, (_, at) => {
    const node = at % nodes;
    let exchange = '';
    const lines = Array.from({ length: linesPerBatch }, () => {
      sequences[node] = (sequences[node] ?? 0) + 1;
      const party = Math.floor(random() * participants);
      const old = random() < 0.3;
      const call = {
        atMs: startMs + Math.floor(random() * 3_600_000),
        participant: `party-${party}`,
        credential: `${party}`.padStart(64, 'c'),
        subject: `CN=PARTY${party}x0001,OU=people,O=EXAMPLE,C=US`,
        source: `198.51.${party % 100}.${1 + (party % 250)}`,
        scid: '',
        system: 'CMRI',
        service:
          ['RetrieveMarketAwards', 'RetrieveSchedulePrices', 'RetrieveDayAheadPrices'][Math.floor(random() * 3)] ?? '',
        operation: 'retrieve',
        durationMs: Math.floor(random() * 400),
      } as const;
      exchange = randomUUID();
      const record = evidenceOfCall(call, sequences[node] ?? 0, random() > 0.05);
      const route = {
        ...record.route,
        ...(old ? { generation: 'old', address: 'https://ws.caiso.com/sst/cmri' } : {}),
      };
      return JSON.stringify({ ...record, node: `gateway-${node + 1}`, exchange, route });
    });
    return { node, exchange, body: zstdCompressSync(Buffer.from(`${lines.join('\n')}\n`)) };
  });
}

async function writeConfiguration() {
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const server = await authority.serverChain('current', ['localhost', '127.0.0.1']);
  const user = await authority.user('current', { name: 'BENCHx0001', organisation: 'Bench', keyType: 'ec-p256' });
  const { anchorsPem, intermediatesPem } = authority.trustBundlePem('current', 'user');
  const gateways: { cert: string; key: string }[] = [];
  const prints: string[] = [];
  for (let node = 1; node <= nodes; node += 1) {
    const gateway = await authority.user('current', {
      name: `GATEx000${node}`,
      organisation: 'Bench',
      keyType: 'ec-p256',
    });
    gateways.push({ cert: gateway.certificatePem, key: gateway.keyPem });
    prints.push(gateway.fingerprint256);
  }
  gatewayIdentities.push(...gateways);
  const config = {
    listen: { port: 0 },
    tls: { certificate: 'control.pem', key: 'control.key' },
    trust: { anchors: 'anchors.pem', intermediates: 'intermediates.pem' },
    store: { folder: 'state' },
    accounts: [{ name: 'desk', roles: ['operator'], fingerprints: [user.fingerprint256] }],
    nodes: prints.map((print, at) => ({ name: `gateway-${at + 1}`, fingerprints: [print] })),
  };
  const files = {
    'control.pem': server.certificatePem,
    'control.key': server.keyPem,
    'anchors.pem': anchorsPem,
    'intermediates.pem': intermediatesPem,
    'control.yaml': JSON.stringify(config),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(base, name), text, { mode: 0o600 });
  return { cert: user.certificatePem, key: user.keyPem };
}

async function startControl(): Promise<{ process: ChildProcess; port: number }> {
  const env = { ...process.env };
  delete env.DATABASE_URL;
  const child = spawn(
    process.execPath,
    [join(root, 'packages/cli/src/main.ts'), 'control', '--config', join(base, 'control.yaml')],
    { stdio: ['ignore', 'pipe', 'inherit'], env: url === null ? env : { ...env, DATABASE_URL: url } },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^listening on .*:(\d+)$/.exec(line)?.[1];
    if (port !== undefined) {
      child.stdout.resume();
      return { process: child, port: Number(port) };
    }
  }
  throw new Error('control did not start');
}

/** How long an answer took, in milliseconds. Anything but 200 is an error, but for 503: then it is sent again. */
async function answered(
  agent: Agent,
  port: number,
  path: string,
  body: Uint8Array | undefined,
  node: number,
): Promise<number> {
  let by = agent;
  if (body !== undefined) {
    by =
      gatewayAgents.get(node) ?? new Agent({ ...gatewayIdentities[node], keepAlive: true, rejectUnauthorized: false });
    gatewayAgents.set(node, by);
  }
  const beganMs = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const headers = body === undefined ? {} : { 'content-type': 'application/x-ndjson', 'content-encoding': 'zstd' };
  request(
    { host: '127.0.0.1', port, agent: by, path, method: body === undefined ? 'GET' : 'POST', headers },
    (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        if (text.length < 500) text += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    },
  )
    .on('error', reject)
    .end(body);
  const { status, text } = await promise;
  if (status === 503) return answered(agent, port, path, body, node);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return performance.now() - beganMs;
}

/** Seconds of CPU that a process has used, threads and all. */
async function cpuSeconds({ pid }: ChildProcess): Promise<number> {
  const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(stat[11]) + Number(stat[12])) / 100;
}

async function measureIngest(control: ChildProcess, ask: Ask, batches: readonly Batch[]) {
  const cpuBefore = await cpuSeconds(control);
  const beganMs = performance.now();
  const waits: number[] = [];
  // Each gateway sends the next batch when the one before is acknowledged.
  const send = async (node: number): Promise<void> => {
    for (const batch of batches)
      if (batch.node === node) waits.push(await ask(`/v1/nodes/gateway-${node + 1}/records`, batch.body, node));
  };
  const asked: number[] = [];
  const sending = Promise.all(Array.from({ length: nodes }, (_, node) => send(node)));
  const asking = askMeanwhile(ask, asked, sending);
  await sending;
  const seconds = (performance.now() - beganMs) / 1_000;
  const cpu = (await cpuSeconds(control)) - cpuBefore;
  const sent = batches.length * linesPerBatch;
  await asking;
  const rss = Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${control.pid}/status`, 'utf8'))?.[1] ?? 0);
  return {
    records: sent,
    seconds: round(seconds),
    recordsPerSecond: Math.round(sent / seconds),
    cpuSecondsPer10000: round((cpu / sent) * 10_000, 3),
    acknowledgedMs: spread(waits),
    askedMeanwhileMs: spread(asked),
    memoryMiB: Math.round(rss / 1_024),
  };
}

/** What somebody waits who asks ten times a second while records come in. */
async function askMeanwhile(ask: Ask, asked: number[], sending: Promise<unknown>): Promise<void> {
  const since = new Date(Date.now() - 30 * 86_400_000).toISOString();
  for (let isOver = false; !isOver; ) {
    asked.push(await ask(`/v1/evidence/old-addresses?since=${since}`));
    isOver = await Promise.race([sending.then(() => true), pause(100).then(() => false)]);
  }
}

async function measureQuestions(ask: Ask, batches: readonly Batch[]) {
  const day = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString();
  const exchange = () => batches[Math.floor(Math.random() * batches.length)]?.exchange ?? '';
  const questions: readonly (readonly [string, () => string])[] = [
    ['old addresses', () => '/v1/evidence/old-addresses'],
    ['old addresses, last 30 days', () => `/v1/evidence/old-addresses?since=${day(30)}`],
    [
      'old addresses, 7 months that begin and end within one',
      () => `/v1/evidence/old-addresses?since=${day(260)}&until=${day(45)}`,
    ],
    ['never on new', () => '/v1/evidence/never-on-new'],
    ['never on new, as of 100 days ago', () => `/v1/evidence/never-on-new?asOf=${day(100)}`],
    ['senders chunked and unencoded', () => '/v1/evidence/senders?ways=chunked,unencoded'],
    ['senders, last 30 days', () => `/v1/evidence/senders?ways=chunked&since=${day(30)}`],
    ['refusals by caller, the year', () => '/v1/evidence/refusals'],
    ['refusals by code, last 30 days', () => `/v1/evidence/refusals?by=code&since=${day(30)}`],
    ['one participant, the year', () => '/v1/participants/party-77/evidence'],
    ['one exchange', () => `/v1/exchanges/${exchange()}`],
  ];
  const found = [];
  for (const [name, path] of questions) {
    progress.step(`${kind}: ${name}`);
    await ask(path()); // What is read for the first time is read from disk.
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) times.push(await ask(path()));
    found.push({ name, ms: spread(times) });
  }
  return found;
}

function spread(times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { median: at(0.5), p99: at(0.99) };
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

function tell({
  ingest,
  questions,
  year,
}: {
  ingest: Awaited<ReturnType<typeof measureIngest>>;
  questions: Awaited<ReturnType<typeof measureQuestions>>;
  year: object | null;
}): void {
  const lines = [
    `${kind}: ${ingest.records.toLocaleString('en-US')} records in ${ingest.seconds} s: ${ingest.recordsPerSecond.toLocaleString('en-US')}/s, ${ingest.cpuSecondsPer10000} s of CPU per 10,000, acknowledged after ${ingest.acknowledgedMs.median} ms (p99 ${ingest.acknowledgedMs.p99}), a question meanwhile answered after ${ingest.askedMeanwhileMs.median} ms (p99 ${ingest.askedMeanwhileMs.p99}), ${ingest.memoryMiB} MiB at most`,
    `year: ${JSON.stringify(year)}`,
    'question                                              median ms   p99 ms',
    ...questions.map(
      ({ name, ms }) => `${name.padEnd(54)}${String(ms.median).padStart(8)}${String(ms.p99).padStart(9)}`,
    ),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
