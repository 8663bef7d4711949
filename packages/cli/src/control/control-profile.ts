// How control is reached and as whom: a YAML file, named by --control, by HEADGATE_CONTROL, or that of the demonstration. Paths in it
// are relative to the file.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { readYamlFile, sayFinding } from '@headgate/contract';
import type { Command } from 'commander';
import { z } from 'zod';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';

const path = z.string().min(1).max(1_000);

const profileSchema = z.strictObject({
  control: z
    .string()
    .max(300)
    .regex(/^https:\/\/[^/?#@]+\/?$/, 'https:// with a host and perhaps a port, as https://127.0.0.1:9443')
    .describe('Address of control.'),
  certificate: path.describe('PEM file of the client certificate.'),
  key: path.describe('PEM file of its private key.'),
  trust: path.describe('PEM file of the trust anchors of control.'),
  serverName: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .describe('Name in the certificate of control. Default: the host of `control`.'),
});

/** A profile with its files read. */
export interface ControlProfile {
  readonly url: URL;
  /** PEM texts. */
  readonly certificate: string;
  readonly key: string;
  readonly trust: string;
  /** Null where the address is one of numbers, which no handshake names (RFC 6066 §3). */
  readonly serverName: string | null;
}

/** The option of every command that asks control. */
export interface ControlFlag {
  readonly control?: string;
}

/** Adds the option by which a command finds control. */
export function withControlOption(command: Command): Command {
  return command.option(
    '--control <file>',
    'profile that says where control is and as whom to ask it (default: HEADGATE_CONTROL, or that of the demonstration)',
  );
}

/** Reads the profile that a command is to use. Rejects with a `CliRefusal` that says what to do. */
export async function readControlProfile(
  { control }: ControlFlag,
  { env, workspaceRoot }: Pick<CliContext, 'env' | 'workspaceRoot'>,
): Promise<ControlProfile> {
  const demo = join(workspaceRoot, '.headgate', 'demo', 'operator.yaml');
  const named = control ?? env.HEADGATE_CONTROL ?? (existsSync(demo) ? demo : undefined);
  if (named === undefined)
    throw new CliRefusal(
      'which control? Give --control FILE, or name the file in HEADGATE_CONTROL; docs/reference/cli.md shows how to write one, and `npm start` makes one for its own control',
      exitCodes.usage,
    );
  const file = resolve(named);
  const parsed = readYamlFile(named, await textOf(file, named), profileSchema);
  if (!parsed.ok) throw new CliRefusal(parsed.findings.slice(0, 3).map(sayFinding).join('; '), exitCodes.usage);
  const { control: address, certificate, key, trust, serverName } = parsed.read.value;
  const read = (name: string) => textOf(resolve(dirname(file), name), `${name}, which ${named} names`);
  const url = new URL(address);
  return {
    url,
    certificate: await read(certificate),
    key: await read(key),
    trust: await read(trust),
    serverName: serverName ?? (isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0 ? url.hostname : null),
  };
}

async function textOf(file: string, name: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? 'there is no' : `this cannot be read (${code ?? 'unreadable'}):`;
    throw new CliRefusal(`${found} ${name}`, exitCodes.unusable);
  }
}
