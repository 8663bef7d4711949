// Opens the store of control: PGlite in a thread of this process behind a lock, or PostgreSQL.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import pg from 'pg';
import { boundedDialect, type WaitLimits } from './bounded-dialect.ts';
import { EmbeddedConnection } from './embedded-connection.ts';
import { lockFolder } from './lock-folder.ts';
import { migrate, refuseOther } from './migrate.ts';
import type { Schema } from './schema.ts';
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
  /** How long one statement of a migration may run. */
  readonly migrationMsMax: number;
}

/** An open store. */
export interface Store {
  readonly kind: 'embedded' | 'postgresql';
  readonly db: Kysely<Schema>;
  /** Ends what is under way, closes the connections and gives the folder back. */
  close(): Promise<void>;
}

const defaultLimits: StoreLimits = {
  waitingCountMax: 1_000,
  waitingBytesMax: 67_108_864,
  waitMsMax: 60_000,
  statementMsMax: 30_000,
  connectionCountMax: 10,
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
  mkdirSync(folder, { recursive: true, mode: 0o700 }); // PGlite writes files that everyone may write.
  let statementMsMax = limits.migrationMsMax;
  let gone = Promise.resolve();
  const pool = new pg.Pool({
    ...poolOptions(limits),
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
        statementMsMax: () => statementMsMax,
        after: gone,
        notice,
      });
      gone = connection.gone;
      return connection;
    },
  });
  const db = watched(pool, limits, notice);
  const close = async (): Promise<void> => {
    await db.destroy();
    await gone;
    unlock();
  };
  try {
    await (options.migrate === false ? refuseOther(db) : migrate(db));
  } catch (cause) {
    await close();
    throw cause;
  }
  statementMsMax = limits.statementMsMax;
  return { kind: 'embedded', db, close };
}

async function openPostgres(
  options: StoreOptions,
  url: string,
  limits: StoreLimits,
  notice: (sentence: string) => void,
): Promise<Store> {
  const shared = { connectionString: url, application_name: 'headgate control', keepAlive: true };
  // A migration may wait for another process that migrates, and then run long.
  const patient = { ...poolOptions(limits), ...shared, max: 1, statement_timeout: limits.migrationMsMax };
  const migrating = watched(new pg.Pool(patient), limits, notice);
  try {
    await (options.migrate === false ? refuseOther(migrating) : migrate(migrating));
  } finally {
    await migrating.destroy();
  }
  const pool = new pg.Pool({
    ...poolOptions(limits),
    ...shared,
    max: limits.connectionCountMax,
    statement_timeout: limits.statementMsMax,
    idle_in_transaction_session_timeout: limits.waitMsMax,
  });
  const db = watched(pool, limits, notice);
  return { kind: 'postgresql', db, close: () => db.destroy() };
}

function poolOptions(limits: StoreLimits): pg.PoolConfig {
  return { types: valueTypes, connectionTimeoutMillis: limits.waitMsMax, idleTimeoutMillis: 0 };
}

function watched(pool: pg.Pool, limits: StoreLimits, notice: (sentence: string) => void): Kysely<Schema> {
  // Without a listener, the loss of an idle connection would end the process.
  pool.on('error', (error) => notice(`a connection to the store was lost: ${error.message}`));
  return new Kysely<Schema>({ dialect: boundedDialect(pool, limits) });
}
