// A profile: the options of `headgate call` that do not change from call to call, in a YAML file. Paths in it are
// relative to the file.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { clientProblem } from '@headgate/client';
import { readYamlFile, sayFinding } from '@headgate/contract';
import { z } from 'zod';
import { CliRefusal } from './cli-refusal.ts';
import { exitCodes } from './exit-codes.ts';

/** Largest profile read, in characters. */
const profileCharsMax = 65_536;

const path = z.string().min(1).max(1_000);

/** What a profile may say; every key is an option of `headgate call` with the same meaning. */
export const profileSchema = z.strictObject({
  environment: z.string().min(1).max(80).optional(),
  generation: z.enum(['new', 'old']).optional(),
  docAttach: z.boolean().optional(),
  plain: z.boolean().optional().describe('Use http where the catalogue offers it. Default false.'),
  certificate: path.optional().describe('PEM file of the client certificate.'),
  key: path.optional().describe('PEM file of its private key.'),
  trust: path.optional().describe('PEM file of the trust anchors of the server.'),
  connectTo: z.string().min(3).max(300).optional().describe('host:port to connect to instead of the address itself.'),
  source: z.string().min(2).max(60).optional().describe('Source address of connections.'),
  pacing: z.boolean().optional().describe('Default true.'),
  allowExpired: z.boolean().optional().describe('Default false.'),
  catalogue: path.optional().describe('Catalogue folder.'),
});

/** The options a profile holds. */
export type Profile = z.infer<typeof profileSchema>;

/** Reads a profile; refuses a file that cannot be read, raises `encode.invalid_input` with file and line of what is wrong. */
export async function readProfile(file: string): Promise<Profile> {
  const text = await profileText(file);
  const parsed = readYamlFile(file, text.slice(0, profileCharsMax + 1), profileSchema);
  if (!parsed.ok) {
    const found = parsed.findings.slice(0, 3).map(sayFinding).join('; ');
    throw clientProblem('encode.invalid_input', {
      field: 'profile',
      found,
      expected: 'the options of `headgate call`',
    });
  }
  const folder = dirname(resolve(file));
  const { certificate, key, trust, catalogue } = parsed.read.value;
  const paths = Object.entries({ certificate, key, trust, catalogue }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, resolve(folder, value)] as const],
  );
  return { ...parsed.read.value, ...Object.fromEntries(paths) };
}

async function profileText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const found =
      code === 'ENOENT' ? `no profile at ${file}` : `the profile ${file} cannot be read (${code ?? 'unreadable'})`;
    throw new CliRefusal(
      `${found}; \`npm start\` writes .headgate/demo/you.yaml, and docs/reference/cli.md shows how to write one`,
      exitCodes.unusable,
    );
  }
}

/** Reads a text file; raises `encode.invalid_input` naming the option it was given for. */
export async function readText(file: string, field: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const found = `${file}: ${(cause as NodeJS.ErrnoException).code ?? 'unreadable'}`;
    throw clientProblem('encode.invalid_input', { field, found, expected: 'a file that can be read' }, { cause });
  }
}
