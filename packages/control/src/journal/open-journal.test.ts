import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open as openHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { missing, startPostgres } from '@headgate/testkit';
import { createDatabase, createEmbeddedFolder, forEachStore } from '../store/for-each-store.fixture.ts';
import { lockFolder } from '../store/lock-folder.ts';
import { openStore, type Store } from '../store/open-store.ts';
import { StoreRefused } from '../store/store-refused.ts';
import type { AppendingChild } from './appending-child.fixture.ts';
import { countedAppliers, countedIn, createCounted } from './counted-entries.fixture.ts';
import { openJournalFile } from './journal-file.ts';
import { chainEntry } from './journal-line.ts';
import { type Journal, openJournal } from './open-journal.ts';

const base = mkdtempSync(join(tmpdir(), 'headgate-journal-'));
after(() => rmSync(base, { recursive: true, force: true }));
let folderCount = 0;
const newFolder = (): string => {
  folderCount += 1;
  return join(base, String(folderCount));
};
/** With a database that was never opened, which takes less time than making one. */
const newStoreFolder = async (): Promise<string> => {
  const folder = newFolder();
  renameSync(await createEmbeddedFolder(), folder);
  return folder;
};

interface Opened {
  readonly store: Store;
  readonly journal: Journal;
  readonly notices: string[];
  close(): Promise<void>;
}

async function openOver(store: Store, folder: string, segmentBytesMax?: number): Promise<Opened> {
  await createCounted(store.db);
  const notices: string[] = [];
  const journal = await openJournal({
    store,
    folder: join(folder, 'journal'),
    appliers: countedAppliers,
    notice: (sentence) => notices.push(sentence),
    ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
  });
  const close = async (): Promise<void> => {
    await journal.close();
    await store.close();
  };
  return { store, journal, notices, close };
}

const entryOf = (token: string, filling = '') => ({
  kind: 'count',
  by: 'desk',
  atMs: 1_700_000_000_000,
  body: { token, filling },
});

forEachStore((_name, open) => {
  test('what is appended is applied, numbered without a hole and told again in order', async () => {
    const { journal, store } = await openOver(await open(), newFolder());
    const tokens = Array.from({ length: 150 }, (_, index) => `t${index}`);
    const numbers = await Promise.all(tokens.map((token) => journal.append(entryOf(token))));
    assert.deepEqual(
      numbers,
      tokens.map((_, index) => index + 1),
    );
    assert.deepEqual(await countedIn(store.db), { tokens, sum: 150 });
    const told = await Array.fromAsync(journal.replay(148));
    assert.deepEqual(told, [
      { sequence: 149, ...entryOf('t148') },
      { sequence: 150, ...entryOf('t149') },
    ]);
    await journal.close();
  });

  test('an entry that its area refuses is refused alone, and takes no number', async () => {
    const { journal, store } = await openOver(await open(), newFolder());
    const outcomes = await Promise.allSettled(['a', 'b', 'a', 'c'].map((token) => journal.append(entryOf(token))));
    assert.deepEqual(
      outcomes.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as { code: string }).code)),
      [1, 2, '23505', 3],
    );
    assert.deepEqual(await countedIn(store.db), { tokens: ['a', 'b', 'c'], sum: 3 });
    await journal.close();
  });

  test('a body that its caller changes afterwards is recorded as it was', async () => {
    const { journal, store } = await openOver(await open(), newFolder());
    const entry = entryOf('before');
    const appended = journal.append(entry);
    entry.body.token = 'after';
    await appended;
    assert.deepEqual((await countedIn(store.db)).tokens, ['before']);
    await journal.close();
  });
});

test('two controls on one PostgreSQL append in turn, without a hole and without a number twice', {
  skip: missing('postgresql'),
}, async () => {
  const server = await startPostgres();
  const url = await createDatabase(server);
  const opened: Opened[] = [];
  try {
    for (let each = 1; each <= 2; each += 1) {
      opened.push(await openOver(await openStore({ folder: '', url }), newFolder()));
    }
    const numbers = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => opened[index % 2]?.journal.append(entryOf(`t${index}`))),
    );
    assert.deepEqual(
      numbers.toSorted((left = 0, right = 0) => left - right),
      numbers.map((_, index) => index + 1),
    );
    const [one] = opened;
    assert.ok(one !== undefined);
    const told = await Array.fromAsync(one.journal.replay(0));
    assert.deepEqual(
      told.map(({ body }) => (body as { token: string }).token),
      (await countedIn(one.store.db)).tokens,
    );
  } finally {
    for (const each of opened) await each.close();
    await server.close();
  }
});

const withEntries = async (folder: string, tokens: readonly string[], segmentBytesMax?: number): Promise<void> => {
  const opened = await openOver(await openStore({ folder, url: null }), folder, segmentBytesMax);
  for (const token of tokens) await opened.journal.append(entryOf(token, 'x'.repeat(100)));
  await opened.close();
};

const untold = (sentence: string): never => assert.fail(sentence);

/** A journal without a store, as one that was copied or torn would be found. */
const writeJournal = async (folder: string, tokens: readonly string[]): Promise<void> => {
  const file = await openJournalFile({ folder: join(folder, 'journal'), notice: untold });
  let last = file.last;
  for (const token of tokens) {
    const sequence = last.sequence + 1;
    const entry = chainEntry({ sequence, ...entryOf(token) }, sequence, last.checksum);
    await file.append([entry]);
    last = entry;
  }
  await file.close();
};

test('a PostgreSQL without an entry takes in what an embedded store had recorded, once', {
  skip: missing('postgresql'),
}, async () => {
  const folder = newFolder();
  await writeJournal(folder, ['a', 'b', 'c']);
  const server = await startPostgres();
  const url = await createDatabase(server);
  try {
    const unlock = lockFolder(folder, Date.now);
    const beside = await openStore({ folder, url });
    await assert.rejects(openOver(beside, folder), { code: 'store.in_use' });
    await beside.close();
    unlock();
    const first = await openOver(await openStore({ folder, url }), folder);
    assert.match(first.notices.join(), /3 entries of the journal in .* were brought into PostgreSQL, which had none/);
    assert.equal(await first.journal.append(entryOf('d')), 4);
    await first.close();
    const again = await openOver(await openStore({ folder, url }), folder);
    assert.deepEqual(again.notices, []);
    assert.deepEqual(await countedIn(again.store.db), { tokens: ['a', 'b', 'c', 'd'], sum: 4 });
    await again.close();
  } finally {
    await server.close();
  }
});

const segments = (folder: string): readonly string[] =>
  readdirSync(join(folder, 'journal'))
    .toSorted()
    .map((name) => join(folder, 'journal', name));

test('an embedded store that was lost comes back from the journal, over all its segments', async () => {
  const folder = await newStoreFolder();
  const tokens = Array.from({ length: 12 }, (_, index) => `t${index}`);
  await withEntries(folder, tokens.slice(0, 6), 1_000);
  const older = join(newFolder(), 'database');
  cpSync(join(folder, 'database'), older, { recursive: true });
  await withEntries(folder, tokens.slice(6), 1_000);
  assert.ok(segments(folder).length > 3);

  rmSync(join(folder, 'database'), { recursive: true });
  renameSync(join(await newStoreFolder(), 'database'), join(folder, 'database'));
  const fromNothing = await openOver(await openStore({ folder, url: null }), folder);
  assert.deepEqual(await countedIn(fromNothing.store.db), { tokens, sum: 12 });
  assert.match(fromNothing.notices.join(), /12 entries of the journal in .* were not in the store yet/);
  await fromNothing.close();

  rmSync(join(folder, 'database'), { recursive: true });
  renameSync(older, join(folder, 'database'));
  const fromOlder = await openOver(await openStore({ folder, url: null }), folder);
  assert.deepEqual(await countedIn(fromOlder.store.db), { tokens, sum: 12 });
  assert.match(fromOlder.notices.join(), /6 entries/);
  assert.equal(await fromOlder.journal.append(entryOf('next')), 13);
  await fromOlder.close();
});

test('a journal that is damaged where entries had been acknowledged is refused, with file and line', async () => {
  const folder = await newStoreFolder();
  await withEntries(folder, ['a', 'b', 'c']);
  const [file = ''] = segments(folder);
  const whole = readFileSync(file, 'utf8');
  const open = async (): Promise<Opened> => openOver(await openStore({ folder, url: null }), folder);

  writeFileSync(file, whole.replace('"token":"b"', '"token":"B"'));
  await assert.rejects(openJournalFile({ folder: join(folder, 'journal'), notice: untold }), (error: unknown) => {
    assert.ok(error instanceof StoreRefused);
    assert.equal(error.code, 'store.journal_damaged');
    assert.match(error.message, new RegExp(`${file}, line 2, is not entry 2`));
    assert.match(error.fix, /Restore that file from a backup/);
    return true;
  });

  writeFileSync(file, whole.split('\n').toSpliced(1, 1).join('\n'));
  await assert.rejects(openJournalFile({ folder: join(folder, 'journal'), notice: untold }), {
    code: 'store.journal_damaged',
  });

  // What the refusal says to do, where there is no backup: the store has it all.
  rmSync(join(folder, 'journal'), { recursive: true });
  const opened = await open();
  assert.match(opened.notices.join(), /lacked its last 3 entries; they are written again from the store/);
  await opened.close();
  assert.equal(
    segments(folder)
      .map((name) => readFileSync(name, 'utf8'))
      .join(''),
    whole,
  );
});

test('what a crash tore off at the end of the journal is cut and told, and what was acknowledged stays', async () => {
  const folder = newFolder();
  await writeJournal(folder, ['a', 'b']);
  const [file = ''] = segments(folder);
  const whole = readFileSync(file, 'utf8');
  const line = whole.split('\n')[1] ?? '';
  const torn = [
    line.slice(0, 40),
    `${line.slice(0, -9)}\n`,
    '\0'.repeat(4_096),
    // A batch of two whose first block never reached the disk and whose second did.
    `${'\0'.repeat(60)}\n${line.replace('"sequence":2,"batch":2', '"sequence":4,"batch":3')}\n`,
  ];
  for (const end of torn) {
    writeFileSync(file, whole + end);
    const notices: string[] = [];
    const opened = await openJournalFile({ folder: join(folder, 'journal'), notice: (text) => notices.push(text) });
    assert.equal(opened.last.sequence, 2);
    assert.deepEqual(notices.length, 1);
    assert.match(notices[0] ?? '', new RegExp(`${Buffer.byteLength(end)} bytes cut from ${file}`));
    await opened.close();
    assert.equal(readFileSync(file, 'utf8'), whole);
  }
});

test('a journal and a store that do not belong together are refused', async () => {
  const [folder, other] = [await newStoreFolder(), newFolder()];
  const store = await openStore({ folder, url: null });
  const { journal } = await openOver(store, folder);
  for (const token of ['a', 'b']) await journal.append(entryOf(token));
  await journal.close();
  await writeJournal(other, ['a', 'c', 'd']);
  await assert.rejects(openOver(store, other), { code: 'store.journal_stranger', message: /they differ in entry 2/ });
  await store.close();
});

test('an entry is in the journal once the disk says that it has it, and not before', async (t) => {
  const folder = newFolder();
  const file = await openJournalFile({ folder: join(folder, 'journal'), notice: untold });
  const probe = await openHandle(join(folder, 'probe'), 'w');
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const [asked, onDisk] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
  const datasync = Reflect.get(handles, 'datasync');
  t.mock.method(handles, 'datasync', async function held(this: FileHandle) {
    asked.resolve('asked');
    await onDisk.promise;
    await datasync.call(this);
  });
  const appending = file.append([chainEntry({ sequence: 1, ...entryOf('a') }, 1, file.last.checksum)]);
  assert.equal(await Promise.race([asked.promise, appending.then(() => 'acknowledged')]), 'asked');
  assert.equal(file.last.sequence, 0);
  assert.match(readFileSync(segments(folder)[0] ?? '', 'utf8'), /"token":"a"/);
  onDisk.resolve();
  await appending;
  assert.equal(file.last.sequence, 1);
  await file.close();
});

test('where the disk takes no more, an entry is refused whole, and what fits afterwards is taken', async () => {
  const folder = await newStoreFolder();
  const child: AppendingChild = { folder, name: 'a', fillingBytes: 1_000_000, atOnce: 2, segmentBytesMax: 1e9 };
  const file = new URL('./appending-child.fixture.ts', import.meta.url).pathname;
  // No file may grow past 17.5 MiB: what the journal reaches first. A write at that bound is cut short, then fails (EFBIG).
  const shell = ['-c', 'ulimit -f 35840; exec "$0" "$@"', process.execPath, file, JSON.stringify(child)];
  const { stdout } = await promisify(execFile)('sh', shell);
  const lines = stdout.trim().split('\n');
  const code = 'control.journal_unwritable';
  assert.ok(lines.includes(`refused ${code}`), stdout);
  const acknowledged = lines.filter((line) => line.startsWith('acknowledged '));
  assert.match(lines.at(-1) ?? '', /^acknowledged /);

  const opened = await openOver(await openStore({ folder, url: null }), folder);
  assert.deepEqual(opened.notices, []);
  const { tokens, sum } = await countedIn(opened.store.db);
  assert.equal(sum, tokens.length);
  assert.deepEqual(
    acknowledged.map((line) => line.split(' ').slice(1)).toSorted(([left], [right]) => Number(left) - Number(right)),
    tokens.map((token, index) => [String(index + 1), token]),
  );
  await opened.close();
});
