// Whether a certificate may make a call, by the rules that the gateway decides by, in the gateway's words.
import { type Channel, nearest, type Operation, problems, type Refusal } from '@headgate/contract';
import {
  type AllowedCall,
  compileRights,
  type Enrolment,
  findEnrolment,
  mayCall,
  notEnrolled,
  rightRefusal,
} from '@headgate/rules';
import { CliRefusal } from '../cli-refusal.ts';
import { folderOf } from '../commands/catalogue.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { credentialName } from './import-changes.ts';
import { type GivenNames, namesOfFile, toLookUp, type Untold, untoldOf, wordsFor } from './named-certificate.ts';
import { type ProvisioningFile, readProvisioning } from './read-files.ts';

/** What the command line says. */
export interface ExplainOptions {
  readonly subject?: string;
  readonly fingerprint?: string;
  readonly issuer?: string;
  readonly serial?: string;
  readonly certificate?: string;
  readonly system: string;
  readonly operation: Operation;
  readonly environment: string;
  readonly channel: Channel;
  readonly scid?: string;
  readonly provisioning: string;
  readonly catalogue?: string;
  readonly at?: number;
  readonly json?: true;
}

/** Prints the verdict. Exits with 0 where the call is allowed, 1 where it is refused, 3 where too little is said to tell. */
export async function explain(options: ExplainOptions, context: CliContext): Promise<void> {
  const given = await givenNames(options);
  const read = await readProvisioning(options.provisioning, folderOf(options, context), '--provisioning');
  const system = systemOf(options.system, read);
  const { operation, environment, channel, scid } = options;
  const environments = read.catalogue.environments.map(({ id }) => id);
  if (!environments.includes(environment)) throw unknown('environment', environment, environments);
  const call = { system: system.id, operation, environment, channel, ...(scid === undefined ? {} : { scid }) };
  const nowMs = options.at ?? context.clock();
  const rights = compileRights(read.provisioning);
  const lookedUp = toLookUp(rights, given);
  const enrolment = findEnrolment(rights, lookedUp);
  const untold = enrolment === null ? untoldOf(rights, given, read.file) : null;
  if (untold !== null) {
    context.stdout.write(
      options.json === true ? `${JSON.stringify({ allowed: null, ...untold })}\n` : untoldText(untold),
    );
    context.exitWith(exitCodes.notFound);
    return;
  }
  const judged = enrolment === null ? null : mayCall(enrolment, call, nowMs);
  if (enrolment !== null && judged?.allowed === true) {
    context.stdout.write(
      options.json === true ? `${JSON.stringify(allowedFacts(enrolment, judged))}\n` : allowedText(enrolment, judged),
    );
    return;
  }
  const certificate = { ...lookedUp, subject: lookedUp.subject === '' ? wordsFor(given) : lookedUp.subject };
  const refusal =
    enrolment === null || judged === null || judged.allowed
      ? notEnrolled(rights, certificate, environment)
      : rightRefusal(rights, enrolment, judged, { certificate, call, systemName: system.name }, nowMs);
  context.stdout.write(
    options.json === true ? `${JSON.stringify(refusedFacts(enrolment, refusal))}\n` : refusedText(enrolment, refusal),
  );
  context.exitWith(exitCodes.failed);
}

async function givenNames(options: ExplainOptions): Promise<GivenNames> {
  const { subject, fingerprint, issuer, serial, certificate } = options;
  const isNamed = [subject, fingerprint, issuer, serial].some((name) => name !== undefined);
  if (certificate !== undefined) {
    if (!isNamed) return namesOfFile(certificate);
    throw new CliRefusal('explain: --certificate tells every name; leave the others out', exitCodes.usage);
  }
  const isEmpty = [subject, fingerprint, issuer, serial].includes('');
  if (isEmpty || (subject === undefined && fingerprint === undefined && (issuer === undefined || serial === undefined)))
    throw new CliRefusal(
      'explain: which certificate? Give --certificate, --subject, --fingerprint, or --issuer with --serial',
      exitCodes.usage,
    );
  return { subject, issuer, serial, fingerprint };
}

function systemOf(
  said: string,
  { catalogue: { systems } }: ProvisioningFile,
): { readonly id: string; readonly name: string } {
  const word = said.toLowerCase();
  const found = systems.find(({ id, name }) => id === word || name.toLowerCase() === word);
  if (found === undefined)
    throw unknown(
      'system',
      said,
      systems.map(({ id }) => id),
    );
  return found;
}

function unknown(what: string, said: string, known: readonly string[]): CliRefusal {
  const near = nearest(said, known);
  const hint = near === null ? `It has ${known.join(', ')}` : `Do you mean ${near}?`;
  return new CliRefusal(`the catalogue has no ${what} ${said}. ${hint}`, exitCodes.notFound);
}

function heldFacts({ credential, participant }: Enrolment) {
  return { credential: credentialName(credential), heldBy: participant.id };
}

function allowedFacts(enrolment: Enrolment, { holds, ...allowed }: AllowedCall) {
  return {
    ...allowed,
    ...heldFacts(enrolment),
    holdsUntil: Number.isFinite(holds.untilMs) ? new Date(holds.untilMs).toISOString() : null,
  };
}

function allowedText(enrolment: Enrolment, allowed: AllowedCall): string {
  const { participant, endorsers, scids, resourceGroups, holdsUntil, credential, heldBy } = allowedFacts(
    enrolment,
    allowed,
  );
  const rows: readonly (readonly [string, string])[] = [
    ['known as', credential],
    ['held by', heldBy],
    ['acts for', participant],
    ['endorsed by', endorsers.join(', ')],
    ['SCIDs', scids.join(', ')],
    ['groups', resourceGroups.join(', ')],
    ['holds until', holdsUntil ?? 'no date changes it'],
  ];
  return `allowed\n${linesOf(rows)}`;
}

function refusedFacts(enrolment: Enrolment | null, { code, detail }: Refusal) {
  return { allowed: false, code, detail, fix: problems[code].fix, ...(enrolment === null ? {} : heldFacts(enrolment)) };
}

function refusedText(enrolment: Enrolment | null, refusal: Refusal): string {
  const { code, detail, fix } = refusedFacts(enrolment, refusal);
  const held = enrolment === null ? null : heldFacts(enrolment);
  const rows: readonly (readonly [string, string])[] = [
    ['known as', held?.credential ?? ''],
    ['held by', held?.heldBy ?? ''],
    ['said', detail],
    ['fix', fix],
  ];
  return `refused: ${code}\n${linesOf(rows)}`;
}

function untoldText({ detail, fix }: Untold): string {
  return `cannot be told\n${linesOf([
    ['said', detail],
    ['fix', fix],
  ])}`;
}

function linesOf(rows: readonly (readonly [string, string])[]): string {
  return rows
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `  ${`${name}:`.padEnd(13)}${text}\n`)
    .join('');
}
