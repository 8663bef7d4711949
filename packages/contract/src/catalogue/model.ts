// The shape of a catalogue folder: what an operator publishes about its environments, systems, addresses, dates, trust,
// actions and known issues. Everything is bounded and closed: an unknown key is a mistake, never an extension.
import { z } from 'zod';
import { announcedOnSchema, dateValueSchema, daySchema } from './dates.ts';
import { payloadsSchema, scidSchema } from './scid-places.ts';

/** An id that a person reads and a file name can hold. */
export const idSchema = z
  .string()
  .regex(/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/)
  .max(80);
const lineSchema = z.string().min(1).max(400);
const proseSchema = z.string().min(1).max(2000);
const pageSchema = z.int().min(1).max(10_000);
const pagesSchema = z.array(pageSchema).min(1).max(20);
const urlSchema = z
  .string()
  .regex(/^https?:\/\/[a-z0-9.-]+(?::\d{1,5})?(?:\/[^\s?#]*)?$/)
  .max(400);
const linkSchema = z
  .string()
  .regex(/^https?:\/\/[^\s]+$/)
  .max(600);
const hostNameSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/)
  .max(253);
const pathSchema = z
  .string()
  .regex(/^[^\s?#]+$/)
  .max(200);
const roleAddressSchema = z
  .string()
  .regex(/^[a-z0-9.-]+@(?:[a-z0-9-]+\.)*example\.(?:org|com|net)$/)
  .max(120);

/** The two kinds of interface a system may have. */
export const channels = ['ui', 'api'] as const;
/** An interface for people (`ui`) or for programs (`api`). */
export type Channel = (typeof channels)[number];

/** The two generations of address of one interface. */
export const generations = ['new', 'old'] as const;
/** Whether an address is the one to move to (`new`) or the one to leave (`old`). */
export type Generation = (typeof generations)[number];

/** The seven statuses of a cell of the matrix (the deck's key, p. 5, with its two meanings of NA kept apart). */
export const cellStatuses = [
  'not-applicable',
  'moved-in-place',
  'future',
  'available',
  'to-be-cut-over',
  'complete',
  'decommissioned',
] as const;
/** One status of a cell of the matrix. */
export type CellStatus = (typeof cellStatuses)[number];

/** The two classes of operation that limits tell apart. */
export const operations = ['retrieve', 'submit'] as const;
/** Whether a call reads (`retrieve`) or sends (`submit`). */
export type Operation = (typeof operations)[number];

/** What an address asks of its callers, the least first: no client certificate, one that is judged if offered, one in any case. */
export const certificateNeeds = ['none', 'requested', 'required'] as const;
/** Whether callers of an address show a client certificate. */
export type CertificateNeed = (typeof certificateNeeds)[number];

const channelSchema = z.enum(channels);
const generationSchema = z.enum(generations);
const operationSchema = z.enum(operations);

/** One cell as printed: an address, a word of the key, a blank, or an address built from a printed form. */
const cellSchema = z
  .strictObject({
    url: urlSchema.optional().describe('The address exactly as printed.'),
    words: lineSchema.optional().describe('The words printed instead of an address; one of matrixKey.'),
    blank: z.literal(true).optional().describe('The cell is printed empty.'),
    form: idSchema.optional().describe('The printed form that the address follows.'),
    pages: pagesSchema.describe('Pages of the document that print this cell, the main one first.'),
    shared: z
      .literal(true)
      .optional()
      .describe('The address is printed for several systems, or for both channels, on purpose.'),
    upgrade: z
      .array(z.enum(['websocket']))
      .length(1)
      .optional()
      .describe('Protocols that the address of a user interface may switch to (RFC 9110 §7.8). Left out: none.'),
    certificate: z
      .enum(certificateNeeds)
      .optional()
      .describe(
        'Whether callers show a client certificate. none: nobody is asked. requested: it is judged if it is offered. Left out: required.',
      ),
    note: proseSchema.optional(),
  })
  .refine((cell) => [cell.url, cell.words, cell.blank, cell.form].filter((part) => part !== undefined).length === 1, {
    error: 'exactly one of url, words, blank, form',
  });

const generationCellsSchema = z.strictObject({ new: cellSchema.optional(), old: cellSchema.optional() });
const channelCellsSchema = z.strictObject({
  ui: generationCellsSchema.optional(),
  api: generationCellsSchema.optional(),
});

const serviceSchema = z.strictObject({
  name: pathSchema.describe('Service name without the attachment and end suffixes, or a whole path below the address.'),
  version: z
    .int()
    .min(0)
    .max(999)
    .optional()
    .describe('The version that was seen; without it any version is this service.'),
  operation: operationSchema,
  requestRoot: lineSchema.optional().describe('First element of the request body, without its version.'),
  soapAction: lineSchema.optional().describe('SOAPAction, where it is known.'),
  attachment: z.enum(['plain', 'doc-attach', 'both']).optional().describe('The shapes that were seen.'),
  subjects: z
    .array(idSchema)
    .max(10)
    .optional()
    .describe('What the service is about, for limits that name it (meter-data).'),
  scid: scidSchema.optional().describe('Where its payload carries an SCID. Left out: as its system says.'),
  evidence: z
    .enum(['verified-path', 'named'])
    .describe('verified-path: seen in working code. named: only in a specification.'),
  source: lineSchema,
});

const systemSchema = z.strictObject({
  id: idSchema,
  name: lineSchema.describe('Row name exactly as printed.'),
  title: lineSchema.optional(),
  matrix: z
    .boolean()
    .describe('Whether the system is a row of the published matrix. Rows keep the order of this list.'),
  protocol: z
    .enum(['soap', 'soap-rpc', 'json', 'zip'])
    .optional()
    .describe('What its API speaks; it decides the form of a refusal.'),
  pathToken: pathSchema.optional().describe('What stands for the system in a printed form.'),
  serviceTags: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z0-9-]+$/)
        .max(40),
    )
    .max(10)
    .optional()
    .describe('Tails that name the system in a service name, as CMRI in _CMRIv4.'),
  endpoints: z
    .array(pathSchema)
    .max(20)
    .optional()
    .describe('Paths below the address where one path carries every operation and the body decides.'),
  apiPaths: z
    .array(pathSchema)
    .max(20)
    .optional()
    .describe('First segments that mean the API where one address serves both channels.'),
  addresses: z.record(idSchema, channelCellsSchema),
  scid: scidSchema
    .optional()
    .describe('Where payloads carry an SCID, for services that do not say so themselves. Left out: it is not known.'),
  services: z.array(serviceSchema).max(500).optional(),
  note: proseSchema.optional(),
});

const namingSchema = z.strictObject({
  verbs: z
    .array(z.strictObject({ prefix: lineSchema, operation: operationSchema }))
    .min(1)
    .max(40)
    .describe('Class of a service that is not listed, by the verb its name begins with.'),
  attachmentSuffix: lineSchema
    .optional()
    .describe('Marks the attachment shape; may stand last or before the end suffix.'),
  endSuffix: lineSchema.optional(),
  requestPrefix: lineSchema
    .optional()
    .describe('A body element of this prefix followed by a thing asks to retrieve the thing.'),
  source: lineSchema,
});

/** Schema of `catalogue.yaml`: environments, namespaces, infrastructures, hosts, systems, addresses, services. */
export const catalogueFileSchema = z.strictObject({
  format: z.literal(1),
  operator: z.strictObject({ id: idSchema, name: lineSchema }),
  document: z.strictObject({
    title: lineSchema,
    citation: lineSchema.describe('The word that page references begin with, as deck in "deck p. 5".'),
    edition: daySchema.describe('The day of the edition that was read. What it states is known from this day.'),
    zone: lineSchema.describe('Time zone of its days.'),
  }),
  environments: z
    .array(
      z.strictObject({
        id: idSchema,
        name: lineSchema,
        rehearsal: z
          .literal(true)
          .optional()
          .describe('Participants try things out here: what only helps them to, such as the echo address, is offered.'),
      }),
    )
    .min(1)
    .max(20),
  namespaces: z.array(z.strictObject({ id: idSchema, name: lineSchema, note: proseSchema.optional() })).max(50),
  infrastructures: z
    .array(z.strictObject({ id: idSchema, name: lineSchema, note: proseSchema.optional() }))
    .min(1)
    .max(20),
  servedBy: z
    .strictObject({ new: idSchema, old: idSchema, afterHardCutover: idSchema })
    .describe('The infrastructure behind each generation, and behind an old address after its hard cutover.'),
  matrixKey: z
    .array(z.strictObject({ words: lineSchema, status: z.enum(cellStatuses) }))
    .max(20)
    .describe('The words a cell may print, and the status each means.'),
  legend: z
    .array(z.strictObject({ text: lineSchema, statuses: z.array(z.enum(cellStatuses)).max(7), pages: pagesSchema }))
    .max(20)
    .optional()
    .describe('The legend as printed, with the statuses each line stands for.'),
  forms: z
    .array(
      z.strictObject({
        id: idSchema,
        environment: idSchema,
        channel: channelSchema,
        generation: generationSchema,
        text: z
          .string()
          .regex(/^https?:\/\/[a-z0-9.-]+\/\S*<SYSTEM>\/<SERVICE>$/)
          .max(400)
          .describe('The form as printed, with <SYSTEM> and <SERVICE>.'),
        attachmentText: lineSchema.optional(),
        permanence: lineSchema.optional(),
        pages: pagesSchema,
      }),
    )
    .max(50),
  hosts: z
    .array(
      z.strictObject({
        name: hostNameSchema,
        environment: idSchema,
        schemes: z
          .array(z.enum(['http', 'https']))
          .min(1)
          .max(2),
        namespace: idSchema.optional().describe('The pool over which calls to this host are counted.'),
        chains: z
          .array(
            z.strictObject({ infrastructure: idSchema, anchors: z.array(idSchema).min(1).max(10), pages: pagesSchema }),
          )
          .max(10)
          .optional()
          .describe('Trust anchors of the server certificate, for each infrastructure that may serve the host.'),
        note: proseSchema.optional(),
      }),
    )
    .min(1)
    .max(500),
  naming: namingSchema,
  payloads: payloadsSchema.optional().describe('How messages carry payloads, and what stands in them for SCIDs.'),
  systems: z.array(systemSchema).min(1).max(200),
});

const subjectSchema = z.strictObject({
  environment: idSchema,
  channel: channelSchema,
  generation: generationSchema,
  host: hostNameSchema.optional().describe('Every address on this host.'),
  systems: z
    .union([z.literal('all'), z.literal('unspecified'), z.array(idSchema).min(1).max(200)], {
      error: 'all, unspecified, or a list of system ids',
    })
    .optional(),
  except: z.array(idSchema).min(1).max(200).optional(),
});

const announcementSchema = z.strictObject({
  id: idSchema,
  subject: subjectSchema,
  event: z.enum(['available', 'hard-cutover', 'decommission', 'testing-opens', 'change']),
  date: dateValueSchema,
  announcedOn: announcedOnSchema.describe('The day the announcement was made, or unknown.'),
  confirmedOn: daySchema.optional().describe('The day from which the document says that it did happen.'),
  replaces: idSchema.optional().describe('The announcement whose date this one took the place of.'),
  pages: pagesSchema,
  printed: lineSchema.optional().describe('The date as printed.'),
  note: proseSchema.optional(),
});

/** Schema of `announcements.yaml`: every date ever published, with what it replaced. */
const announcementsFileSchema = z.strictObject({ announcements: z.array(announcementSchema).max(2000) });

const fingerprintSchema = z.string().regex(/^[0-9A-F]{2}(?::[0-9A-F]{2}){31}$/);

/** What a bundle is for: judging the certificates of users, or telling callers what servers show. */
const bundlePurposes = ['user-certificates', 'server-chains'] as const;

const bundleMemberSchema = z.strictObject({
  id: idSchema,
  role: z
    .enum(['anchor', 'intermediate'])
    .describe('A path may end at an anchor; an intermediate only leads to one. Both are dated alike.'),
  authority: idSchema.optional().describe('The entry of `anchors` that this certificate is, where there is one.'),
  file: z
    .string()
    .min(1)
    .max(400)
    .optional()
    .describe(
      'PEM file with this one certificate, relative to this file. A gateway that judges by the bundle needs it of every member.',
    ),
  sha256: fingerprintSchema.optional().describe('SHA-256 of the certificate; the file must hold that one.'),
  from: dateValueSchema.describe('The first day on which it counts; done: since ever.'),
  until: dateValueSchema.describe('The last day on which it counts; tbd: no end is set; done: it is gone.'),
  reason: lineSchema.describe('Why it is here, or why it goes.'),
  source: lineSchema.describe('Who says so, and where.'),
});

const bundleSchema = z.strictObject({
  id: idSchema,
  purpose: z.enum(bundlePurposes).describe('user-certificates: accepted of callers. server-chains: shown to callers.'),
  environments: z.array(idSchema).min(1).max(20),
  channels: z.array(channelSchema).min(1).max(2).optional().describe('Left out: both.'),
  infrastructures: z.array(idSchema).min(1).max(20).optional().describe('Left out: every one.'),
  members: z.array(bundleMemberSchema).min(1).max(200),
  note: proseSchema.optional(),
});

/** Schema of `trust.yaml`: certificates by name with fingerprints and links, and bundles that say when each counts where. */
export const trustFileSchema = z.strictObject({
  anchors: z
    .array(
      z.strictObject({
        id: idSchema,
        name: lineSchema,
        role: z.enum(['root', 'intermediate', 'authority']),
        sha256: fingerprintSchema.nullable().describe('SHA-256 of the certificate; null when no source gives it.'),
        fingerprintSource: lineSchema,
        links: z.array(linkSchema).max(10),
        from: dateValueSchema.describe('From when servers present it.'),
        until: dateValueSchema.describe('Until when servers present it; tbd when no date is set.'),
        distrust: z
          .array(z.strictObject({ by: lineSchema, after: daySchema }))
          .max(10)
          .optional(),
        pages: pagesSchema,
        note: proseSchema.optional(),
      }),
    )
    .max(100),
  bundles: z
    .array(bundleSchema)
    .max(100)
    .default([])
    .describe('Who is trusted where, from when until when. Days are those of the document’s zone.'),
  userCertificates: z
    .strictObject({ changesNeeded: z.boolean(), statement: proseSchema, pages: pagesSchema })
    .optional(),
});

/** Schema of `known-issues.yaml`: problems with dated notes and the state of each case in each environment. */
export const knownIssuesFileSchema = z.strictObject({
  issues: z
    .array(
      z.strictObject({
        id: idSchema,
        summary: proseSchema,
        channel: channelSchema.optional(),
        environments: z.array(idSchema).max(20).optional().describe('Left out where the document does not say.'),
        systems: z.array(idSchema).max(200).optional(),
        operations: z.array(operationSchema).max(2).optional(),
        state: z.enum(['open', 'under-review', 'monitoring', 'closed']),
        symptom: proseSchema.optional(),
        workaround: proseSchema.optional(),
        notes: z.array(z.strictObject({ date: daySchema.nullable(), text: proseSchema })).max(200),
        cases: z
          .array(
            z.strictObject({
              id: z.string().regex(/^[A-Za-z0-9-]{1,40}$/),
              states: z
                .array(
                  z.strictObject({
                    environment: idSchema.optional(),
                    state: z.enum(['open', 'testing', 'pending', 'success', 'under-review', 'closed']),
                    printed: lineSchema.optional(),
                  }),
                )
                .max(20),
            }),
          )
          .max(200),
        pages: pagesSchema,
      }),
    )
    .max(500),
});

/** Schema of `programme.yaml`: required actions, address ranges, forum editions, support, discrepancies. */
export const programmeFileSchema = z.strictObject({
  actions: z
    .array(
      z.strictObject({
        id: idSchema,
        text: proseSchema,
        audience: z
          .array(z.enum(['ui-users', 'api-users']))
          .min(1)
          .max(2),
        environment: idSchema.optional(),
        deadline: dateValueSchema.optional().describe('Left out where none is printed.'),
        deadlineWords: lineSchema.optional(),
        pages: pagesSchema,
        note: proseSchema.optional(),
      }),
    )
    .max(200),
  statements: z
    .array(z.strictObject({ id: idSchema, text: proseSchema, pages: pagesSchema }))
    .max(500)
    .describe('What the document states beside dates, addresses and limits, word for word.'),
  addressRanges: z
    .array(
      z.strictObject({
        network: z.string().regex(/^\d{1,3}(?:\.\d{1,3}){3}\/(?:\d|[12]\d|3[0-2])$/),
        ports: z.array(z.int().min(1).max(65_535)).min(1).max(20),
        purpose: lineSchema,
        pages: pagesSchema,
      }),
    )
    .max(100),
  forum: z.strictObject({
    name: lineSchema,
    rhythm: lineSchema,
    zone: lineSchema,
    from: daySchema,
    links: z.array(linkSchema).max(20),
    pages: pagesSchema,
    editions: z
      .array(
        z.strictObject({
          date: daySchema,
          time: z
            .string()
            .regex(/^\d{2}:\d{2}(?:-\d{2}:\d{2})?$/)
            .optional(),
          state: z.enum(['held', 'this-edition', 'next']),
          pages: pagesSchema,
          note: proseSchema.optional(),
        }),
      )
      .max(200),
    topics: z.array(lineSchema).max(20),
  }),
  support: z.strictObject({
    contact: roleAddressSchema,
    channel: lineSchema,
    asked: z
      .array(z.strictObject({ id: idSchema, text: lineSchema, audience: z.enum(['all', 'ui-users', 'api-users']) }))
      .max(50),
    pages: pagesSchema,
  }),
  areas: z.array(z.strictObject({ name: lineSchema, purpose: lineSchema, pages: pagesSchema })).max(20),
  references: z.array(z.strictObject({ title: lineSchema, link: linkSchema.optional(), pages: pagesSchema })).max(100),
  limitsPrinted: z
    .array(z.strictObject({ id: idSchema, text: proseSchema, pages: pagesSchema }))
    .max(50)
    .optional()
    .describe('What the document prints about limits, word for word. The limits themselves are in policy.yaml.'),
  discrepancies: z
    .array(
      z.strictObject({
        id: idSchema,
        text: proseSchema,
        pages: pagesSchema,
        ruling: proseSchema.describe('What the catalogue does about it.'),
      }),
    )
    .max(200)
    .describe('Where the document contradicts itself. The one list.'),
});

/** Contents of `catalogue.yaml`. */
export type CatalogueFile = z.infer<typeof catalogueFileSchema>;
/** A system: a row of the matrix, or an application with a user interface only. */
export type System = z.infer<typeof systemSchema>;
/** A service of a system that is known by name. */
export type Service = z.infer<typeof serviceSchema>;
/** One printed cell. */
export type Cell = z.infer<typeof cellSchema>;
/** A published date about a group of addresses. */
export type Announcement = z.infer<typeof announcementSchema>;
/** The group of addresses that an announcement is about. */
export type AnnouncementSubject = z.infer<typeof subjectSchema>;
/** Trust anchors of server certificates. */
export type CatalogueTrust = z.infer<typeof trustFileSchema>;
/** Certificates that count together, each from one day until another. */
export type TrustBundleEntry = CatalogueTrust['bundles'][number];
/** A known issue with its notes and cases. */
export type KnownIssue = z.infer<typeof knownIssuesFileSchema>['issues'][number];
/** Actions, ranges, forum, support and discrepancies. */
export type Programme = z.infer<typeof programmeFileSchema>;
/** How a service that is not listed is read from its name. */
export type ServiceNaming = z.infer<typeof namingSchema>;

/** A whole catalogue: plain data, safe to serialise as JSON. */
export interface Catalogue extends CatalogueFile {
  readonly announcements: readonly Announcement[];
  readonly trust: CatalogueTrust;
  readonly knownIssues: readonly KnownIssue[];
  readonly programme: Programme;
}

/** The schema of each file of a catalogue folder, by file name. */
export const catalogueFileSchemas = {
  'catalogue.yaml': catalogueFileSchema,
  'announcements.yaml': announcementsFileSchema,
  'trust.yaml': trustFileSchema,
  'known-issues.yaml': knownIssuesFileSchema,
  'programme.yaml': programmeFileSchema,
} as const;

/** The name of a file of a catalogue folder (limits are in `policy.yaml`, which has its own schema). */
export type CatalogueFileName = keyof typeof catalogueFileSchemas;
