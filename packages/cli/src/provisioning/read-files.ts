// The files that the provisioning commands work on: catalogue, provisioning and CSV, read and proved usable.
import { readFile } from 'node:fs/promises';
import { openCatalogue } from '@headgate/client';
import { type Catalogue, type Finding, type Provisioning, parseProvisioning, sayFinding } from '@headgate/contract';
import { isScalar, isSeq, parseDocument, visit } from 'yaml';
import { CliRefusal } from '../cli-refusal.ts';
import { exitCodes } from '../exit-codes.ts';

/** A provisioning file as it stands. */
export interface ProvisioningFile {
  readonly file: string;
  readonly text: string;
  readonly provisioning: Provisioning;
  readonly catalogue: Catalogue;
}

/** Reads a provisioning file, which `option` names, against a catalogue folder. Refuses with every finding. */
export async function readProvisioning(
  file: string,
  catalogueFolder: string,
  option: '--provisioning' | '--into',
): Promise<ProvisioningFile> {
  const { catalogue } = (await openCatalogue(catalogueFolder)).index;
  const text = (await readBytes(file, `name it with ${option} FILE; `)).toString('utf8');
  const parsed = parseProvisioning(file, text, catalogue);
  if (!parsed.ok) throw findingsRefusal(parsed.findings, otherCatalogueHint(text, catalogue, catalogueFolder));
  return { file, text, provisioning: parsed.provisioning, catalogue };
}

/** Whoever looks at a file beside the wrong catalogue reads a finding for each line; this says what they have in common. */
function otherCatalogueHint(text: string, { environments }: Catalogue, folder: string): string | null {
  const known = environments.map(({ id }) => id);
  const named = environmentsIn(text);
  if (named.length === 0 || named.some((name) => known.includes(name))) return null;
  return `the catalogue in ${folder} has ${known.join(', ')}, and none of the environments of this file: name its own with --catalogue FOLDER`;
}

function environmentsIn(text: string): readonly string[] {
  const document = parseDocument(text);
  const found = new Set<string>();
  visit(document, {
    Pair(_key, { key, value }) {
      if (!isScalar(key) || (key.value !== 'environment' && key.value !== 'environments')) return;
      const names = isSeq(value) ? value.items : [value];
      for (const name of names) if (isScalar(name)) found.add(String(name.value));
    },
  });
  return [...found];
}

/** The provisioning that a text says. Refuses with every finding. */
export function proved(file: string, text: string, catalogue: Catalogue): Provisioning {
  const parsed = parseProvisioning(file, text, catalogue);
  if (!parsed.ok) throw findingsRefusal(parsed.findings);
  return parsed.provisioning;
}

/** Ends a command with findings, one a line. */
export function findingsRefusal(findings: readonly Finding[], hint: string | null = null): CliRefusal {
  return new CliRefusal(
    [...findings.map(sayFinding), ...(hint === null ? [] : [hint])].join('\n  '),
    exitCodes.unusable,
  );
}

/** The bytes of a file, or the refusal that says why there are none. */
export async function readBytes(file: string, hint = ''): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read (${code ?? 'unreadable'})`;
    throw new CliRefusal(`${found}; ${hint}docs/reference/provisioning.md shows how to write one`, exitCodes.unusable);
  }
}
