import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { hashOfSnapshot, type SnapshotContent } from '@headgate/contract';
import type { TestAuthority } from '@headgate/pki';
import { contentOf, type TestContent, testAuthority } from '../documents.fixture.ts';
import { type ReadSnapshot, readDocument } from '../read-document.ts';
import { diffContents, diffSnapshots } from './diff-snapshots.ts';

let authority: TestAuthority;
let caiso: TestContent;
const atMs = Date.UTC(2024, 1, 21);

before(async () => {
  authority = await testAuthority();
  caiso = await contentOf('caiso', authority);
});

async function readOf(content: SnapshotContent): Promise<ReadSnapshot> {
  const result = await readDocument(content);
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.findings));
  return result.read;
}

async function told(next: TestContent, from: TestContent = caiso): Promise<readonly string[]> {
  const diff = diffSnapshots(await readOf(from), await readOf(next), { atMs });
  return diff.lines.map(({ sentence }) => sentence);
}

test('an address that moves is told with how many credentials may call it', async () => {
  const id = 'production/api/old/ws.caiso.com/sst/cmri';
  assert.deepEqual(await told(caiso.but({ positions: { [id]: 'current' } })), [
    'ws.caiso.com/sst/cmri: legacy → current for 1 credential',
  ]);
});

test('credentials that were seen lately stand beside those that may call', async () => {
  const id = 'production/api/old/ws.caiso.com/sst/cmri';
  const next = await readOf(caiso.but({ positions: { [id]: 'current' } }));
  const seenOn = (address: { readonly id: string }): number | null => (address.id === id ? 3 : null);
  const [line] = diffSnapshots(await readOf(caiso), next, { atMs, seenOn }).lines;
  assert.equal(line?.sentence, 'ws.caiso.com/sst/cmri: legacy → current for 1 credential (3 seen on it lately)');
  assert.deepEqual(line.credentials, { provisioned: 1, seen: 3 });
  assert.deepEqual([line.before, line.next], ['legacy', 'current']);
});

test('a host that moves moves its addresses, and its chain is told apart', async () => {
  const moved = await told(caiso.but({ positions: { 'ws.caiso.com': 'current' } }));
  assert.ok(moved.length > 10);
  assert.ok(
    moved.every((sentence) => /^ws\.caiso\.com\/\S+: legacy → current for (?:no|\d+) credentials?$/.test(sentence)),
  );
  assert.deepEqual(await told(caiso.but({ chainPositions: { 'ws.caiso.com': 'current' } })), [
    'chain that ws.caiso.com shows: legacy → current',
  ]);
});

test('what is written and moves nobody is told as that', async () => {
  assert.deepEqual(await told(caiso.but({ positions: { 'ws.caiso.com': 'legacy' } })), [
    'position of ws.caiso.com is written as legacy, which moves nobody',
  ]);
});

test('a rule is told by its name: its quota, its mode, that it is new or gone', async () => {
  const { policy, mode } = {
    policy: caiso.with('policy.yaml', 'quota: 30', 'quota: 40'),
    mode: caiso.with('policy.yaml', 'unit: requests', 'unit: requests\n    mode: shadow'),
  };
  assert.deepEqual(await told(policy), ['limit ws-global: quota 30 → 40']);
  assert.deepEqual(await told(caiso, mode), ['limit ws-global: mode shadow → enforce']);
  const without = caiso.with('policy.yaml', / {2}- name: oasis-global[\s\S]*?(?= {2}- name: ads)/, '');
  assert.deepEqual(await told(without), ['limit oasis-global is gone: 1 requests in 5000 ms, enforce']);
  assert.deepEqual(await told(caiso, without), ['limit oasis-global is new: 1 requests in 5000 ms, enforce']);
});

test('a candidate that is judged in shadow is told apart from the policy', async () => {
  const candidate = caiso.but({ texts: { 'shadow-policy.yaml': caiso.texts['policy.yaml'] ?? '' } });
  assert.match((await told(candidate))[0] ?? '', /^candidate: a policy is judged in shadow, with \d+ rules$/);
  assert.deepEqual(await told(candidate.with('shadow-policy.yaml', 'quota: 30', 'quota: 20'), candidate), [
    'candidate: limit ws-global: quota 30 → 20',
  ]);
  assert.deepEqual(await told(caiso, candidate), ['candidate: the policy in shadow is gone']);
});

test('an authority that comes or goes is told by its name, and dates by the day', async () => {
  const pem = authority.trustBundlePem('legacy', 'user').anchorsPem;
  const more = caiso.but({ texts: { 'users.pem': (caiso.texts['users.pem'] ?? '') + pem } });
  assert.match((await told(more)).join('\n'), /^authority CN=.+ is new in users\.pem \([0-9a-f]{12}…\)$/);
  assert.match((await told(caiso, more)).join('\n'), /^authority CN=.+ is gone from users\.pem/);
  assert.deepEqual(await told(caiso.with('trust.yaml', 'until: 2024-11,', 'until: 2025-01-31,')), [
    'authority verizon-users of production-users counts until 2024-11 → 2025-01-31',
  ]);
  const stale = caiso.but({
    texts: { 'trust-bundles.yaml': (caiso.texts['trust-bundles.yaml'] ?? '').replace('}]', ',"staleCrls":"refuse"}]') },
  });
  assert.deepEqual(await told(stale), ['bundle users: staleCrls accept → refuse']);
});

test('who is enrolled, who is ended and what a right is are told by name', async () => {
  const file = 'provisioning.yaml';
  const without = caiso
    .with(file, / {2}- id: mesa-demand[\s\S]*?(?= {2}- id: settle)/, '')
    .with(file, / {10}- by: mesa-demand[\s\S]*$/, '');
  assert.deepEqual(await told(without), [
    'credential subject CN=SETTLEx0003,OU=people,O=EXAMPLE,C=US of settle-soft: endorsement of mesa-demand taken: retrieve and submit at stlmt in production (api) for every SCID',
    'participant mesa-demand is ended, with 1 credential',
  ]);
  assert.deepEqual(await told(caiso.with(file, 'role: read, scids: all', 'role: submit, scids: all')), [
    'credential subject CN=HARBORx0001,OU=people,O=EXAMPLE,C=US of harbor-power: right given: retrieve and submit at cmri in production (ui, api) for every SCID',
    'credential subject CN=HARBORx0001,OU=people,O=EXAMPLE,C=US of harbor-power: right taken: retrieve at cmri in production (ui, api) for every SCID',
  ]);
  assert.deepEqual(await told(caiso.with(file, 'scids: [HPA1, HPA2]', 'scids: [HPA1, HPA2, HPA3]')), [
    'harbor-power may act for HPA3',
  ]);
  assert.deepEqual(await told(caiso.but({ texts: { [file]: null } })), [
    'enrolment and rights are no longer judged; they were of 3 participants with 3 credentials',
  ]);
});

test('addresses, dates and services of the catalogue are told as what they are', async () => {
  assert.deepEqual(await told(caiso.with('announcements.yaml', 'date: 2023-12-21', 'date: 2023-12-22')), [
    'announced date of hard-cutover api-hard-cutover-2023-12-21: 2023-12-21 → 2023-12-22',
  ]);
  assert.deepEqual(
    await told(
      caiso.with('catalogue.yaml', 'https://ws.prod.caiso.com/sst/cmri', 'https://ws.prod.caiso.com/sst/cmri2'),
    ),
    [
      'address of cmri (production, api, new): url https://ws.prod.caiso.com/sst/cmri → https://ws.prod.caiso.com/sst/cmri2',
    ],
  );
});

test('a comment is told, and is told to change nothing', async () => {
  assert.deepEqual(await told(caiso.with('policy.yaml', 'limits:', 'limits: # all of them')), [
    'policy.yaml has other words, which mean the same',
  ]);
});

test('the weightiest comes first, and what is over the bound is counted', async () => {
  const next = await readOf(
    caiso
      .with('announcements.yaml', 'date: 2023-12-21', 'date: 2023-12-22')
      .with('policy.yaml', 'quota: 30', 'quota: 40')
      .but({ positions: { 'ws.caiso.com': 'current' }, chainPositions: { 'ws.caiso.com': 'current' } }),
  );
  const diff = diffSnapshots(await readOf(caiso), next, { atMs });
  const areas = [...new Set(diff.lines.map(({ area }) => area))];
  assert.deepEqual(areas, ['positions', 'chains', 'policy', 'catalogue']);
  const short = diffSnapshots(await readOf(caiso), next, { atMs, linesMax: 3 });
  assert.deepEqual([short.lines.length, short.more], [3, diff.lines.length - 3]);
  assert.equal(
    Object.values(short.counts).reduce((sum, each) => sum + each),
    diff.lines.length,
  );
});

/** Numbers that look random and are the same for the same seed (mulberry32). */
function randomOf(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

/** One change somewhere: a digit, a letter, a line twice or gone, a text gone, a position. */
function changed(content: TestContent, below: (bound: number) => number): TestContent {
  const names = Object.keys(content.texts);
  const name = names[below(names.length)] ?? '';
  const text = content.texts[name] ?? '';
  const lines = text.split('\n');
  const at = below(lines.length);
  const line = lines[at] ?? '';
  const put = (other: readonly string[]): TestContent => content.but({ texts: { [name]: other.join('\n') } });
  switch (below(6)) {
    case 0:
      return put(
        lines.toSpliced(
          at,
          1,
          line.replace(/\d/, (digit) => String((Number(digit) + 1) % 10)),
        ),
      );
    case 1:
      return put(lines.toSpliced(at, 1, line.replace(/[a-y](?=\w*$)/, 'z')));
    case 2:
      return put(lines.toSpliced(at, 1));
    case 3:
      return put(lines.toSpliced(at, 2, lines[at + 1] ?? '', line));
    case 4:
      return content.but({ texts: { [name]: null } });
    default:
      return content.but({
        [below(2) === 0 ? 'positions' : 'chainPositions']: { 'api.grid.example.net': 'east-hall' },
      });
  }
}

test('two contents with different hashes never have an empty difference, whatever the seed', async () => {
  const example = await contentOf('example', authority);
  const known = await readOf(example);
  let readCount = 0;
  for (let seed = 1; seed <= 120; seed += 1) {
    const next = changed(example, randomOf(seed));
    const result = await readDocument(next);
    if (result.ok) readCount += 1;
    const diff = result.ok ? diffSnapshots(known, result.read, { atMs }) : diffContents(example, next);
    const isSame = hashOfSnapshot(next) === hashOfSnapshot(example);
    assert.equal(diff.lines.length === 0, isSame, `seed ${seed}`);
    if (!isSame) assert.ok(diffContents(example, next).lines.length > 0, `seed ${seed}, unread`);
  }
  assert.ok(readCount > 20, `${readCount} could be read`);
});
