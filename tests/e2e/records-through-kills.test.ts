// A gateway is killed again and again under traffic, and whoever takes its records fails every other time: what is told of the calls
// in the end is what their callers know.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@headgate/testkit';
import { prepareLives, startOrdealKit, threads } from './ordeal/gateway-lives.ts';
import { startRecordsPeer } from './ordeal/records-peer.ts';
import { compare } from './ordeal/truth.ts';

const seed = 20_261_127;
const kills = 2;

test('every answered call is told once, or stands in the one gap of a thread that was killed', async (t) => {
  const random = seededRandom(seed);
  const kit = await startOrdealKit();
  const peer = await startRecordsPeer(kit.folder, random);
  t.after(async () => {
    await peer.close();
    await kit.close();
  });
  const gateway = await prepareLives(kit, peer.port);
  for (let kill = 0; kill < kills; kill += 1) await gateway.liveAndBeKilled(50 + Math.floor(random() * 300));
  await gateway.liveAndStop(50, (answered) => peer.behaveUntil(answered));
  const found = compare(peer.kept(), gateway.lives, threads);
  t.diagnostic(JSON.stringify({ seed, ...found, failures: peer.failures() }));
  assert.equal(found.gaps, kills * threads);
});
