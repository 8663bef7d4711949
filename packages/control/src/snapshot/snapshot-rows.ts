// Snapshots in the store: written once by the journal, never changed, dropped when nobody needs them.
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { SnapshotContent, SnapshotDocument } from '@headgate/contract';
import type { Kysely, Transaction } from 'kysely';
import { ControlRefusal } from '../api/control-refusal.ts';
import type { Schema } from '../store/schema.ts';
import { sha256Of } from './read-document.ts';

/** Kind of the journal entry that publishes a snapshot. For ever, and so is the form of its body. */
export const publishedKind = 'snapshot.published';

/** What is known of a snapshot without its texts. */
export interface SnapshotHead {
  readonly number: number;
  readonly hash: string;
  readonly previous: number | null;
  readonly createdMs: number;
  readonly author: string;
  readonly reason: string;
  readonly restored: number | null;
}

/** Body of the entry. */
interface Published extends SnapshotHead {
  /** Name → SHA-256. */
  readonly texts: Readonly<Record<string, string>>;
  readonly positions: SnapshotContent['positions'];
  readonly chainPositions: SnapshotContent['chainPositions'];
  /** Texts that the store does not have yet: SHA-256 → base64 of gzip. */
  readonly added: Readonly<Record<string, string>>;
}

type Apply = (entry: { readonly body: unknown }, trx: Transaction<Schema>) => Promise<void>;

/** The applier of the kind. */
export const publishedAppliers: Readonly<Record<string, Apply>> = {
  async [publishedKind]({ body }, trx) {
    const { texts, positions, chainPositions, added, ...head } = body as Published;
    if (((await latestHead(trx))?.number ?? 0) >= head.number)
      throw new ControlRefusal('control.changed_meanwhile', { what: `snapshot ${head.number}` });
    for (const [sha256, packed] of Object.entries(added))
      await trx
        .insertInto('snapshot_text')
        .values({ sha256, packed })
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .execute();
    const { createdMs, ...row } = head;
    await trx
      .insertInto('snapshot')
      .values({
        ...row,
        created_ms: createdMs,
        texts: JSON.stringify(texts),
        positions: JSON.stringify({ positions, chainPositions }),
      })
      .execute();
  },
};

const packed = promisify(gzip);
const unpacked = promisify(gunzip);

/** The body of an entry that publishes a content: texts that the store has are only named. */
export async function publishedBody(
  db: Kysely<Schema>,
  head: SnapshotHead,
  { texts, positions, chainPositions }: SnapshotContent,
): Promise<Published> {
  const named = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, sha256Of(text)]));
  const hashes = [...new Set(Object.values(named))];
  const known = new Set(
    hashes.length === 0
      ? []
      : (await db.selectFrom('snapshot_text').select('sha256').where('sha256', 'in', hashes).execute()).map(
          ({ sha256 }) => sha256,
        ),
  );
  const added: Record<string, string> = {};
  for (const [name, sha256] of Object.entries(named))
    if (!known.has(sha256)) added[sha256] ??= (await packed(texts[name] ?? '')).toString('base64');
  return { ...head, texts: named, positions, chainPositions, added };
}

const headColumns = ['number', 'hash', 'previous', 'created_ms', 'author', 'reason', 'restored'] as const;

interface HeadRow extends Omit<SnapshotHead, 'createdMs'> {
  readonly created_ms: number;
}

function toHead({ created_ms: createdMs, ...row }: HeadRow): SnapshotHead {
  return { ...row, createdMs };
}

/** The snapshot with the highest number; undefined before the first. */
export async function latestHead(db: Kysely<Schema>): Promise<SnapshotHead | undefined> {
  const row = await db.selectFrom('snapshot').select(headColumns).orderBy('number', 'desc').limit(1).executeTakeFirst();
  return row === undefined ? undefined : toHead(row);
}

/** Snapshots below a number, the latest first. */
export async function headsBelow(
  db: Kysely<Schema>,
  below: number,
  countMax: number,
): Promise<readonly SnapshotHead[]> {
  const rows = await db
    .selectFrom('snapshot')
    .select(headColumns)
    .where('number', '<', below)
    .orderBy('number', 'desc')
    .limit(countMax)
    .execute();
  return rows.map(toHead);
}

/** A snapshot whole; undefined where there is none of this number. */
export async function documentAt(db: Kysely<Schema>, number: number): Promise<SnapshotDocument | undefined> {
  const row = await db.selectFrom('snapshot').selectAll().where('number', '=', number).executeTakeFirst();
  if (row === undefined) return undefined;
  const named = Object.entries(JSON.parse(row.texts) as Record<string, string>);
  const stored = new Map<string, string>();
  const hashes = named.map(([, sha256]) => sha256);
  const rows =
    hashes.length === 0 ? [] : await db.selectFrom('snapshot_text').selectAll().where('sha256', 'in', hashes).execute();
  for (const text of rows)
    stored.set(text.sha256, (await unpacked(Buffer.from(text.packed, 'base64'))).toString('utf8'));
  const texts = Object.fromEntries(
    named.map(([name, sha256]) => {
      const text = stored.get(sha256);
      if (text === undefined) throw new Error(`the store lost the text ${name} of snapshot ${number}`);
      return [name, text];
    }),
  );
  const { positions, chainPositions } = JSON.parse(row.positions) as Pick<Published, 'positions' | 'chainPositions'>;
  const { hash, previous, created_ms: createdMs, author, reason } = row;
  const content = { texts, positions, chainPositions };
  return { schemaVersion: 1, number, hash, previous, createdMs, author, reason, ...content };
}

/** Drops snapshots beyond the newest `keepCount` but for those that somebody needs, and texts that no snapshot has any more. */
export async function dropSnapshots(
  db: Kysely<Schema>,
  keepCount: number,
  needed: ReadonlySet<number>,
): Promise<readonly number[]> {
  return db.transaction().execute(async (trx) => {
    const old = await trx.selectFrom('snapshot').select('number').orderBy('number', 'desc').offset(keepCount).execute();
    const dropped = old.flatMap(({ number }) => (needed.has(number) ? [] : [number]));
    if (dropped.length === 0) return [];
    await trx.deleteFrom('snapshot').where('number', 'in', dropped).execute();
    const kept = new Set<string>();
    for (const { texts } of await trx.selectFrom('snapshot').select('texts').execute())
      for (const sha256 of Object.values(JSON.parse(texts) as Record<string, string>)) kept.add(sha256);
    const all = await trx.selectFrom('snapshot_text').select('sha256').execute();
    const loose = all.flatMap(({ sha256 }) => (kept.has(sha256) ? [] : [sha256]));
    if (loose.length > 0) await trx.deleteFrom('snapshot_text').where('sha256', 'in', loose).execute();
    return dropped;
  });
}
