// A process that appends to the journal until it is killed, and tells on standard output what was acknowledged to it. Run by tests.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../store/open-store.ts';
import { countedAppliers, countedIn, createCounted } from './counted-entries.fixture.ts';
import { openJournal } from './open-journal.ts';

/** What the process is told, as JSON in its first argument. */
export interface AppendingChild {
  readonly folder: string;
  /** Begins its tokens, so that those of two processes differ. */
  readonly name: string;
  readonly fillingBytes: number;
  /** How many it appends at once. */
  readonly atOnce: number;
  readonly segmentBytesMax: number;
}

const { folder, name, fillingBytes, atOnce, segmentBytesMax } = JSON.parse(process.argv[2] ?? '') as AppendingChild;

// Synchronous: a word that waits in this process would die with it, and be missed where it was acknowledged.
const tell = (...words: readonly (string | number)[]): void => void writeSync(1, `${words.join(' ')}\n`);

const store = await openStore({ folder, url: null });
await createCounted(store.db);
const notice = (sentence: string): void => tell('notice', sentence);
const journal = await openJournal({
  store,
  folder: join(folder, 'journal'),
  appliers: countedAppliers,
  notice,
  segmentBytesMax,
});
const { tokens, sum } = await countedIn(store.db);
tell('open', tokens.length, sum);

let count = 0;
let isRefused = false;
const append = async (filling: string): Promise<void> => {
  count += 1;
  const token = `${name}-${count}`;
  const sequence = await journal.append({ kind: 'count', by: name, atMs: 1_700_000_000_000, body: { token, filling } });
  tell('acknowledged', sequence, token);
};
const appendOn = async (): Promise<void> => {
  while (!isRefused) await append('x'.repeat(fillingBytes));
};

try {
  await Promise.all(Array.from({ length: atOnce }, appendOn));
} catch (error) {
  isRefused = true;
  tell('refused', (error as { code?: string }).code ?? String(error));
}
await append('');
await journal.close();
await store.close();
