import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseSnapshotDocument, type SnapshotContent } from '@headgate/contract';
import { fakeClock, openRawCaller, rawPost, soapRequest, startTestGateway, type TestGateway } from '@headgate/testkit';
import type { Config } from '../config.ts';
import type { GatewayNotice } from '../gateway-notice.ts';
import { type RunningGateway, startGateway } from '../start-gateway.ts';
import { UnusableFiles } from '../unusable-files.ts';
import {
  contentOfFiles,
  documentOf,
  type PublishingControl,
  startPublishingControl,
} from './publishing-control.fixture.ts';

interface World {
  readonly kit: TestGateway;
  readonly control: PublishingControl;
  readonly content: SnapshotContent;
  readonly config: Config;
  readonly notices: GatewayNotice[];
  readonly start: () => Promise<RunningGateway>;
  /** Waits for a notice of a kind; one from before counts too. */
  readonly noticed: (kind: GatewayNotice['kind']) => Promise<GatewayNotice>;
  readonly kept: () => Promise<number>;
}

async function worldOf(t: TestContext, threads = 1): Promise<World> {
  const kit = await startTestGateway({ clock: fakeClock(Date.now()) });
  const control = await startPublishingControl(kit);
  const { catalogue: _c, trust: _t, ...rest } = kit.config;
  const config: Config = {
    ...rest,
    node: 'node',
    threads,
    snapshot: 'control',
    catalogue: '.',
    trustBundles: [],
    control: control.option,
    evidence: { ...kit.config.evidence, folder: 'evidence-node' },
  };
  const notices: GatewayNotice[] = [];
  const listening: { kind: string; resolve: (notice: GatewayNotice) => void }[] = [];
  const running: RunningGateway[] = [];
  t.after(async () => {
    for (const each of running) await each.close();
    await control.stop().catch(() => undefined);
    await kit.close();
  });
  return {
    kit,
    control,
    config,
    notices,
    content: await contentOfFiles(kit),
    async start() {
      const started = await startGateway({
        config,
        base: kit.folder,
        followWaits: { waitMs: 200, againMsMin: 5, againMsMax: 20 },
        notice(notice) {
          notices.push(notice);
          for (const each of listening) if (each.kind === notice.kind) each.resolve(notice);
        },
      });
      running.push(started);
      return started;
    },
    noticed(kind) {
      const { promise, resolve } = Promise.withResolvers<GatewayNotice>();
      listening.push({ kind, resolve });
      const known = notices.find((notice) => notice.kind === kind);
      if (known !== undefined) resolve(known);
      return promise;
    },
    async kept() {
      const text = await readFile(join(kit.folder, 'evidence-node', 'node.snapshot.json'), 'utf8');
      const parsed = parseSnapshotDocument(JSON.parse(text));
      assert.ok(parsed.ok);
      return parsed.document.number;
    },
  };
}

const inForce = (number: number) => (word: { readonly number: number; readonly refused: unknown }) =>
  word.number === number && word.refused === null;
const refused = (number: number) => (word: { readonly number: number; readonly refused: unknown }) =>
  word.number === number && word.refused !== null;

/** The content with another quota of the limit over all services. */
function withQuota(content: SnapshotContent, quota: number): SnapshotContent {
  const policy = (content.texts['policy.yaml'] ?? '').replace('quota: 30', `quota: ${quota}`);
  return { ...content, texts: { ...content.texts, 'policy.yaml': policy } };
}

for (const threads of [1, 2])
  test(`what control publishes is in force in every one of ${threads} threads, and on disk, when it is acknowledged`, async (t) => {
    const { control, content, start, kept } = await worldOf(t, threads);
    control.publish(documentOf(content, 1), 1);
    const gateway = await start();
    assert.equal((await control.heard(inForce(1))).threads, threads);
    for (const number of [2, 3, 4]) {
      const document = documentOf(withQuota(content, 30 + number), number);
      control.publish(document, number);
      const word = await control.heard(inForce(number));
      assert.deepEqual([word.hash, word.threads], [document.hash, threads]);
      assert.equal(await kept(), number);
      const standing = await gateway.inForce();
      assert.equal(standing.published?.number, number);
      assert.equal(standing.hash, document.hash);
      assert.equal(new Set(standing.threads.map(({ snapshot }) => snapshot)).size, 1);
    }
  });

test('the next call is judged by what was published, on a connection that is open', async (t) => {
  const { kit, control, content, start } = await worldOf(t);
  const rule = `limits:
  - name: one-a-day
    layer: global
    where: {}
    key: [source]
    unit: requests
    quota: 1
    windowMs: 86400000
    refusal: { text: Wait <n> seconds. }
    evidence: assumed
    source: this test
`;
  const withPolicy = (text: string) => ({ ...content, texts: { ...content.texts, 'policy.yaml': text } });
  control.publish(documentOf(withPolicy('limits: []'), 1), 1);
  const gateway = await start();
  await control.heard(inForce(1));
  const port = gateway.listeners.find(({ name }) => name === 'secure')?.port ?? 0;
  const caller = await openRawCaller({ ...kit, port });
  t.after(() => caller.destroy());
  const call = async (): Promise<number> => {
    caller.write(rawPost(soapRequest));
    return (await caller.answer()).status;
  };
  assert.deepEqual([await call(), await call()], [200, 200]);
  control.publish(documentOf(withPolicy(rule), 2), 2);
  await control.heard(inForce(2));
  assert.deepEqual([await call(), await call()], [200, 500]);
});

for (const [what, value, code] of [
  [
    'whose hash is another',
    (content: SnapshotContent) => ({ ...documentOf(content, 2), hash: 'f'.repeat(64) }),
    'hash_mismatch',
  ],
  [
    'with a path for a name',
    (content: SnapshotContent) => documentOf({ ...content, texts: { ...content.texts, '../x': '' } }, 2),
    'unreadable',
  ],
] as const)
  test(`a document ${what} is refused, told to both sides, and the one before stays`, async (t) => {
    const { control, content, start, kept, noticed } = await worldOf(t);
    control.publish(documentOf(content, 1), 1);
    const gateway = await start();
    await control.heard(inForce(1));
    control.publish(value(content), 2);
    const word = await control.heard(refused(2));
    assert.deepEqual([word.refused?.code, word.threads], [code, 0]);
    await noticed('snapshot-refused');
    assert.equal((await gateway.inForce()).published?.number, 1);
    assert.equal(await kept(), 1);
    control.publish(documentOf(withQuota(content, 31), 3), 3);
    await control.heard(inForce(3));
  });

test('what comes as no JSON is told here, and asked for again', async (t) => {
  const { control, content, start, noticed } = await worldOf(t);
  control.publish(documentOf(content, 1), 1);
  await start();
  await control.heard(inForce(1));
  control.publish('<html>', 2);
  await noticed('control-silent');
  control.publish(documentOf(withQuota(content, 31), 3), 3);
  await control.heard(inForce(3));
});

test('a snapshot that this gateway cannot serve by is refused with file and line, and the next that it can is taken', async (t) => {
  const { control, content, start, kept } = await worldOf(t);
  control.publish(documentOf(content, 1), 1);
  const gateway = await start();
  await control.heard(inForce(1));
  control.publish(documentOf(withQuota(content, -1), 2), 2);
  const faulty = await control.heard(refused(2));
  assert.equal(faulty.refused?.code, 'unusable');
  assert.match(faulty.refused?.findings.join('\n') ?? '', /^policy\.yaml:\d+:\d+ limits\.0\.quota: found -1/);
  const { 'trust-bundles.yaml': _gone, ...without } = content.texts;
  control.publish(documentOf({ ...content, texts: without }, 3), 3);
  const unjudged = await control.heard(refused(3));
  assert.match(unjudged.refused?.findings.join('\n') ?? '', /trust bundle "users"/);
  assert.equal((await gateway.inForce()).published?.number, 1);
  assert.equal(await kept(), 1);
  control.publish(documentOf(withQuota(content, 33), 4), 4);
  await control.heard(inForce(4));
});

test('a snapshot without a bundle whose revocation lists a gateway has is refused: they would revoke nobody', async (t) => {
  const { control, content, config, start } = await worldOf(t);
  control.publish(documentOf(content, 1), 1);
  config.trustBundles.push({ name: 'user', staleCrls: 'accept', crls: [], crlUrls: [] });
  await assert.rejects(start(), /trustBundles\.user: found revocation lists for user, .* expected users/);
});

test('without control a gateway begins with what it took last and says so; control that is back is followed again', async (t) => {
  const { control, content, start, noticed } = await worldOf(t);
  control.publish(documentOf(content, 7), 7);
  await (await start()).close();
  await control.stop();
  const gateway = await start();
  const told = await noticed('snapshot-from-disk');
  assert.match(
    'sentence' in told ? told.sentence : '',
    /control gave no snapshot \(ECONNREFUSED\): this gateway serves by 7/,
  );
  await noticed('control-silent');
  const { published } = await gateway.inForce();
  assert.equal(published?.number, 7);
  assert.equal(published.away?.why, 'ECONNREFUSED');
  await control.start();
  control.publish(documentOf(withQuota(content, 31), 8), 8);
  await control.heard(inForce(8));
  await noticed('control-answers');
  assert.equal((await gateway.inForce()).published?.away, null);
});

test('break-glass begins and ends while control is away, and outlasts a snapshot', async (t) => {
  const { control, content, start } = await worldOf(t);
  control.publish(documentOf(content, 1), 1);
  const gateway = await start();
  await control.heard(inForce(1));
  await control.stop();
  const override = await gateway.beginOverride({
    rule: 'ws-global',
    change: { kind: 'shadow' },
    scope: null,
    reason: 'an outage',
    author: 'desk',
    untilMs: Date.now() + 600_000,
  });
  assert.equal((await gateway.inForce()).overrides.length, 1);
  await control.start();
  control.publish(documentOf(withQuota(content, 31), 2), 2);
  await control.heard(inForce(2));
  assert.equal((await gateway.inForce()).overrides.length, 1);
  await gateway.endOverride(override.id, 'desk');
  assert.equal((await gateway.inForce()).overrides.length, 0);
});

test('a gateway that has neither control nor a snapshot does not start, and says what would help', async (t) => {
  const { control, start } = await worldOf(t);
  await control.stop();
  await assert.rejects(start(), (fault) => {
    assert.ok(fault instanceof UnusableFiles);
    assert.match(
      fault.message,
      /no snapshot: control at https:.* gave none \(ECONNREFUSED\).*expected a control that runs/,
    );
    return true;
  });
});

test('a damaged snapshot on disk is told, and control stands in', async (t) => {
  const { kit, control, content, start, noticed, kept } = await worldOf(t);
  control.publish(documentOf(content, 1), 1);
  await (await start()).close();
  await writeFile(join(kit.folder, 'evidence-node', 'node.snapshot.json'), '{"schemaVersion":1');
  await start();
  const told = await noticed('snapshot-refused');
  assert.equal('code' in told && told.code, 'damaged');
  assert.equal(await kept(), 1);
});

test('a gateway that begins with a newer snapshot which it cannot serve by goes on with the one that it has', async (t) => {
  const { control, content, start } = await worldOf(t);
  control.publish(documentOf(content, 1), 1);
  await (await start()).close();
  control.publish(documentOf(withQuota(content, -1), 2), 2);
  const gateway = await start();
  assert.equal((await gateway.inForce()).published?.number, 1);
  assert.equal((await control.heard(refused(2))).refused?.code, 'unusable');
});

test('a control that was restored and knows less changes nothing here until it publishes a higher number', async (t) => {
  const { control, content, start, noticed, kept } = await worldOf(t);
  control.publish(documentOf(content, 40), 40);
  await (await start()).close();
  control.publish(documentOf(withQuota(content, 35), 35), 35);
  const gateway = await start();
  const told = await noticed('control-behind');
  assert.match('sentence' in told ? told.sentence : '', /control knows snapshot 35 at most, and 40 is in force here/);
  assert.equal((await gateway.inForce()).published?.number, 40);
  assert.equal(await kept(), 40);
  control.publish(documentOf(withQuota(content, 41), 41), 41);
  await control.heard(inForce(41));
});

test('a document of a lower number is not taken from whoever answers for control, at a start or later', async (t) => {
  const { control, content, start, kept } = await worldOf(t);
  control.publish(documentOf(content, 40), 40);
  await (await start()).close();
  // It says that it has something newer, and hands out what is older.
  const older = documentOf(withQuota(content, 35), 39);
  control.publish(older, 41);
  const gateway = await start();
  assert.equal((await gateway.inForce()).published?.number, 40);
  const asked = control.asked();
  // The second question comes behind the answer to the first.
  while (control.asked() < asked + 2) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await gateway.inForce()).published?.number, 40);
  assert.equal(await kept(), 40);
  control.publish(documentOf(withQuota(content, 42), 42), 42);
  await control.heard(inForce(42));
  assert.deepEqual(
    control.words.filter(({ number }) => number === older.number),
    [],
  );
});

test('a snapshot that cannot be written to disk is not in force, and is taken once it can', async (t) => {
  const { kit, control, content, start, kept } = await worldOf(t);
  control.publish(documentOf(content, 1), 1);
  const gateway = await start();
  await control.heard(inForce(1));
  const blocked = join(kit.folder, 'evidence-node', 'node.snapshot.json.next');
  await mkdir(blocked);
  control.publish(documentOf(withQuota(content, 31), 2), 2);
  assert.equal((await control.heard(refused(2))).refused?.code, 'not_taken');
  assert.equal((await gateway.inForce()).published?.number, 1);
  await rm(blocked, { recursive: true });
  await control.heard(inForce(2));
  assert.equal(await kept(), 2);
});
