import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { evidenceOfCall, generateMonth } from '@headgate/testkit';
import { runLine, workspaceRoot } from '../cli.fixture.ts';
import { exitCodes } from '../exit-codes.ts';
import { registerPolicy } from './policy.ts';

const shipped = join(workspaceRoot, 'catalogues', 'caiso', 'policy.yaml');
const example = join(workspaceRoot, 'catalogues', 'example');
let folder = '';
let text = '';
let files = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-policy-'));
  text = await readFile(shipped, 'utf8');
});
after(() => rm(folder, { recursive: true }));

const run = (...args: readonly string[]) => runLine(['policy', ...args], { more: [registerPolicy] });

/** The shipped policy with replacements, as a file. */
async function changed(...changes: readonly (readonly [from: string | RegExp, to: string])[]): Promise<string> {
  files += 1;
  const file = join(folder, `policy-${files}.yaml`);
  const next = changes.reduce((said, [from, to]) => said.replace(from, to), text);
  assert.notEqual(next, text);
  await writeFile(file, next);
  return file;
}

/** Where a text first stands in another, from 1. */
function placed(within: string, needle: string): { line: number; column: number } {
  const before = within.slice(0, within.indexOf(needle)).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function placeIn(within: string, needle: string): string {
  const { line, column } = placed(within, needle);
  return `${line}:${column}`;
}

/** One rule more, behind the others. */
const withRule = (rule: Readonly<Record<string, unknown>>): readonly [string, string] => [
  '\nusernames:',
  `\n  - ${JSON.stringify({
    name: 'added',
    layer: 'acceptable-use',
    where: {},
    key: ['source'],
    unit: 'requests',
    quota: 1_000,
    windowMs: 1_000,
    algorithm: 'exact-sliding-window',
    refusal: { text: 'Added. Wait <n> seconds.' },
    evidence: 'assumed',
    source: 'this test',
    ...rule,
  })}\nusernames:`,
];

async function remarksOf(...changes: readonly (readonly [string | RegExp, string])[]): Promise<readonly string[]> {
  const { stdout } = await run('check', await changed(...changes));
  // Rules that the shipped policy has off are remarked on in any case.
  const lines = stdout.split('\n').filter((line) => line !== '' && !/ notice [\w-]+-by-scid: it is off/.test(line));
  return lines.map((line) => line.replace(/^\S+?policy-\w+\.yaml:/, ''));
}

test('the policies that are shipped raise no error and no warning', async () => {
  for (const catalogue of [join(workspaceRoot, 'catalogues', 'caiso'), example]) {
    const { code, stderr } = await run('check', '--catalogue', catalogue, '--strict');
    assert.equal(code, 0);
    assert.match(stderr, /^\d+ rules: 0 errors, 0 warnings, \d+ notices\n(?:exact|in parts)[^\n]*: [a-z]/);
  }
});

test('a name that the catalogue does not have is told with line, column and the nearest that it has', async () => {
  assert.deepEqual(await remarksOf(['system: drrs', 'system: drss']), [
    `${placeIn(text, 'drrs,')} error drrs-calls: no system of the catalogue fits "drss"; the nearest is drrs`,
  ]);
  assert.deepEqual(await remarksOf(['{ namespace: ads }', '{ namespace: [ads, adz] }']), [
    `${placeIn(text.replace('{ namespace: ads }', '{ namespace: [ads, adz] }'), 'adz')} error ads-global: no namespace of the catalogue fits "adz"; the nearest is ads`,
  ]);
});

test('a rule whose conditions no call can fit together is an error, and ends with 1', async () => {
  const file = await changed(['system: cmri, channel: api', 'system: cmri, channel: ui']);
  const { code, stdout } = await run('check', file, '--json');
  assert.equal(code, exitCodes.failed);
  const { ok, remarks } = JSON.parse(stdout) as { ok: boolean; remarks: readonly Record<string, unknown>[] };
  assert.equal(ok, false);
  assert.deepEqual(
    remarks.filter(({ level }) => level === 'error'),
    [
      {
        file,
        ...placed(text, '{ infrastructure: current, system: cmri'),
        path: 'limits.3.where',
        level: 'error',
        rule: 'cmri-retrieve',
        sentence: 'no call to any address of the catalogue fits all of its conditions',
      },
    ],
  );
  // CMRI has no submits (deck p. 13): a rule about them counts nobody.
  assert.match(
    (await remarksOf([/(system: cmri.*)operation: retrieve/, '$1operation: submit'])).join(),
    /error cmri-retrieve/,
  );
  assert.deepEqual(
    await remarksOf([/(system: cmri.*)operation: retrieve/, "$1operation: retrieve, service: '*Awards'"]),
    [],
  );
});

test('a rule that another one always forestalls is warned of, and with --strict ends with 1', async () => {
  const forestalled = withRule({
    where: { namespace: 'ws' },
    key: ['source', 'credential'],
    quota: 60,
    windowMs: 2_000,
  });
  const [remark = '', ...others] = await remarksOf(forestalled);
  assert.match(
    remark,
    /^\d+:\d+ warning added: it can never refuse: ws-global admits 30 requests per 1 s of the same calls, over a key that is no finer, so that its text is never read$/,
  );
  assert.deepEqual(others, []);
  const file = await changed(forestalled);
  assert.deepEqual(
    [(await run('check', file)).code, (await run('check', file, '--strict')).code],
    [0, exitCodes.failed],
  );
  for (const free of [
    { where: { namespace: 'ws' }, key: ['source'], quota: 59, windowMs: 2_000 },
    { where: { namespace: 'ws' }, key: ['credential'], quota: 60, windowMs: 2_000 },
    { where: {}, key: ['source'], quota: 60, windowMs: 2_000 },
    { where: { namespace: 'ws' }, key: ['source'], quota: 60, windowMs: 2_000, counts: 'attempts' },
    { where: { namespace: 'ws' }, key: ['source'], quota: 60, windowMs: 2_000, mode: 'shadow' },
  ])
    assert.deepEqual(
      (await remarksOf(withRule(free))).filter((each) => each.includes('never refuse')),
      [],
    );
});

test('a rule that one call may meet with another of a different domain is an error; one that no call meets both of is none', async () => {
  const file = await changed(withRule({ where: { namespace: 'oasis' }, domain: 'apart' }));
  const { code, stdout } = await run('check', file);
  assert.equal(code, exitCodes.failed);
  const met = [
    ...stdout.matchAll(/error added: one call may meet ([\w-]+) too, which is counted in domain "default"/g),
  ];
  const names = met.map(([, name]) => name);
  assert.ok(names.includes('oasis-global'), stdout);
  assert.ok(!names.includes('ws-global') && !names.includes('ads-global'), stdout);
});

test('a global limit with the sentence of an acceptable-use rule is warned of', async () => {
  const remarks = await remarksOf([
    /Global rate limit exceeded: 30 requests per second[^']*/,
    '429: CAISO Acceptable Use Policy Violation. Please retry your request after <n> seconds.',
  ]);
  assert.match(
    remarks.join('\n'),
    /^\d+:\d+ warning ws-global: a global limit with the sentence of cmri-retrieve: who reads it cannot tell/,
  );
});

test('what is in shadow, off, or does not say how long to wait is noticed', async () => {
  const remarks = await remarksOf(withRule({ mode: 'shadow', refusal: { text: 'No.' } }), [
    /(name: drrs-calls\n)/,
    '$1    mode: off\n',
  ]);
  assert.match(remarks.join('\n'), /notice drrs-calls: it is off/);
  assert.match(remarks.join('\n'), /notice added: its text does not say <n>, how long to wait \(1 s at most\)/);
  assert.match(remarks.join('\n'), /notice added: in shadow mode it refuses nobody/);
});

test('how exactly each rule is counted is said, on one gateway and over several', async () => {
  const file = await changed(
    withRule({ name: 'many', quota: 5_000, windowMs: 10_000 }),
    withRule({ name: 'at-once', unit: 'concurrent-requests' }),
    withRule({ name: 'bodies', unit: 'request-bytes', quota: 1_000_000, windowMs: 10_000 }),
  );
  const { stderr, stdout } = await run('check', file);
  assert.match(stderr, /^exact: ws-global, /m);
  assert.match(stderr, /^in parts of 80 ms, late by one at most and never early: many, bodies$/m);
  assert.match(stderr, /^exact, and over several gateways each its part of the quota: at-once$/m);
  assert.match(stdout, /notice at-once: 1000 concurrent-requests are counted by each gateway/);
  const { counted } = JSON.parse((await run('check', file, '--json')).stdout) as {
    counted: readonly Record<string, unknown>[];
  };
  assert.deepEqual(
    counted.find(({ rule }) => rule === 'many'),
    { rule: 'many', lateMsMax: 80, overNodes: 'together' },
  );
});

test('a rule over SCIDs is warned of where none can be proven, or the catalogue says no place of one', async () => {
  const key = ['credential', 'scid'];
  const placed = withRule({ key, where: { system: 'adsi' } });
  const unplaced = withRule({ key, where: { system: 'bsap' } });
  const provisioning = ['--provisioning', join(example, 'provisioning.yaml')];
  const said = async (rule: readonly [string, string], ...more: readonly string[]) => {
    const { stdout } = await run('check', await changed(rule), ...more);
    return stdout.split('\n').flatMap((line) => / (?:warning|notice) added: (.*SCID.*)$/.exec(line)?.[1] ?? []);
  };
  const unproven =
    'no SCID can be proven without provisioning: every call is counted by credential instead. Name the file with --provisioning, if there is one';
  assert.deepEqual(await said(placed), [unproven]);
  assert.deepEqual(await said(unplaced, ...provisioning), [
    'the catalogue has no place of an SCID in any payload of bsap: a call to it is counted by credential instead',
  ]);
  assert.deepEqual(await said(withRule({ key, mode: 'off' })), []);
});

test('a file that is no policy ends with 4, with file and line', async () => {
  const file = await changed(['quota: 30', 'quota: none']);
  const { code, stderr } = await run('check', file);
  assert.equal(code, exitCodes.unusable);
  assert.match(stderr, /policy-\d+\.yaml:\d+:\d+ limits\.0\.quota: found none; expected a number/);
  assert.equal((await run('check', join(folder, 'nowhere.yaml'))).code, exitCodes.unusable);
});

test('a difference reads as a sentence, and says whether it is tighter or looser', async () => {
  const says = async (...changes: readonly (readonly [string | RegExp, string])[]) => {
    const { code, stdout } = await run('diff', shipped, await changed(...changes));
    assert.equal(code, 0);
    return stdout.trimEnd();
  };
  const ofCmri = (from: string, to: string): readonly [RegExp, string] => [
    new RegExp(`(name: cmri-retrieve[\\s\\S]*?)${from.replaceAll(/[[\]]/g, '\\$&')}`),
    `$1${to}`,
  ];
  assert.equal(
    await says(ofCmri('quota: 1', 'quota: 2')),
    'cmri-retrieve: quota 1 → 2 per 5 s, for each credential and service (looser)',
  );
  assert.equal(
    await says(ofCmri('windowMs: 5000', 'windowMs: 10000')),
    'cmri-retrieve: window 5 s → 10 s for 1, for each credential and service (tighter)',
  );
  assert.equal(
    await says(ofCmri('quota: 1', 'quota: 3'), ofCmri('windowMs: 5000', 'windowMs: 10000')),
    'cmri-retrieve: 1 request per 5 s → 3 requests per 10 s, for each credential and service (looser)',
  );
  assert.equal(
    await says(ofCmri('[credential, service]', '[scid, service]')),
    'cmri-retrieve: counted for each credential and service → for each SCID and service',
  );
  assert.equal(
    await says(ofCmri('[credential, service]', '[credential]')),
    'cmri-retrieve: counted for each credential and service → for each credential (tighter)',
  );
  assert.equal(
    await says(ofCmri('system: cmri, channel: api', 'system: [cmri, oms]')),
    'cmri-retrieve: system cmri → cmri or oms (tighter)\ncmri-retrieve: whatever the channel (was api) (tighter)',
  );
  assert.equal(
    await says([/(name: drrs-calls\n)/, '$1    mode: shadow\n']),
    'drrs-calls: enforce → shadow: it refuses nobody any more (looser)',
  );
  assert.equal(
    await says(withRule({ where: { system: 'oms' } })),
    'added: added, 1,000 requests per 1 s, for each source, where system is oms (tighter)',
  );
  assert.equal(
    await says([/counts: admitted/, 'counts: attempts']),
    'oasis-global: counts admitted → attempts (tighter)',
  );
  assert.match(await says([/evidence: stated/, 'evidence: observed']), /^ws-global: evidence "stated" → "observed"$/);
  assert.match(await says([/absent: allow/, 'absent: refuse']), /^ws-username: absent "allow" → "refuse"$/);
  assert.equal((await run('diff', shipped, shipped)).stdout, 'no difference: both say the same\n');
  const json = JSON.parse(
    (await run('diff', shipped, await changed(ofCmri('quota: 1', 'quota: 2')), '--json')).stdout,
  ) as {
    differences: readonly Record<string, unknown>[];
  };
  assert.deepEqual(
    json.differences.map(({ rule, kind, effect }) => [rule, kind, effect]),
    [['cmri-retrieve', 'changed', 'looser']],
  );
});

test('a call in words is told which rules count it, under which keys, and why the others do not', async () => {
  const { code, stdout } = await run(
    'explain',
    '--call',
    'cmri',
    'RetrieveMarketAwards',
    '192.0.2.7',
    'credential=c0ffee',
  );
  assert.equal(code, 0);
  assert.match(stdout, /^operation +retrieve$/m);
  assert.match(stdout, /^ws-global +yes +30 requests per 1 s +ws-global\|source=192\.0\.2\.7$/m);
  assert.match(
    stdout,
    /^cmri-retrieve +yes +1 request per 5 s +cmri-retrieve\|credential=c0ffee\|service=retrievemarketawards$/m,
  );
  assert.match(stdout, /^oasis-global +no +namespace is ws, not oasis$/m);
  assert.match(
    stdout,
    /^stlmt-meter-data-retrieve +no +system is cmri, not stlmt; service is RetrieveMarketAwards, not \*MeterData\*$/m,
  );
});

test('a URL says the same as its words, and what is not said is not known', async () => {
  const url = 'https://ws.prod.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP';
  const of = async (...words: readonly string[]) =>
    JSON.parse((await run('explain', '--json', '--call', ...words)).stdout) as object;
  assert.deepEqual(await of(url), await of('cmri RetrieveMarketAwards_CMRIv4_AP'));
  const { stdout } = await run('explain', '--call', 'cmri');
  assert.match(stdout, /^cmri-retrieve +no +operation is not known of this call, not retrieve$/m);
  const old = await run('explain', '--call', 'cmri', 'old', 'retrieve');
  assert.match(old.stdout, /^cmri-retrieve +no +infrastructure is legacy, not current$/m);
});

test('words that say nothing, or twice the same, end with 3 and the nearest that is known', async () => {
  const said = async (...words: readonly string[]) => run('explain', '--call', ...words);
  assert.match((await said('drss')).stderr, /"drss" says nothing that the catalogue knows; the nearest is drrs/);
  assert.match((await said('cmri', 'system=oms')).stderr, /"system=oms" is a second system: cmri was said before/);
  assert.match((await said('cmri', 'colour=red')).stderr, /"colour" is none of url, environment/);
  assert.match((await said('https://nowhere.example.org/x')).stderr, /no address of the catalogue covers/);
  assert.equal((await said('drss')).code, exitCodes.notFound);
  assert.equal((await run('explain')).code, exitCodes.usage);
});

test('a record of evidence is a call too, by its exchange or the last of the file', async () => {
  const [day = []] = generateMonth({
    seed: 3,
    startMs: Date.UTC(2024, 1, 1),
    days: 1,
    participants: 1,
    edgeMinutes: 1,
  });
  const records = day.slice(0, 3).map((call, at) => evidenceOfCall(call, at + 1, true));
  const early = { ...evidenceOfCall(day[3] ?? day[0] ?? assert.fail(), 9, true), admission: null };
  const file = join(folder, 'records.ndjson');
  await writeFile(file, [...records, early].map((record) => `${JSON.stringify(record)}\n`).join(''));
  const [first] = records;
  const { stdout, code } = await run('explain', '--record', file, '--exchange', first?.exchange ?? '', '--json');
  assert.equal(code, 0);
  const { call, rules } = JSON.parse(stdout) as {
    call: Record<string, string>;
    rules: readonly { rule: string; key: string | null }[];
  };
  assert.deepEqual([call.source, call.system, call.participant], [first?.listener.source, 'cmri', 'party-0']);
  assert.equal(rules.find(({ rule }) => rule === 'ws-global')?.key, `ws-global|source=${first?.listener.source}`);
  const last = await run('explain', '--record', file);
  assert.deepEqual(
    [last.code, last.stderr],
    [1, 'headgate policy: no limit was asked of that call: ended before any limit was asked\n'],
  );
  assert.equal((await run('explain', '--record', file, '--exchange', 'none')).code, exitCodes.notFound);
});
