// A catalogue folder's texts become a catalogue, or a list of findings with file, line, column, what was found and what
// was expected. Pure; every finding is collected, none is thrown.

import { type Finding, findingsMax, readYamlFile, wholeFileFinding } from '../yaml-file.ts';
import { type Catalogue, type CatalogueFileName, catalogueFileSchemas } from './model.ts';
import { type ReadFiles, referenceFindings } from './references.ts';

/** The files that make a catalogue, in the order in which they are read. */
export const catalogueFileNames = Object.keys(catalogueFileSchemas) as readonly CatalogueFileName[];

/** A catalogue, or what is wrong with its files (at most 100 findings). */
export type ParsedCatalogue =
  | { readonly ok: true; readonly catalogue: Catalogue }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Reads a catalogue from the texts of its files, by file name. Other files in the map (`policy.yaml`) are not looked at. */
export function parseCatalogue(files: ReadonlyMap<string, string>): ParsedCatalogue {
  const findings: Finding[] = [];
  const read = new Map<string, unknown>();
  for (const file of catalogueFileNames) {
    const text = files.get(file);
    if (text === undefined) {
      findings.push(wholeFileFinding(file, 'no such file', `the files ${catalogueFileNames.join(', ')}`));
      continue;
    }
    const result = readYamlFile(file, text, catalogueFileSchemas[file]);
    if (result.ok) read.set(file, result.read);
    else findings.push(...result.findings);
  }
  if (findings.length > 0) return { ok: false, findings: findings.slice(0, findingsMax) };
  // Every file was read, so the map holds each name with the type of its schema.
  const all = Object.fromEntries(read) as unknown as ReadFiles;
  const catalogue: Catalogue = {
    ...all['catalogue.yaml'].value,
    announcements: all['announcements.yaml'].value.announcements,
    trust: all['trust.yaml'].value,
    knownIssues: all['known-issues.yaml'].value.issues,
    programme: all['programme.yaml'].value,
  };
  const broken = referenceFindings(all, catalogue);
  return broken.length > 0 ? { ok: false, findings: broken.slice(0, findingsMax) } : { ok: true, catalogue };
}
