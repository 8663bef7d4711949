// Reload, drain and stop lose no call; a wrong file changes nothing and says what is wrong where.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { configSchema, startGateway } from '@headgate/gateway';
import { readFault } from '@headgate/soap';
import { soapRequest, type TestGateway, type TestGatewayOptions } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

/** A back end that answers with `<ok/>`: its head and half of its body at once, the rest when it is released. */
function halfAnsweredUntil(released: Promise<void>): NonNullable<TestGatewayOptions['answer']> {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/xml', 'content-length': '5' });
    response.write('<ok');
    await released;
    response.end('/>');
  };
}

/** Every host of its TLS listener: the one certificate of a test is for all of them. */
function hostsOf({ config }: TestGateway): readonly string[] {
  return config.listeners[0]?.hosts.map(({ name }) => name) ?? [];
}

for (const operator of operators) describe(`at ${operator.name}`, () => livesOnAt(operator));

function livesOnAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);
  const { secondHost } = operator;
  const { host } = operator.retrieve.call;
  const hostPattern = host.replaceAll('.', '\\.');

  describe('a reload', () => {
    test('under load loses no call, and calls begun before it end as they began', async (t) => {
      const gateway = await start({ policy: noLimits });
      t.after(() => gateway.close());
      const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
      t.after(() => {
        for (const agent of agents) agent.destroy();
      });
      let reloading = true;
      const statuses: number[] = [];
      const caller = async (agent: Agent) => {
        while (reloading) statuses.push((await gateway.call({ agent })).status);
      };
      const callers = agents.map(caller);
      for (let at = 0; at < 5; at += 1) await gateway.running.reload();
      reloading = false;
      await Promise.all(callers);
      assert.ok(statuses.length >= agents.length);
      assert.deepEqual(
        statuses.filter((status) => status !== 200),
        [],
      );
      await gateway.recorded(statuses.length);
      assert.equal(gateway.records.length, statuses.length);
      assert.ok(gateway.records.some(({ snapshot }) => snapshot > 1));
    });

    test('takes a new server certificate into use for the next handshake, with and without a name', async (t) => {
      const gateway = await start({ policy: noLimits });
      t.after(() => gateway.close());
      const seen = async (serverName: string | null) => {
        const caller = await open(gateway, { serverName });
        const { fingerprint256 } = (caller.socket as TLSSocket).getPeerCertificate();
        caller.destroy();
        return fingerprint256;
      };
      const before = [await seen(secondHost), await seen(null)];
      const live = await open(gateway);
      const renewed = await gateway.authority.serverChain('current', hostsOf(gateway));
      await writeFile(join(gateway.folder, 'server.pem'), renewed.certificatePem);
      await writeFile(join(gateway.folder, 'server.key'), renewed.keyPem);
      await gateway.running.reload();
      const afterwards = [await seen(secondHost), await seen(null)];
      assert.notEqual(afterwards[0], before[0]);
      assert.equal(afterwards[1], afterwards[0]);
      live.write(post(soapRequest));
      assert.equal((await live.answer()).status, 200);
      live.destroy();
    });

    for (const [what, file, text, said] of [
      [
        'a policy with a wrong number',
        'policy.yaml',
        'limits:\n  - name: x\n    quota: 0\n',
        /policy\.yaml:3:\d+ limits\.0\.quota: found 0; expected/,
      ],
      ['a policy that is no YAML', 'policy.yaml', 'limits: [\n', /policy\.yaml:\d+:\d+/],
      ['trust anchors that are no PEM', 'anchors.pem', 'nonsense', /anchors\.pem|users/],
      ['a server certificate that is no PEM', 'server.pem', 'nonsense', new RegExp(`server\\.pem|${hostPattern}`)],
      [
        'a key that belongs to another certificate',
        'server.key',
        null,
        new RegExp(`server\\.key|server\\.pem|${hostPattern}`),
      ],
    ] as const)
      test(`with ${what} says so, and the old files stay in force`, async (t) => {
        const gateway = await start({ policy: noLimits });
        t.after(() => gateway.close());
        const other = await gateway.authority.serverChain('current', hostsOf(gateway));
        const before = gateway.running.snapshot();
        await writeFile(join(gateway.folder, file), text ?? other.keyPem);
        await assert.rejects(gateway.running.reload(), (fault: Error) => {
          assert.equal(fault.name, 'UnusableFiles', fault.stack);
          assert.match(fault.message, said);
          return true;
        });
        assert.deepEqual(gateway.running.snapshot(), before);
        assert.equal((await gateway.call()).status, 200);
      });

    test('with one wrong listener leaves the other as it was', async (t) => {
      const kit = await start({ policy: noLimits });
      const [secure] = kit.config.listeners;
      assert.ok(secure);
      await writeFile(join(kit.folder, 'second.pem'), await readFile(join(kit.folder, 'server.pem')));
      const second = {
        ...secure,
        name: 'second',
        hosts: secure.hosts.map((host) => ({ ...host, certificate: 'second.pem' })),
      };
      const config = configSchema.parse({ ...kit.config, node: 'two', listeners: [secure, second] });
      const running = await startGateway({ config, base: kit.folder, clock: () => kit.clock.now() });
      t.after(() => running.close().then(() => kit.close()));
      const port = running.listeners[0]?.port ?? 0;
      const shown = async () => {
        const caller = await open({ ...kit, port });
        const { fingerprint256 } = (caller.socket as TLSSocket).getPeerCertificate();
        caller.destroy();
        return fingerprint256;
      };
      const before = await shown();
      const renewed = await kit.authority.serverChain('current', hostsOf(kit));
      await writeFile(join(kit.folder, 'server.pem'), renewed.certificatePem);
      await writeFile(join(kit.folder, 'server.key'), renewed.keyPem);
      await assert.rejects(running.reload(), { name: 'UnusableFiles' }); // The second certificate lost its key.
      assert.equal(await shown(), before);
    });
  });

  describe('a stop', () => {
    /** Far longer than a test may take: nothing ends because the wait of a stop ended. */
    const patient = { shutdownMs: 600_000, keepAliveMs: 600_000, headerTimeoutMs: 300_000 };

    test('finishes calls in flight, and does not wait for connections that are kept alive', {
      timeout: 20_000,
    }, async () => {
      const held = Promise.withResolvers<void>();
      const arrived = Promise.withResolvers<void>();
      const gateway = await start({
        policy: noLimits,
        path: patient,
        answer: async (_request, response) => {
          arrived.resolve();
          await held.promise;
          response.end('<ok/>');
        },
      });
      const [busy, idle, fresh] = [await open(gateway), await open(gateway), await open(gateway)];
      idle.write(post(soapRequest, { path: '/nowhere' }));
      await idle.answer();
      busy.write(post(soapRequest));
      await arrived.promise;
      const closed = gateway.running.close();
      held.resolve();
      const answer = await busy.answer();
      assert.equal(answer.status, 200);
      assert.equal(answer.fields.get('connection'), 'close');
      for (const caller of [busy, idle, fresh]) await caller.ended();
      await closed;
      assert.equal(gateway.records.length, 2);
      await gateway.upstream.close();
    });

    test('refuses what comes on an open connection with gateway.draining, and takes no new one', async () => {
      const held = Promise.withResolvers<void>();
      const gateway = await start({
        policy: noLimits,
        answer: halfAnsweredUntil(held.promise),
      });
      const caller = await open(gateway);
      caller.write(post(soapRequest));
      await new Promise((resolve) => caller.socket.once('data', resolve)); // Its head is out: it cannot announce the end.
      const closed = gateway.running.close();
      caller.write(post(soapRequest));
      await assert.rejects(open(gateway));
      held.resolve();
      assert.equal((await caller.answer()).body, '<ok/>');
      const refused = await caller.answer();
      assert.equal(readFault(refused.body)?.problem.code, 'gateway.draining');
      assert.equal(refused.fields.get('connection'), 'close');
      await closed;
      assert.equal(gateway.upstream.received.length, 1);
      assert.equal(gateway.records.length, 2);
      await gateway.upstream.close();
    });

    test('does not wait for a connection whose answer could not tell of it any more', { timeout: 20_000 }, async () => {
      const held = Promise.withResolvers<void>();
      const gateway = await start({
        policy: noLimits,
        path: patient,
        answer: halfAnsweredUntil(held.promise),
      });
      const caller = await open(gateway);
      caller.write(post(soapRequest));
      await once(caller.socket, 'data');
      const closed = gateway.running.close();
      held.resolve();
      const answer = await caller.answer();
      assert.equal(answer.fields.get('connection'), undefined);
      await caller.ended();
      await closed;
      await gateway.upstream.close();
    });

    test('gives up calls that outlast the wait, and still records them', async () => {
      const arrived = Promise.withResolvers<void>();
      const gateway = await start({
        policy: noLimits,
        path: { shutdownMs: 50 },
        answer: () => arrived.resolve(),
      });
      const caller = await open(gateway);
      caller.write(post(soapRequest));
      await arrived.promise;
      await gateway.running.close();
      assert.equal(gateway.records.length, 1);
      assert.equal(gateway.records[0]?.response.complete, false);
      await gateway.upstream.close();
    });

    test('ends connections that never shook hands within the wait', async () => {
      const gateway = await start({ path: { shutdownMs: 50 } });
      const silent = connect(gateway.port, '127.0.0.1');
      silent.on('error', () => undefined);
      await once(silent, 'connect');
      await gateway.call(); // Accepted behind it: the gateway knows of both.
      const ended = once(silent, 'close');
      silent.resume();
      await gateway.close();
      await ended;
    });
  });
}
