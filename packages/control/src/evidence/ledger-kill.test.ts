import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { createEmbeddedFolder } from '../store/for-each-store.fixture.ts';
import { openStore } from '../store/open-store.ts';
import { naiveSums } from './generated-records.fixture.ts';
import { openTestLedger, send, tableSums } from './ledger.fixture.ts';
import { childBatch, childRecords } from './ledger-child.fixture.ts';

const program = new URL('./ledger-child.fixture.ts', import.meta.url).pathname;

/** Runs the child from a place on, kills it after some acknowledgements, and gives the last place that it acknowledged. */
async function live(folder: string, from: number, acknowledgements: number): Promise<number> {
  const child = spawn(process.execPath, [program, folder, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  let last = from;
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    count += 1;
    if (count === acknowledgements) child.kill('SIGKILL');
  }
  await gone;
  return last;
}

test('control that is killed with kill -9 while it takes in has every acknowledged record once, in chunks and in rows', async () => {
  const folder = await createEmbeddedFolder();
  let last = 0;
  for (const acknowledgements of [4, 13]) last = await live(folder, Math.max(0, last - 80), acknowledgements);
  const store = await openStore({ folder, url: null });
  const ledger = await openTestLedger(store, { at: { nowMs: childRecords.at(-1)?.listener.receivedMs ?? 0 } });
  // After the last kill the node sends everything of the last batches once more, as one that lost the answers does.
  assert.ok(last < childRecords.length, 'it was killed while it took in');
  for (let at = Math.max(0, last - 80); at < childRecords.length; at += 4 * childBatch)
    assert.equal((await send(ledger, 'gateway-1', childRecords.slice(at, at + 4 * childBatch))).kind, 'taken');
  await ledger.settled();
  const expected = [...naiveSums(childRecords, () => '1').values()].map(({ calls, refused, chunked }) => [
    calls,
    refused,
    chunked,
  ]);
  for (const table of ['ledger_use', 'ledger_pair']) {
    const sums = await tableSums(store, table, ['1']);
    assert.deepEqual(
      [...sums.values()].map(({ calls, refused, chunked }) => [calls, refused, chunked]),
      expected,
      table,
    );
  }
  const kept = await store.db.selectFrom('ledger_arrival').select('records').execute();
  assert.equal(
    kept.reduce((sum, { records }) => sum + records, 0),
    childRecords.length,
  );
  assert.deepEqual(await store.db.selectFrom('ledger_gap').selectAll().execute(), []);
  await ledger.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});
