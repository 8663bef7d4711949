// How many credentials were seen on each address lately: beside what a snapshot would change, for whoever is about to publish it.
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';

/** An address as the catalogue and evidence both know it. */
export interface SeenPlace {
  readonly environment: string;
  readonly channel: string;
  readonly generation: string;
  readonly url: string;
}

/** Distinct credentials with a call at or after `sinceMs`, by address; null for every one where the ledger knows of no call at all. */
export async function credentialsSeen(
  db: Kysely<Schema>,
  sinceMs: number,
): Promise<(place: SeenPlace) => number | null> {
  const { rows } = await sql<{
    environment: string;
    channel: string;
    generation: string;
    address: string;
    seen: number;
  }>`
    select a.environment, a.channel, a.generation, a.address, count(distinct p.caller) as seen
    from ledger_pair p join ledger_address a on a.id = p.address join ledger_caller c on c.id = p.caller
    where p.last_ms >= ${sinceMs} and c.kind = 'credential'
    group by a.environment, a.channel, a.generation, a.address`.execute(db);
  if (rows.length === 0) return () => null;
  const seen = new Map(rows.map((row) => [keyOf({ ...row, url: row.address }), row.seen]));
  return (place) => seen.get(keyOf(place)) ?? 0;
}

function keyOf({ environment, channel, generation, url }: SeenPlace): string {
  return [environment, channel, generation, url].join(' ');
}
