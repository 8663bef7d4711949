import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fakeClock, startTestGateway, type TestTrust } from '@headgate/testkit';

const dayMs = 86_400_000;
const startMs = Date.UTC(2024, 1, 21, 12);
const trust: TestTrust = { legacy: { from: 'done', until: '2024-04-30' }, current: { from: 'done', until: 'tbd' } };

/** A gateway whose timers stand still, and what it warned of since it was asked last. */
async function startWarning(t: TestContext) {
  const gateway = await startTestGateway({ clock: fakeClock(startMs), trust });
  t.after(() => gateway.close());
  let told = 0;
  const warnings = () => {
    const fresh = gateway.notices.slice(told);
    told = gateway.notices.length;
    return fresh.flatMap((notice) => (notice.kind === 'trust-warning' ? [`${notice.about} ${notice.at}`] : []));
  };
  return { gateway, warnings };
}

test('a gateway that runs on tells once a day what ends within thirty days, and nothing before', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { gateway, warnings } = await startWarning(t);
  assert.deepEqual(warnings(), []);
  gateway.clock.advanceMs(38 * dayMs);
  t.mock.timers.tick(dayMs);
  assert.deepEqual(warnings(), []);
  gateway.clock.advanceMs(3 * dayMs);
  t.mock.timers.tick(dayMs - 1);
  assert.deepEqual(warnings(), []);
  t.mock.timers.tick(1);
  const both = Array.from({ length: 2 }, () => 'trust bundle users 2024-05-01T06:59:59.999Z');
  assert.deepEqual(warnings(), both);
  t.mock.timers.tick(dayMs);
  assert.deepEqual(warnings(), both);
});

test('what the trust file marked as gone is no news, and an anchor that all depend on is', async (t) => {
  const { gateway, warnings } = await startWarning(t);
  gateway.clock.advanceMs(100 * dayMs);
  await gateway.running.reload();
  assert.deepEqual(warnings(), []);
  await gateway.setTrust({ ...trust, current: { from: 'done', until: '2025-01-31' } });
  const soon = await gateway.running.reload();
  assert.deepEqual(
    soon.warnings.map(({ sentence }) => sentence),
    ['no anchor counts after 2025-02-01T07:59:59.999Z: without a successor in overlap every caller is refused then'],
  );
  await gateway.setTrust({ ...trust, current: { from: 'done', until: 'done' } });
  const none = await gateway.running.reload();
  assert.deepEqual(
    none.warnings.map(({ sentence }) => sentence),
    ['no anchor counts now: every caller is refused'],
  );
});

test('an authority that expired by itself is told as one that whoever depends on is refused for', async (t) => {
  const { gateway } = await startWarning(t);
  await gateway.setTrust({ legacy: { from: 'done', until: 'tbd' }, current: { from: 'done', until: 'tbd' } });
  gateway.clock.advanceMs(11 * 365 * dayMs); // The authorities of a test end after ten years.
  const { warnings } = await gateway.running.reload();
  const about = warnings.filter(({ about: who }) => who === 'trust bundle users').map(({ sentence }) => sentence);
  assert.equal(about.filter((sentence) => /expired on .*: whoever depends on it is refused$/.test(sentence)).length, 4);
  assert.ok(about.includes('no anchor counts now: every caller is refused'));
});
