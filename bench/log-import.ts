// How fast logs become records: generated lines of each format, through the real reader, the routes of the catalogue and into a file of
// evidence. `node bench/log-import.ts [LINES]`; pin it to one core to compare (`taskset -c 0`). On a busy machine the second of processor tells.
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { compileCatalogue, loadCatalogueFolder } from '@headgate/contract';
import { createLineReader, createRecords, importLogs, type LogFormat, openRecordFile } from '@headgate/imports';
import { seededRandom } from '@headgate/testkit';

const root = fileURLToPath(new URL('..', import.meta.url));
const lines = Number(process.argv[2] ?? 300_000);
const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-import-'));
const loaded = await loadCatalogueFolder(join(root, 'catalogues', 'caiso'));
if (!loaded.ok) throw new Error('the catalogue cannot be read');
const index = compileCatalogue(loaded.catalogue);

const nginx =
  '$remote_addr $remote_port [$msec] $host "$request" $status $body_bytes_sent $request_length $request_time "$http_user_agent" $ssl_protocol "$ssl_client_s_dn" $ssl_client_fingerprint $ssl_client_verify';
const cases: readonly {
  readonly name: string;
  readonly format: LogFormat;
  readonly template: string | null;
  readonly packed?: true;
}[] = [
  { name: 'nginx by a template', format: 'nginx-combined', template: nginx },
  { name: 'nginx combined', format: 'nginx-combined', template: null },
  { name: 'nginx combined, gzip', format: 'nginx-combined', template: null, packed: true },
  { name: 'nginx JSON', format: 'nginx-json', template: null },
  { name: 'HAProxy httplog', format: 'haproxy', template: null },
  { name: 'AWS ALB', format: 'alb', template: null },
  { name: 'BIG-IP request log', format: 'bigip-request', template: null },
];

const services = [
  'cmri/RetrieveMarketAwards_CMRIv4_AP',
  'sibr/SubmitRawBidSet_SIBRv3_AP',
  'drrs/RetrieveDRLocations_DRRSv1_AP',
];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

for (const each of cases) {
  const file = join(folder, 'log');
  await write(file, each);
  const { size } = await stat(file);
  const out = join(folder, `${each.format}-${each.name.length}.ndjson`);
  const sink = await openRecordFile(out, 0);
  const beganMs = performance.now();
  const beganCpu = process.cpuUsage();
  const [report] = await importLogs({
    logs: [
      {
        file,
        bytes: size,
        reader: () =>
          createLineReader({
            format: each.format,
            template: each.template,
            fields: new Map(),
            captured: ['host', 'user-agent'],
            zone: 'UTC',
            writtenMs: Date.UTC(2024, 2, 1),
          }),
      },
    ],
    node: 'import:bench',
    toRecord: createRecords({
      index,
      participantOf: null,
      host: 'ws.caiso.com',
      hostByListener: new Map(),
      infrastructure: null,
      environment: null,
    }),
    sink,
    memory: { format: 1, reading: '', outputBytes: 0, logs: [] },
    remember: () => Promise.resolve(),
    onBad: (bad) => process.stderr.write(`${bad.reason}\n`),
    isStrict: true,
    endsWhole: false,
    progress: () => undefined,
  });
  await sink.close();
  const seconds = (performance.now() - beganMs) / 1_000;
  const { user, system } = process.cpuUsage(beganCpu);
  const cpuSeconds = (user + system) / 1e6;
  if (report?.records !== lines || report.unrouted > 0) throw new Error(`${each.name}: ${JSON.stringify(report)}`);
  const perSecond = (of: number) =>
    Math.round(lines / of)
      .toLocaleString('en-US')
      .padStart(9);
  const peak = Math.round(process.resourceUsage().maxRSS / 1_024);
  process.stdout.write(
    `${each.name.padEnd(22)}${perSecond(seconds)} lines/s, ${perSecond(cpuSeconds)} per second of processor, ${(size / cpuSeconds / 1e6).toFixed(0).padStart(3)} MB/s of log; ${peak} MiB at most so far\n`,
  );
  await rm(out);
}
await rm(folder, { recursive: true });

/** Writes the lines a piece at a time; packed ones as members of their own, as logs that were joined are. */
async function write(file: string, { format, template, packed }: (typeof cases)[number]): Promise<void> {
  const random = seededRandom(7);
  const handle = await open(file, 'w');
  for (let from = 0; from < lines; from += 10_000) {
    const count = Math.min(10_000, lines - from);
    const text = Array.from({ length: count }, (_, at) => `${lineOf(format, template, from + at, random)}\n`).join('');
    await handle.writeFile(packed === true ? gzipSync(text, { level: 1 }) : text);
  }
  await handle.close();
}

function lineOf(format: LogFormat, template: string | null, at: number, random: () => number): string {
  const atMs = Date.UTC(2024, 1, 21) + at * 40;
  const date = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const ncsa = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}:${date.toISOString().slice(11, 19)}`;
  const party = Math.floor(random() * 300);
  const source = `198.51.100.${party % 250}`;
  const port = 1_024 + Math.floor(random() * 60_000);
  const path = `/sst/${services[Math.floor(random() * services.length)]}`;
  const bytes = 500 + Math.floor(random() * 60_000);
  const took = (random() * 2).toFixed(3);
  const agent = 'Apache-HttpClient/4.5.14 (Java/17.0.9)';
  const subject = `CN=PARTY${party}x0001,OU=people,O=EXAMPLE,C=US`;
  const request = `POST ${path} HTTP/1.1`;
  const iso = date.toISOString();
  switch (format) {
    case 'nginx-json':
      return JSON.stringify({
        remote_addr: source,
        time_iso8601: iso,
        host: 'ws.caiso.com',
        request,
        status: 200,
        body_bytes_sent: bytes,
        request_time: Number(took),
        http_user_agent: agent,
        ssl_client_s_dn: subject,
      });
    case 'haproxy':
      return `${source}:${port} [${ncsa}.${String(atMs % 1_000).padStart(3, '0')}] fe_ws~ be_ws/app1 0/0/1/120/121 200 ${bytes} - - ---- 12/8/3/1/0 0/0 {ws.caiso.com|${agent}} {} "${request}"`;
    case 'alb':
      return `https ${iso.slice(0, -1)}123Z app/market/50dc6c495c0c9188 ${source}:${port} 10.0.0.1:80 0.000 ${took} 0.000 200 200 ${bytes} 4096 "POST https://ws.caiso.com:443${path} HTTP/1.1" "${agent}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/ws/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "ws.caiso.com" "arn:aws:acm:us-west-2:123456789012:certificate/12345678" 0 ${iso.slice(0, -1)}123Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"`;
    case 'bigip-request':
      return `${source} ${port} [${ncsa} +0000] /Common/vs_ws_443 443 "ws.caiso.com" "${request}" 200 ${bytes} 121 10.20.0.11:8443 "1200" "" "${agent}"`;
    default:
      return template === null
        ? `${source} - - [${ncsa} +0000] "${request}" 200 ${bytes} "-" "${agent}"`
        : `${source} ${port} [${(atMs / 1_000).toFixed(3)}] ws.caiso.com "${request}" 200 ${bytes} 1200 ${took} "${agent}" TLSv1.3 "${subject}" ${two(party % 100).repeat(20)} SUCCESS`;
  }
}
