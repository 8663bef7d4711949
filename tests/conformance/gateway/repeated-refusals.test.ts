// A program over its limit hears no again and again, to the same head over one connection: each time of its own call, of the
// present instant, of the rule that decides now, and of the seconds that are left.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFault } from '@headgate/soap';
import { fakeClock, soapRequest } from '@headgate/testkit';
import { callsTo } from './calls.ts';
import { operators } from './operators.ts';

const rule = (name: string, quota: number, windowMs: number, text = `${name} says: call again in <n> s.`) => ({
  name,
  layer: 'acceptable-use',
  where: {},
  key: ['source'],
  unit: 'requests',
  quota,
  windowMs,
  algorithm: 'exact-sliding-window',
  refusal: { text, status: 500 },
  evidence: 'assumed',
  source: 'test',
});

for (const operator of operators) {
  const { open, post, start } = callsTo(operator);

  describe(`at ${operator.name}`, () => {
    test('each refusal tells its own exchange, instant and seconds, and the rule that decides', async (t) => {
      const clock = fakeClock(operator.startMs);
      const limits = [rule('short', 1, 900), rule('longer', 2, 2_000), rule('longest', 3, 5_000, 'Later.')];
      const gateway = await start({ clock, policy: JSON.stringify({ limits }) });
      t.after(() => gateway.close());
      const caller = await open(gateway);
      const call = async () => {
        caller.write(post(soapRequest));
        const { status, fields, body } = await caller.answer();
        return { status, fields, body, fault: readFault(body) };
      };
      const seen = new Set<string>();
      const isRefused = async (text: string, seconds: number) => {
        const { status, fields, body, fault } = await call();
        assert.equal(status, 500);
        assert.equal(fault?.text, text);
        assert.equal(fields.get('retry-after'), String(seconds));
        const exchange = fields.get('headgate-exchange') ?? '';
        assert.equal(fault?.problem.exchange, exchange);
        assert.ok(body.includes(`id>${exchange}<`), 'the event has the id too');
        assert.ok(body.includes(`>${new Date(clock.now()).toISOString()}<`), 'the event has the instant');
        assert.ok(!seen.has(exchange));
        seen.add(exchange);
      };

      assert.equal((await call()).status, 200);
      await isRefused('short says: call again in 1 s.', 1);
      clock.advanceMs(1);
      await isRefused('short says: call again in 1 s.', 1);
      clock.advanceMs(999);
      assert.equal((await call()).status, 200);
      await isRefused('longer says: call again in 1 s.', 1); // The same seconds, another sentence.
      clock.advanceMs(1_000);
      assert.equal((await call()).status, 200);
      await isRefused('Later.', 3);
      await isRefused('Later.', 3);
      clock.advanceMs(1_000);
      await isRefused('Later.', 2); // The same sentence, other seconds.
      caller.destroy();
      assert.ok(gateway.records.every(({ response }) => response.complete));
    });

    test('the same head behind handshakes of two names is refused in the words and the form of each', async (t) => {
      const gateway = await start();
      t.after(() => gateway.close());
      const { page, retrieve } = operator;
      // The host says nothing, so that a program's name and a person's must not be answered alike.
      const head = 'GET / HTTP/1.1\r\nHost: nowhere.example\r\nAccept: application/xhtml+xml, text/html\r\n\r\n';
      const refusedTo = async (serverName: string) => {
        const caller = await open(gateway, { serverName });
        caller.write(head);
        const { status, fields, body } = await caller.answer();
        caller.destroy();
        assert.equal(status, 421);
        assert.ok(body.includes(serverName));
        return fields.get('content-type');
      };
      for (let round = 0; round < 2; round += 1) {
        assert.equal(await refusedTo(retrieve.call.host), 'application/problem+json');
        assert.match((await refusedTo(page.call.host)) ?? '', /^text\/html/);
      }
    });
  });
}
