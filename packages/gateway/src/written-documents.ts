// The documents that are the same for every caller, as bytes: written and signed once a snapshot.
import { createHash } from 'node:crypto';
import { bucketMs, isBucketed, type Snapshot } from '@headgate/contract';
import { catalogueItems, type DocumentHistory, policyFacts } from './document-history.ts';
import { dropOldest } from './drop-oldest.ts';
import type { DocumentSigner } from './sign-document.ts';

/** A document as it is sent. */
export interface WrittenDocument {
  readonly body: Buffer;
  /** A strong validator, quoted: the hash of the bytes. */
  readonly etag: string;
  /** Null where no key is configured. */
  readonly signature: string | null;
}

/** The documents of one snapshot. */
export interface WrittenDocuments {
  readonly policyVersion: number;
  readonly policy: WrittenDocument;
  /** The whole catalogue, or what changed after a version that is remembered. */
  catalogue(since: number | null): WrittenDocument;
  readonly keys: WrittenDocument;
}

/** Answers about changes that are kept; a version is asked for by everyone who knows it. */
const answersMax = 32;

/** Writes the documents of a snapshot. */
export function writeDocuments(
  snapshot: Pick<Snapshot, 'policy' | 'catalogue'>,
  history: DocumentHistory,
  signer: DocumentSigner | null,
): WrittenDocuments {
  const whole = written(wholeCatalogue(snapshot, history), signer);
  const answers = new Map<number, WrittenDocument>();
  return {
    policyVersion: history.policy.version,
    policy: written(policyDocument(snapshot, history), signer),
    keys: written({ keys: signer === null ? [] : [signer.publicKey] }, signer),
    catalogue(since) {
      const { version } = history.catalogue;
      const oldest = (history.changes[0]?.version ?? version + 1) - 1;
      if (since === null || since < oldest || since > version) return whole;
      const known = answers.get(since);
      if (known !== undefined) return known;
      const fresh = written(changesSince(snapshot, history, since), signer);
      answers.set(since, fresh);
      dropOldest(answers, answersMax);
      return fresh;
    },
  };
}

function policyDocument(snapshot: Pick<Snapshot, 'policy' | 'catalogue'>, { policy }: DocumentHistory): object {
  const { limits, ...facts } = policyFacts(snapshot) as { readonly limits: Snapshot['policy']['limits'] };
  return {
    document: 'policy',
    version: policy.version,
    since: instantText(policy.sinceMs),
    ...facts,
    // How late room may come back, where events are not remembered one by one.
    limits: limits.map((rule) => ({ ...rule, lateMsMax: isBucketed(rule) ? bucketMs(rule.windowMs) : 0 })),
  };
}

function wholeCatalogue(snapshot: Pick<Snapshot, 'catalogue'>, { catalogue }: DocumentHistory): object {
  const { operator, document } = snapshot.catalogue;
  return {
    document: 'catalogue',
    version: catalogue.version,
    since: instantText(catalogue.sinceMs),
    whole: true,
    operator: operator.name,
    describes: document,
    items: Object.fromEntries(catalogueItems(snapshot)),
  };
}

/** What is different from a version: the items as they are now, and the keys of those that are gone. */
function changesSince(
  snapshot: Pick<Snapshot, 'catalogue'>,
  { catalogue, changes }: DocumentHistory,
  since: number,
): object {
  const later = changes.filter(({ version }) => version > since);
  const touched = new Set(later.flatMap(({ added, changed, removed }) => [...added, ...changed, ...removed]));
  const items = catalogueItems(snapshot);
  return {
    document: 'catalogue',
    version: catalogue.version,
    since: instantText(catalogue.sinceMs),
    whole: false,
    after: since,
    changes: later.map(({ atMs, ...change }) => ({ ...change, at: instantText(atMs) })),
    items: Object.fromEntries([...touched].flatMap((key) => (items.has(key) ? [[key, items.get(key)]] : []))),
    removed: [...touched].filter((key) => !items.has(key)),
  };
}

function written(value: object, signer: DocumentSigner | null): WrittenDocument {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`;
  return { body, etag, signature: signer?.sign(body) ?? null };
}

function instantText(ms: number): string {
  return new Date(ms).toISOString();
}
