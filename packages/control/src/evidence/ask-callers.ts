// Who calls what: old addresses, who has never been seen on the new one, and who sends in a way that should end.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import { fromCursor, inSpan, instant, isBounded, type Page, pageOf, same, UnknownCursor, type Wanted } from './ask.ts';
import type { StoredBag } from './bag.ts';
import { sumMax } from './measures.ts';

/** A caller, as answers tell of it. */
export interface ToldCaller {
  readonly id: string;
  readonly kind: string;
  readonly fingerprint: string | null;
  readonly subject: string | null;
  readonly source: string | null;
  readonly issuer: string | null;
  readonly serial: string | null;
  readonly notAfter: string | null;
  readonly participant: string | null;
}

/** An address, as answers tell of it. */
export interface ToldAddress {
  readonly environment: string;
  readonly channel: string;
  readonly generation: string;
  readonly system: string;
  readonly address: string;
}

/** Values of a bag; `others` are calls with values that are not listed. */
export interface ToldValues {
  readonly values: readonly { readonly value: string; readonly calls: number; readonly last: string | null }[];
  readonly others: number;
}

/** Columns of a caller in a row of an answer. */
export interface CallerColumns {
  readonly caller: string;
  readonly kind: string;
  readonly name: string;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly serial: string | null;
  readonly not_after: string | null;
  readonly participant: string | null;
}

interface AddressColumns {
  readonly environment: string;
  readonly channel: string;
  readonly generation: string;
  readonly system: string;
  readonly address: string;
}

/** Columns of a caller; the id is another table's. */
export const callerColumns = sql.raw<unknown>(
  'c.kind, c.name, c.subject, c.issuer, c.serial, c.not_after, c.participant',
);

/** From columns. */
export function toCaller(row: CallerColumns): ToldCaller {
  return {
    id: row.caller,
    kind: row.kind,
    fingerprint: row.kind === 'credential' ? row.name : null,
    subject: row.subject,
    source: row.kind === 'source' ? row.name : null,
    issuer: row.issuer,
    serial: row.serial,
    notAfter: row.not_after,
    participant: row.participant,
  };
}

/** From columns. */
export function toAddress({ environment, channel, generation, system, address }: AddressColumns): ToldAddress {
  return { environment, channel, generation, system, address };
}

/** The last first. */
function toValues({ values, others }: StoredBag): ToldValues {
  const sorted = values.toSorted((a, b) => b[2] - a[2] || (a[0] < b[0] ? -1 : 1));
  return { values: sorted.map(([value, calls, lastMs]) => ({ value, calls, last: instant(lastMs) })), others };
}

/** Who calls an old address: one row for each caller and address, the last call first. */
export interface OldAddressRow {
  readonly caller: ToldCaller;
  readonly address: ToldAddress;
  readonly calls: number;
  readonly refused: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly lastSource: string;
  readonly lastAgent: string;
  readonly lastService: string;
  readonly sources: ToldValues;
  /** Whether the same caller was seen on a new address of the system. */
  readonly onNew: boolean;
}

interface OldAddressColumns extends CallerColumns, AddressColumns {
  readonly address_id: string;
  readonly calls: number;
  readonly refused: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly last_source: string;
  readonly last_agent: string;
  readonly last_service: string;
  readonly sources: string;
  readonly on_new: boolean;
}

/** Sums of each pair at old addresses over the span; over everything, what is kept per pair. */
function oldSums(wanted: Wanted): RawBuilder<unknown> {
  if (!isBounded(wanted.span))
    return sql`select p.caller, p.address, p.calls, p.refused, p.first_ms, p.last_ms from ledger_pair p
      where p.address in (select id from ledger_address where generation = 'old')`;
  return sql`select s.caller, s.address, sum(s.calls)::bigint as calls, sum(s.refused)::bigint as refused,
      min(s.first_ms) as first_ms, max(s.last_ms) as last_ms
    from ledger_pair_period s
    where s.address in (select id from ledger_address where generation = 'old') and ${inSpan(wanted.span, 's')}
    group by s.caller, s.address`;
}

/** Asks who still calls an old address. */
export async function askOldAddresses(db: Kysely<Schema>, wanted: Wanted): Promise<Page<OldAddressRow>> {
  const { rows } = await sql<OldAddressColumns>`
    select s.caller, ${callerColumns}, a.environment, a.channel, a.generation, a.system, a.address, a.id as address_id,
      s.calls, s.refused, s.first_ms, s.last_ms, p.last_source, p.last_agent, p.last_service, p.sources,
      exists (select 1 from ledger_pair n join ledger_address na on na.id = n.address
        where n.caller = s.caller and na.generation = 'new' and na.system = a.system
          and na.environment = a.environment) as on_new
    from (${oldSums(wanted)}) s
    join ledger_caller c on c.id = s.caller
    join ledger_address a on a.id = s.address
    join ledger_pair p on p.caller = s.caller and p.address = s.address
    where ${same('c.participant', wanted.participant)} and ${same('a.environment', wanted.environment)}
      and ${same('a.system', wanted.system)} and ${behind(wanted.cursor, ['s.last_ms', 's.caller', 's.address'])}
    order by s.last_ms desc, s.caller, s.address limit ${wanted.limit + 1}`.execute(db);
  const toRow = (row: OldAddressColumns): OldAddressRow => ({
    caller: toCaller(row),
    address: toAddress(row),
    calls: row.calls,
    refused: row.refused,
    first: instant(row.first_ms),
    last: instant(row.last_ms),
    lastSource: row.last_source,
    lastAgent: row.last_agent,
    lastService: row.last_service,
    sources: toValues(JSON.parse(row.sources) as StoredBag),
    onNew: row.on_new,
  });
  return pageOf(rows, wanted.limit, toRow, (row) => [row.last_ms, row.caller, row.address_id]);
}

/** Rows behind a cursor, where the first column descends and the others ascend. */
export function behind(cursor: string | null, columns: readonly string[]): RawBuilder<boolean> {
  if (cursor === null) return sql`true`;
  const values = fromCursor(
    cursor,
    columns.map((_, at) => (at === 0 ? 'number' : 'string')),
  );
  if (values === null) throw new UnknownCursor('the cursor is none of this question');
  const [first = '', ...rest] = columns;
  const [firstValue, ...restValues] = values;
  return sql`(${sql.ref(first)} < ${firstValue} or (${sql.ref(first)} = ${firstValue}
    and (${sql.join(rest.map((column) => sql.ref(column)))}) > (${sql.join(restValues.map((value) => sql`${value}`))})))`;
}

/** Who has never been seen on a new address of a system that it calls by an old one. */
export interface NeverOnNewRow {
  readonly caller: ToldCaller;
  readonly environment: string;
  readonly channel: string;
  readonly system: string;
  readonly oldAddresses: readonly string[];
  readonly calls: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly lastSource: string;
  /** Whether its participant was, with another certificate. */
  readonly participantOnNew: boolean;
}

interface NeverColumns extends CallerColumns {
  readonly environment: string;
  readonly channel: string;
  readonly system: string;
  readonly addresses: readonly string[];
  readonly calls: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly last_source: string;
  readonly participant_on_new: boolean;
}

/** Asks who has never been seen on the new one, as it was known at the end of the span. */
export async function askNeverOnNew(db: Kysely<Schema>, wanted: Wanted): Promise<Page<NeverOnNewRow>> {
  const { sinceMs, untilMs } = wanted.span;
  const asOf = Number.isFinite(untilMs) ? untilMs : Number.MAX_SAFE_INTEGER;
  const { rows } = await sql<NeverColumns>`
    with seen as (
      select p.caller, c.participant, a.environment, a.channel, a.system, a.generation, a.address, p.calls,
        p.first_ms, p.last_source,
        case when p.last_ms < ${asOf} then p.last_ms else coalesce((
          select d.last_ms from ledger_pair_period d where d.grain = 'd' and d.caller = p.caller and d.address = p.address
            and d.period_ms <= ${asOf} order by d.period_ms desc limit 1), p.first_ms) end as last_ms
      from ledger_pair p join ledger_address a on a.id = p.address join ledger_caller c on c.id = p.caller
      where p.first_ms < ${asOf} and a.kind = 'address' and c.kind <> 'others'
        and ${same('a.environment', wanted.environment)} and ${same('a.system', wanted.system)}),
    moved as (select distinct caller, environment, channel, system from seen where generation = 'new'),
    moved_party as (
      select distinct participant, environment, channel, system from seen where generation = 'new' and participant is not null),
    left_behind as (
      select o.caller, o.environment, o.channel, o.system, array_agg(o.address order by o.address) as addresses,
        sum(o.calls)::bigint as calls, min(o.first_ms) as first_ms, max(o.last_ms) as last_ms,
        (array_agg(o.last_source order by o.last_ms desc))[1] as last_source
      from seen o left join moved m on m.caller = o.caller and m.environment = o.environment
        and m.channel = o.channel and m.system = o.system
      where o.generation = 'old' and m.caller is null
      group by o.caller, o.environment, o.channel, o.system)
    select l.*, ${callerColumns}, mp.participant is not null as participant_on_new
    from left_behind l join ledger_caller c on c.id = l.caller
    left join moved_party mp on mp.participant = c.participant and mp.environment = l.environment
      and mp.channel = l.channel and mp.system = l.system
    where ${same('c.participant', wanted.participant)} and l.last_ms >= ${finite(sinceMs)}
      and ${behind(wanted.cursor, ['l.last_ms', 'l.caller', 'l.environment', 'l.channel', 'l.system'])}
    order by l.last_ms desc, l.caller, l.environment, l.channel, l.system limit ${wanted.limit + 1}`.execute(db);
  const toRow = (row: NeverColumns): NeverOnNewRow => ({
    caller: toCaller(row),
    environment: row.environment,
    channel: row.channel,
    system: row.system,
    oldAddresses: row.addresses,
    calls: row.calls,
    first: instant(row.first_ms),
    last: instant(row.last_ms),
    lastSource: row.last_source,
    participantOnNew: row.participant_on_new,
  });
  return pageOf(rows, wanted.limit, toRow, (row) => [
    row.last_ms,
    row.caller,
    row.environment,
    row.channel,
    row.system,
  ]);
}

function finite(atMs: number): number {
  return Number.isFinite(atMs) ? atMs : 0;
}

/** Ways of sending that an operator wants to see end. */
export const sendingWays = ['chunked', 'unencoded', 'cookies'] as const;
/** One of them. */
export type SendingWay = (typeof sendingWays)[number];

/** One caller, over all addresses. */
export interface SenderRow {
  readonly caller: ToldCaller;
  readonly calls: number;
  readonly chunked: number;
  /** Large, and nothing says that they were packed. */
  readonly unencoded: number;
  readonly withCookies: number;
  readonly reusedCookies: number;
  readonly largestBytes: number;
  readonly last: string | null;
}

interface SenderColumns extends CallerColumns {
  readonly calls: number;
  readonly chunked: number;
  readonly unencoded: number;
  readonly with_cookies: number;
  readonly reused_cookies: number;
  readonly largest_bytes: number;
  readonly last_ms: number;
  readonly weight: number;
}

const wayColumns: Readonly<Record<SendingWay, string>> = {
  chunked: 'chunked',
  unencoded: 'unencoded',
  cookies: 'with_cookies',
};

/** Asks who sends in any of the ways, most such calls first; of no way, who calls. */
export async function askSenders(
  db: Kysely<Schema>,
  wanted: Wanted,
  ways: readonly SendingWay[],
): Promise<Page<SenderRow>> {
  const from = isBounded(wanted.span)
    ? sql`ledger_pair_period s join ledger_address a on a.id = s.address where ${inSpan(wanted.span, 's')} and`
    : sql`ledger_pair s join ledger_address a on a.id = s.address where`;
  const weight = ways.length === 0 ? 'calls' : ways.map((way) => wayColumns[way]).join(' + ');
  const { rows } = await sql<SenderColumns>`
    select t.*, ${callerColumns} from (
      select u.*, (${sql.raw(weight)})::bigint as weight from (
        select s.caller, sum(s.calls)::bigint as calls, sum(s.chunked)::bigint as chunked,
          sum(s.unencoded)::bigint as unencoded, sum(s.with_cookies)::bigint as with_cookies,
          least(sum(s.reused_cookies), ${sql.lit(sumMax)})::bigint as reused_cookies, max(s.largest_bytes) as largest_bytes,
          max(s.last_ms) as last_ms
        from ${from} ${same('a.environment', wanted.environment)} and ${same('a.system', wanted.system)}
        group by s.caller) u) t
    join ledger_caller c on c.id = t.caller
    where t.weight > 0 and ${same('c.participant', wanted.participant)}
      and ${behind(wanted.cursor, ['t.weight', 't.caller'])}
    order by t.weight desc, t.caller limit ${wanted.limit + 1}`.execute(db);
  const toRow = (row: SenderColumns): SenderRow => ({
    caller: toCaller(row),
    calls: row.calls,
    chunked: row.chunked,
    unencoded: row.unencoded,
    withCookies: row.with_cookies,
    reusedCookies: row.reused_cookies,
    largestBytes: row.largest_bytes,
    last: instant(row.last_ms),
  });
  return pageOf(rows, wanted.limit, toRow, (row) => [row.weight, row.caller]);
}
