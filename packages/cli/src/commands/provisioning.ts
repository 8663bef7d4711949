// `headgate provisioning show`, `explain` and `import`: who may do what, why not, and what a CSV would change of it.
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import type { Register } from '../context.ts';
import { type ExplainOptions, explain } from '../provisioning/explain.ts';
import { type ImportOptions, importCsv } from '../provisioning/import-csv.ts';
import type { GatewayAtHand } from '../provisioning/judge-named.ts';
import { type ShowOptions, show } from '../provisioning/show.ts';
import { readConfig, usable } from './trust.ts';

/** Adds `provisioning` with its three commands. */
export const registerProvisioning: Register = (program, context) => {
  const provisioning = program.command('provisioning').description('look at and change who may do what');
  const file = ['--provisioning <file>', 'provisioning file', 'provisioning.yaml'] as const;
  const catalogue = ['--catalogue <folder>', 'catalogue folder (default: the one that comes with Headgate)'] as const;
  const json = ['--json', 'print JSON and nothing else'] as const;
  const at = ['--at <instant>', 'the day or instant to judge at (default: now)', toInstant] as const;
  const certificate = ['--certificate <file>', 'PEM file of the certificate: tells all of its names'] as const;
  provisioning
    .command('show')
    .description('list participants, or the credentials and rights of one, or of one certificate')
    .argument('[who]', 'id of a participant, or subject or fingerprint of a certificate')
    .option(...certificate)
    .option(...file)
    .option(...catalogue)
    .option(...at)
    .option(...json)
    .action((who: string | undefined, options: ShowOptions) => show(who, options, context));
  provisioning
    .command('explain')
    .description('say whether a certificate may make a call, for whom, and if not how the gateway refuses it')
    .option('--subject <name>', 'subject of the certificate, as evidence prints it')
    .option('--fingerprint <digits>', 'SHA-256 of the certificate')
    .option('--issuer <name>', 'issuer of the certificate, with --serial')
    .option('--serial <digits>', 'serial number of the certificate, with --issuer')
    .option(...certificate)
    .requiredOption('--system <id>', 'system of the catalogue')
    .addOption(new Option('--operation <name>', 'what is called').choices(['retrieve', 'submit']).makeOptionMandatory())
    .requiredOption('--environment <name>', 'environment of the catalogue')
    .addOption(new Option('--channel <name>', 'interface that is called').choices(['ui', 'api']).default('api'))
    .option('--scid <id>', 'the SCID that the call acts for')
    .option('--config <file>', 'configuration of the gateway: judges the issuer too, and names the other files')
    .option(file[0], `${file[1]} (default: that of --config, else provisioning.yaml)`)
    .option(...catalogue)
    .option(...at)
    .option(...json)
    .action(async ({ config, ...options }: ExplainOptions & { readonly config?: string }) =>
      explain(options, config === undefined ? null : await gatewayOf(config), context),
    );
  provisioning
    .command('import')
    .description('bring the rows of a CSV file into a provisioning file, whole or not at all')
    .argument('<csv>', 'the CSV file; docs/reference/provisioning.md has its columns')
    .requiredOption('--into <file>', 'provisioning file to change')
    .option('--dry-run', 'say what would change and who would lose what, and write nothing')
    .option('--evidence <folder>', 'evidence files: say which rights that were used lately would be lost')
    .option('--days <n>', 'how many days back lately is', toDays, 30)
    .option(...catalogue)
    .option(...json)
    .action((csv: string, options: ImportOptions) => importCsv(csv, options, context));
};

/** The trust of a configuration, for a question about a certificate. */
async function gatewayOf(file: string): Promise<GatewayAtHand> {
  const { baseOf, judgeCertificate } = await import('@headgate/gateway');
  const config = await readConfig(file);
  const base = baseOf(file);
  return {
    file,
    catalogue: resolve(base, config.catalogue),
    provisioning: config.provisioning === undefined ? undefined : resolve(base, config.provisioning),
    judge: ({ der, names }, used) =>
      usable(() => judgeCertificate(config, base, { der, fingerprint: names.fingerprint }, used)),
  };
}

function toInstant(text: string): number {
  const atMs = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new InvalidArgumentError('It must be a day as 2024-02-21, or an instant as 2024-02-21T12:00:00Z.');
  return atMs;
}

function toDays(text: string): number {
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > 3_660) throw new InvalidArgumentError('It must be a number of days, 1 to 3,660.');
  return days;
}
