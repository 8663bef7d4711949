import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { missing, type Postgres, startPostgres } from '@headgate/testkit';
import { holdAlone } from './hold-alone.ts';
import { StoreRefused } from './store-refused.ts';

const unexpected = (sentence: string) => {
  throw new Error(sentence);
};

describe('PostgreSQL', { skip: missing('postgresql') }, () => {
  let server: Postgres;
  let url = '';

  before(async () => {
    server = await startPostgres();
    url = `postgresql://${server.user}@localhost/${server.database}?host=${encodeURIComponent(server.host)}`;
  });

  after(() => server.close());

  test('is held by one control at a time, and by another once it was given back', async () => {
    const release = await holdAlone(url, { notice: unexpected });
    await assert.rejects(
      holdAlone(url, { notice: unexpected }),
      (fault) => fault instanceof StoreRefused && fault.code === 'store.in_use' && fault.fix !== '',
    );
    await release();
    await (await holdAlone(url, { notice: unexpected }))();
  });

  test('says so when the connection that holds it is lost, and does not end control', async () => {
    const told = Promise.withResolvers<string>();
    const release = await holdAlone(url, { notice: told.resolve });
    await server.close();
    assert.match(await told.promise, /was lost; it is asked for again/);
    await release();
  });
});
