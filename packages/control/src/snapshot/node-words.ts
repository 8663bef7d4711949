// What gateways say of snapshots: which one each has in force, since when, and which one it does not take.
import type { SnapshotAcknowledgement } from '@headgate/contract';
import type { Kysely } from 'kysely';
import type { Schema } from '../store/schema.ts';

/** What is known of one gateway. */
export interface NodeStanding {
  readonly node: string;
  /** What it has in force; null where it never said. */
  readonly number: number | null;
  readonly hash: string | null;
  readonly threads: number | null;
  /** When it first said so, in ms since 1970 UTC. */
  readonly sinceMs: number | null;
  /** When it last asked for a snapshot, since control started; null for never. */
  readonly askedMs: number | null;
  /** The newer one that it does not take, and why. */
  readonly refused: {
    readonly number: number;
    readonly atMs: number;
    readonly reason: string;
    readonly findings: readonly string[];
  } | null;
}

/** Words of one node that are remembered. */
const wordsPerNodeMax = 20;

/** Remembers what a gateway says of a snapshot. Saying it again changes when it was last said. */
export async function rememberWord(
  db: Kysely<Schema>,
  node: string,
  { number, hash, threads, refused }: SnapshotAcknowledgement,
  nowMs: number,
): Promise<void> {
  const said = refused === null ? null : JSON.stringify(refused);
  await db.transaction().execute(async (trx) => {
    const before = await trx
      .selectFrom('snapshot_acknowledgement')
      .selectAll()
      .where('node', '=', node)
      .where('number', '=', number)
      .where('hash', '=', hash)
      .executeTakeFirst();
    const isSame = before !== undefined && (before.refused === null) === (said === null);
    const row = { since_ms: isSame ? before.since_ms : nowMs, at_ms: nowMs, threads, refused: said };
    await trx
      .insertInto('snapshot_acknowledgement')
      .values({ node, number, hash, ...row })
      .onConflict((conflict) => conflict.columns(['node', 'number', 'hash']).doUpdateSet(row))
      .execute();
    const old = await trx
      .selectFrom('snapshot_acknowledgement')
      .select(['number', 'hash'])
      .where('node', '=', node)
      .orderBy('at_ms', 'desc')
      .orderBy('number', 'desc')
      .offset(wordsPerNodeMax)
      .execute();
    for (const each of old)
      await trx
        .deleteFrom('snapshot_acknowledgement')
        .where('node', '=', node)
        .where('number', '=', each.number)
        .where('hash', '=', each.hash)
        .execute();
  });
}

/** What every node said last; nodes that said nothing are absent. */
export async function standings(db: Kysely<Schema>): Promise<ReadonlyMap<string, Omit<NodeStanding, 'askedMs'>>> {
  const rows = await db
    .selectFrom('snapshot_acknowledgement')
    .selectAll()
    .orderBy('at_ms', 'desc')
    .orderBy('number', 'desc')
    .execute();
  const byNode = Map.groupBy(rows, ({ node }) => node);
  return new Map(
    [...byNode].map(([node, said]) => {
      const inForce = said.find(({ refused }) => refused === null);
      const refusal = said.find(({ refused }) => refused !== null);
      const isOpen = refusal !== undefined && refusal.at_ms >= (inForce?.at_ms ?? 0);
      return [
        node,
        {
          node,
          number: inForce?.number ?? null,
          hash: inForce?.hash ?? null,
          threads: inForce?.threads ?? null,
          sinceMs: inForce?.since_ms ?? null,
          refused: isOpen ? toRefusal(refusal) : null,
        },
      ];
    }),
  );
}

function toRefusal({ number, at_ms: atMs, refused }: { number: number; at_ms: number; refused: string | null }) {
  const { reason, findings } = JSON.parse(refused ?? '{}') as NonNullable<SnapshotAcknowledgement['refused']>;
  return { number, atMs, reason, findings };
}
