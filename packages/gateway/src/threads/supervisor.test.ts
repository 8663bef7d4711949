import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { BroadcastChannel, Worker } from 'node:worker_threads';
import type { EvidenceRecord } from '@headgate/contract';
import {
  fakeClock,
  openRawCaller,
  type RawCaller,
  rawPost,
  soapRequest,
  startTestGateway,
  type TestGateway,
} from '@headgate/testkit';
import { readGatewayFiles } from '../gateway-files.ts';
import type { GatewayNotice } from '../gateway-notice.ts';
import { createSnapshotFiles } from '../snapshot-files.ts';
import { linesIn } from '../spool/spool-lines.fixture.ts';
import type { ServingGateway } from '../start-gateway.ts';
import { type Death, deathsChannel } from './dying-thread.fixture.ts';
import type { CreateWorker } from './running-thread.ts';
import { startThreads } from './supervisor.ts';

const noLimits = 'limits: []\n';

const createDyingWorker: CreateWorker = (orders) =>
  new Worker(new URL('./dying-thread.fixture.ts', import.meta.url), {
    workerData: orders,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });

/** Two threads over the files of a test gateway, and what they said. */
interface TestThreads {
  readonly running: ServingGateway;
  /** The test gateway, its port that of the threads. */
  readonly kit: TestGateway;
  readonly records: readonly EvidenceRecord[];
  /** Resolves with the first notice of a kind; with the `count`th where it is given. */
  noticed<Kind extends GatewayNotice['kind']>(
    kind: Kind,
    count?: number,
  ): Promise<GatewayNotice & { readonly kind: Kind }>;
  die(death: Death): void;
  /** Reads every file again and has the threads take them. */
  reload(): Promise<void>;
}

async function startTwo(
  t: TestContext,
  createWorker: CreateWorker = createDyingWorker,
  beforeStart: () => void = () => undefined,
  into: 'files' | 'spool' = 'files',
): Promise<TestThreads> {
  const kit = await startTestGateway({ clock: fakeClock(Date.now()), policy: noLimits });
  beforeStart();
  const config = {
    ...kit.config,
    node: 'two',
    threads: 2,
    evidence: { ...kit.config.evidence, folder: 'evidence-two', into },
  };
  const source = createSnapshotFiles(config, kit.folder);
  const read = () => readGatewayFiles(config, kit.folder, source);
  const notices: GatewayNotice[] = [];
  const waiting = new Set<() => void>();
  const records: EvidenceRecord[] = [];
  const running = await startThreads({
    config,
    base: kit.folder,
    files: await read(),
    control: null,
    createWorker,
    seen: (record) => records.push(record),
    notice(notice) {
      notices.push(notice);
      for (const wake of waiting) wake();
    },
  });
  const deaths = new BroadcastChannel(deathsChannel);
  t.after(async () => {
    deaths.close();
    await running.close();
    await kit.close();
  });
  return {
    running,
    kit: { ...kit, port: running.listeners[0]?.port ?? 0 },
    records,
    async noticed(kind, count = 1) {
      for (;;) {
        const found = notices.filter((notice) => notice.kind === kind).at(count - 1);
        if (found !== undefined) return found as GatewayNotice & { readonly kind: typeof kind };
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
    },
    die: (death) => deaths.postMessage(death),
    reload: async () => running.take(await read()),
  };
}

/** Opens connections until one is served by the thread, which its record tells. */
async function openAt(thread: number, { kit, records }: TestThreads): Promise<RawCaller> {
  for (;;) {
    const caller = await openRawCaller(kit);
    caller.write(rawPost(soapRequest));
    const exchange = (await caller.answer()).fields.get('headgate-exchange');
    const served = () => records.find((record) => record.exchange === exchange);
    while (served() === undefined) await new Promise(setImmediate);
    if (served()?.thread === thread) return caller;
    caller.destroy();
  }
}

for (const how of ['throw', 'fill the heap'] as const) {
  test(`a thread that dies (${how}) is replaced; its connections are counted and the other’s live`, async (t) => {
    const two = await startTwo(t);
    const [kept, lost, lostToo] = [await openAt(0, two), await openAt(1, two), await openAt(1, two)];
    two.die({ thread: 1, how });
    const ended = await two.noticed('thread-ended');
    assert.equal(ended.thread, 1);
    assert.equal(ended.connectionsLost, 2);
    assert.match(ended.defect, how === 'throw' ? /a defect outside any connection/ : /memory/i);
    await Promise.all([lost.ended(), lostToo.ended()]);
    kept.write(rawPost(soapRequest));
    assert.equal((await kept.answer()).status, 200);
    await two.noticed('thread-replaced');
    const replaced = await openAt(1, two);
    for (const caller of [kept, replaced]) caller.destroy();
  });
}

test('the evidence of a thread that died tells its gap, and its replacement counts from one under a boot of its own', async (t) => {
  const two = await startTwo(t);
  const before = await openAt(1, two);
  const first = two.records.findLast(({ thread }) => thread === 1);
  two.die({ thread: 1, how: 'throw' });
  await two.noticed('thread-replaced');
  const after = await openAt(1, two);
  const second = two.records.findLast(({ thread }) => thread === 1);
  for (const caller of [before, after]) caller.destroy();
  assert.ok(first && second);
  assert.notEqual(second.boot, first.boot);
  await two.running.close();
  const folder = join(two.kit.folder, 'evidence-two');
  const lines = (await readFile(join(folder, `${second.boot}.t1.ndjson`), 'utf8')).trimEnd().split('\n');
  const [gap, record] = lines.map(
    (line) => JSON.parse(line) as { gap?: { boot: string; thread: number }; sequence?: number },
  );
  assert.deepEqual([gap?.gap?.boot, gap?.gap?.thread], [first.boot, 1]);
  assert.equal(record?.sequence, 1);
  assert.ok((await readdir(folder)).includes('two.t1.sequence.json'));
});

test('what a thread that died had written on its way to the spool is kept, and no gap is told', async (t) => {
  const two = await startTwo(t, createDyingWorker, () => undefined, 'spool');
  const before = await openAt(1, two);
  two.die({ thread: 1, how: 'throw' });
  await two.noticed('thread-replaced');
  const after = await openAt(1, two);
  for (const caller of [before, after]) caller.destroy();
  await two.running.close();
  const kept = linesIn(two.running.evidenceFile).map((line) => JSON.parse(line) as EvidenceRecord);
  const byNumber = (records: readonly EvidenceRecord[]) =>
    records.map(({ boot, thread, sequence }) => `${boot} ${thread} ${sequence}`).toSorted();
  assert.deepEqual(byNumber(kept), byNumber(two.records));
});

test('a thread that is replaced serves by the files of the last reload', async (t) => {
  const two = await startTwo(t);
  await two.reload();
  two.die({ thread: 0, how: 'throw' });
  await two.noticed('thread-replaced');
  const caller = await openAt(0, two);
  assert.equal(two.records.findLast(({ thread }) => thread === 0)?.snapshot, two.running.snapshot().number);
  caller.destroy();
});

test('a reload in which a thread dies resolves once every thread that lives has the files', async (t) => {
  const two = await startTwo(t);
  two.die({ thread: 1, how: 'throw' });
  await Promise.all([two.reload().then(() => two.reload()), two.noticed('thread-replaced')]);
  for (const thread of [0, 1]) {
    const caller = await openAt(thread, two);
    assert.equal(two.records.findLast((record) => record.thread === thread)?.snapshot, two.running.snapshot().number);
    caller.destroy();
  }
});

test('a thread that dies at each start is replaced more and more slowly, and the operator is told', async (t) => {
  let starts = 0;
  const two = await startTwo(t, (orders) => {
    if (orders.thread === 0) return createDyingWorker(orders);
    starts += 1;
    return starts === 1 ? createDyingWorker(orders) : new Worker('throw new Error("never again")', { eval: true });
  });
  two.die({ thread: 1, how: 'throw' });
  const deaths = [
    await two.noticed('thread-ended'),
    await two.noticed('thread-ended', 2),
    await two.noticed('thread-ended', 3),
  ];
  assert.deepEqual(
    deaths.map(({ replacedInMs }) => replacedInMs),
    [0, 100, 200],
  );
  assert.match((await two.noticed('thread-keeps-dying')).sentence, /thread 1 died 3 times/);
  const caller = await openAt(0, two); // The other thread goes on.
  caller.destroy();
});

test('a session of a thread that died is resumed by its replacement', async (t) => {
  const two = await startTwo(t);
  const first = await openRawCaller(two.kit, { tlsVersion: 'TLSv1.2' });
  const session = (first.socket as TLSSocket).getSession();
  first.destroy();
  for (const thread of [0, 1]) {
    two.die({ thread, how: 'throw' });
    await two.noticed('thread-replaced', thread + 1);
  }
  assert.ok(session);
  const second = await openRawCaller(two.kit, { tlsVersion: 'TLSv1.2', session });
  assert.ok((second.socket as TLSSocket).isSessionReused());
  second.destroy();
});

test('keys of tickets are renewed in every thread: older tickets lead to a full handshake, and new ones resume', async (t) => {
  const timers = t.mock.timers;
  const two = await startTwo(t, createDyingWorker, () => timers.enable({ apis: ['setInterval'] }));
  const resumes = async (session: Buffer | undefined) => {
    const caller = await openRawCaller(two.kit, {
      tlsVersion: 'TLSv1.2',
      ...(session === undefined ? {} : { session }),
    });
    const socket = caller.socket as TLSSocket;
    const found = { resumed: socket.isSessionReused(), session: socket.getSession() };
    caller.destroy();
    return found;
  };
  const old = (await resumes(undefined)).session;
  assert.ok((await resumes(old)).resumed);
  timers.tick(3_600_000);
  timers.reset();
  // The threads hear of it a moment later than the clock.
  let full = await resumes(old);
  for (let fulls = 0; fulls < 8; fulls = full.resumed ? 0 : fulls + 1) full = await resumes(old);
  for (let tries = 0; tries < 8; tries += 1) assert.ok((await resumes(full.session)).resumed);
});

test('a port that is taken is refused with the system’s own words, and the evidence folder is free again', async (t) => {
  const kit = await startTestGateway({ clock: fakeClock(Date.now()), policy: noLimits });
  t.after(() => kit.close());
  const listeners = kit.config.listeners.map((listener) => ({ ...listener, port: kit.port }));
  const config = {
    ...kit.config,
    node: 'two',
    threads: 2,
    listeners,
    evidence: { ...kit.config.evidence, folder: 'evidence-two' },
  };
  const source = createSnapshotFiles(config, kit.folder);
  const read = () => readGatewayFiles(config, kit.folder, source);
  const files = await read();
  for (let tries = 0; tries < 2; tries += 1) {
    await assert.rejects(startThreads({ config, base: kit.folder, files, control: null }), {
      code: 'EADDRINUSE',
      port: kit.port,
    });
  }
});
