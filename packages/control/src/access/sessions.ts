// One-time links, and the sessions that they begin. A link is used by one statement of the store, so that of two who use it at once
// one signs in; what is stored of either are hashes.
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { ControlConfig } from '../config/control-config.ts';
import type { Schema } from '../store/schema.ts';

/** A session that holds. */
export interface Session {
  readonly id: string;
  /** Name of the account. */
  readonly account: string;
  readonly beganMs: number;
  readonly seenMs: number;
  /** When it ends at the latest. */
  readonly endsMs: number;
  /** Whose connection began it, and what the browser said of itself. */
  readonly source: string;
  readonly userAgent: string;
}

/** Who uses a link. */
export interface SignInPlace {
  readonly source: string;
  readonly userAgent: string;
}

/** What became of a link. */
export type LinkUse =
  | { readonly outcome: 'signed_in'; readonly session: Session; readonly secret: string }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'used' }
  | { readonly outcome: 'expired' };

/** Links and sessions of a store. */
export interface Sessions {
  /** Makes a link of an account; its secret is told once, here. */
  makeLink(account: string): Promise<{ readonly secret: string; readonly endsMs: number }>;
  /** Signs in by a link, where `mayBegin` says that its account may. */
  useLink(secret: string, place: SignInPlace, mayBegin: (account: string) => boolean): Promise<LinkUse>;
  /** The session of a secret, and a note that it was seen; null where there is none that holds. */
  bySecret(secret: string): Promise<Session | null>;
  /** The same without the note: for what goes on by itself, and is no sign that somebody is there. */
  stillHolds(secret: string): Promise<Session | null>;
  /** The sessions that hold, of one account or of all, the latest first; at most 1,000. */
  list(account: string | null): Promise<readonly Session[]>;
  /** Ends sessions and links of accounts that are none any more: a later account of the same name is somebody else. */
  keepOnly(isAccount: (name: string) => boolean): Promise<void>;
  /** Ends a session, of one account or of any; false where there is none that holds. */
  end(id: string, account: string | null): Promise<boolean>;
}

/** What links and sessions are made with. */
export interface SessionsOptions {
  readonly db: Kysely<Schema>;
  readonly bounds: ControlConfig['sessions'];
  /** Now, in ms since 1970 UTC. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

/** Bytes of a secret: 256 bits, which nobody guesses. */
const secretBytes = 32;
/** How exactly it is noted when a session was seen, in milliseconds: a write per request would cost more than the request. */
const seenEveryMs = 60_000;
/** How long what has ended is kept, in milliseconds, so that it can be said of a link that it was used. */
const keptMs = 7 * 86_400_000;
const listedMax = 1_000;

/** Links and sessions over a store. */
export function createSessions({ db, bounds, clock, random }: SessionsOptions): Sessions {
  const newSecret = () => Buffer.from(random(secretBytes)).toString('base64url');
  const holding = (nowMs: number) =>
    db
      .selectFrom('access_sessions')
      .selectAll()
      .where('ended_ms', 'is', null)
      .where('ends_ms', '>', nowMs)
      .where('seen_ms', '>', nowMs - bounds.idleMs);
  const forget = async (nowMs: number) => {
    await db
      .deleteFrom('access_links')
      .where('ends_ms', '<', nowMs - keptMs)
      .execute();
    await db
      .deleteFrom('access_sessions')
      .where('ends_ms', '<', nowMs - keptMs)
      .execute();
  };
  return {
    async makeLink(account) {
      const nowMs = clock();
      await forget(nowMs);
      const secret = newSecret();
      const endsMs = nowMs + bounds.linkMs;
      const link = { secret_hash: hashOf(secret), account, made_ms: nowMs, ends_ms: endsMs, used_ms: null };
      await db.insertInto('access_links').values(link).execute();
      return { secret, endsMs };
    },
    async useLink(secret, { source, userAgent }, mayBegin) {
      const nowMs = clock();
      const hash = hashOf(secret);
      const own = newSecret();
      const id = Buffer.from(random(9)).toString('hex');
      return db.transaction().execute(async (trx): Promise<LinkUse> => {
        const used = await trx
          .updateTable('access_links')
          .set({ used_ms: nowMs })
          .where('secret_hash', '=', hash)
          .where('used_ms', 'is', null)
          .where('ends_ms', '>', nowMs)
          .returning('account')
          .executeTakeFirst();
        if (used === undefined) return whyNot(trx, hash);
        const { account } = used;
        if (!mayBegin(account)) return { outcome: 'unknown' };
        const session = {
          id,
          account,
          source,
          began_ms: nowMs,
          seen_ms: nowMs,
          ends_ms: nowMs + bounds.absoluteMs,
          secret_hash: hashOf(own),
          ended_ms: null,
          user_agent: userAgent.slice(0, 200),
        };
        await trx.insertInto('access_sessions').values(session).execute();
        await endBeyond(trx, account, bounds.perAccountMax, nowMs);
        return { outcome: 'signed_in', session: toSession(session), secret: own };
      });
    },
    async stillHolds(secret) {
      const row = await holding(clock()).where('secret_hash', '=', hashOf(secret)).executeTakeFirst();
      return row === undefined ? null : toSession(row);
    },
    async bySecret(secret) {
      const nowMs = clock();
      const row = await holding(nowMs).where('secret_hash', '=', hashOf(secret)).executeTakeFirst();
      if (row === undefined) return null;
      if (nowMs - row.seen_ms >= seenEveryMs)
        await db.updateTable('access_sessions').set({ seen_ms: nowMs }).where('id', '=', row.id).execute();
      return toSession(row);
    },
    async list(account) {
      let query = holding(clock()).orderBy('began_ms', 'desc').orderBy('id').limit(listedMax);
      if (account !== null) query = query.where('account', '=', account);
      return (await query.execute()).map(toSession);
    },
    async keepOnly(isAccount) {
      const nowMs = clock();
      const sessions = await holding(nowMs).execute();
      const links = await db.selectFrom('access_links').select('account').where('ends_ms', '>', nowMs).execute();
      const gone = [...new Set([...sessions, ...links].map(({ account }) => account))].filter(
        (name) => !isAccount(name),
      );
      if (gone.length === 0) return;
      await db.updateTable('access_sessions').set({ ended_ms: nowMs }).where('account', 'in', gone).execute();
      await db.updateTable('access_links').set({ ends_ms: nowMs }).where('account', 'in', gone).execute();
    },
    async end(id, account) {
      const nowMs = clock();
      let update = db
        .updateTable('access_sessions')
        .set({ ended_ms: nowMs })
        .where('id', '=', id)
        .where('ended_ms', 'is', null)
        .where('ends_ms', '>', nowMs);
      if (account !== null) update = update.where('account', '=', account);
      return (await update.returning('id').execute()).length > 0;
    },
  };
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

async function whyNot(db: Kysely<Schema>, hash: string): Promise<LinkUse> {
  const link = await db.selectFrom('access_links').select('used_ms').where('secret_hash', '=', hash).executeTakeFirst();
  if (link === undefined) return { outcome: 'unknown' };
  return { outcome: link.used_ms === null ? 'expired' : 'used' };
}

/** Ends the oldest sessions of an account beyond a count. */
async function endBeyond(db: Kysely<Schema>, account: string, countMax: number, nowMs: number): Promise<void> {
  const beyond = await db
    .selectFrom('access_sessions')
    .select('id')
    .where('account', '=', account)
    .where('ended_ms', 'is', null)
    .where('ends_ms', '>', nowMs)
    .orderBy('began_ms', 'desc')
    .orderBy('id', 'desc')
    .offset(countMax)
    .execute();
  if (beyond.length === 0) return;
  const ids = beyond.map(({ id }) => id);
  await db.updateTable('access_sessions').set({ ended_ms: nowMs }).where('id', 'in', ids).execute();
}

function toSession(row: {
  readonly id: string;
  readonly account: string;
  readonly began_ms: number;
  readonly seen_ms: number;
  readonly ends_ms: number;
  readonly source: string;
  readonly user_agent: string;
}): Session {
  const { id, account, began_ms: beganMs, seen_ms: seenMs, ends_ms: endsMs, source, user_agent: userAgent } = row;
  return { id, account, beganMs, seenMs, endsMs, source, userAgent };
}
