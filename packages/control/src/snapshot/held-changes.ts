// What control holds itself beside the files, and the journal entries that change it: participants of the provisioning, positions.
import type { Participant } from '@headgate/contract';
import type { Kysely, Transaction } from 'kysely';
import { ControlRefusal } from '../api/control-refusal.ts';
import type { Schema } from '../store/schema.ts';
import type { HeldFacts } from './compile.ts';
import { sha256Of } from './read-document.ts';

/** Kinds of journal entries of this file. They are for ever, and so is the form of their bodies. */
export const heldKinds = { participants: 'snapshot.participants', positions: 'snapshot.positions' } as const;

/** Body of an entry about participants. */
export interface ParticipantsChanged {
  readonly reason: string;
  readonly participants: readonly {
    readonly id: string;
    /** SHA-256 of what was held of it before, as JSON; null for nothing. Whoever changed it meanwhile is not overwritten. */
    readonly before: string | null;
    /** Null: it is ended. */
    readonly participant: Participant | null;
  }[];
}

/** Body of an entry about positions; null takes one back to what the catalogue says. */
export interface PositionsChanged {
  readonly reason: string;
  readonly positions: Readonly<Record<string, string | null>>;
  readonly chainPositions: Readonly<Record<string, string | null>>;
}

type Apply = (entry: { readonly body: unknown }, trx: Transaction<Schema>) => Promise<void>;

/** Appliers of these kinds. */
export const heldAppliers: Readonly<Record<string, Apply>> = {
  async [heldKinds.participants]({ body }, trx) {
    for (const { id, before, participant } of (body as ParticipantsChanged).participants) {
      const row = await trx
        .selectFrom('snapshot_participant')
        .select('participant')
        .where('id', '=', id)
        .executeTakeFirst();
      if (markOf(row) !== before) throw new ControlRefusal('control.changed_meanwhile', { what: `participant ${id}` });
      const text = participant === null ? null : JSON.stringify(participant);
      await trx
        .insertInto('snapshot_participant')
        .values({ id, participant: text })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ participant: text }))
        .execute();
    }
  },
  async [heldKinds.positions]({ body }, trx) {
    const changed = body as PositionsChanged;
    for (const part of ['positions', 'chainPositions'] as const)
      for (const [key, infrastructure] of Object.entries(changed[part])) {
        await trx.deleteFrom('snapshot_position').where('part', '=', part).where('key', '=', key).execute();
        if (infrastructure !== null)
          await trx.insertInto('snapshot_position').values({ part, key, infrastructure }).execute();
      }
  },
};

function markOf(row: { readonly participant: string | null } | undefined): string | null {
  return row === undefined ? null : sha256Of(row.participant ?? '');
}

/** What is held, with the mark of each participant for its next change. */
export interface HeldState extends HeldFacts {
  readonly marks: ReadonlyMap<string, string>;
}

/** Reads what is held. */
export async function readHeld(db: Kysely<Schema>): Promise<HeldState> {
  const participants = new Map<string, Participant | null>();
  const marks = new Map<string, string>();
  for (const row of await db.selectFrom('snapshot_participant').selectAll().orderBy('id').execute()) {
    participants.set(row.id, row.participant === null ? null : (JSON.parse(row.participant) as Participant));
    marks.set(row.id, markOf(row) ?? '');
  }
  const written = await db.selectFrom('snapshot_position').selectAll().orderBy('key').execute();
  const of = (part: 'positions' | 'chainPositions') =>
    Object.fromEntries(written.flatMap((row) => (row.part === part ? [[row.key, row.infrastructure]] : [])));
  return { participants, marks, positions: of('positions'), chainPositions: of('chainPositions') };
}

/** What would be held after a change. */
export function heldAfter(held: HeldFacts, changed: Partial<ParticipantsChanged & PositionsChanged>): HeldFacts {
  const participants = new Map(held.participants);
  for (const { id, participant } of changed.participants ?? []) participants.set(id, participant);
  const moved = (before: Readonly<Record<string, string>>, next: PositionsChanged['positions'] = {}) =>
    Object.fromEntries(
      Object.entries({ ...before, ...next }).filter((entry): entry is [string, string] => entry[1] !== null),
    );
  return {
    participants,
    positions: moved(held.positions, changed.positions),
    chainPositions: moved(held.chainPositions, changed.chainPositions),
  };
}
