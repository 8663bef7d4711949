// A year of 1,000 participants that nobody made, written straight into the tables of the ledger: its sums by days, thirds of months and
// months, its pairs and its refusals, and lists of exchanges as large as three months of records have.
import type { Schema } from '@headgate/control';
import { type Kysely, sql } from 'kysely';

const dayMs = 86_400_000;

/** How much a year has, for the report. */
export interface YearRows {
  readonly callers: number;
  readonly pairs: number;
  readonly pairPeriods: number;
  readonly refusalPeriods: number;
  readonly partyPeriods: number;
  readonly listedExchanges: number;
}

const periodSums = `calls, refused, request_bytes, response_bytes, chunked, unencoded, with_cookies, reused_cookies,
  largest_bytes, first_ms, last_ms`;

/** Fills the tables up to an instant. */
export async function fillYear(db: Kysely<Schema>, participants: number, nowMs: number): Promise<YearRows> {
  const today = Math.floor(nowMs / dayMs) * dayMs;
  const run = (text: string) => sql.raw(text).execute(db);
  await run(`insert into ledger_caller
    select 'caller' || lpad(k::text, 10, '0'), 'credential', lpad(k::text, 64, 'c'), true, 'CN=PARTY' || k || 'x0001,O=EXAMPLE,C=US',
      'CN=Example Issuing', '5BC2', '2030-01-01T00:00:00.000Z', repeat('9', 64), 'party-' || k, ${today - 365 * dayMs}, ${today}, 9000
    from generate_series(0, ${participants - 1}) k`);
  await run(`insert into ledger_address
    select 'address' || lpad((s * 2 + g)::text, 9, '0'), 'address', 'production', 'api', case g when 0 then 'old' else 'new' end,
      'SYSTEM' || s, case g when 0 then 'https://ws.caiso.com/sst/' else 'https://ws.prod.caiso.com/sst/' end || s
    from generate_series(0, 7) s, generate_series(0, 1) g`);
  // Each calls two systems, by the old address and the new one; every tenth never went to the new one.
  await run(`create table year_pair as
    select 'caller' || lpad(k::text, 10, '0') as caller, 'address' || lpad((((k + s) % 8) * 2 + g)::text, 9, '0') as address, k, s, g
    from generate_series(0, ${participants - 1}) k, generate_series(0, 1) s, generate_series(0, 1) g
    where g = 0 or k % 10 <> 0`);
  await run(`insert into ledger_pair (caller, address, ${periodSums}, answered, failed, broken, duration_ms, large,
      refused_last_ms, chunked_last_ms, unencoded_last_ms, cookies_last_ms, last_source, last_agent, last_service, sources, agents)
    select caller, address, 9000, 40, 9000000, 90000000, case when k % 3 = 0 then 900 else 0 end, k % 7, k % 2, 0, 60000,
      ${today - 365 * dayMs}, ${today} - (k % 300) * ${dayMs}::bigint, 8900, 60, 0, 900000, 30, 0, 0, 0, 0,
      '198.51.100.' || k % 250, 'Apache-HttpClient/4.5.14', 'RetrieveMarketAwards',
      '{"values":[["198.51.100.1",4000,1708516800000],["198.51.100.2",5000,1708516800000]],"others":0}'::jsonb,
      '{"values":[["Apache-HttpClient/4.5.14",9000,1708516800000]],"others":0}'::jsonb
    from year_pair`);
  const sums = (period: string) => `25, 1, 25000, 250000, case when k % 3 = 0 then 3 else 0 end, k % 2, 0, 0, 60000,
    ${period} + 1000, ${period} + 80000000`;
  const grains = [
    { grain: 'd', starts: Array.from({ length: 365 }, (_, at) => today - at * dayMs) },
    { grain: 't', starts: [...new Set(Array.from({ length: 365 }, (_, at) => thirdOf(today - at * dayMs)))] },
    { grain: 'm', starts: [...new Set(Array.from({ length: 365 }, (_, at) => monthOf(today - at * dayMs)))] },
  ];
  for (const { grain, starts } of grains)
    for (let from = 0; from < starts.length; from += 30) {
      const periods = `unnest(array[${starts.slice(from, from + 30).join(',')}]::bigint[]) period`;
      await run(`insert into ledger_pair_period (grain, period_ms, caller, address, ${periodSums})
        select '${grain}', period, caller, address, ${sums('period')} from year_pair, ${periods}`);
      await run(`insert into ledger_refusal_period (grain, period_ms, caller, address, code, rule, calls, first_ms, last_ms)
        select '${grain}', period, caller, address, c.code, c.rule, 1, period + 1000, period + 2000
        from year_pair, ${periods}, (values ('admission.acceptable_use', 'cmri-retrieve'), ('identity.certificate_expired', '')) c (code, rule)
        where g = 0 and s = 0`);
      await run(`insert into ledger_party_period (grain, period_ms, participant, scid, ${periodSums})
        select '${grain}', period, 'party-' || k, case s when 0 then '' else 'EX' || k end, ${sums('period')}
        from year_pair, ${periods} where g = 0`);
    }
  const exchanges = await fillLists(run);
  await run('drop table year_pair');
  await run('analyze');
  return { ...(await counts(db)), listedExchanges: exchanges };
}

/** 70 segments of 32 chunks of 8,192 records: 18 million exchanges; and 31 whole chunks that are not listed yet. */
async function fillLists(run: (text: string) => Promise<unknown>): Promise<number> {
  const [segments, perList] = [70, 1_024];
  await run(`insert into ledger_segment select s * 32 + 1, array(select s * 32 + c from generate_series(1, 32) c)
    from generate_series(0, ${segments - 1}) s`);
  for (let segment = 0; segment < segments; segment += 1)
    await run(`insert into ledger_segment_list select b, ${segment * 32 + 1},
      decode((select string_agg(md5(${segment} || ' ' || b || ' ' || n), '') from generate_series(1, ${(perList * 5) / 16}) n), 'hex')
      from generate_series(0, 255) b`);
  await run(`insert into ledger_arrival select ${segments * 32} + c, 0, 0, 0, 8192, 0, 0, '{}', true, null,
    decode((select string_agg(md5(c || ' ' || n), '') from generate_series(1, 2560) n), 'hex'), ''::bytea
    from generate_series(1, 31) c`);
  const last = segments * 32 + 31;
  await run(`update ledger_state set rolled_up_to = ${last}, last_arrival = ${last}`);
  return segments * 32 * 8_192;
}

async function counts(db: Kysely<Schema>): Promise<Omit<YearRows, 'listedExchanges'>> {
  const count = async (table: string): Promise<number> =>
    (await sql<{ count: number }>`select count(*) as count from ${sql.raw(table)}`.execute(db)).rows[0]?.count ?? 0;
  return {
    callers: await count('ledger_caller'),
    pairs: await count('ledger_pair'),
    pairPeriods: await count('ledger_pair_period'),
    refusalPeriods: await count('ledger_refusal_period'),
    partyPeriods: await count('ledger_party_period'),
  };
}

function monthOf(atMs: number): number {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
}

function thirdOf(atMs: number): number {
  const third = Math.min(2, Math.floor((new Date(atMs).getUTCDate() - 1) / 10));
  return monthOf(atMs) + third * 10 * dayMs;
}
