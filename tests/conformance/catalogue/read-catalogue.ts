// The two catalogues that are shipped, read once for the suites of this folder.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Catalogue, loadCatalogueFolder, sayFinding } from '@headgate/contract';

/** Folder of the shipped catalogues. */
export const cataloguesFolder = new URL('../../../catalogues/', import.meta.url);

/** Reads a shipped catalogue; throws with every finding when it is wrong. */
export async function readCatalogue(name: 'caiso' | 'example'): Promise<Catalogue> {
  const loaded = await loadCatalogueFolder(fileURLToPath(new URL(name, cataloguesFolder)));
  if (!loaded.ok) throw new Error(loaded.findings.map(sayFinding).join('\n'));
  return loaded.catalogue;
}

/** Text of a file below the catalogues folder. */
export function readText(path: string): Promise<string> {
  return readFile(new URL(path, cataloguesFolder), 'utf8');
}
