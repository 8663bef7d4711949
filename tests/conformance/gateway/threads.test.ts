// A gateway of several threads is one gateway: limits, bounds, snapshots and sessions are those of all its threads.
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { EvidenceRecord } from '@headgate/contract';
import { readFault } from '@headgate/soap';
import { fakeClock, soapRequest, type TestGateway, type TestGatewayOptions } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { operators } from './operators.ts';

/** The limit of these tests: so long a window that no test outlasts it. */
const quota = 40;
const limited = `limits:
  - name: all
    layer: global
    where: {}
    key: [source]
    unit: requests
    quota: ${quota}
    windowMs: 3600000
    algorithm: exact-sliding-window
    refusal: { text: 'Wait <n> seconds.' }
    evidence: assumed
    source: test
`;

for (const operator of operators) describe(`at ${operator.name}`, () => servesOverThreadsAt(operator));

function servesOverThreadsAt(operator: (typeof operators)[number]): void {
  const { open, post, start } = callsTo(operator);
  const startThreads = (options: TestGatewayOptions) =>
    start({ threads: 3, policy: noLimits, clock: fakeClock(Date.now()), ...options });
  const threadsOf = (records: readonly EvidenceRecord[]) => new Set(records.map(({ thread }) => thread));
  /** Calls over new connections until every thread has served one; the system chooses the thread. */
  const untilEveryThreadServed = async (gateway: TestGateway, threads = 3) => {
    for (let calls = 1; threadsOf(gateway.records).size < threads; calls += 1) {
      assert.equal((await gateway.call()).status, 200);
      await gateway.recorded(calls);
    }
  };

  test('a limit admits its quota over all threads, not one call more and none less', async (t) => {
    const gateway = await startThreads({ policy: limited });
    t.after(() => gateway.close());
    const answers = await Promise.all(Array.from({ length: quota + 20 }, () => gateway.call()));
    await gateway.recorded(answers.length);
    assert.ok(threadsOf(gateway.records).size > 1);
    assert.equal(answers.filter(({ status }) => status === 200).length, quota);
    assert.equal(gateway.records.filter(({ admission }) => admission?.admitted === true).length, quota);
  });

  test('the bound on connections of a source holds over all threads, and a place that is given back is free in each', async (t) => {
    const gateway = await startThreads({ path: { connectionsPerSourceMax: 6 } });
    t.after(() => gateway.close());
    const callers = await Promise.all(Array.from({ length: 6 }, () => open(gateway)));
    for (let tries = 0; tries < 12; tries += 1) await assert.rejects(open(gateway));
    const other = await open(gateway, { source: '127.0.7.7' });
    other.destroy();
    const [first, ...rest] = callers;
    first?.destroy();
    // The gateway hears of the close a moment later than we do.
    let next = await open(gateway).catch(() => null);
    while (next === null) next = await open(gateway).catch(() => null);
    await assert.rejects(open(gateway));
    for (const caller of [next, ...rest]) caller.destroy();
  });

  test('the bound on waiting bodies of a source holds over all threads', async (t) => {
    const gateway = await startThreads({ path: { waitingBodiesPerSourceMax: 3 } });
    t.after(() => gateway.close());
    const callers = await Promise.all(Array.from({ length: 9 }, () => open(gateway)));
    // A head without its body waits, whichever thread has it.
    for (const caller of callers) caller.write(post(soapRequest).slice(0, -soapRequest.length));
    await gateway.recorded(6);
    assert.deepEqual(
      gateway.records.map(({ response }) => response.refusal),
      Array.from({ length: 6 }, () => 'listener.too_many_waiting_bodies'),
    );
    for (const caller of callers) caller.destroy();
    await gateway.running.close();
    assert.equal(gateway.running.shed().waitingBodiesPerSourceMax, 6);
  });

  test('a session begun in one thread is resumed in every other', async (t) => {
    const gateway = await startThreads({});
    t.after(() => gateway.close());
    const first = await open(gateway, { tlsVersion: 'TLSv1.2' });
    const session = (first.socket as TLSSocket).getSession();
    assert.ok(session);
    let calls = 0;
    while (threadsOf(gateway.records).size < 3) {
      const caller = await open(gateway, { tlsVersion: 'TLSv1.2', session });
      caller.write(post(soapRequest));
      assert.equal((await caller.answer()).status, 200);
      calls += 1;
      await gateway.recorded(calls);
      caller.destroy();
    }
    assert.ok(gateway.records.every(({ listener }) => listener.tlsResumed));
    first.destroy();
  });

  test('a reload is in force in every thread when it resolves, certificates too, and loses no call', async (t) => {
    const gateway = await startThreads({});
    t.after(() => gateway.close());
    await untilEveryThreadServed(gateway);
    const agents = Array.from({ length: 6 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    t.after(() => {
      for (const agent of agents) agent.destroy();
    });
    let reloading = true;
    const statuses: number[] = [];
    const callers = agents.map(async (agent) => {
      while (reloading) statuses.push((await gateway.call({ agent })).status);
    });
    for (let at = 0; at < 3; at += 1) await gateway.running.reload();
    const renewed = await gateway.authority.serverChain(
      'current',
      gateway.config.listeners[0]?.hosts.map(({ name }) => name) ?? [],
    );
    await writeFile(join(gateway.folder, 'server.pem'), renewed.certificatePem);
    await writeFile(join(gateway.folder, 'server.key'), renewed.keyPem);
    await gateway.running.reload();
    reloading = false;
    await Promise.all(callers);
    assert.deepEqual(new Set(statuses), new Set([200]));

    const before = gateway.records.length;
    const shown = new Set<string>();
    const threads = new Set<number>();
    for (let calls = 1; threads.size < 3; calls += 1) {
      const caller = await open(gateway);
      shown.add((caller.socket as TLSSocket).getPeerCertificate().fingerprint256);
      caller.write(post(soapRequest));
      await caller.answer();
      const records = await gateway.recorded(before + calls);
      const last = records.at(-1);
      assert.equal(last?.snapshot, 5);
      threads.add(last.thread);
      caller.destroy();
    }
    assert.equal(shown.size, 1);
  });

  test('a reload with a wrong file says so, and the old files stay in force in every thread', async (t) => {
    const gateway = await startThreads({});
    t.after(() => gateway.close());
    await writeFile(join(gateway.folder, 'policy.yaml'), 'limits:\n  - name: x\n    quota: 0\n');
    await assert.rejects(gateway.running.reload(), { name: 'UnusableFiles' });
    await untilEveryThreadServed(gateway);
    assert.ok(gateway.records.every(({ snapshot }) => snapshot === 1));
    await writeFile(join(gateway.folder, 'policy.yaml'), noLimits);
    await gateway.running.reload();
    assert.equal(gateway.running.snapshot().number, 2);
  });

  test('each thread keeps its own evidence, numbered from one without a hole, and a stop loses none', async (t) => {
    const gateway = await startThreads({});
    t.after(() => gateway.upstream.close());
    const answers = await Promise.all(Array.from({ length: 30 }, () => gateway.call()));
    await gateway.running.close();
    assert.equal(gateway.records.length, answers.length);
    const folder = join(gateway.folder, 'evidence');
    const files = (await readdir(folder)).filter((file) => file.endsWith('.ndjson'));
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
    let count = 0;
    for (const text of texts) {
      const records = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as EvidenceRecord);
      assert.deepEqual(
        records.map(({ sequence }) => sequence),
        records.map((_, at) => at + 1),
      );
      assert.equal(threadsOf(records).size, 1);
      count += records.length;
    }
    assert.equal(count, answers.length);
  });

  test('a stop finishes calls in flight in every thread, and serves who connected before it and had not asked yet', async () => {
    const held = Promise.withResolvers<void>();
    let arrived = 0;
    const allArrived = Promise.withResolvers<void>();
    const gateway = await startThreads({
      answer: async (_request, response) => {
        arrived += 1;
        if (arrived === 6) allArrived.resolve();
        await held.promise;
        response.end('<ok/>');
      },
    });
    const busy = await Promise.all(Array.from({ length: 6 }, () => open(gateway)));
    const fresh = await open(gateway);
    for (const caller of busy) caller.write(post(soapRequest));
    await allArrived.promise;
    const closed = gateway.running.close();
    await assert.rejects(async () => {
      for (;;) (await open(gateway)).destroy(); // Until every listener is closed.
    });
    fresh.write(post(soapRequest));
    held.resolve();
    for (const caller of [...busy, fresh]) {
      const answer = await caller.answer();
      assert.equal(answer.status, 200, readFault(answer.body)?.problem.code);
      assert.equal(answer.fields.get('connection'), 'close');
      caller.end();
    }
    await closed;
    assert.equal(gateway.records.length, 7);
    await gateway.upstream.close();
  });
}
