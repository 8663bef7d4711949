// A document read whole, by what gateways read it with.
import { createHash } from 'node:crypto';
import {
  type Finding,
  readingOfDocument,
  readSnapshotFacts,
  type SnapshotContent,
  type SnapshotFacts,
  type TrustBundleSettings,
} from '@headgate/contract';
import { readTrust } from '@headgate/pki';

/** The content of a snapshot with what it says. */
export interface ReadSnapshot {
  readonly content: SnapshotContent;
  readonly facts: SnapshotFacts;
  readonly bundles: readonly TrustBundleSettings[];
}

/** Of a text, in lower-case hexadecimal. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Reads a document; findings name its texts. */
export async function readDocument(
  content: SnapshotContent,
): Promise<
  { readonly ok: true; readonly read: ReadSnapshot } | { readonly ok: false; readonly findings: readonly Finding[] }
> {
  const reading = readingOfDocument(content, { readTrust, sha256: sha256Of });
  if (!reading.ok) return reading;
  const result = await readSnapshotFacts(reading.reading);
  if (!result.ok) return result;
  return { ok: true, read: { content, facts: result.facts, bundles: reading.reading.settings.trustBundles } };
}
