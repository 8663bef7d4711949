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
import { type CertificateJudgement, type GatewayAtHand, judgeNamed } from './judge-named.ts';
import { certificateOfFile, type GivenNames, toLookUp, type Untold, untoldOf, wordsFor } from './named-certificate.ts';
import { type ProvisioningFile, readProvisioning } from './read-files.ts';
import { miswritten } from './written-name.ts';

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
  readonly provisioning?: string;
  readonly catalogue?: string;
  readonly at?: number;
  readonly json?: true;
}

/** Prints the verdict. Exits with 0 where the call is allowed, 1 where it is refused, 3 where too little is said to tell. */
export async function explain(
  options: ExplainOptions,
  gateway: GatewayAtHand | null,
  context: CliContext,
): Promise<void> {
  const given = givenNames(options);
  const certificate = options.certificate === undefined ? null : await certificateOfFile(options.certificate);
  const names = certificate?.names ?? given;
  const catalogue = options.catalogue ?? gateway?.catalogue;
  const read = await readProvisioning(
    options.provisioning ?? gateway?.provisioning ?? 'provisioning.yaml',
    folderOf({ catalogue }, context),
    '--provisioning',
  );
  const system = systemOf(options.system, read);
  const { operation, environment, channel, scid } = options;
  const environments = read.catalogue.environments.map(({ id }) => id);
  if (!environments.includes(environment)) throw unknown('environment', environment, environments);
  const call = { system: system.id, operation, environment, channel, ...(scid === undefined ? {} : { scid }) };
  const nowMs = options.at ?? context.clock();
  const rights = compileRights(read.provisioning);
  const lookedUp = toLookUp(rights, names);
  const enrolment = findEnrolment(rights, lookedUp);
  const said = (facts: object, text: string) =>
    context.stdout.write(options.json === true ? `${JSON.stringify(facts)}\n` : text);
  const untold = enrolment === null ? untoldOf(rights, names, read.file) : null;
  if (untold !== null) {
    said({ allowed: null, ...untold }, untoldText(untold));
    context.exitWith(exitCodes.notFound);
    return;
  }
  const used = { environment, system: system.id, channel, nowMs };
  const judgement = await judgeNamed(certificate, gateway, used);
  const judged = enrolment === null || judgement.refusal !== null ? null : mayCall(enrolment, call, nowMs);
  if (enrolment !== null && judged?.allowed === true) {
    said(allowedFacts(enrolment, judged, judgement), allowedText(enrolment, judged, judgement));
    return;
  }
  const callers = { ...lookedUp, subject: lookedUp.subject === '' ? wordsFor(names) : lookedUp.subject };
  const refusal =
    judgement.refusal ??
    (enrolment === null || judged === null || judged.allowed
      ? notEnrolled(rights, callers, environment, judgement.unjudged.length > 0)
      : rightRefusal(rights, enrolment, judged, { certificate: callers, call, systemName: system.name }, nowMs));
  said(refusedFacts(enrolment, refusal, judgement), refusedText(enrolment, refusal, judgement));
  context.exitWith(exitCodes.failed);
}

function givenNames(options: ExplainOptions): GivenNames {
  const { subject, fingerprint, issuer, serial, certificate } = options;
  const isNamed = [subject, fingerprint, issuer, serial].some((name) => name !== undefined);
  if (certificate !== undefined) {
    if (!isNamed) return {};
    throw new CliRefusal('explain: --certificate tells every name; leave the others out', exitCodes.usage);
  }
  const isEmpty = [subject, fingerprint, issuer, serial].includes('');
  if (isEmpty || (subject === undefined && fingerprint === undefined && (issuer === undefined || serial === undefined)))
    throw new CliRefusal(
      'explain: which certificate? Give --certificate, --subject, --fingerprint, or --issuer with --serial',
      exitCodes.usage,
    );
  for (const [option, name] of Object.entries({ subject, issuer })) {
    const wrong = name === undefined ? null : miswritten(name);
    if (wrong !== null)
      throw new CliRefusal(
        `explain: --${option} "${name}" ${wrong.fault}. Say --${option} "${wrong.right}"`,
        exitCodes.usage,
      );
  }
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

function allowedFacts(
  enrolment: Enrolment,
  { holds, ...allowed }: AllowedCall,
  { untilMs, unjudged }: CertificateJudgement,
) {
  const endMs = Math.min(holds.untilMs, untilMs);
  return {
    ...allowed,
    ...heldFacts(enrolment),
    holdsUntil: Number.isFinite(endMs) ? new Date(endMs).toISOString() : null,
    ...notJudged(unjudged),
  };
}

/** Left out where all was judged. */
function notJudged(unjudged: readonly string[]): { readonly notJudged?: readonly string[] } {
  return unjudged.length === 0 ? {} : { notJudged: unjudged };
}

function allowedText(enrolment: Enrolment, allowed: AllowedCall, judgement: CertificateJudgement): string {
  const { participant, endorsers, scids, resourceGroups, holdsUntil, credential, heldBy } = allowedFacts(
    enrolment,
    allowed,
    judgement,
  );
  const { untilMs, unjudged } = judgement;
  const ends = untilMs < allowed.holds.untilMs ? ', when the certificate or its authority ends' : '';
  const noEnd = Number.isFinite(untilMs) ? 'no date changes it' : 'no date of the rights changes it';
  const rows: readonly (readonly [string, string])[] = [
    ['known as', credential],
    ['held by', heldBy],
    ['acts for', participant],
    ['endorsed by', endorsers.join(', ')],
    ['SCIDs', scids.join(', ')],
    ['groups', resourceGroups.join(', ')],
    ['holds until', holdsUntil === null ? noEnd : `${holdsUntil}${ends}`],
    ...notJudgedRows(unjudged),
  ];
  return `${unjudged.length === 0 ? 'allowed' : 'allowed by its rights'}\n${linesOf(rows)}`;
}

function notJudgedRows(unjudged: readonly string[]): readonly (readonly [string, string])[] {
  return unjudged.map((what) => ['NOT JUDGED', what]);
}

function refusedFacts(enrolment: Enrolment | null, { code, detail }: Refusal, { unjudged }: CertificateJudgement) {
  return {
    allowed: false,
    code,
    detail,
    fix: problems[code].fix,
    ...(enrolment === null ? {} : heldFacts(enrolment)),
    ...notJudged(unjudged),
  };
}

function refusedText(enrolment: Enrolment | null, refusal: Refusal, judgement: CertificateJudgement): string {
  const { code, detail, fix } = refusedFacts(enrolment, refusal, judgement);
  const held = enrolment === null ? null : heldFacts(enrolment);
  const rows: readonly (readonly [string, string])[] = [
    ['known as', held?.credential ?? ''],
    ['held by', held?.heldBy ?? ''],
    ['said', detail],
    ['fix', fix],
    ...notJudgedRows(judgement.unjudged),
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
