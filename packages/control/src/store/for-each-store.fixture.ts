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

/** A store of a test, which can be opened a second time where its kind allows it. */
export interface TestStore extends Store {
  /** Closes it where only one may have it, and opens it again. The caller closes what it gets, unless it rejects. */
  readonly reopen: (options?: Partial<StoreOptions>) => Promise<Store>;
}

/** Opens a store of its own, empty but for its tables; closed after the suite where the test has not closed it. */
export type OpenTestStore = (options?: Partial<StoreOptions>) => Promise<TestStore>;

/** Calls `suite` once for each kind, inside a `describe` that says which. PostgreSQL is skipped by name where it is missing. */
export function forEachStore(suite: (name: 'PGlite' | 'PostgreSQL', open: OpenTestStore) => void): void {
  describe('with PGlite', () => {
    suite('PGlite', closedAfter(openEmbedded));
  });
  describe('with PostgreSQL', { skip: missing('postgresql') }, () => {
    let server: Promise<Postgres> | undefined;
    const open = closedAfter(async (options) => {
      server ??= startPostgres();
      const url = await createDatabase(await server);
      const reopen: TestStore['reopen'] = (other) => openStore({ folder: '', url, ...other });
      return { ...(await reopen(options)), reopen };
    });
    suite('PostgreSQL', open);
    after(async () => (await server)?.close());
  });
}

/** Opens an embedded store in a folder of its own, which goes when it is closed. */
export async function openEmbedded(
  options: Partial<StoreOptions> = {},
): Promise<TestStore & { readonly folder: string }> {
  const folder = options.folder ?? (await createEmbeddedFolder());
  const open = (other: Partial<StoreOptions> = {}): Promise<Store> => openStore({ folder, url: null, ...other });
  const store = await open(options);
  const close = async (): Promise<void> => {
    await store.close();
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  const reopen: TestStore['reopen'] = async (other) => {
    await store.close();
    return open(other);
  };
  return { ...store, folder, close, reopen };
}

/** Makes an empty database on a server and gives its URL. */
export async function createDatabase({ host, user, database }: Postgres): Promise<string> {
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

function closedAfter(open: OpenTestStore): OpenTestStore {
  const opened: TestStore[] = [];
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
