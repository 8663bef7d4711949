// A catalogue folder as the client uses it: addresses and services compiled for look-ups, and the limits to pace by.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CatalogueIndex,
  compileCatalogue,
  type Finding,
  loadCatalogueFolder,
  type Policy,
  parsePolicy,
  sayFinding,
} from '@headgate/contract';
import { clientProblem } from '../client-problem.ts';

/** What a catalogue folder says, ready for look-ups. */
export interface OpenCatalogue {
  readonly folder: string;
  readonly index: CatalogueIndex;
  /** The limits of `policy.yaml`; none where the folder has no such file. */
  readonly policy: Policy;
}

/** Reads a catalogue folder; raises `catalogue.unreadable` with file and line of what is wrong. */
export async function openCatalogue(folder: string): Promise<OpenCatalogue> {
  const parsed = await reading(folder, () => loadCatalogueFolder(folder));
  if (!parsed.ok) throw unreadable(folder, parsed.findings);
  const policyText = await reading(folder, () => textOf(join(folder, 'policy.yaml')));
  const policy =
    policyText === null ? { ok: true as const, policy: { limits: [] } } : parsePolicy('policy.yaml', policyText);
  if (!policy.ok) throw unreadable(folder, policy.findings);
  return { folder, index: compileCatalogue(parsed.catalogue), policy: policy.policy };
}

async function reading<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === undefined) throw cause;
    throw clientProblem('catalogue.unreadable', { folder, findings: [code] }, { cause });
  }
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function unreadable(folder: string, findings: readonly Finding[]) {
  return clientProblem('catalogue.unreadable', { folder, findings: findings.map(sayFinding) });
}
