// PostgreSQL's dialect with a bound on what waits for a connection, and with every failure of the store told as a refusal.
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresDialect,
  type QueryResult,
  type TransactionSettings,
} from 'kysely';
import type pg from 'pg';
import { ControlRefusal } from '../api/control-refusal.ts';
import { lost, tooSlow } from './embedded-connection.ts';

/** What may wait, and for how long. */
export interface WaitLimits {
  /** Questions and transactions that wait for a connection. */
  readonly waitingCountMax: number;
  /** Their statements and parameters together, in bytes of UTF-16 as counted by length. */
  readonly waitingBytesMax: number;
  /** How long one may wait. */
  readonly waitMsMax: number;
  /** For the words of a refusal; whoever opened the pool holds to it. */
  readonly statementMsMax: number;
}

/** The dialect over a pool. Destroying it ends the pool. */
export function boundedDialect(pool: pg.Pool, limits: WaitLimits): Dialect {
  const dialect = new PostgresDialect({ pool });
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => new BoundedDriver(dialect.createDriver() as Required<Driver>, pool, limits),
  };
}

class BoundedDriver implements Driver {
  readonly #driver: Required<Driver>;
  readonly #pool: pg.Pool;
  readonly #limits: WaitLimits;
  #waitingCount = 0;
  #waitingBytes = 0;

  constructor(driver: Required<Driver>, pool: pg.Pool, limits: WaitLimits) {
    this.#driver = driver;
    this.#pool = pool;
    this.#limits = limits;
  }

  init(): Promise<void> {
    return this.#driver.init();
  }

  destroy(): Promise<void> {
    return this.#driver.destroy();
  }

  async acquireConnection(): Promise<BoundedConnection> {
    return new BoundedConnection(
      (query) => this.#take(query),
      (connection) => this.#driver.releaseConnection(connection),
      (error) => this.#refusalOf(error),
    );
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    return (connection as BoundedConnection).release();
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    return this.#with(connection, (held) => this.#driver.beginTransaction(held, settings));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#with(connection, (held) => this.#driver.commitTransaction(held));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // Where the connection is lost, the transaction is undone without us, and the reason that led here is the one to tell.
    await this.#with(connection, (held) => this.#driver.rollbackTransaction(held)).catch((error: unknown) => {
      if (!(error instanceof ControlRefusal)) throw error;
    });
  }

  async savepoint(...[connection, name, compile]: Parameters<Required<Driver>['savepoint']>): Promise<void> {
    return this.#with(connection, (held) => this.#driver.savepoint(held, name, compile));
  }

  async rollbackToSavepoint(
    ...[connection, name, compile]: Parameters<Required<Driver>['rollbackToSavepoint']>
  ): Promise<void> {
    return this.#with(connection, (held) => this.#driver.rollbackToSavepoint(held, name, compile));
  }

  async releaseSavepoint(
    ...[connection, name, compile]: Parameters<Required<Driver>['releaseSavepoint']>
  ): Promise<void> {
    return this.#with(connection, (held) => this.#driver.releaseSavepoint(held, name, compile));
  }

  #with<Result>(connection: DatabaseConnection, use: (held: DatabaseConnection) => Promise<Result>): Promise<Result> {
    return (connection as BoundedConnection).with(begin, use);
  }

  async #take(query: CompiledQuery): Promise<DatabaseConnection> {
    const { idleCount, totalCount, options } = this.#pool;
    // With a connection to spare nothing waits, and nothing need be counted.
    if (idleCount > 0 || totalCount < (options.max ?? 1)) return this.#driver.acquireConnection();
    const bytes = bytesOf(query);
    const { waitingCountMax, waitingBytesMax } = this.#limits;
    if (this.#waitingCount >= waitingCountMax || this.#waitingBytes + bytes > waitingBytesMax) {
      throw busy(this.#waitingCount);
    }
    this.#waitingCount += 1;
    this.#waitingBytes += bytes;
    try {
      return await this.#takeInTime();
    } finally {
      this.#waitingCount -= 1;
      this.#waitingBytes -= bytes;
    }
  }

  async #takeInTime(): Promise<DatabaseConnection> {
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const patience = setTimeout(() => reject(busy(this.#waitingCount)), this.#limits.waitMsMax);
    const taking = this.#driver.acquireConnection();
    try {
      return await Promise.race([taking, tooLate]);
    } catch (error) {
      // A pool cannot be told to forget who waits: what comes too late goes back.
      taking.then(
        (connection) => this.#driver.releaseConnection(connection),
        () => undefined,
      );
      throw error;
    } finally {
      clearTimeout(patience);
    }
  }

  #refusalOf(error: unknown): unknown {
    if (error instanceof ControlRefusal || !(error instanceof Error)) return error;
    const { code = '' } = error as { code?: string };
    if (code === '57014') return tooSlow(this.#limits.statementMsMax, error); // query_canceled
    if (isLoss(code, error.message)) return lost(error);
    return error;
  }
}

/** Takes its connection with the first statement, when it is known how much would wait; keeps it until it is released. */
class BoundedConnection implements DatabaseConnection {
  readonly #take: (query: CompiledQuery) => Promise<DatabaseConnection>;
  readonly #giveBack: (connection: DatabaseConnection) => Promise<void>;
  readonly #refusalOf: (error: unknown) => unknown;
  #held: DatabaseConnection | undefined;

  constructor(
    take: (query: CompiledQuery) => Promise<DatabaseConnection>,
    giveBack: (connection: DatabaseConnection) => Promise<void>,
    refusalOf: (error: unknown) => unknown,
  ) {
    this.#take = take;
    this.#giveBack = giveBack;
    this.#refusalOf = refusalOf;
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.with(query, (held) => held.executeQuery<Row>(query));
  }

  streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('questions are not streamed here: ask for pages');
  }

  async with<Result>(query: CompiledQuery, use: (held: DatabaseConnection) => Promise<Result>): Promise<Result> {
    try {
      this.#held ??= await this.#take(query);
      return await use(this.#held);
    } catch (error) {
      throw this.#refusalOf(error);
    }
  }

  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) await this.#giveBack(held);
  }
}

const begin = CompiledQuery.raw('begin');
// What an embedded store takes for some thousands of statements.
const busyMs = 2_000;

function busy(waitingCount: number): ControlRefusal {
  return new ControlRefusal('control.store_busy', { waitingCount }, { retryAfterMs: busyMs });
}

function bytesOf(query: CompiledQuery): number {
  let bytes = query.sql.length;
  for (const parameter of query.parameters) {
    if (typeof parameter === 'string') bytes += parameter.length;
    else if (parameter instanceof Uint8Array) bytes += parameter.byteLength;
    else if (Array.isArray(parameter)) bytes += parameter.reduce<number>((sum, each) => sum + String(each).length, 0);
    else bytes += 8;
  }
  return bytes;
}

// Classes 08, 53 and 57P are the server's connection failures, its lack of room, and an operator's intervention.
function isLoss(code: string, message: string): boolean {
  return (
    /^(?:08|53|57P)/.test(code) ||
    /^(?:E[A-Z]+|ERR_STREAM_[A-Z_]+)$/.test(code) ||
    message.startsWith('Connection terminated') ||
    message === 'timeout exceeded when trying to connect' ||
    message.startsWith('Client has encountered a connection error')
  );
}
