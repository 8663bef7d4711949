// Who was refused, and why.
import { problems } from '@headgate/contract';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import { inSpan, instant, type Page, pageOf, same, type Wanted } from './ask.ts';
import { behind, type CallerColumns, callerColumns, type ToldCaller, toCaller } from './ask-callers.ts';

/** What refusals are told by. */
export const refusalGroups = ['caller', 'participant', 'code', 'rule'] as const;
/** One of them. */
export type RefusalGroup = (typeof refusalGroups)[number];

/** What is wanted of refusals beside the rest. */
export interface WantedRefusals extends Wanted {
  readonly by: RefusalGroup;
  readonly code: string | null;
  readonly rule: string | null;
  /** Id or fingerprint of one caller. */
  readonly caller: string | null;
}

/** Refusals of one kind. What they are not told by is null. */
export interface RefusalRow {
  readonly caller: ToldCaller | null;
  readonly participant: string | null;
  readonly code: string | null;
  readonly rule: string | null;
  readonly calls: number;
  readonly callers: number;
  readonly first: string | null;
  readonly last: string | null;
  /** What the code means, and what the caller does about it; null where several codes are told together. */
  readonly title: string | null;
  readonly fix: string | null;
}

interface RefusalColumns extends CallerColumns {
  readonly code: string;
  readonly rule: string;
  readonly calls: number;
  readonly callers: number;
  readonly first_ms: number;
  readonly last_ms: number;
}

const groupColumns: Readonly<Record<RefusalGroup, string>> = {
  caller: 's.caller, s.code, s.rule',
  participant: `coalesce(c.participant, '') as caller, s.code, '' as rule`,
  code: `'' as caller, s.code, '' as rule`,
  rule: `'' as caller, s.code, s.rule`,
};

/** Asks who was refused and why, most refusals first. */
export async function askRefusals(db: Kysely<Schema>, wanted: WantedRefusals): Promise<Page<RefusalRow>> {
  const isByCaller = wanted.by === 'caller';
  const who: RawBuilder<unknown> = isByCaller
    ? callerColumns
    : sql`'' as kind, '' as name, null as subject, null as issuer, null as serial, null as not_after,
        ${wanted.by === 'participant' ? sql`nullif(t.caller, '')` : sql`null`} as participant`;
  const { rows } = await sql<RefusalColumns>`
    select t.*, ${who} from (
      select ${sql.raw(groupColumns[wanted.by])}, sum(s.calls)::bigint as calls,
        count(distinct s.caller)::bigint as callers, min(s.first_ms) as first_ms, max(s.last_ms) as last_ms
      from ledger_refusal_period s join ledger_address a on a.id = s.address
      left join ledger_caller c on c.id = s.caller
      where ${inSpan(wanted.span, 's')} and ${same('s.code', wanted.code)} and ${same('s.rule', wanted.rule)}
        and ${same('a.environment', wanted.environment)} and ${same('a.system', wanted.system)}
        and ${same('c.participant', wanted.participant)}
        and ${wanted.caller === null ? sql`true` : sql`(s.caller = ${wanted.caller} or c.name = ${wanted.caller})`}
      group by 1, 2, 3) t
    ${isByCaller ? sql`left join ledger_caller c on c.id = t.caller` : sql``}
    where ${behind(wanted.cursor, ['t.calls', 't.caller', 't.code', 't.rule'])}
    order by t.calls desc, t.caller, t.code, t.rule limit ${wanted.limit + 1}`.execute(db);
  const toRow = (row: RefusalColumns): RefusalRow => ({
    caller: isByCaller ? toCaller({ ...row, kind: row.kind ?? 'others' }) : null,
    participant: row.participant,
    code: row.code,
    rule: row.rule === '' ? null : row.rule,
    calls: row.calls,
    callers: row.callers,
    first: instant(row.first_ms),
    last: instant(row.last_ms),
    title: wordsOf(row.code)?.title ?? null,
    fix: wordsOf(row.code)?.fix ?? null,
  });
  return pageOf(rows, wanted.limit, toRow, (row) => [row.calls, row.caller, row.code, row.rule]);
}

/** What the catalogue says of a code; null of one that is not of this version. */
export function wordsOf(code: string): { readonly title: string; readonly fix: string } | null {
  return Object.hasOwn(problems, code) ? problems[code as keyof typeof problems] : null;
}
