// Versions of the documents: a number that grows by one with each change, over restarts too, and what changed with it. Pure; the
// file that it is kept in is read and written by `history-file.ts`.
import { createHash } from 'node:crypto';
import type { Snapshot } from '@headgate/contract';

/** Changes that are remembered; a reader who knows an older version gets the whole catalogue. */
const changesMax = 256;

/** One version of the catalogue against the one before it: keys of its items. */
export interface CatalogueChange {
  readonly version: number;
  readonly atMs: number;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** A version of a document. */
export interface DocumentVersion {
  readonly version: number;
  /** SHA-256 of what it says, lower-case hex. */
  readonly hash: string;
  readonly sinceMs: number;
}

/** The versions in force, and what led to them. */
export interface DocumentHistory {
  readonly policy: DocumentVersion;
  readonly catalogue: DocumentVersion;
  /** Hashes of the catalogue's items, by key. */
  readonly items: Readonly<Record<string, string>>;
  /** The oldest first. */
  readonly changes: readonly CatalogueChange[];
}

/** What the policy document says, without its version. */
export function policyFacts({ policy, catalogue }: Pick<Snapshot, 'policy' | 'catalogue'>): object {
  const limits = policy.limits.filter(({ mode }) => mode !== 'off');
  return { operator: catalogue.operator.name, limits };
}

/** Everything that the catalogue document says, by keys that stay: `systems/cmri`, `hosts/ws.example.org`. */
export function catalogueItems({ catalogue }: Pick<Snapshot, 'catalogue'>): ReadonlyMap<string, unknown> {
  const { environments, namespaces, hosts, systems, announcements, trust } = catalogue;
  const items = new Map<string, unknown>();
  const take = (section: string, entries: readonly object[]): void => {
    for (const [index, entry] of entries.entries()) {
      const { id, name } = entry as { readonly id?: string; readonly name?: string };
      items.set(`${section}/${id ?? name ?? index}`, entry);
    }
  };
  take('environments', environments);
  take('namespaces', namespaces);
  take('hosts', hosts);
  take('systems', systems);
  take('announcements', announcements);
  take('trust', trust.bundles);
  return items;
}

/** The history once a snapshot is in force; the same object where it says what the one before said. */
export function historyWith(
  before: DocumentHistory | null,
  snapshot: Pick<Snapshot, 'policy' | 'catalogue'>,
  atMs: number,
): DocumentHistory {
  const hashes: Record<string, string> = {};
  for (const [key, item] of catalogueItems(snapshot)) hashes[key] = hashOf(item);
  const policy = versionAfter(before?.policy, hashOf(policyFacts(snapshot)), atMs);
  const catalogue = versionAfter(before?.catalogue, hashOf(hashes), atMs);
  if (before !== null && policy === before.policy && catalogue === before.catalogue) return before;
  if (before !== null && catalogue === before.catalogue) return { ...before, policy };
  const change = { version: catalogue.version, atMs, ...differences(before?.items ?? {}, hashes) };
  const changes = before === null ? [] : [...before.changes, change].slice(-changesMax);
  return { policy, catalogue, items: hashes, changes };
}

function versionAfter(before: DocumentVersion | undefined, hash: string, atMs: number): DocumentVersion {
  if (before?.hash === hash) return before;
  return { version: (before?.version ?? 0) + 1, hash, sinceMs: atMs };
}

function differences(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Pick<CatalogueChange, 'added' | 'changed' | 'removed'> {
  const keys = Object.keys(after);
  return {
    added: keys.filter((key) => !Object.hasOwn(before, key)),
    changed: keys.filter((key) => Object.hasOwn(before, key) && before[key] !== after[key]),
    removed: Object.keys(before).filter((key) => !Object.hasOwn(after, key)),
  };
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
