// The files that the provisioning commands work on: catalogue, provisioning and CSV, read and proved usable.
import { readFile } from 'node:fs/promises';
import { openCatalogue } from '@headgate/client';
import { type Catalogue, type Finding, type Provisioning, parseProvisioning, sayFinding } from '@headgate/contract';
import { CliRefusal } from '../cli-refusal.ts';
import { exitCodes } from '../exit-codes.ts';

/** A provisioning file as it stands. */
export interface ProvisioningFile {
  readonly file: string;
  readonly text: string;
  readonly provisioning: Provisioning;
  readonly catalogue: Catalogue;
}

/** Reads a provisioning file against a catalogue folder. Refuses with every finding. */
export async function readProvisioning(file: string, catalogueFolder: string): Promise<ProvisioningFile> {
  const { catalogue } = (await openCatalogue(catalogueFolder)).index;
  const text = (await readBytes(file)).toString('utf8');
  return { file, text, provisioning: proved(file, text, catalogue), catalogue };
}

/** The provisioning that a text says. Refuses with every finding. */
export function proved(file: string, text: string, catalogue: Catalogue): Provisioning {
  const parsed = parseProvisioning(file, text, catalogue);
  if (!parsed.ok) throw findingsRefusal(parsed.findings);
  return parsed.provisioning;
}

/** Ends a command with findings, one a line. */
export function findingsRefusal(findings: readonly Finding[]): CliRefusal {
  return new CliRefusal(findings.map(sayFinding).join('\n  '), exitCodes.unusable);
}

/** The bytes of a file, or the refusal that says why there are none. */
export async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read (${code ?? 'unreadable'})`;
    throw new CliRefusal(`${found}; docs/reference/provisioning.md shows how to write one`, exitCodes.unusable);
  }
}
