// The source of snapshots for questions that are asked of the files of a gateway, whether it runs or not.
import type { Config } from './config.ts';
import { documentFileOf, readKept } from './published/document-file.ts';
import { documentTexts, servedBy } from './published/serve-document.ts';
import { createSnapshotFiles, type SnapshotFiles, type SnapshotFilesOptions } from './snapshot-files.ts';
import { UnusableFiles } from './unusable-files.ts';

/** A source, and the configuration that it is read with. */
export interface ConfiguredSnapshots {
  readonly config: Config;
  readonly source: SnapshotFiles;
}

/** Files where the configuration names them; what was taken last where control publishes. Rejects with `UnusableFiles`. */
export async function openSnapshotsOf(
  config: Config,
  base: string,
  options: Omit<SnapshotFilesOptions, 'texts'> = {},
): Promise<ConfiguredSnapshots> {
  if (config.snapshot === 'files') return { config, source: createSnapshotFiles(config, base, options) };
  const file = documentFileOf(config, base);
  const kept = await readKept(file);
  if (kept.kind !== 'kept') {
    const found = kept.kind === 'none' ? 'no such file' : kept.reason;
    const expected = 'the snapshot that the gateway took last; it is there once the gateway has asked control';
    throw new UnusableFiles([{ file, line: 1, column: 1, path: '', found, expected }]);
  }
  const { document } = kept;
  const served = servedBy(config, document);
  const texts = () => documentTexts(document);
  return { config: served, source: createSnapshotFiles(served, base, { ...options, texts }) };
}
