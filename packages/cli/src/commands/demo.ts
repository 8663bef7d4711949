// `headgate demo certificate`, `revoke` and `release`: one more certificate of the demo's own authorities with all that is needed to use
// it, and one that its authority takes back for a while.
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { nearest } from '@headgate/contract';
import { createTestIssuer, type Family } from '@headgate/pki';
import { InvalidArgumentError, Option } from 'commander';
import { parse, stringify } from 'yaml';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext, Register } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { changeLists } from '../start/demo-lists.ts';
import { type DemoParticipant, demoParticipants } from '../start/demo-world.ts';

const dayMs = 86_400_000;
const daysMax = 3_650;

interface CertificateOptions {
  readonly folder: string;
  readonly name: string;
  readonly participant: string;
  readonly authority: Family;
  readonly days: number;
  readonly expired?: true;
  readonly json?: true;
}

/** Adds `demo` with its command. */
export const registerDemo: Register = (program, context) => {
  const demo = program.command('demo').description('more for the demo of `headgate start`');
  const folder = ['--folder <folder>', 'where the demo is', '.headgate/demo'] as const;
  const json = ['--json', 'print JSON and nothing else'] as const;
  demo
    .command('certificate')
    .description('make one more certificate of the demo’s authority, with key, profile, and the row that enrols it')
    .requiredOption('--name <name>', 'its CN: letters or digits, an x and four digits, as ECHOx1005', toName)
    .option('--participant <id>', 'whose it is', 'alpha-energy')
    .addOption(new Option('--authority <family>', 'who issues it').choices(['legacy', 'current']).default('current'))
    .addOption(new Option('--days <n>', 'how long it is valid').argParser(toDays).default(365))
    .addOption(new Option('--expired', 'make one that ended yesterday').conflicts('days'))
    .option(...folder)
    .option(...json)
    .action((options: CertificateOptions) => makeOne(options, context));
  for (const [command, description, isRevoked] of [
    ['revoke', 'put the certificates of a name on the revocation list of their authority', true],
    ['release', 'take the certificates of a name off that list again', false],
  ] as const)
    demo
      .command(command)
      .description(description)
      .requiredOption('--name <name>', 'their CN, as ECHOx1005', toName)
      .option(...folder)
      .option(...json)
      .action((options: ListOptions) => changeOne(options, isRevoked, context));
};

interface ListOptions {
  readonly folder: string;
  readonly name: string;
  readonly json?: true;
}

async function changeOne({ folder: place, name, json }: ListOptions, isRevoked: boolean, context: CliContext) {
  const folder = resolve(context.workspaceRoot, place);
  const lists = await changeLists(folder, name, isRevoked, context.clock());
  const apply = `npx --no headgate trust apply --config ${near(join(folder, 'gateway.yaml'))}`;
  if (json === true) context.stdout.write(`${JSON.stringify({ lists, apply }, null, 2)}\n`);
  else {
    for (const { list, number, subjects, changed } of lists)
      context.stdout.write(
        `${certificatesOf(changed)} ${isRevoked ? 'on' : 'off'} ${near(join(folder, list))}, number ${number}, which has ${subjects.length} now\n`,
      );
    context.stdout.write(
      `\nA gateway that has the list takes it up within 60 s. At once, and the first time:\n  ${apply}\n`,
    );
  }
}

function certificatesOf(subjects: readonly string[]): string {
  const [subject = ''] = subjects;
  return subjects.length === 1 ? `${subject} is` : `${subject}: ${subjects.length} certificates are`;
}

function near(path: string): string {
  const shown = relative(process.cwd(), path);
  return shown.startsWith('..') ? path : shown;
}

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
    ...(options.expired === true
      ? { notBeforeMs: nowMs - 366 * dayMs, notAfterMs: nowMs - dayMs }
      : { notAfterMs: nowMs + options.days * dayMs }),
  });
  const isEnrolled = await isSubjectEnrolled(folder, subject);
  const file = options.name.toLowerCase();
  const [certificate, key, profile, row] = ['pem', 'key', 'yaml', 'csv'].map((ending) =>
    join(folder, ending === 'pem' || ending === 'key' ? 'keys' : '.', `${file}.${ending}`),
  ) as [string, string, string, string];
  await writeNew(certificate, certificatePem);
  await writeNew(key, keyPem, 0o600);
  const more = options.expired === true ? { allowExpired: true } : {};
  await writeNew(profile, stringify({ ...model, certificate, key, source: participant.source, ...more }));
  if (!isEnrolled) await writeNew(row, rowOf(participant, subject));
  const told = {
    subject,
    fingerprint: fingerprint256,
    certificate: near(certificate),
    key: near(key),
    profile: near(profile),
    isEnrolled,
    isExpired: options.expired === true,
    enrol: isEnrolled
      ? []
      : [
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
  readonly isEnrolled: boolean;
  readonly isExpired: boolean;
  readonly enrol: readonly string[];
}

function certificateText({ subject, certificate, key, profile, isEnrolled, isExpired, enrol }: Told): string {
  const ended = isExpired ? 'It ended yesterday: a call is refused, with its last day. ' : '';
  const enrolled = isEnrolled
    ? 'Its subject is enrolled: to the gateway it is a renewal, with the rights of the one before. This calls:'
    : 'It is not enrolled yet: a call is refused, and told whom to ask. The first line calls, the others enrol it:';
  return `${subject}
certificate  ${certificate}
key          ${key}
profile      ${profile}

${ended}${enrolled}
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

/** The rights that everybody has in the demo: own ones, or by endorsement where the participant has none of its own. */
function rowOf({ id, endorsedBy = '' }: DemoParticipant, subject: string): string {
  return `participant,subject,endorsed_by,environment,system,channel,role,scids\n${id},"${subject}",${endorsedBy},production;map-stage,all,ui;api,submit,all\n`;
}

async function isSubjectEnrolled(folder: string, subject: string): Promise<boolean> {
  const { participants } = parse(await ofDemo(folder, 'provisioning.yaml')) as {
    participants: readonly { readonly credentials: readonly { readonly subject?: string }[] }[];
  };
  return participants.some(({ credentials }) => credentials.some((credential) => credential.subject === subject));
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
