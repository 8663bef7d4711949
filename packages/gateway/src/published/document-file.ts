// The snapshot that a gateway took last, on disk: what it begins with when control is away. Written before it is acknowledged, beside
// and renamed, so that a crash leaves all of the one before or all of this one.
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseSnapshotDocument, type SnapshotDocument } from '@headgate/contract';
import type { Config } from '../config.ts';

/** What is on disk: a document, nothing, or something that cannot be used. */
export type KeptDocument =
  | { readonly kind: 'kept'; readonly document: SnapshotDocument }
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable'; readonly reason: string };

/** The file of a gateway; relative names start from `base`. */
export function documentFileOf({ node, evidence }: Pick<Config, 'node' | 'evidence'>, base: string): string {
  return resolve(base, evidence.folder, `${node}.snapshot.json`);
}

/** Reads the file and proves its hash. */
export async function readKept(file: string): Promise<KeptDocument> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (fault) {
    const { code = 'an unreadable file' } = fault as NodeJS.ErrnoException;
    return code === 'ENOENT' ? { kind: 'none' } : { kind: 'unusable', reason: code };
  }
  try {
    const parsed = parseSnapshotDocument(JSON.parse(text));
    return parsed.ok ? { kind: 'kept', document: parsed.document } : { kind: 'unusable', reason: parsed.fault.reason };
  } catch {
    return { kind: 'unusable', reason: 'it is no JSON' };
  }
}

/** Writes the file; resolves once it outlasts a power cut. */
export async function keepDocument(file: string, document: SnapshotDocument): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const beside = `${file}.next`;
  const handle = await open(beside, 'w', 0o640);
  try {
    await handle.writeFile(JSON.stringify(document));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
