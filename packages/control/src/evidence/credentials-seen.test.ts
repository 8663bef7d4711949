import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachStore } from '../store/for-each-store.fixture.ts';
import { credentialsSeen } from './credentials-seen.ts';
import { generatedStartMs, generateRecords } from './generated-records.fixture.ts';
import { openTestLedger, send } from './ledger.fixture.ts';

forEachStore((_name, open) => {
  test('credentials are counted once for each address that they were seen on, since an instant', async () => {
    const store = await open();
    const none = await credentialsSeen(store.db, 0);
    const place = {
      environment: 'production',
      channel: 'api',
      generation: 'old',
      url: 'https://ws.caiso.com/sst/cmri',
    };
    assert.equal(none(place), null);
    const ledger = await openTestLedger(store);
    const records = generateRecords({ seed: 7, count: 400 });
    await send(ledger, 'gateway-1', records);
    await ledger.close();
    const seen = await credentialsSeen(store.db, generatedStartMs);
    const expected = new Map<string, Set<string>>();
    for (const { route, identity } of records) {
      if (route === null || identity?.fingerprint === undefined || identity.fingerprint === null) continue;
      const { environment, channel, generation, address } = route;
      const key = [environment, channel, generation, address].join(' ');
      expected.set(key, (expected.get(key) ?? new Set()).add(identity.fingerprint));
    }
    assert.ok(expected.size > 2);
    for (const [key, credentials] of expected) {
      const [environment = '', channel = '', generation = '', url = ''] = key.split(' ');
      assert.equal(seen({ environment, channel, generation, url }), credentials.size, key);
    }
    assert.equal(seen({ ...place, url: 'https://ws.caiso.com/sst/nowhere' }), 0);
    assert.equal((await credentialsSeen(store.db, generatedStartMs + 86_400_000))(place), null);
  });
});
