// `headgate trust`: what a gateway trusts and shows, whom a planned removal would strand, and taking new files into use.
import { sayFinding } from '@headgate/contract';
import type { Config, ControlAnswer, ControlAsk } from '@headgate/gateway';
import type { Command } from 'commander';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext, Register } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { appliedText, statusText } from '../render/control-text.ts';
import { configText } from './gateway.ts';

interface TrustOptions {
  readonly config: string;
  readonly json?: true;
}

/** Adds `trust` with its commands. */
export const registerTrust: Register = (program, context) => {
  const trust = program
    .command('trust')
    .description('look at what a gateway trusts and shows, and take new files into use');
  withConfig(trust.command('apply'))
    .description('make a running gateway take its files into use; returns once every thread has them in force')
    .action((options: TrustOptions) => askAndTell('apply', options, context));
  withConfig(trust.command('status'))
    .description('say which files a running gateway has in force, thread by thread')
    .action((options: TrustOptions) => askAndTell('status', options, context));
};

function withConfig(command: Command): Command {
  return command
    .requiredOption('--config <file>', 'configuration file of the gateway')
    .option('--json', 'print JSON and nothing else');
}

async function askAndTell(ask: ControlAsk, options: TrustOptions, context: CliContext): Promise<void> {
  const answer = await askRunning(ask, options.config);
  if (options.json === true) context.stdout.write(`${JSON.stringify(answer)}\n`);
  if (!answer.ok) {
    if (options.json !== true) context.stderr.write(refusedText(answer));
    context.exitWith(answer.reason === 'files' ? exitCodes.unusable : exitCodes.failed);
    return;
  }
  if (options.json === true) return;
  context.stdout.write(ask === 'apply' ? appliedText(answer) : statusText(answer));
  for (const { about, sentence } of answer.warnings ?? []) context.stderr.write(`warning: ${about}: ${sentence}\n`);
}

async function askRunning(ask: ControlAsk, file: string): Promise<ControlAnswer> {
  const { askGateway, baseOf, GatewayNotAsked } = await import('@headgate/gateway');
  const config = await readConfig(file);
  try {
    return await askGateway(config, baseOf(file), ask);
  } catch (fault) {
    if (!(fault instanceof GatewayNotAsked)) throw fault;
    throw new CliRefusal(fault.message, exitCodes.failed);
  }
}

async function readConfig(file: string): Promise<Config> {
  const { parseConfig } = await import('@headgate/gateway');
  const parsed = parseConfig(file, await configText(file));
  if (parsed.ok) return parsed.config;
  throw new CliRefusal(parsed.findings.map(sayFinding).join('\n  '), exitCodes.unusable);
}

function refusedText(answer: Extract<ControlAnswer, { ok: false }>): string {
  if (answer.reason !== 'files') return `headgate trust: the gateway refused: ${answer.detail}\n`;
  const found = answer.findings.map((finding) => `  ${sayFinding(finding)}\n`).join('');
  return `headgate trust: nothing changed, snapshot ${answer.number} stays in force:\n${found}`;
}
