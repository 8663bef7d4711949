import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  arrivalLine,
  createOracle,
  evidenceOfCall,
  type GeneratedCall,
  generateMonth,
  type OracleRule,
} from '@headgate/testkit';
import { runLine, workspaceRoot } from '../cli.fixture.ts';
import { exitCodes } from '../exit-codes.ts';
import { registerPolicy } from './policy.ts';

/** What `--json` prints, as far as it is looked at. */
interface Printed {
  readonly arrivals: number;
  readonly warmUp: number;
  readonly newlyRefused: number;
  readonly newlyAdmitted: number;
  readonly passed: boolean;
  readonly read: Readonly<Record<string, unknown>> & {
    readonly late: number;
    readonly lateMsMax: number;
    readonly arrivals: number;
  };
  readonly recorded: { readonly told: number; readonly alike: number };
  readonly byCaller: readonly Flips<'caller'>[];
  readonly bySystem: readonly Flips<'system'>[];
  readonly byRule: readonly Flips<'rule'>[];
  readonly byHour: readonly {
    readonly hourMs: number;
    readonly newlyRefused: number;
    readonly newlyAdmitted: number;
  }[];
}

type Flips<Name extends string> = Readonly<Record<Name, string>> & {
  readonly newlyRefused: number;
  readonly newlyAdmitted: number;
};

const startMs = Date.UTC(2024, 1, 1);
const month = { seed: 20_240_221, startMs, days: 29, participants: 6, edgeMinutes: 15 };
const policyInForce = join(workspaceRoot, 'catalogues', 'caiso', 'policy.yaml');
let folder = '';
let candidate = '';
let calls: readonly GeneratedCall[] = [];

const run = (...args: readonly string[]) =>
  runLine(['policy', 'backtest', '--policy', candidate, ...args], { more: [registerPolicy] });

async function json(...args: readonly string[]): Promise<Printed> {
  const { code, stdout, stderr } = await run('--json', ...args);
  assert.ok(code === 0 || code === exitCodes.tooManyDenials, stderr);
  return JSON.parse(stdout) as Printed;
}

/** The SCID question: one call in five seconds for each SCID, whoever makes it; and a tighter global limit. */
const candidateOf = (text: string) =>
  text
    .replace(/(name: cmri-retrieve[\s\S]*?key: )\[credential, service\]/, '$1[scid, service]')
    .replace(/(name: ws-global[\s\S]*?quota: )30/, '$120');

const globalLimit = (quota: number): OracleRule<GeneratedCall> => ({
  name: 'ws-global',
  isGlobal: true,
  counts: () => true,
  keyOf: ({ source }) => source,
  quota,
  windowMs: 1_000,
});

const meterLimit: OracleRule<GeneratedCall> = {
  name: 'stlmt-meter-data-retrieve',
  isGlobal: false,
  counts: ({ system, operation }) => system === 'STLMT' && operation === 'retrieve',
  keyOf: ({ credential, service }) => `${credential} ${service}`,
  quota: 1,
  windowMs: 30_000,
};

const cmriLimit = (keyOf: OracleRule<GeneratedCall>['keyOf']): OracleRule<GeneratedCall> => ({
  name: 'cmri-retrieve',
  isGlobal: false,
  counts: ({ system, operation }) => system === 'CMRI' && operation === 'retrieve',
  keyOf,
  quota: 1,
  windowMs: 5_000,
});

const byCredential = ({ credential, service }: GeneratedCall) => `${credential} ${service}`;
const byScid = ({ scid, service }: GeneratedCall) => `${scid} ${service}`;

/** How each call is decided by each policy, by the second opinion. */
interface Expected {
  readonly call: GeneratedCall;
  readonly inForce: string | null;
  readonly candidate: string | null;
}
let expected: readonly Expected[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-backtest-'));
  candidate = join(folder, 'candidate.yaml');
  await writeFile(candidate, candidateOf(await readFile(policyInForce, 'utf8')));
  calls = [...generateMonth(month)].flat();
  const inForce = createOracle([globalLimit(30), cmriLimit(byCredential), meterLimit]);
  const next = createOracle([globalLimit(20), cmriLimit(byScid), meterLimit]);
  expected = calls.map((call) => ({ call, inForce: inForce(call), candidate: next(call) }));
  await writeFile(join(folder, 'calls.ndjson'), calls.map((call) => `${arrivalLine(call)}\n`).join(''));
  await writeEvidence();
});
after(() => rm(folder, { recursive: true }));

/** As two threads would have written it: each in the order in which its calls ended, one of the files packed since. */
async function writeEvidence(): Promise<void> {
  const lines: [endMs: number, line: string][][] = [[], []];
  for (const [at, { call, inForce }] of expected.entries())
    lines[at % 2]?.push([
      call.atMs + call.durationMs,
      `${JSON.stringify(evidenceOfCall(call, Math.floor(at / 2) + 1, inForce === null))}\n`,
    ]);
  const [plain = '', packed = ''] = lines.map((each) =>
    each
      .sort(([a], [b]) => a - b)
      .map(([, line]) => line)
      .join(''),
  );
  await mkdir(join(folder, 'evidence'));
  await writeFile(join(folder, 'evidence', 'month.ndjson'), plain);
  await writeFile(join(folder, 'evidence', 'month.t1.ndjson.gz'), gzipSync(packed));
}

function flips(of: (each: Expected) => string, keep: (each: Expected) => boolean = () => true) {
  const counts = new Map<string, { newlyRefused: number; newlyAdmitted: number }>();
  for (const each of expected.filter(keep)) {
    if ((each.inForce === null) === (each.candidate === null)) continue;
    const count = counts.get(of(each)) ?? { newlyRefused: 0, newlyAdmitted: 0 };
    counts.set(of(each), count);
    if (each.inForce === null) count.newlyRefused += 1;
    else count.newlyAdmitted += 1;
  }
  return Object.fromEntries(counts);
}

function listed<Name extends string>(list: readonly Flips<Name>[], name: Name) {
  const flipped = list.filter(({ newlyRefused, newlyAdmitted }) => newlyRefused + newlyAdmitted > 0);
  return Object.fromEntries(
    flipped.map((each) => [each[name], { newlyRefused: each.newlyRefused, newlyAdmitted: each.newlyAdmitted }]),
  );
}

test('the flips of a generated month are those of an oracle that shares no code, by participant, system, rule and hour', async () => {
  const printed = await json('--arrivals', join(folder, 'calls.ndjson'));
  assert.ok(calls.length > 30_000, `${calls.length} calls`);
  assert.equal(printed.arrivals, calls.length);
  const all = flips(() => 'all').all;
  assert.deepEqual({ newlyRefused: printed.newlyRefused, newlyAdmitted: printed.newlyAdmitted }, all);
  assert.ok((all?.newlyRefused ?? 0) > 100 && (all?.newlyAdmitted ?? 0) > 1_000, JSON.stringify(all));
  assert.deepEqual(
    listed(printed.byCaller, 'caller'),
    flips(({ call }) => call.participant),
  );
  assert.deepEqual(
    listed(printed.bySystem, 'system'),
    flips(({ call }) => call.system.toLowerCase()),
  );
  assert.deepEqual(
    listed(printed.byRule, 'rule'),
    flips((each) => each.candidate ?? each.inForce ?? ''),
  );
  const hours = printed.byHour.map((hour) => ({ ...hour, hour: String(hour.hourMs) }));
  assert.deepEqual(
    listed(hours, 'hour'),
    flips(({ call }) => String(Math.floor(call.atMs / 3_600_000) * 3_600_000)),
  );
});

test('the same month as evidence of two threads, one file packed and none in order, is decided in force as it was recorded', async () => {
  const recorded = await json('--evidence', join(folder, 'evidence'), '--against', policyInForce);
  assert.deepEqual([recorded.read.late, recorded.arrivals], [0, calls.length]);
  assert.deepEqual(recorded.recorded, {
    told: calls.length,
    alike: calls.length,
    refusedThenAdmittedNow: 0,
    admittedThenRefusedNow: 0,
  });
});

test('a span counts its own calls, and those before it fill the windows', async () => {
  const [from, to] = ['2024-02-10', '2024-02-11T12:00:00Z'];
  const printed = await json('--arrivals', join(folder, 'calls.ndjson'), '--from', from, '--to', to);
  const within = ({ call }: Expected) => call.atMs >= Date.parse(from) && call.atMs < Date.parse(to);
  const all = flips(() => 'all', within).all;
  assert.deepEqual({ newlyRefused: printed.newlyRefused, newlyAdmitted: printed.newlyAdmitted }, all);
  assert.equal(printed.arrivals, expected.filter(within).length);
  assert.ok(printed.warmUp < 100);
});

test('a file whose records are later than the window says how many are left out, and what window takes all', async () => {
  const file = join(folder, 'late.ndjson');
  const [call] = calls;
  assert.ok(call);
  const seconds = [...Array.from({ length: 3_000 }, (_, at) => at), 60, 0];
  await writeFile(file, seconds.map((at) => `${arrivalLine({ ...call, atMs: startMs + at * 1_000 })}\n`).join(''));
  const { read } = await json('--arrivals', file, '--reorder', '60s');
  assert.deepEqual([read.late, read.arrivals], [2, 3_002]);
  assert.ok(read.lateMsMax > 0);
  const wide = await json('--arrivals', file, '--reorder', '1h');
  assert.deepEqual([wide.read.late, wide.arrivals], [0, 3_002]);
});

test('more new denials than allowed end with 6, and as many as allowed with 0', async () => {
  const { newlyRefused } = flips(() => 'all').all ?? { newlyRefused: 0 };
  const few = await run('--arrivals', join(folder, 'calls.ndjson'), '--max-new-denials', String(newlyRefused - 1));
  assert.equal(few.code, exitCodes.tooManyDenials);
  assert.match(
    few.stderr,
    new RegExp(`^headgate policy: ${newlyRefused} new denials, and --max-new-denials allows`, 'm'),
  );
  const enough = await run('--arrivals', join(folder, 'calls.ndjson'), '--max-new-denials', String(newlyRefused));
  assert.equal(enough.code, exitCodes.ok);
});

test('a person reads the verdict, then who, where, by which rule and when', async () => {
  const { stdout, stderr } = await run('--arrivals', join(folder, 'calls.ndjson'));
  assert.match(
    stdout,
    /^[\d,]+ calls from 2024-02-01T\S+Z to 2024-02-29T\S+Z\npolicy in force {2}admits [\d,]+, refuses [\d,]+\n/,
  );
  assert.match(stdout, /^participant +calls +newly refused +newly admitted$[\s\S]*^party-\d/m);
  assert.match(stdout, /^cmri-retrieve +[\d,]+ +[\d,]+ +[\d,]+ +[\d,]+$/m);
  assert.match(stdout, /^hour \(UTC\), most flips first/m);
  assert.match(stderr, /^[\d,]+ lines in 1 file; [\d,]+ of them calls that came as far as the limits\n$/);
});

test('what is broken, cut off or no call is counted, shown with file and line, and stops nothing', async () => {
  const csv = join(folder, 'broken.csv');
  const [call] = calls;
  assert.ok(call);
  await writeFile(
    csv,
    `${[
      'at,source,participant,system,service,admitted',
      '2024-02-01T00:00:00Z,192.0.2.1,"party, one",CMRI,RetrieveMarketAwards,true',
      'yesterday,192.0.2.1,party,CMRI,RetrieveMarketAwards,true',
      '2024-02-01T00:00:01Z,192.0.2.1,party,CMIR,RetrieveMarketAwards,true',
      '2024-02-01T00:00:02Z,192.0.2.1,party,CMRI,RetrieveMarketAwards,perhaps',
      '2024-02-01T00:00:03Z,,party,CMRI,RetrieveMarketAwards,',
      '1706745604000,192.0.2.1,party,cmri,RetrieveMarketAwards_CMRIv4_AP,',
    ].join('\r\n')}`,
  );
  const { code, stdout, stderr } = await run('--arrivals', csv, '--json');
  assert.equal(code, 0, stderr);
  const { read, arrivals } = JSON.parse(stdout) as Printed;
  assert.deepEqual([arrivals, read.unreadable], [2, 4]);
  const examples = read.examples as readonly { line: number; why: string }[];
  assert.deepEqual(
    examples.map(({ line }) => line),
    [3, 4, 5, 6],
  );
  assert.match(examples[1]?.why ?? '', /no system "CMIR"; the nearest is/);

  const cut = join(folder, 'cut.ndjson.gz');
  await writeFile(cut, gzipSync(`${JSON.stringify(evidenceOfCall(call, 1, true))}\n`.repeat(2_000)).subarray(0, -200));
  const refusedEarly = { ...evidenceOfCall(call, 2, true), admission: null, route: null };
  const others = join(folder, 'others.ndjson');
  await writeFile(
    others,
    `{"gap":{"boot":"x","thread":0,"after":1,"atMost":9,"fromMs":1,"toMs":2}}\n${JSON.stringify(refusedEarly)}\nnonsense\n${JSON.stringify(evidenceOfCall(call, 3, true)).slice(0, 200)}`,
  );
  const told = await run('--evidence', cut, others);
  assert.match(told.stderr, /cut\.ndjson\.gz is damaged or cut off; what stands before was read/);
  assert.match(told.stderr, /^warning: 1 gap: records are missing there$/m);
  assert.match(told.stderr, /^warning: .*others\.ndjson:3 no JSON object$/m);
  assert.match(told.stderr, /no limit was asked of 1 \(ended before any limit was asked\)/);
});

test('the page has a chart that needs nothing else, in light and dark, and its numbers in a table', async () => {
  const html = join(folder, 'page.html');
  await run('--arrivals', join(folder, 'calls.ndjson'), '--html', html, '--max-new-denials', '0');
  const page = await readFile(html, 'utf8');
  assert.match(page, /<svg [^>]*role="img" aria-labelledby="chart-title chart-words">/);
  assert.match(page, /<rect class="refused"[\s\S]*<rect class="admitted"/);
  assert.match(page, /prefers-color-scheme: dark/);
  assert.match(page, /<strong>Past the bound:<\/strong> [\d,]+ new denials, 0 allowed/);
  assert.match(page, /cmri-retrieve: counted for each credential and service → for each SCID and service/);
  assert.doesNotMatch(page, /<script|<link|src=|url\(|@import|http:/);
});

test('names that come from callers are no markup on the page', async () => {
  const file = join(folder, 'markup.ndjson');
  const call = calls.find(({ operation }) => operation === 'submit');
  assert.ok(call);
  const evil = { ...call, participant: '<img src=x onerror=alert(1)>' };
  await writeFile(
    file,
    Array.from({ length: 30 }, (_, at) => `${arrivalLine({ ...evil, atMs: call.atMs + at * 10 })}\n`).join(''),
  );
  const html = join(folder, 'markup.html');
  await run('--arrivals', file, '--html', html);
  const page = await readFile(html, 'utf8');
  assert.match(page, /&lt;img src=x onerror=alert\(1\)&gt;/);
  assert.doesNotMatch(page, /<img/);
});

test('without a recording, and with one that is not there, it says what to give', async () => {
  const none = await run();
  assert.equal(none.code, exitCodes.usage);
  assert.match(none.stderr, /which recording\? Give --evidence FILE/);
  assert.equal((await run('--evidence', join(folder, 'nowhere'))).code, exitCodes.unusable);
  assert.equal((await run('--arrivals', candidate, '--reorder', 'soon')).code, exitCodes.usage);
});
