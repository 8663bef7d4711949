// One control at a time on a PostgreSQL: two would number events and entries of the journal past each other. The embedded store needs
// none of this: its folder is locked.
import pg from 'pg';
import { StoreRefused } from './store-refused.ts';

/** Names the lock among advisory locks of the database: "headgate" in ASCII as a number. */
const lockKey = '7522525836451345509';
const connectMsMax = 10_000;
/** How often a lock that was lost is asked for again, in milliseconds. */
const againMs = 5_000;

/** What holding tells while it lasts. */
export interface HoldOptions {
  readonly notice: (sentence: string) => void;
}

/**
 * Holds the PostgreSQL of a URL for this control alone, by a connection of its own that ends with this process however it ends. What it
 * returns gives it back. Throws a `StoreRefused` where another control has it.
 */
export async function holdAlone(url: string, { notice }: HoldOptions): Promise<() => Promise<void>> {
  let isOver = false;
  let again: NodeJS.Timeout | undefined;
  const take = async (): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'headgate control, one at a time',
      connectionTimeoutMillis: connectMsMax,
      keepAlive: true,
    });
    client.on('error', () => retake('the connection that keeps other controls away was lost'));
    await client.connect();
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1::bigint) as held', [
      lockKey,
    ]);
    if (rows[0]?.held === true) return client;
    await client.end();
    throw new StoreRefused(
      'store.in_use',
      'another control uses the PostgreSQL that DATABASE_URL names',
      'Stop that control first, or name another database.',
    );
  };
  const retake = (why: string): void => {
    if (isOver) return;
    notice(`${why}; it is asked for again until it is there`);
    clearTimeout(again);
    again = setTimeout(() => {
      take().then(
        (client) => {
          held = client;
        },
        (fault: unknown) => retake((fault as Error).message),
      );
    }, againMs).unref();
  };
  let held = await take();
  return async () => {
    isOver = true;
    clearTimeout(again);
    await held.end().catch(() => undefined); // It was lost, and the lock with it.
  };
}
