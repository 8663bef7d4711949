// The configuration of a gateway that a command looks at, and its files: read, or refused with file and line.
import { sayFinding } from '@headgate/contract';
import type { Config } from '@headgate/gateway';
import { CliRefusal } from './cli-refusal.ts';
import { configText } from './commands/gateway.ts';
import { exitCodes } from './exit-codes.ts';

/** Reads a configuration. Refuses with every finding. */
export async function readConfig(file: string): Promise<Config> {
  const { parseConfig } = await import('@headgate/gateway');
  const parsed = parseConfig(file, await configText(file));
  if (parsed.ok) return parsed.config;
  throw new CliRefusal(parsed.findings.map(sayFinding).join('\n  '), exitCodes.unusable);
}

/** A configuration with the folder that its file names start from. */
export async function readGatewayConfig(
  file: string,
): Promise<{ readonly file: string; readonly config: Config; readonly base: string }> {
  const { baseOf } = await import('@headgate/gateway');
  return { file, config: await readConfig(file), base: baseOf(file) };
}

/** What the files of a gateway say; those that cannot be used are told with file and line. */
export async function usable<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  const { UnusableFiles } = await import('@headgate/gateway');
  try {
    return await question();
  } catch (fault) {
    if (!(fault instanceof UnusableFiles)) throw fault;
    throw new CliRefusal(fault.findings.map(sayFinding).join('\n  '), exitCodes.unusable);
  }
}
