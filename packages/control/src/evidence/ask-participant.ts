// One participant: its calls by SCID, by certificate and address, and its refusals.
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import { inSpan, instant, type Wanted } from './ask.ts';
import {
  type CallerColumns,
  callerColumns,
  type ToldAddress,
  type ToldCaller,
  toAddress,
  toCaller,
} from './ask-callers.ts';
import { askRefusals, type RefusalRow } from './ask-refusals.ts';
import { sumMax } from './measures.ts';

/** Sums over some calls. */
export interface ToldSums {
  readonly calls: number;
  readonly refused: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly first: string | null;
  readonly last: string | null;
}

/** What is known of a participant. Lists have at most 200 rows, those with most calls first. */
export interface ParticipantSummary {
  readonly participant: string;
  /** Calls that acted for it, whoever held the certificate. */
  readonly total: ToldSums;
  readonly scids: readonly (ToldSums & { readonly scid: string | null })[];
  /** Calls with its own certificates. */
  readonly addresses: readonly (ToldSums & { readonly caller: ToldCaller; readonly address: ToldAddress })[];
  readonly refusals: readonly RefusalRow[];
}

interface SumColumns {
  readonly calls: number;
  readonly refused: number;
  readonly request_bytes: number;
  readonly response_bytes: number;
  readonly first_ms: number;
  readonly last_ms: number;
}

const listMax = 200;

const sums = sql.raw(`sum(s.calls)::bigint as calls, sum(s.refused)::bigint as refused,
  least(sum(s.request_bytes), ${sumMax})::bigint as request_bytes, least(sum(s.response_bytes), ${sumMax})::bigint as response_bytes,
  min(s.first_ms) as first_ms, max(s.last_ms) as last_ms`);

/** Asks about a participant; null where nothing of it is known. */
export async function askParticipant(
  db: Kysely<Schema>,
  participant: string,
  wanted: Wanted,
): Promise<ParticipantSummary | null> {
  const scids = await sql<SumColumns & { scid: string }>`
    select s.scid, ${sums} from ledger_party_period s where s.participant = ${participant} and ${inSpan(wanted.span, 's')}
    group by s.scid order by calls desc, s.scid limit ${listMax}`.execute(db);
  const addresses = await sql<SumColumns & CallerColumns & ToldAddress>`
    select t.*, ${callerColumns}, a.environment, a.channel, a.generation, a.system, a.address from (
      select s.caller, s.address as address_id, ${sums} from ledger_pair_period s
      where s.caller in (select id from ledger_caller where participant = ${participant}) and ${inSpan(wanted.span, 's')}
      group by s.caller, s.address) t
    join ledger_caller c on c.id = t.caller join ledger_address a on a.id = t.address_id
    order by t.calls desc, t.caller, t.address_id limit ${listMax}`.execute(db);
  if (scids.rows.length === 0 && addresses.rows.length === 0) return null;
  const [total] = (
    await sql<SumColumns>`
      select ${sums} from ledger_party_period s
      where s.participant = ${participant} and ${inSpan(wanted.span, 's')}`.execute(db)
  ).rows;
  const refusals = await askRefusals(db, {
    ...wanted,
    participant,
    by: 'rule',
    code: null,
    rule: null,
    caller: null,
    cursor: null,
    limit: listMax,
  });
  return {
    participant,
    total: toSums(total ?? nothing),
    scids: scids.rows.map((row) => ({ scid: row.scid === '' ? null : row.scid, ...toSums(row) })),
    addresses: addresses.rows.map((row) => ({ caller: toCaller(row), address: toAddress(row), ...toSums(row) })),
    refusals: refusals.rows,
  };
}

const nothing: SumColumns = { calls: 0, refused: 0, request_bytes: 0, response_bytes: 0, first_ms: 0, last_ms: 0 };

function toSums(row: SumColumns): ToldSums {
  return {
    calls: row.calls ?? 0,
    refused: row.refused ?? 0,
    requestBytes: row.request_bytes ?? 0,
    responseBytes: row.response_bytes ?? 0,
    first: instant(row.first_ms),
    last: instant(row.last_ms),
  };
}
