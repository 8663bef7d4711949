// Runs a suite on both kinds of store: what holds on one and not on the other is a fault.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import { missing, type Postgres, startPostgres } from '@headgate/testkit';
import pg from 'pg';
import control from '../../package.json' with { type: 'json' };
import { openStore, type Store, type StoreOptions } from './open-store.ts';

/** Opens a store of its own, empty but for its tables; closed after the suite where the test has not closed it. */
export type OpenTestStore = (options?: Partial<StoreOptions>) => Promise<Store>;

/** Calls `suite` once for each kind, inside a `describe` that says which. PostgreSQL is skipped by name where it is missing. */
export function forEachStore(suite: (name: 'PGlite' | 'PostgreSQL', open: OpenTestStore) => void): void {
  describe('with PGlite', () => {
    suite('PGlite', closedAfter(openEmbeddedStore));
  });
  describe('with PostgreSQL', { skip: missing('postgresql') }, () => {
    let server: Promise<Postgres> | undefined;
    const open = closedAfter(async (options) => {
      server ??= startPostgres();
      return openStore({ folder: '', url: await createDatabase(await server), ...options });
    });
    suite('PostgreSQL', open);
    after(async () => (await server)?.close());
  });
}

/** Makes an empty database on a server and gives its URL. */
async function createDatabase({ host, user, database }: Postgres): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ host, user, database });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
  return `postgresql://${user}@localhost/${name}?host=${encodeURIComponent(host)}`;
}

/** Makes a folder with an embedded store that has never been opened; the caller removes it. */
export async function createEmbeddedFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-store-'));
  await cp(await template(), join(folder, 'database'), { recursive: true });
  return folder;
}

async function openEmbeddedStore(options: Partial<StoreOptions> = {}): Promise<Store> {
  const folder = options.folder ?? (await createEmbeddedFolder());
  const store = await openStore({ folder, url: null, ...options });
  const close = async (): Promise<void> => {
    await store.close();
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  return { ...store, close };
}

function closedAfter(open: OpenTestStore): OpenTestStore {
  const opened: Store[] = [];
  after(() => Promise.all(opened.map((store) => store.close())));
  return async (options) => {
    const store = await open(options);
    let closing: Promise<void> | undefined;
    const once = {
      ...store,
      close: () => {
        closing ??= store.close();
        return closing;
      },
    };
    opened.push(once);
    return once;
  };
}

// Making a database cluster takes PGlite three seconds, copying one takes it a tenth: it is made once per version of PGlite.
async function template(): Promise<string> {
  const { dependencies } = control as { dependencies: Readonly<Record<string, string>> };
  const version = dependencies['@electric-sql/pglite'];
  const cache = join(import.meta.dirname, '../../../../.headgate/cache');
  const folder = join(cache, `pglite-${version}`);
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(join(cache, 'making-'));
  try {
    if (existsSync(folder)) return folder;
    const { PGlite } = await import('@electric-sql/pglite');
    await (await PGlite.create({ dataDir: making })).close();
    // Whoever is first has made it; the others' is as good.
    await rename(making, folder).catch((cause: unknown) => {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause;
    });
    return folder;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}
