// A snapshot as control publishes it: named texts and positions, numbered and hashed. There is one way to read it, to bound it and to
// hash it, so that control, gateways and people who compare two never mean different things by one hash.
import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Bounds of a document. */
export const snapshotBounds = {
  /** Of all texts together, in UTF-8 (32 MiB): the largest provisioning, twice. */
  textBytesMax: 32 * 1_048_576,
  textsMax: 256,
  /** Addresses and hosts with a position of their own, of either kind. */
  positionsMax: 5_000,
  /** Of a document as JSON (64 MiB): what is read before it is known to be one. */
  documentBytesMax: 64 * 1_048_576,
  /** Numbers fit the memory that the threads of a gateway share. */
  numberMax: 2_147_483_647,
} as const;

/** The texts that have a role; every other text is a PEM file that one of them names. */
export const snapshotTextNames = {
  policy: 'policy.yaml',
  shadowPolicy: 'shadow-policy.yaml',
  provisioning: 'provisioning.yaml',
  trust: 'trust.yaml',
  trustBundles: 'trust-bundles.yaml',
} as const;

/** A name without a path: it can lead nowhere when somebody writes a text to a folder. */
const textName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/, 'a file name without a path');

// Two texts that differ in half a surrogate pair alone would be one text in UTF-8, and have one hash.
const wellFormed = z.string().refine((text) => text.isWellFormed(), 'text without half characters');

const infrastructure = wellFormed.min(1).max(80);

function positions(keyLengthMax: number) {
  return z
    .record(wellFormed.min(1).max(keyLengthMax), infrastructure)
    .refine((map) => Object.keys(map).length <= snapshotBounds.positionsMax, {
      error: `at most ${snapshotBounds.positionsMax} positions`,
    });
}

const contentShape = {
  texts: z
    .record(textName, wellFormed)
    .refine((texts) => Object.keys(texts).length <= snapshotBounds.textsMax, {
      error: `at most ${snapshotBounds.textsMax} texts`,
    })
    .refine((texts) => bytesOf(texts) <= snapshotBounds.textBytesMax, {
      error: `at most ${snapshotBounds.textBytesMax} bytes of texts`,
    })
    .describe('File name → text: the catalogue, policy, provisioning, trust, and the PEM files that they name.'),
  positions: positions(700).describe('Host or address id → infrastructure, where it differs from the catalogue.'),
  chainPositions: positions(253).describe('Host → infrastructure whose server chain it shows, where it differs.'),
};

/** Schema of a document. */
export const snapshotDocumentSchema = z.strictObject({
  schemaVersion: z.literal(1),
  number: z.int().min(1).max(snapshotBounds.numberMax),
  hash: z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256 in lower-case hexadecimal'),
  previous: z.int().min(1).max(snapshotBounds.numberMax).nullable(),
  createdMs: z.int().min(0),
  author: wellFormed.min(1).max(200),
  reason: wellFormed.min(1).max(1_000),
  ...contentShape,
});

/** A snapshot as control publishes it. */
export type SnapshotDocument = z.infer<typeof snapshotDocumentSchema>;

/** What the hash of a document is over: who made it, when, why and under which number is not. */
export type SnapshotContent = Pick<SnapshotDocument, 'texts' | 'positions' | 'chainPositions'>;

/** Schema of what a gateway says of a snapshot that it was given. */
export const snapshotAcknowledgementSchema = z.strictObject({
  number: z.int().min(1).max(snapshotBounds.numberMax),
  hash: z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256 in lower-case hexadecimal'),
  threads: z.int().min(0).max(64).describe('How many threads decide by it; 0 where it is refused.'),
  atMs: z.int().min(0).describe('By the clock of the gateway, in ms since 1970 UTC.'),
  refused: z
    .strictObject({
      code: z.string().max(80),
      reason: z.string().max(2_000),
      findings: z.array(z.string().max(1_000)).max(20),
    })
    .nullable()
    .default(null)
    .describe('Why it is not taken; the one before stays in force. Null: it is in force in every thread, and on disk.'),
});

/** What a gateway says of a snapshot. */
export type SnapshotAcknowledgement = z.infer<typeof snapshotAcknowledgementSchema>;

/** Why something is no document that may be used. */
export interface SnapshotDocumentFault {
  /** Stable, to be matched on. */
  readonly code: 'unreadable' | 'hash_mismatch';
  readonly reason: string;
}

function bytesOf(texts: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const text of Object.values(texts)) bytes += Buffer.byteLength(text);
  return bytes;
}

/**
 * SHA-256 of what a document says, in lower-case hexadecimal. Every name and text is preceded by its length in bytes, so that no two
 * contents are one sequence of bytes; names are in the order of their UTF-16 units, so that no order of keys counts.
 */
export function hashOfSnapshot({ texts, positions: moved, chainPositions }: SnapshotContent): string {
  const hash = createHash('sha256').update('headgate snapshot 1\n');
  for (const map of [texts, moved, chainPositions]) {
    const names = Object.keys(map).toSorted(byUnits);
    hash.update(`${names.length};`);
    for (const name of names) {
      const text = map[name] ?? '';
      hash.update(`${Buffer.byteLength(name)}:${name}${Buffer.byteLength(text)}:`).update(text);
    }
  }
  return hash.digest('hex');
}

function byUnits(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** What bound or form a content breaks; null where it is one that can be published. */
export function snapshotContentFault(content: SnapshotContent): string | null {
  const parsed = z.strictObject(contentShape).safeParse(content);
  return parsed.success ? null : sayIssue(parsed.error);
}

function sayIssue({ issues: [issue] }: z.ZodError): string {
  const place = issue === undefined || issue.path.length === 0 ? 'the document' : issue.path.map(String).join('.');
  return `${place}: ${issue?.message ?? 'it cannot be read'}`;
}

/** Proves that something is a document and says what its hash says. Nothing is thrown for bad input. */
export function parseSnapshotDocument(
  value: unknown,
):
  | { readonly ok: true; readonly document: SnapshotDocument }
  | { readonly ok: false; readonly fault: SnapshotDocumentFault } {
  const parsed = snapshotDocumentSchema.safeParse(value);
  if (!parsed.success) return failed('unreadable', sayIssue(parsed.error));
  const { data: document } = parsed;
  const hash = hashOfSnapshot(document);
  if (hash !== document.hash)
    return failed('hash_mismatch', `what it says has the hash ${hash}, and it claims ${document.hash}`);
  return { ok: true, document };
}

function failed(code: SnapshotDocumentFault['code'], reason: string) {
  return { ok: false, fault: { code, reason } } as const;
}
