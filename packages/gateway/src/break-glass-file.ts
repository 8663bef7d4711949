// The file that holds a gateway's overrides, in its evidence folder: there when nothing else of the operator's can be reached, and
// still there after a restart. Written by the gateway alone.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Override, overrideHolds, overridesFileSchema, readYamlFile } from '@headgate/contract';
import type { Config } from './config.ts';
import { unusable, whyUnread } from './named-file.ts';
import { UnusableFiles } from './unusable-files.ts';

/** The file of a gateway; relative names start from `base`. */
export function breakGlassFile({ node, evidence }: Pick<Config, 'node' | 'evidence'>, base: string): string {
  return join(resolve(base, evidence.folder), `${node}.break-glass.json`);
}

/** The overrides that hold; none where there is no file. Rejects with `UnusableFiles` for one that says something else. */
export async function readOverrides(file: string, nowMs: number): Promise<readonly Override[]> {
  const text = await readFile(file, 'utf8').catch((fault: unknown) => {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unusable(file, whyUnread(fault), 'a file that can be read');
  });
  if (text === null) return [];
  // JSON is YAML too, and its faults are told with line and column.
  const parsed = readYamlFile(file, text, overridesFileSchema);
  if (!parsed.ok) throw new UnusableFiles(parsed.findings);
  return parsed.read.value.overrides.filter((override) => overrideHolds(override, nowMs));
}

/** Written beside and renamed, so that a crash leaves all of the old ones or all of the new ones. */
export function writeOverrides(file: string, overrides: readonly Override[]): void {
  mkdirSync(dirname(file), { recursive: true });
  const beside = `${file}.next`;
  const handle = openSync(beside, 'w', 0o640);
  writeFileSync(handle, `${JSON.stringify({ format: 1, overrides }, null, 2)}\n`);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(beside, file);
}
