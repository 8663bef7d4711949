// Brings the rows of a CSV into a provisioning file: reads, plans, proves the result, says what changes, and writes it whole.
import { isDeepStrictEqual } from 'node:util';
import {
  type Credential,
  channelsOfSystem,
  credentialKey,
  type Endorsement,
  type Finding,
  type Provisioning,
} from '@headgate/contract';
import { folderOf } from '../commands/catalogue.ts';
import type { CliContext } from '../context.ts';
import { readNamedEvidence } from '../evidence/named-evidence.ts';
import { importText } from '../render/import-text.ts';
import { importFindingsMax, parseCsv } from './csv.ts';
import { changesBetween } from './import-changes.ts';
import { readImportRows } from './import-rows.ts';
import { gatherUses, type LostRight } from './lost-rights.ts';
import { planImport } from './plan-import.ts';
import { findingsRefusal, type ProvisioningFile, proved, readBytes, readProvisioning } from './read-files.ts';
import { replaceFile } from './replace-file.ts';
import { rewriteYaml } from './rewrite-yaml.ts';

/** What the command line says. */
export interface ImportOptions {
  readonly into: string;
  readonly dryRun?: true;
  readonly evidence?: string;
  readonly days: number;
  readonly catalogue?: string;
  readonly json?: true;
}

/** Imports a file, or says what an import would do. */
export async function importCsv(csv: string, options: ImportOptions, context: CliContext): Promise<void> {
  const file = await readProvisioning(options.into, folderOf(options, context), '--into');
  const next = await planned(csv, file);
  const changes = changesBetween(file.provisioning, next);
  const text = changes.length === 0 ? file.text : rewritten(file, next);
  const lost =
    options.evidence === undefined ? null : await lostRights(options.evidence, options.days, file, next, context);
  const isWritten = options.dryRun !== true && changes.length > 0;
  if (isWritten) await replaceFile(file.file, file.text, text);
  const told = { file: file.file, written: isWritten, changes, lost };
  context.stdout.write(
    options.json === true
      ? `${JSON.stringify(told, null, 2)}\n`
      : importText(told, options.dryRun === true, context.stdout),
  );
}

async function planned(csv: string, { provisioning, catalogue }: ProvisioningFile): Promise<Provisioning> {
  const parsed = parseCsv(csv, await readBytes(csv));
  if (parsed.rows.length === 0 && parsed.findings.length > 0) throw findingsRefusal(parsed.findings);
  const { columns, rows, findings } = readImportRows(csv, parsed.rows);
  const { environments } = catalogue;
  const systems = catalogue.systems.map((system) => ({ id: system.id, channels: channelsOfSystem(system, catalogue) }));
  const lost = new Set(parsed.findings.length > 0 ? columns : []);
  const plan = planImport(provisioning, rows, { environments, systems }, lost);
  const all = together(findings, plan.findings, parsed.findings);
  if (all.length > 0) throw findingsRefusal(all);
  return plan.next;
}

/** All findings, by line: whoever mends a file must not meet the next fault when the first is gone. Of one field the first counts. */
function together(...lists: readonly (readonly Finding[])[]): readonly Finding[] {
  const seen = new Set<string>();
  const all = lists.flatMap((list) => {
    const fresh = list.filter(({ line, column }) => !seen.has(`${line}:${column}`));
    for (const { line, column } of list) seen.add(`${line}:${column}`);
    return fresh;
  });
  return all.toSorted((one, other) => one.line - other.line || one.column - other.column).slice(0, importFindingsMax);
}

/** The file's text with what is next, proved to be a valid file that says just that. */
function rewritten({ file, text, catalogue }: ProvisioningFile, next: Provisioning): string {
  const fresh = rewriteYaml(text, next, nameOfThing);
  const says = proved(`${file} as it would be`, fresh, catalogue);
  if (!isDeepStrictEqual(says, JSON.parse(JSON.stringify(next))))
    throw new Error(`the text written for ${file} says something else than planned`);
  return fresh;
}

/** What is edited in place: a participant, a credential, an endorsement with its dates, a right over one system and environment. */
function nameOfThing(item: unknown): string | null {
  if (typeof item !== 'object' || item === null) return null;
  if ('credentials' in item && 'id' in item) return `participant ${String(item.id)}`;
  if ('environments' in item) return credentialKey(item as Credential);
  if ('by' in item) {
    const { by, from, until } = item as Endorsement;
    return `endorsement by ${by} from ${from} until ${until}`;
  }
  return 'system' in item && 'environment' in item ? `right ${String(item.system)} ${String(item.environment)}` : null;
}

async function lostRights(
  folder: string,
  days: number,
  { provisioning, catalogue }: ProvisioningFile,
  next: Provisioning,
  context: CliContext,
): Promise<readonly LostRight[]> {
  const nowMs = context.clock();
  const uses = gatherUses(catalogue.systems);
  await readNamedEvidence([folder], context, (record) => {
    if (record.listener.receivedMs >= nowMs - days * 86_400_000) uses.take(record);
  });
  if (uses.uncounted > 0)
    context.stderr.write(`${uses.uncounted} calls of callers past the bound were not looked at\n`);
  return uses.lost(provisioning, next, nowMs);
}
