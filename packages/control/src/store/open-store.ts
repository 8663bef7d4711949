// Opens the store of control: PGlite in a thread of this process behind a lock, or PostgreSQL.
import { join } from 'node:path';
import { Kysely } from 'kysely';
import pg from 'pg';
import { ControlRefusal } from '../api/control-refusal.ts';
import { boundedDialect, type WaitLimits } from './bounded-dialect.ts';
import { EmbeddedConnection } from './embedded-connection.ts';
import { type HouseLimits, isUpkeep, keepHouse } from './keep-house.ts';
import { lockFolder } from './lock-folder.ts';
import { migrate, refuseOther } from './migrate.ts';
import type { Schema } from './schema.ts';
import { StoreRefused } from './store-refused.ts';
import { valueTypes } from './value-types.ts';

/** How the store is opened. */
export interface StoreOptions {
  /** Where the embedded store stands; made where absent. Not touched with a `url`. */
  readonly folder: string;
  /** Of a PostgreSQL, `postgresql://…`; null for the embedded store. */
  readonly url: string | null;
  /** Whether to bring the tables up to date. Default true; with false, a store of another version is refused. */
  readonly migrate?: boolean;
  /** Told in sentences: a thread or a connection that was lost. Default: nothing is told. */
  readonly notice?: (sentence: string) => void;
  /** Milliseconds since 1970 UTC. Default: the system's. */
  readonly now?: () => number;
  readonly limits?: Partial<StoreLimits>;
}

/** Bounds of a store. */
export interface StoreLimits extends WaitLimits {
  /** Connections to PostgreSQL; the embedded store has one. */
  readonly connectionCountMax: number;
  /** How long one statement of a migration may run, and a store that was not closed may take to open. */
  readonly migrationMsMax: number;
  /** How often the embedded store is tidied, where there is something to do. */
  readonly houseMs: number;
  /** How long PostgreSQL may take to answer a new connection. */
  readonly connectMsMax: number;
}

/** An open store. */
export interface Store {
  readonly kind: 'embedded' | 'postgresql';
  readonly db: Kysely<Schema>;
  /** Ends what is under way, closes the connections and gives the folder back. */
  readonly close: () => Promise<void>;
}

const defaultLimits: StoreLimits = {
  waitingCountMax: 1_000,
  waitingBytesMax: 67_108_864,
  waitMsMax: 30_000,
  statementMsMax: 30_000,
  connectionCountMax: 10,
  connectMsMax: 60_000,
  houseMs: 60_000,
  migrationMsMax: 3_600_000,
};

/** Opens the store. Throws a `StoreRefused` where it is in use, of another version, or cannot be reached. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const limits: StoreLimits = { ...defaultLimits, ...options.limits };
  const notice = options.notice ?? (() => undefined);
  return options.url === null
    ? openEmbedded(options, limits, notice)
    : openPostgres(options, options.url, limits, notice);
}

async function openEmbedded(
  options: StoreOptions,
  limits: StoreLimits,
  notice: (sentence: string) => void,
): Promise<Store> {
  const unlock = lockFolder(options.folder, options.now ?? Date.now);
  const folder = join(options.folder, 'database');
  let isOpen = false;
  let gone = Promise.resolve();
  const pool = new pg.Pool({
    ...poolOptions,
    connectionTimeoutMillis: limits.migrationMsMax,
    // PGlite has one session and asks for no password; what is set here is not taken from the environment.
    max: 1,
    host: 'localhost',
    port: 5432,
    user: 'postgres',
    database: 'postgres',
    password: '',
    ssl: false,
    stream: () => {
      const connection = new EmbeddedConnection({
        folder,
        statementMsMax: (message) => (isOpen && !isUpkeep(message) ? limits.statementMsMax : limits.migrationMsMax),
        after: gone,
        notice,
      });
      gone = connection.gone;
      return connection;
    },
  });
  // The thread says itself why it ended.
  const db = watched(pool, limits, () => undefined);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= db
      .destroy()
      .then(() => gone)
      .finally(unlock);
    return closing;
  };
  try {
    await (options.migrate === false ? refuseOther(db) : migrate(db));
  } catch (cause) {
    await close();
    throw refusedAtStart(cause, `the embedded store in ${folder} cannot be opened`, embeddedFix);
  }
  isOpen = true;
  const stopTidying = tidyEvery(limits.houseMs, db, notice);
  const closeTidy = async (): Promise<void> => {
    await stopTidying();
    await close();
  };
  return { kind: 'embedded', db, close: closeTidy };
}

/** Tidies at intervals; returns what ends that, and waits for what is under way. */
function tidyEvery(intervalMs: number, db: Kysely<Schema>, notice: (sentence: string) => void): () => Promise<void> {
  let tidying: Promise<void> | null = null;
  const timer = setInterval(() => {
    tidying ??= keepHouse(db, houseLimits)
      .catch((cause: unknown) => notice(`the embedded store could not be tidied: ${sayOrigin(cause)}`))
      .finally(() => {
        tidying = null;
      });
  }, intervalMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await tidying;
  };
}

async function openPostgres(
  options: StoreOptions,
  url: string,
  limits: StoreLimits,
  notice: (sentence: string) => void,
): Promise<Store> {
  const shared = {
    ...poolOptions,
    connectionTimeoutMillis: limits.connectMsMax,
    connectionString: url,
    application_name: 'headgate control',
    keepAlive: true,
  };
  // A migration may wait for another process that migrates, and then run long.
  const patient = { ...shared, max: 1, statement_timeout: limits.migrationMsMax };
  const migrating = watched(new pg.Pool(patient), limits, notice);
  try {
    await (options.migrate === false ? refuseOther(migrating) : migrate(migrating));
  } catch (cause) {
    const { host, pathname } = new URL(url);
    const reason = `PostgreSQL at ${host}${pathname} cannot be used as the store`;
    throw refusedAtStart(cause, reason, 'Correct DATABASE_URL, or let PostgreSQL run and take this user in.');
  } finally {
    await migrating.destroy();
  }
  const pool = new pg.Pool({
    ...shared,
    max: limits.connectionCountMax,
    statement_timeout: limits.statementMsMax,
    // Later than whoever waits for it gives up, so that it is told that the store is busy, and not that it was lost.
    idle_in_transaction_session_timeout: limits.waitMsMax * 2,
  });
  const db = watched(pool, limits, notice);
  return { kind: 'postgresql', db, close: () => db.destroy() };
}

const embeddedFix =
  'Restore the folder of the store from a backup. Without one, move its `database` away and start again: what the journal holds comes back, the ledger does not.';

function refusedAtStart(cause: unknown, reason: string, fix: string): StoreRefused {
  if (cause instanceof StoreRefused) return cause;
  return new StoreRefused('store.unusable', `${reason}: ${sayOrigin(cause)}`, fix, cause);
}

// A refusal of the running store hides from callers what the system said; an operator must read it.
function sayOrigin(cause: unknown): string {
  const origin = cause instanceof ControlRefusal && cause.cause instanceof Error ? cause.cause : cause;
  return (origin as Error).message;
}

const houseLimits: HouseLimits = { logBytesMax: 33_554_432, tablesMax: 4 };

const poolOptions: pg.PoolConfig = { types: valueTypes, idleTimeoutMillis: 0 };

function watched(pool: pg.Pool, limits: StoreLimits, notice: (sentence: string) => void): Kysely<Schema> {
  // Without a listener, the loss of a connection that is idle, or between two statements, would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    let isTold = false;
    client.on('error', (error) => {
      if (!isTold) notice(`a connection to PostgreSQL was lost: ${error.message}`);
      isTold = true;
    });
  });
  return new Kysely<Schema>({ dialect: boundedDialect(pool, limits) });
}
