// The API of snapshots: for people who publish them, and for the gateways that serve by them.
import { snapshotAcknowledgementSchema, snapshotBounds, snapshotDocumentSchema } from '@headgate/contract';
import { z } from 'zod';
import { staff } from '../access/account.ts';
import type { ControlApp } from '../api/control-app.ts';
import { ControlRefusal } from '../api/control-refusal.ts';
import { diffAreas } from './diff/lines.ts';
import { sha256Of } from './read-document.ts';
import type { Snapshots } from './snapshots.ts';

/** What the routes need. */
export interface SnapshotRoutesDeps {
  readonly snapshots: Snapshots;
  /** Gateways by the names of the configuration. */
  readonly nodes: () => readonly string[];
}

const numberSchema = z.int().min(1).max(snapshotBounds.numberMax);
const numberInPath = z.coerce.number().pipe(numberSchema);
const reasonSchema = z.string().trim().min(1).max(900).describe('Why: it stands in the history for ever.');
const dryRunSchema = z.boolean().default(false).describe('Only tell what would differ.');

const headSchema = z
  .strictObject({
    number: numberSchema,
    hash: z.string().describe('SHA-256 of the content: the same content has the same hash under any number.'),
    previous: numberSchema.nullable(),
    createdMs: z.int(),
    author: z.string(),
    reason: z.string(),
    restored: numberSchema.nullable().describe('The number whose texts it has again; null for one that was compiled.'),
  })
  .meta({ id: 'SnapshotHead' });

const diffSchema = z
  .strictObject({
    lines: z
      .array(
        z.strictObject({
          area: z.enum(diffAreas),
          sentence: z.string(),
          subject: z.string(),
          before: z.string().nullable(),
          next: z.string().nullable(),
          credentials: z
            .strictObject({
              provisioned: z.int().describe('Credentials that may call there.'),
              seen: z.int().nullable().describe('Of those seen there lately; null where nobody knows.'),
            })
            .nullable(),
          text: z.string().nullable().describe('The text that says so; null of positions.'),
        }),
      )
      .describe('The weightiest first.'),
    more: z.int().describe('How many lines there are beyond these.'),
    counts: z.record(z.enum(diffAreas), z.int()),
  })
  .meta({ id: 'SnapshotDiff' });

const outcomeSchema = z
  .strictObject({
    number: numberSchema.nullable().describe('The latest number now; null for a dry run of the first.'),
    hash: z.string(),
    isNew: z.boolean().describe('Whether a new number was made: not where nothing differs, and not in a dry run.'),
    diff: diffSchema.nullable().describe('Against the one before; null for the first.'),
  })
  .meta({ id: 'SnapshotOutcome' });

const nodeSchema = z
  .strictObject({
    node: z.string(),
    number: numberSchema.nullable().describe('What it has in force; null where it never said.'),
    hash: z.string().nullable(),
    threads: z.int().nullable(),
    sinceMs: z.int().nullable().describe('When it first said so.'),
    askedMs: z.int().nullable().describe('When it last asked, since control started.'),
    refused: z
      .strictObject({ number: numberSchema, atMs: z.int(), reason: z.string(), findings: z.array(z.string()) })
      .nullable()
      .describe('The newer one that it does not take.'),
  })
  .meta({ id: 'SnapshotNode' });

const tags = ['snapshots'];
const pageMax = 200;

/** Adds the routes of people. */
export function snapshotRoutes(app: ControlApp, { snapshots, nodes }: SnapshotRoutesDeps): void {
  app.get(
    '/v1/snapshots',
    {
      config: { access: { roles: staff } },
      schema: {
        summary: 'What was published, the latest first',
        tags,
        querystring: z.strictObject({
          before: z.coerce.number().pipe(numberSchema).optional().describe('Only lower numbers.'),
          limit: z.coerce.number().pipe(z.int().min(1).max(pageMax)).default(50),
        }),
        response: { 200: z.strictObject({ snapshots: z.array(headSchema), next: numberSchema.nullable() }) },
      },
    },
    async ({ query: { before = snapshotBounds.numberMax, limit } }) => {
      const heads = await snapshots.heads(before, limit);
      return { snapshots: [...heads], next: heads.length < limit ? null : (heads.at(-1)?.number ?? null) };
    },
  );
  app.post(
    '/v1/snapshots',
    {
      config: { access: { roles: ['operator'] } },
      schema: {
        summary: 'Compile the sources and publish what they say',
        tags,
        body: z.strictObject({ reason: reasonSchema, dryRun: dryRunSchema }),
        response: { 200: outcomeSchema },
      },
    },
    async ({ body: { reason, dryRun }, account }) =>
      plain(await snapshots.publish({ by: account.id, reason, isDryRun: dryRun })),
  );
  app.get(
    '/v1/snapshots/in-force',
    {
      config: { access: { roles: staff } },
      schema: {
        summary: 'Which gateway serves by which snapshot',
        tags,
        response: { 200: z.strictObject({ latest: headSchema.nullable(), nodes: z.array(nodeSchema) }) },
      },
    },
    async () => ({ latest: await snapshots.latest(), nodes: plain(await snapshots.standings(nodes())) }),
  );
  app.get(
    '/v1/snapshots/:number',
    {
      config: { access: { roles: staff } },
      schema: {
        summary: 'One snapshot, with the sizes of its texts',
        tags,
        params: z.strictObject({ number: numberInPath }),
        response: {
          200: z.strictObject({
            ...snapshotDocumentSchema.omit({ texts: true }).shape,
            texts: z.array(z.strictObject({ name: z.string(), bytes: z.int(), sha256: z.string() })),
          }),
        },
      },
    },
    async ({ params: { number } }) => {
      const { texts, ...rest } = await snapshots.document(number);
      const sizes = Object.entries(texts).map(([name, text]) => ({
        name,
        bytes: Buffer.byteLength(text),
        sha256: sha256Of(text),
      }));
      return { ...rest, texts: sizes };
    },
  );
  app.get(
    '/v1/snapshots/:number/texts/:name',
    {
      config: { access: { roles: staff } },
      schema: {
        summary: 'One text of a snapshot',
        tags,
        params: z.strictObject({ number: numberInPath, name: z.string().max(120) }),
        response: { 200: z.strictObject({ name: z.string(), text: z.string() }) },
      },
    },
    async ({ params: { number, name } }) => {
      const { texts } = await snapshots.document(number);
      const text = Object.hasOwn(texts, name) ? texts[name] : undefined;
      if (text === undefined)
        throw new ControlRefusal('control.not_found', { path: `/v1/snapshots/${number}/texts/${name}` });
      return { name, text };
    },
  );
  app.get(
    '/v1/snapshots/:number/diff/:next',
    {
      config: { access: { roles: staff } },
      schema: {
        summary: 'What differs between two snapshots, in sentences',
        tags,
        params: z.strictObject({ number: numberInPath, next: numberInPath }),
        response: { 200: diffSchema },
      },
    },
    async ({ params: { number, next } }) => plain(await snapshots.diff(number, next)),
  );
  app.post(
    '/v1/snapshots/:number/restore',
    {
      config: { access: { roles: ['operator'] } },
      schema: {
        summary: 'Publish the texts of an earlier snapshot again, under a new number',
        tags,
        params: z.strictObject({ number: numberInPath }),
        body: z.strictObject({ reason: reasonSchema, dryRun: dryRunSchema }),
        response: { 200: outcomeSchema },
      },
    },
    async ({ params: { number }, body: { reason, dryRun }, account }) =>
      plain(await snapshots.restore(number, { by: account.id, reason, isDryRun: dryRun })),
  );
  nodeRoutes(app, snapshots);
}

/** Longest that a gateway is kept waiting for news, in milliseconds. */
const waitMsMax = 60_000;

function nodeRoutes(app: ControlApp, snapshots: Snapshots): void {
  app.get(
    '/v1/nodes/:node/snapshot',
    {
      config: { access: { roles: ['node'], node: 'node' } },
      schema: {
        summary: 'The latest snapshot for a gateway, once it is newer than the one it has',
        tags,
        params: z.strictObject({ node: z.string().max(63) }),
        querystring: z.strictObject({
          after: z.coerce.number().pipe(z.int().min(0).max(snapshotBounds.numberMax)).default(0),
          hash: z.string().max(64).optional().describe('Hash of the one it has.'),
          waitMs: z.coerce.number().pipe(z.int().min(0).max(waitMsMax)).default(0),
        }),
        response: { 200: snapshotDocumentSchema, 204: z.void().describe('There is none that is newer.') },
      },
    },
    async ({ params: { node }, query: { after, hash = null, waitMs } }, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const json = await snapshots.newerThan(node, { after, hash }, waitMs, gone.signal);
      // A gateway that has a higher number must hear that this control knows less.
      void reply.header('headgate-latest-snapshot', (await snapshots.latest())?.number ?? 0);
      if (json === null) return reply.code(204).send();
      // As it was written once for all gateways: the schema describes it, and its hash proves it.
      return reply.type('application/json; charset=utf-8').send(json as never);
    },
  );
  app.post(
    '/v1/nodes/:node/acknowledgements',
    {
      config: { access: { roles: ['node'], node: 'node' } },
      schema: {
        summary: 'A gateway says that a snapshot is in force, or why it is not',
        tags,
        params: z.strictObject({ node: z.string().max(63) }),
        body: snapshotAcknowledgementSchema,
        response: { 204: z.void().describe('Remembered.') },
      },
    },
    async ({ params: { node }, body }, reply) => {
      await snapshots.acknowledge(node, body);
      return reply.code(204).send();
    },
  );
}

/** Readonly lists and maps as the schemas have them. */
function plain<Value>(value: Value): Mutable<Value> {
  return value as Mutable<Value>;
}

type Mutable<Value> = Value extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : Value extends object
    ? { -readonly [Key in keyof Value]: Mutable<Value[Key]> }
    : Value;
