// A policy file as a command line names it: read, judged, and each part of it with its line.
import { readFile } from 'node:fs/promises';
import { type FilePath, type Policy, type PolicyNotice, parsePolicy, sayFinding } from '@headgate/contract';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { CliRefusal } from '../cli-refusal.ts';
import { exitCodes } from '../exit-codes.ts';

/** A policy that was read. */
export interface NamedPolicy {
  readonly file: string;
  readonly policy: Policy;
  /** What is allowed and worth knowing. */
  readonly notices: readonly PolicyNotice[];
  /** Where a part of it stands, from 1; the nearest part above it that exists. */
  readonly placeOf: (path: FilePath) => { readonly line: number; readonly column: number };
}

/** Reads a policy file. Refuses with file and line of what is wrong. */
export async function readPolicy(file: string): Promise<NamedPolicy> {
  const text = await textOf(file);
  const parsed = parsePolicy(file, text);
  if (!parsed.ok) throw new CliRefusal(parsed.findings.map(sayFinding).join('\n  '), exitCodes.unusable);
  return { file, policy: parsed.policy, notices: parsed.notices, placeOf: placesIn(text) };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read (${code ?? 'unreadable'})`;
    throw new CliRefusal(
      `${found}; a policy is a YAML file with \`limits\`, as catalogues/caiso/policy.yaml`,
      exitCodes.unusable,
    );
  }
}

function placesIn(text: string): NamedPolicy['placeOf'] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  return (path) => {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const node = document.getIn(path.slice(0, depth), true);
      if (!isNode(node) || !node.range) continue;
      const { line, col } = lines.linePos(node.range[0]);
      return { line, column: col };
    }
    return { line: 1, column: 1 };
  };
}
