// A control that only takes in: made-up records from a place on, each batch told when it is acknowledged, until it is killed.
import { openStore } from '../store/open-store.ts';
import { bodyOf, generatedStartMs, generateRecords } from './generated-records.fixture.ts';
import { openLedger } from './ledger.ts';
import { defaultRetention } from './retention.ts';

/** The records that the child takes, the same in every life of it. */
export const childRecords = generateRecords({ seed: 33, count: 1_200, threads: 2, spanMs: 20 * 86_400_000 });

/** Records of one batch. */
export const childBatch = 40;

if (process.argv[1]?.endsWith('ledger-child.fixture.ts') === true) {
  const [, , folder = '', from = '0'] = process.argv;
  const store = await openStore({ folder, url: null });
  const ledger = await openLedger({
    store,
    clock: () => generatedStartMs + 20 * 86_400_000,
    retention: defaultRetention,
    notice: (sentence) => process.stderr.write(`${sentence}\n`),
    bounds: { foldSoonMs: 1 },
  });
  for (let at = Number(from); at < childRecords.length; at += childBatch) {
    const body = bodyOf(childRecords.slice(at, at + childBatch));
    const { kind } = await ledger.take({ node: 'gateway-1', body, encoding: 'identity' });
    if (kind === 'taken') process.stdout.write(`${at + childBatch}\n`);
  }
  await ledger.close();
  await store.close();
}
