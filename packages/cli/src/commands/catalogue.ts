// `headgate catalogue show` and `headgate catalogue find`: what exists, where, since when, and how often it may be called.
import { resolve } from 'node:path';
import { clientProblem, describeUrl, openCatalogue } from '@headgate/client';
import { isDay, matrixOf } from '@headgate/contract';
import { InvalidArgumentError } from 'commander';
import type { CliContext, Register } from '../context.ts';
import { matrixText } from '../render/matrix-text.ts';
import { urlText } from '../render/url-text.ts';

interface CatalogueOptions {
  readonly catalogue?: string;
  readonly asOf?: string;
  readonly json?: boolean;
}

/** Adds `catalogue` with its two commands. */
export const registerCatalogue: Register = (program, context) => {
  const catalogue = program.command('catalogue').description('look at the published addresses');
  catalogue
    .command('show')
    .description('print the matrix of systems and addresses on a day')
    .option('--environment <name>', 'environment of the catalogue (default: its first)')
    .option('--as-of <day>', 'the day, as 2024-02-21 (default: today)', parseDay)
    .option('--catalogue <folder>', 'catalogue folder (default: the one that comes with Headgate)')
    .option('--json', 'print JSON and nothing else')
    .action(async (options: CatalogueOptions & { environment?: string }) => {
      const { index } = await openCatalogue(folderOf(options, context));
      const known = index.catalogue.environments.map(({ id }) => id);
      const environment = options.environment ?? known[0] ?? '';
      if (!known.includes(environment)) throw clientProblem('catalogue.unknown_environment', { environment, known });
      const matrix = matrixOf(index.catalogue, environment, dayOf(options, context));
      const { citation } = index.catalogue.document;
      context.stdout.write(
        options.json === true ? `${JSON.stringify(matrix, null, 2)}\n` : matrixText(matrix, citation, context.stdout),
      );
    });
  catalogue
    .command('find')
    .description('say what a URL is: system, service, class, limits and replacement')
    .argument('<url>', 'the whole URL, with https:// or http://', parseUrl)
    .option('--as-of <day>', 'the day, as 2024-02-21 (default: today)', parseDay)
    .option('--catalogue <folder>', 'catalogue folder (default: the one that comes with Headgate)')
    .option('--json', 'print JSON and nothing else')
    .action(async (url: string, options: CatalogueOptions) => {
      const opened = await openCatalogue(folderOf(options, context));
      const found = describeUrl(opened, url, dayOf(options, context));
      context.stdout.write(
        options.json === true ? `${JSON.stringify(found, null, 2)}\n` : urlText(found, context.stdout),
      );
    });
};

/** The catalogue folder that is meant: the one named, else the one in the workspace. */
export function folderOf({ catalogue }: { readonly catalogue?: string | undefined }, context: CliContext): string {
  return catalogue === undefined ? resolve(context.workspaceRoot, 'catalogues', 'caiso') : resolve(catalogue);
}

function dayOf({ asOf }: CatalogueOptions, context: CliContext): string {
  return asOf ?? new Date(context.clock()).toISOString().slice(0, 10);
}

function parseUrl(text: string): string {
  if (/^https?:\/\//i.test(text)) return text;
  throw new InvalidArgumentError(`Begin with https://, as in https://${text.replace(/^.*?:\/\//, '').slice(0, 200)}`);
}

function parseDay(text: string): string {
  if (isDay(text)) return text;
  throw new InvalidArgumentError('It must be a day, as 2024-02-21.');
}
