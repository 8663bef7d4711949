// `headgate demo certificate`: one more certificate of the demo's own authorities, with all that is needed to use it.
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { nearest } from '@headgate/contract';
import { createTestIssuer, type Family } from '@headgate/pki';
import { InvalidArgumentError, Option } from 'commander';
import { parse, stringify } from 'yaml';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext, Register } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { type DemoParticipant, demoParticipants } from '../start/demo-world.ts';

const dayMs = 86_400_000;
const daysMax = 3_650;

interface CertificateOptions {
  readonly folder: string;
  readonly name: string;
  readonly participant: string;
  readonly authority: Family;
  readonly days: number;
  readonly json?: true;
}

/** Adds `demo` with its command. */
export const registerDemo: Register = (program, context) => {
  program
    .command('demo')
    .description('more for the demo of `headgate start`')
    .command('certificate')
    .description('make one more certificate of the demo’s authority, with key, profile, and the row that enrols it')
    .requiredOption('--name <name>', 'its CN: letters or digits, an x and four digits, as ECHOx1005', toName)
    .option('--participant <id>', 'whose it is', 'alpha-energy')
    .addOption(new Option('--authority <family>', 'who issues it').choices(['legacy', 'current']).default('current'))
    .option('--days <n>', 'how long it is valid', toDays, 365)
    .option('--folder <folder>', 'where the demo is', '.headgate/demo')
    .option('--json', 'print JSON and nothing else')
    .action((options: CertificateOptions) => makeOne(options, context));
};

async function makeOne(options: CertificateOptions, context: CliContext): Promise<void> {
  const folder = resolve(context.workspaceRoot, options.folder);
  const participant = participantOf(options.participant);
  const issuer = {
    certificatePem: await ofDemo(folder, `keys/authority-${options.authority}.pem`),
    keyPem: await ofDemo(folder, `keys/authority-${options.authority}.key`),
  };
  const model = parse(await ofDemo(folder, 'you.yaml')) as Record<string, unknown>;
  const nowMs = context.clock();
  const { certificatePem, keyPem, subject, fingerprint256 } = await createTestIssuer(issuer, { nowMs }).user({
    name: options.name,
    organisation: participant.name,
    notAfterMs: nowMs + options.days * dayMs,
  });
  const file = options.name.toLowerCase();
  const [certificate, key, profile, row] = ['pem', 'key', 'yaml', 'csv'].map((ending) =>
    join(folder, ending === 'pem' || ending === 'key' ? 'keys' : '.', `${file}.${ending}`),
  ) as [string, string, string, string];
  await writeNew(certificate, certificatePem);
  await writeNew(key, keyPem, 0o600);
  await writeNew(profile, stringify({ ...model, certificate, key, source: participant.source }));
  await writeNew(row, rowOf(participant, subject));
  const near = (path: string) => {
    const shown = relative(process.cwd(), path);
    return shown.startsWith('..') ? path : shown;
  };
  const told = {
    subject,
    fingerprint: fingerprint256,
    certificate: near(certificate),
    key: near(key),
    profile: near(profile),
    enrol: [
      `npx --no headgate provisioning import ${near(row)} --into ${near(join(folder, 'provisioning.yaml'))}`,
      `npx --no headgate trust apply --config ${near(join(folder, 'gateway.yaml'))}`,
    ],
  };
  context.stdout.write(options.json === true ? `${JSON.stringify(told, null, 2)}\n` : certificateText(told));
}

interface Told {
  readonly subject: string;
  readonly certificate: string;
  readonly key: string;
  readonly profile: string;
  readonly enrol: readonly string[];
}

function certificateText({ subject, certificate, key, profile, enrol }: Told): string {
  return `${subject}
certificate  ${certificate}
key          ${key}
profile      ${profile}

It is not enrolled yet: a call is refused, and told whom to ask. The first line calls, the others enrol it:
  npx --no headgate call cmri RetrieveMarketAwards --profile ${profile}
${enrol.map((line) => `  ${line}\n`).join('')}`;
}

function participantOf(id: string): DemoParticipant {
  const ids = demoParticipants.map((each) => each.id);
  const found = demoParticipants.find((each) => each.id === id);
  if (found !== undefined) return found;
  const near = nearest(id, ids);
  throw new CliRefusal(
    `no participant "${id}" in the demo; ${near === null ? `it has ${ids.join(', ')}` : `did you mean ${near}?`}`,
    exitCodes.notFound,
  );
}

/** The rights that everybody has in the demo. */
function rowOf({ id }: DemoParticipant, subject: string): string {
  return `participant,subject,environment,system,channel,role,scids\n${id},"${subject}",production;map-stage,all,ui;api,submit,all\n`;
}

async function ofDemo(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch {
    throw new CliRefusal(
      `there is no demo in ${folder} (${name} cannot be read); \`npm start\` makes one, and --folder names another place`,
      exitCodes.unusable,
    );
  }
}

async function writeNew(file: string, text: string, mode = 0o644): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode });
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    throw new CliRefusal(`${file} is there already; choose another --name`, exitCodes.unusable);
  }
}

function toName(text: string): string {
  if (!/^[A-Za-z0-9]{1,40}x\d{4}$/.test(text))
    throw new InvalidArgumentError('It must be letters or digits, an x and four digits, as ECHOx1005.');
  return text;
}

function toDays(text: string): number {
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > daysMax) throw new InvalidArgumentError(`It must be a number of days, 1 to ${daysMax}.`);
  return days;
}
