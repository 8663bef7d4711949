import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { EvidenceRecord } from '@headgate/contract';
import { fakeClock, openRawCaller, rawPost, soapRequest, startTestGateway } from '@headgate/testkit';
import type { EvidenceGap } from '../evidence/reservation.ts';
import type { GatewayNotice } from '../gateway-notice.ts';
import { startGateway } from '../start-gateway.ts';
import { UnusableFiles } from '../unusable-files.ts';
import { linesIn } from './spool-lines.fixture.ts';

const noLimits = 'limits: []\n';

type Line = Partial<EvidenceRecord> & { readonly gap?: EvidenceGap['gap'] };

const parsed = (fileName: string) => linesIn(fileName).map((line) => JSON.parse(line) as Line);

test('a gateway of one thread keeps the record of every call in its spool, and no other file of them', async (t) => {
  const gateway = await startTestGateway({ policy: noLimits, evidence: { into: 'spool' } });
  t.after(() => gateway.close());
  for (let calls = 0; calls < 3; calls += 1) await gateway.call();
  await gateway.running.close();
  const spool = gateway.running.evidenceFile;
  assert.deepEqual(parsed(spool), gateway.records);
  assert.deepEqual(
    (await readdir(join(gateway.folder, 'evidence'))).filter((name) => /ndjson|sequence/.test(name)),
    [],
  );
});

/** A gateway of two threads, calls to it, and its spool thread to be ended. */
async function startTwo(t: TestContext) {
  const kit = await startTestGateway({ clock: fakeClock(Date.now()), policy: noLimits });
  const notices: GatewayNotice[] = [];
  const workers: Worker[] = [];
  let heard = Promise.withResolvers<void>();
  const running = await startGateway({
    config: {
      ...kit.config,
      node: 'two',
      threads: 2,
      evidence: { ...kit.config.evidence, folder: 'evidence-two', into: 'spool' },
    },
    base: kit.folder,
    notice(notice) {
      notices.push(notice);
      heard.resolve();
      heard = Promise.withResolvers();
    },
    createSpoolWorker(orders) {
      const worker = new Worker(new URL('./spool-thread.ts', import.meta.url), { workerData: orders });
      workers.push(worker);
      return worker;
    },
  });
  t.after(async () => {
    await running.close();
    await kit.close();
  });
  return {
    running,
    endSpool: () => workers.at(-1)?.terminate(),
    async noticed(kind: GatewayNotice['kind'], count = 1): Promise<void> {
      while (notices.filter((notice) => notice.kind === kind).length < count) await heard.promise;
    },
    /** Calls over connections of their own, so that both threads serve some; the ids of their exchanges. */
    async call(count: number): Promise<string[]> {
      const ids: string[] = [];
      for (let calls = 0; calls < count; calls += 1) {
        const caller = await openRawCaller({ ...kit, port: running.listeners[0]?.port ?? 0 });
        caller.write(rawPost(soapRequest));
        ids.push((await caller.answer()).fields.get('headgate-exchange') ?? '');
        caller.destroy();
      }
      return ids;
    },
  };
}

test('a spool thread that dies is replaced, and what stands in the rings is kept once', async (t) => {
  const two = await startTwo(t);
  const calls: string[] = [];
  for (let deaths = 1; deaths <= 3; deaths += 1) {
    calls.push(...(await two.call(8)));
    await two.endSpool();
    calls.push(...(await two.call(8)));
    await two.noticed('spool-ended', deaths);
    await two.noticed('spool-replaced', deaths);
  }
  await two.running.close();
  const kept = parsed(two.running.evidenceFile).map(({ exchange, gap }) => exchange ?? JSON.stringify(gap));
  assert.deepEqual(kept.toSorted(), calls.toSorted());
});

test('a file that is no spool keeps a gateway from starting, and is named; the folder is free then', async (t) => {
  const gateway = await startTestGateway({ policy: noLimits });
  t.after(() => gateway.close());
  const evidence = { ...gateway.config.evidence, into: 'spool' as const, folder: 'evidence-other' };
  const config = { ...gateway.config, node: 'other', evidence };
  const spool = join(gateway.folder, 'evidence-other', 'other.spool.sqlite');
  await mkdir(join(gateway.folder, 'evidence-other'));
  await writeFile(spool, 'x'.repeat(10_000));
  for (const threads of [1, 2])
    await assert.rejects(startGateway({ config: { ...config, threads }, base: gateway.folder }), (fault) => {
      assert.ok(fault instanceof UnusableFiles);
      assert.deepEqual(
        fault.findings.map(({ file }) => file),
        ['evidence-other/other.spool.sqlite'],
      );
      return true;
    });
  await rm(spool);
  await (await startGateway({ config, base: gateway.folder })).close();
});

test('a gateway that kept files and crashed has its gap told by the spool, once', async (t) => {
  const gateway = await startTestGateway({ policy: noLimits });
  t.after(() => gateway.close());
  const folder = join(gateway.folder, 'evidence-before');
  await mkdir(folder);
  const reservation = { boot: 'other-1', reservedTo: 10_000, reservedMs: 5 };
  await writeFile(join(folder, 'other.sequence.json'), JSON.stringify(reservation));
  await writeFile(join(folder, 'other-1.ndjson'), '{"sequence":7,"listener":{"receivedMs":6}}\n');
  const evidence = { ...gateway.config.evidence, into: 'spool' as const, folder: 'evidence-before' };
  for (let boots = 0; boots < 2; boots += 1) {
    const running = await startGateway({
      config: { ...gateway.config, node: 'other', evidence },
      base: gateway.folder,
    });
    await running.close();
    const gaps = parsed(running.evidenceFile).flatMap(({ gap }) => (gap === undefined ? [] : [gap]));
    assert.deepEqual(
      gaps.map(({ boot, thread, after, atMost }) => [boot, thread, after, atMost]),
      [['other-1', 0, 7, 9_993]],
    );
  }
});

test('the next boot of a gateway that stopped in order tells no gap', async (t) => {
  const gateway = await startTestGateway({ policy: noLimits, evidence: { into: 'spool' } });
  t.after(() => gateway.close());
  await gateway.call();
  await gateway.running.close();
  const again = await startGateway({ config: gateway.config, base: gateway.folder });
  await again.close();
  assert.equal(parsed(again.evidenceFile).filter(({ gap }) => gap !== undefined).length, 0);
});
