// What questions to the ledger are asked with, and what they answer, as the API describes it.
import { z } from 'zod';
import { sendingWays } from './ask-callers.ts';
import { refusalGroups } from './ask-refusals.ts';

const instant = z.string().nullable().describe('An instant, as 2024-02-21T12:00:00.250Z; null where there was none.');
const count = z.int().min(0);

const moment = (what: string) =>
  z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z)?$/)
    .optional()
    .describe(`${what} As 2024-02-21, or as 2024-02-21T12:00:00Z; of UTC.`);

const name = (what: string) => z.string().min(1).max(200).optional().describe(what);

/** What every list is asked with. */
export const wantedSchema = z.strictObject({
  since: moment('Only calls from then on. Sums are of whole days: the day that it cuts counts whole.'),
  until: moment('Only calls before then; the day that it cuts counts whole.'),
  asOf: moment('As it was known then: the same as `until`.'),
  participant: name('Only callers of this participant, by its id.'),
  environment: name('Only addresses of this environment.'),
  system: name('Only addresses of this system, as OASIS.'),
  limit: z.coerce.number().int().min(1).max(1_000).default(200).describe('Rows of a page. Default 200.'),
  cursor: z.string().min(1).max(2_000).optional().describe('`next` of the page before.'),
});

/** What lists are asked with in common. */
export type WantedQuery = z.infer<typeof wantedSchema>;

export const refusalsQuery = wantedSchema.extend({
  by: z.enum(refusalGroups).default('caller').describe('What refusals are told by. Default `caller`.'),
  code: name('Only refusals with this code.'),
  rule: name('Only refusals by this rule.'),
  caller: name('Only refusals of this caller: an id, a fingerprint, a subject or a source.'),
});

export const sendersQuery = wantedSchema.extend({
  ways: z
    .string()
    .regex(new RegExp(`^(?:${sendingWays.join('|')})(?:,(?:${sendingWays.join('|')}))*$`))
    .optional()
    .describe(`Ways of sending, with commas between: ${sendingWays.join(', ')}. Without it, every caller is listed.`),
});

export const exportQuery = wantedSchema.pick({ since: true, until: true, participant: true, cursor: true }).extend({
  of: z
    .enum(['sums', 'records'])
    .default('sums')
    .describe('`sums` by hours and days, or `records` as they came. Default `sums`.'),
  format: z.enum(['csv', 'ndjson']).default('ndjson').describe('`records` are NDJSON always. Default `ndjson`.'),
  node: name('Only records of this node.'),
  cursors: z
    .enum(['true', 'false'])
    .default('false')
    .describe(
      'Whether `{"cursor":"…"}` stands behind each piece of records, to go on from. Sums have a column for it.',
    ),
});

const callerSchema = z
  .strictObject({
    id: z.string(),
    kind: z.string().describe('`credential`, `subject`, `source`, or `others`: those past a bound, together.'),
    fingerprint: z.string().nullable(),
    subject: z.string().nullable(),
    source: z.string().nullable(),
    issuer: z.string().nullable(),
    serial: z.string().nullable(),
    notAfter: z.string().nullable(),
    participant: z.string().nullable(),
  })
  .meta({ id: 'LedgerCaller' });

const addressSchema = z
  .strictObject({
    environment: z.string(),
    channel: z.string(),
    generation: z.string(),
    system: z.string(),
    address: z.string(),
  })
  .meta({ id: 'LedgerAddress' });

const valuesSchema = z
  .strictObject({
    values: z.array(z.strictObject({ value: z.string(), calls: count, last: instant })),
    others: count.describe('Calls with values that are not listed: past the bound the latest stay.'),
  })
  .meta({ id: 'LedgerValues' });

const knownSchema = z
  .strictObject({
    node: z.string(),
    knownUntil: instant,
    heard: instant,
    records: count,
    unreadableLines: count,
    laterVersion: count,
    oddClocks: count,
    gaps: z.array(
      z.strictObject({
        boot: z.string(),
        thread: count,
        after: count,
        atMost: count,
        from: instant,
        until: instant,
        told: z.boolean(),
      }),
    ),
    gapCount: count,
    sentence: z.string().describe('How far the node is known, in words.'),
  })
  .meta({ id: 'LedgerKnown' });

const refusalSchema = z
  .strictObject({
    caller: callerSchema.nullable(),
    participant: z.string().nullable(),
    code: z.string().nullable(),
    rule: z.string().nullable(),
    calls: count,
    callers: count,
    first: instant,
    last: instant,
    title: z.string().nullable(),
    fix: z.string().nullable(),
  })
  .meta({ id: 'LedgerRefusal' });

const counted = z
  .strictObject({ since: instant, until: instant })
  .describe('What the sums are over: whole days of UTC. Null where the side is open.');

const listOf = <Row extends z.ZodType>(row: Row) =>
  z.strictObject({
    rows: z.array(row),
    next: z.string().nullable().describe('Cursor of the next page; null on the last.'),
    counted,
    known: z.array(knownSchema).describe('How far each node is known: what it did later is in no row.'),
  });

export const oldAddressesAnswer = listOf(
  z
    .strictObject({
      caller: callerSchema,
      address: addressSchema,
      calls: count,
      refused: count,
      first: instant,
      last: instant,
      lastSource: z.string(),
      lastAgent: z.string(),
      lastService: z.string(),
      sources: valuesSchema,
      onNew: z.boolean().describe('Whether the same caller was seen on a new address of the system.'),
    })
    .meta({ id: 'LedgerOldAddress' }),
);

export const neverOnNewAnswer = listOf(
  z
    .strictObject({
      caller: callerSchema,
      environment: z.string(),
      channel: z.string(),
      system: z.string(),
      oldAddresses: z.array(z.string()),
      calls: count,
      first: instant,
      last: instant,
      lastSource: z.string(),
      participantOnNew: z.boolean().describe('Whether its participant was, with another certificate.'),
    })
    .meta({ id: 'LedgerNeverOnNew' }),
);

export const sendersAnswer = listOf(
  z
    .strictObject({
      caller: callerSchema,
      calls: count,
      chunked: count,
      unencoded: count.describe('Bodies of 10,000 bytes and more of which nothing says that they are packed.'),
      withCookies: count,
      reusedCookies: count,
      largestBytes: count,
      last: instant,
    })
    .meta({ id: 'LedgerSender' }),
);

export const refusalsAnswer = listOf(refusalSchema);

const sums = { calls: count, refused: count, requestBytes: count, responseBytes: count, first: instant, last: instant };

export const participantAnswer = z.strictObject({
  participant: z.string(),
  total: z.strictObject(sums),
  scids: z.array(z.strictObject({ scid: z.string().nullable(), ...sums })),
  addresses: z.array(z.strictObject({ caller: callerSchema, address: addressSchema, ...sums })),
  refusals: z.array(refusalSchema),
  counted,
  known: z.array(knownSchema),
});

export const knownAnswer = z.strictObject({ known: z.array(knownSchema) });

export const exchangeAnswer = z.strictObject({
  exchange: z.string(),
  node: z.string(),
  at: instant,
  told: z.array(z.strictObject({ stage: z.string(), sentence: z.string() })),
  problem: z
    .strictObject({
      code: z.string(),
      title: z.string().nullable(),
      detail: z.string().nullable(),
      fix: z.string().nullable(),
    })
    .nullable(),
  record: z.looseObject({}).describe('The record as it came. For a participant: without what is inside the tier.'),
});

export const takenAnswer = z.strictObject({
  acknowledged: z.array(z.strictObject({ boot: z.string(), thread: count, sequence: count })),
});
