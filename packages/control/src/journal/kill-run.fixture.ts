// The proof that nothing acknowledged is lost: a process that appends is killed again and again, at moments that a seed decides.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '@headgate/testkit';
import { createEmbeddedFolder } from '../store/for-each-store.fixture.ts';
import { openStore } from '../store/open-store.ts';
import type { AppendingChild } from './appending-child.fixture.ts';
import { countedAppliers, countedIn, createCounted } from './counted-entries.fixture.ts';
import { openJournal } from './open-journal.ts';

/** What a run came to. */
export interface KillRun {
  readonly killCount: number;
  /** Kills before the process had opened its store. */
  readonly killedWhileOpening: number;
  readonly acknowledgedCount: number;
  readonly entryCount: number;
  /** Starts that found entries on the disk which a store that nobody put back did not have. */
  readonly caughtUpCount: number;
  /** Starts that found the end of the journal torn. */
  readonly tornCount: number;
  /** Times the files of the store were put back to an older state, as a power cut may leave them. */
  readonly rolledBackCount: number;
}

interface Child {
  readonly process: ChildProcessByStdio<null, Readable, null>;
  readonly ended: Promise<void>;
  readonly isOpen: () => boolean;
  /** Resolves with true once it has acknowledged as many; with false where it ends before. */
  readonly reached: (acknowledgedCount: number) => Promise<boolean>;
}

/** How a run goes. */
export interface KillRunOptions {
  readonly seed: number;
  readonly killCount: number;
  /** Whether the first kill comes while the files of the store are made. */
  readonly fromNothing: boolean;
}

/** Kills as often as asked, then opens once more; throws where anything acknowledged is missing, or anything is there twice. */
export async function runKills({ seed, killCount, fromNothing }: KillRunOptions): Promise<KillRun> {
  const random = seededRandom(seed);
  const folder = await createEmbeddedFolder();
  if (fromNothing) await rm(join(folder, 'database'), { recursive: true });
  const older = `${folder}-older`;
  const acknowledged = new Map<number, string>();
  let isRolledBack = false;
  const counts = { killedWhileOpening: 0, caughtUpCount: 0, tornCount: 0, rolledBackCount: 0 };

  const onLine = (line: string): void => {
    const [word, first = '', second = ''] = line.split(' ');
    if (word === 'acknowledged') {
      assert.ok(!acknowledged.has(Number(first)), `number ${first} was given twice`);
      acknowledged.set(Number(first), second);
    } else if (word === 'open') {
      assert.equal(first, second, 'rows and their sum differ: something was applied twice, or by half');
      assert.ok(Number(first) >= acknowledged.size, `${first} entries came back of ${acknowledged.size} acknowledged`);
    } else if (word === 'refused') {
      assert.fail(line);
    } else if (line.includes('were not in the store yet')) {
      if (!isRolledBack) counts.caughtUpCount += 1;
      isRolledBack = false;
    } else if (line.includes('torn off')) {
      counts.tornCount += 1;
    }
  };

  try {
    for (let kill = 1; kill <= killCount; kill += 1) {
      const child = startChild(folder, `boot${kill}`, random, onLine);
      // A quarter dies at some time after its start, whatever it does then; the rest in the middle of its work.
      if ((fromNothing && kill === 1) || random() < 0.25) await wait(random() * 1_500);
      else if (await child.reached(Math.floor(random() * 80))) await wait(random() * 10);
      if (!child.isOpen()) counts.killedWhileOpening += 1;
      child.process.kill('SIGKILL');
      await child.ended;
      // Killed at once each time, it may not have come as far as having a database.
      if (kill % 5 === 2 && existsSync(join(folder, 'database'))) {
        await rm(older, { recursive: true, force: true });
        await cp(join(folder, 'database'), older, { recursive: true });
      } else if (kill % 5 === 0 && existsSync(older)) {
        await rm(join(folder, 'database'), { recursive: true, force: true });
        await rename(older, join(folder, 'database'));
        counts.rolledBackCount += 1;
        isRolledBack = true;
      }
    }
    const entryCount = await proveAll(folder, acknowledged);
    return { killCount, acknowledgedCount: acknowledged.size, entryCount, ...counts };
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(older, { recursive: true, force: true });
  }
}

/** Opens what is left: store and journal agree, hold everything acknowledged, and nothing twice. */
async function proveAll(folder: string, acknowledged: ReadonlyMap<number, string>): Promise<number> {
  const store = await openStore({ folder, url: null });
  await createCounted(store.db);
  const journal = await openJournal({
    store,
    folder: join(folder, 'journal'),
    appliers: countedAppliers,
    notice: () => undefined,
  });
  const { tokens, sum } = await countedIn(store.db);
  const told = await Array.fromAsync(journal.replay(0));
  await journal.close();
  await store.close();
  assert.equal(sum, tokens.length);
  assert.equal(new Set(tokens).size, tokens.length);
  assert.deepEqual(
    told.map(({ sequence, body }) => [sequence, (body as { token: string }).token]),
    tokens.map((token, index) => [index + 1, token]),
  );
  for (const [sequence, token] of acknowledged) assert.equal(tokens[sequence - 1], token, `entry ${sequence}`);
  return tokens.length;
}

function startChild(folder: string, name: string, random: () => number, onLine: (line: string) => void): Child {
  const options: AppendingChild = {
    folder,
    name,
    fillingBytes: Math.floor(random() ** 4 * 20_000),
    atOnce: 1 + Math.floor(random() * 8),
    segmentBytesMax: 200_000,
  };
  const file = new URL('./appending-child.fixture.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [file, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const reader = Promise.withResolvers<void>();
  let count = -1;
  let wanted: { readonly count: number; readonly resolve: (isReached: boolean) => void } | undefined;
  lines.on('line', (line) => {
    try {
      onLine(line);
    } catch (error) {
      reader.reject(error);
    }
    if (/^(?:open|acknowledged) /.test(line)) count += 1;
    if (wanted !== undefined && count >= wanted.count) wanted.resolve(true);
  });
  lines.once('close', () => reader.resolve());
  reader.promise.then(
    () => wanted?.resolve(false),
    () => wanted?.resolve(false),
  );
  return {
    process: child,
    ended: reader.promise,
    isOpen: () => count >= 0,
    reached(atLeast) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      wanted = { count: atLeast, resolve };
      if (count >= atLeast) resolve(true);
      return promise;
    },
  };
}
