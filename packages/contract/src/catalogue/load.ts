// Reads a catalogue folder from disk. The only part of the catalogue that touches a file.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { yamlFileBytesMax } from '../yaml-file.ts';
import { catalogueFileNames, type ParsedCatalogue, parseCatalogue } from './parse.ts';

/** Reads and parses a catalogue folder. A missing file is a finding; other faults of the file system are thrown. */
export async function loadCatalogueFolder(folder: string): Promise<ParsedCatalogue> {
  const files = new Map<string, string>();
  for (const file of catalogueFileNames) {
    const text = await textOf(join(folder, file));
    if (text !== null) files.set(file, text);
  }
  return parseCatalogue(files);
}

/** At most one byte more than is allowed, so that a file over the limit is refused without being read whole. */
async function textOf(path: string): Promise<string | null> {
  try {
    await using handle = await open(path);
    const buffer = Buffer.alloc(yamlFileBytesMax + 1);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, bytes, buffer.length - bytes);
      bytes += bytesRead;
      if (bytesRead === 0 || bytes === buffer.length) return buffer.toString('utf8', 0, bytes);
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
