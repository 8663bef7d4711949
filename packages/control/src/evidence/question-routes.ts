// The questions that are asked of the ledger, each a route: staff ask about everybody, participants about themselves.
import { Readable } from 'node:stream';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { type Access, type Account, everyone } from '../access/account.ts';
import type { ControlApp } from '../api/control-app.ts';
import { ControlRefusal } from '../api/control-refusal.ts';
import type { Schema } from '../store/schema.ts';
import {
  exchangeAnswer,
  exportQuery,
  knownAnswer,
  neverOnNewAnswer,
  oldAddressesAnswer,
  participantAnswer,
  refusalsAnswer,
  refusalsQuery,
  sendersAnswer,
  sendersQuery,
  type WantedQuery,
  wantedSchema,
} from './answer-schemas.ts';
import { findExchange } from './arrivals.ts';
import { fromCursor, instant, isBounded, type Page, UnknownCursor, type Wanted } from './ask.ts';
import { askNeverOnNew, askOldAddresses, askSenders, sendingWays } from './ask-callers.ts';
import { askKnown, type KnownNode } from './ask-known.ts';
import { askParticipant } from './ask-participant.ts';
import { askRefusals } from './ask-refusals.ts';
import { coverOf, type Span } from './cover.ts';
import { tellExchange } from './exchange-story.ts';
import { recordTexts, sumTexts } from './export-rows.ts';
import type { Ledger } from './ledger.ts';
import { sectionOf } from './ledger-call.ts';
import { forParticipant, isOf } from './ledger-desk.ts';

/** What the questions are answered from. */
export interface QuestionSources {
  readonly db: Kysely<Schema>;
  readonly ledger: Pick<Ledger, 'desk' | 'holdChunks'>;
}

/** Longest export; whoever is cut off goes on from the last cursor. One hour. */
const exportMsMax = 3_600_000;

const open: Access = { roles: [...everyone] };

interface Asking {
  readonly account: Account;
  readonly participantScope: string | null;
}

/** Adds the questions. */
export function questionRoutes(app: ControlApp, sources: QuestionSources): void {
  listRoutes(app, sources);
  reasonRoutes(app, sources);
  participantRoutes(app, sources);
  exchangeRoutes(app, sources);
  exportRoutes(app, sources);
}

const tags = ['evidence'];

function listRoutes(app: ControlApp, { db }: QuestionSources): void {
  app.get(
    '/v1/evidence/old-addresses',
    {
      config: { access: open },
      schema: {
        summary: 'Who still calls an old address',
        tags,
        querystring: wantedSchema,
        response: { 200: oldAddressesAnswer },
      },
    },
    (request) => listed(db, wantedOf(request.query, request), (wanted) => askOldAddresses(db, wanted)),
  );
  app.get(
    '/v1/evidence/never-on-new',
    {
      config: { access: open },
      schema: {
        summary: 'Who has never been seen on the new address',
        tags,
        querystring: wantedSchema,
        response: { 200: neverOnNewAnswer },
      },
    },
    (request) => listed(db, wantedOf(request.query, request), (wanted) => askNeverOnNew(db, wanted)),
  );
  app.get(
    '/v1/evidence/senders',
    {
      config: { access: open },
      schema: {
        summary: 'Who sends chunked, large and unencoded, or with cookies',
        tags,
        querystring: sendersQuery,
        response: { 200: sendersAnswer },
      },
    },
    (request) => {
      const asked = request.query.ways?.split(',') ?? [];
      const ways = sendingWays.filter((way) => asked.includes(way));
      return listed(db, wantedOf(request.query, request), (wanted) => askSenders(db, wanted, ways));
    },
  );
}

function reasonRoutes(app: ControlApp, { db }: QuestionSources): void {
  app.get(
    '/v1/evidence/refusals',
    {
      config: { access: open },
      schema: {
        summary: 'Who was refused, and why',
        tags,
        querystring: refusalsQuery,
        response: { 200: refusalsAnswer },
      },
    },
    (request) => {
      const { by, code = null, rule = null, caller = null } = request.query;
      return listed(db, wantedOf(request.query, request), (wanted) =>
        askRefusals(db, { ...wanted, by, code, rule, caller }),
      );
    },
  );
  app.get(
    '/v1/evidence/nodes',
    {
      config: { access: open },
      schema: { summary: 'How far each node is known', tags, response: { 200: knownAnswer } },
    },
    async () => ({ known: toKnown(await askKnown(db)) }),
  );
}

function participantRoutes(app: ControlApp, { db }: QuestionSources): void {
  app.get(
    '/v1/participants/:participant/evidence',
    {
      config: { access: { ...open, participant: 'participant' } },
      schema: {
        summary: 'One participant: its calls by SCID, certificate and address, and its refusals',
        tags,
        params: z.strictObject({ participant: z.string().min(1).max(200) }),
        querystring: wantedSchema.pick({ since: true, until: true, asOf: true }),
        response: { 200: participantAnswer },
      },
    },
    async (request) => {
      const { participant } = request.params;
      const wanted = wantedOf({ ...request.query, limit: 200 }, request);
      const found = await askParticipant(db, participant, wanted);
      if (found === null)
        throw new ControlRefusal('control.not_found', { path: `/v1/participants/${participant}/evidence` });
      return {
        ...(found as Writable<typeof found>),
        counted: countedOf(wanted.span),
        known: toKnown(await askKnown(db)),
      };
    },
  );
}

function exchangeRoutes(app: ControlApp, { db, ledger }: QuestionSources): void {
  app.get(
    '/v1/exchanges/:exchange',
    {
      config: { access: open },
      schema: {
        summary: 'One exchange, told along the path',
        tags,
        params: z.strictObject({ exchange: z.string().min(1).max(200) }),
        response: { 200: exchangeAnswer },
      },
    },
    async ({ params: { exchange }, participantScope: scope }) => {
      const lines = await findExchange(db, ledger.desk, exchange);
      const records = lines
        .map((line) => sectionOf(JSON.parse(line)))
        .filter((record) => scope === null || isOf(record, scope));
      const [record] = records;
      if (record === undefined)
        throw new ControlRefusal('control.no_such_exchange', { exchange, keptSince: await keptSince(db) });
      const { told, ...story } = tellExchange(record);
      return { ...story, told: [...told], record: { ...(scope === null ? record : forParticipant(record)) } };
    },
  );
}

async function keptSince(db: Kysely<Schema>): Promise<string | null> {
  const first = await db.selectFrom('ledger_arrival').select('from_ms').orderBy('id').limit(1).executeTakeFirst();
  return instant(first?.from_ms ?? null);
}

function exportRoutes(app: ControlApp, { db, ledger }: QuestionSources): void {
  app.get(
    '/v1/evidence/export',
    {
      // A HEAD would read all of it, for nobody.
      exposeHeadRoute: false,
      config: { access: open },
      schema: {
        summary: 'Everything, as a stream',
        description:
          'Sums by hours and days as CSV or NDJSON, or records as they came. Each row of sums has a cursor to go on from; a piece of records has one behind it where `cursors` is true. After a resumption a record may come twice, under its number.',
        tags,
        querystring: exportQuery,
        response: {
          200: {
            description: 'Rows, as many as there are.',
            content: { 'application/x-ndjson': { schema: z.string() }, 'text/csv': { schema: z.string() } },
          },
        },
      },
    },
    async (request, reply) => {
      const { of, format, node = null, cursors, cursor = null } = request.query;
      const { span, participant } = wantedOf({ ...request.query, limit: 1 }, request);
      const form = of === 'records' ? (['number'] as const) : sumCursor;
      if (cursor !== null && fromCursor(cursor, form) === null) throw unknownCursor();
      const wanted = { span, participant, cursor };
      const release = of === 'records' ? ledger.holdChunks() : () => undefined;
      const texts =
        of === 'records'
          ? recordTexts(db, ledger.desk, {
              ...wanted,
              node,
              isForParticipant: request.participantScope !== null,
              withCursors: cursors === 'true',
            })
          : sumTexts(db, wanted, format);
      const isCsv = of === 'sums' && format === 'csv';
      const stream = Readable.from(texts as AsyncIterable<string | Uint8Array>, { objectMode: false });
      const impatience = setTimeout(() => stream.destroy(), exportMsMax).unref();
      stream.once('close', () => {
        clearTimeout(impatience);
        release();
      });
      return reply
        .header('content-type', isCsv ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson')
        .header('content-disposition', `attachment; filename="${of}.${isCsv ? 'csv' : 'ndjson'}"`)
        .send(stream as never); // Described as the text that it is.
    },
  );
}

const sumCursor = ['string', 'number', 'string', 'string', 'string', 'string'] as const;

function unknownCursor(): ControlRefusal {
  return new ControlRefusal('control.invalid_request', {
    faults: ['querystring.cursor: it must be the cursor of a page of this question'],
  });
}

/** What is wanted, in our terms. To a participant there is nobody else. */
function wantedOf(query: Partial<WantedQuery> & { readonly limit: number }, asking: Asking): Wanted {
  const { participantScope: scope } = asking;
  const { participant } = query;
  if (scope !== null && participant !== undefined && participant !== scope)
    throw new ControlRefusal('control.not_found', { path: `/v1/participants/${participant}` });
  if (query.until !== undefined && query.asOf !== undefined)
    throw new ControlRefusal('control.invalid_request', { faults: ['querystring: one of until and asOf, not both'] });
  return {
    span: spanOf(query),
    participant: scope ?? participant ?? null,
    environment: query.environment ?? null,
    system: query.system ?? null,
    limit: query.limit,
    cursor: query.cursor ?? null,
  };
}

function spanOf({ since, until, asOf }: Partial<WantedQuery>): Span {
  return {
    sinceMs: momentOf('since', since) ?? Number.NEGATIVE_INFINITY,
    untilMs: momentOf('until', until ?? asOf) ?? Number.POSITIVE_INFINITY,
  };
}

function momentOf(field: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const atMs = Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(atMs))
    throw new ControlRefusal('control.invalid_request', { faults: [`querystring.${field}: there is no such instant`] });
  return atMs;
}

function countedOf(span: Span): { since: string | null; until: string | null } {
  if (!isBounded(span)) return { since: null, until: null };
  const { sinceMs, untilMs } = coverOf(span);
  const told = (atMs: number) => (Number.isFinite(atMs) ? instant(atMs) : null);
  return { since: told(sinceMs), until: told(untilMs) };
}

/** Answers are read-only here, and not in the types that schemas give. */
type Writable<Value> = Value extends readonly (infer Each)[]
  ? Writable<Each>[]
  : Value extends object
    ? { -readonly [Key in keyof Value]: Writable<Value[Key]> }
    : Value;

function toKnown(known: readonly KnownNode[]): Writable<KnownNode>[] {
  return known as Writable<KnownNode>[];
}

async function listed<Row>(db: Kysely<Schema>, wanted: Wanted, ask: (wanted: Wanted) => Promise<Page<Row>>) {
  try {
    const { rows, next } = await ask(wanted);
    return {
      rows: rows as Writable<Row>[],
      next,
      counted: countedOf(wanted.span),
      known: toKnown(await askKnown(db)),
    };
  } catch (fault) {
    if (fault instanceof UnknownCursor) throw unknownCursor();
    throw fault;
  }
}
