// Participants in a table, or the credentials and rights of one of them, or of one certificate.
import {
  type Credential,
  credentialKey,
  holdsFromMs,
  holdsUntilMs,
  nearest,
  operationsOf,
  type Participant,
  type ProvisionedRight,
  type Provisioning,
} from '@headgate/contract';
import { compileRights, findEnrolment } from '@headgate/rules';
import { CliRefusal } from '../cli-refusal.ts';
import { folderOf } from '../commands/catalogue.ts';
import type { CliContext, Output } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { textTable } from '../render/text-table.ts';
import { credentialName } from './import-changes.ts';
import { namesOfFile, toLookUp, untoldOf } from './named-certificate.ts';
import { readProvisioning } from './read-files.ts';
import { scopeWords } from './right-cells.ts';
import { miswritten } from './written-name.ts';

/** What the command line says. */
export interface ShowOptions {
  readonly provisioning: string;
  readonly certificate?: string;
  readonly catalogue?: string;
  readonly at?: number;
  readonly json?: true;
}

/** Prints what was asked for. */
export async function show(who: string | undefined, options: ShowOptions, context: CliContext): Promise<void> {
  const { provisioning } = await readProvisioning(options.provisioning, folderOf(options, context), '--provisioning');
  const { participants } = provisioning;
  const { stdout } = context;
  const found = await asked(who, options, provisioning);
  if (options.json === true) stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  else if (found === participants) stdout.write(participantsText(participants, stdout));
  else
    stdout.write(
      found.map((participant) => participantText(participant, options.at ?? context.clock(), stdout)).join('\n'),
    );
}

async function asked(
  who: string | undefined,
  { certificate, provisioning: file }: ShowOptions,
  provisioning: Provisioning,
): Promise<readonly Participant[]> {
  if (certificate === undefined) return who === undefined ? provisioning.participants : whoIs(who, provisioning, file);
  if (who !== undefined) throw new CliRefusal('show: give a name or --certificate, not both', exitCodes.usage);
  const names = await namesOfFile(certificate);
  const rights = compileRights(provisioning);
  const enrolment = findEnrolment(rights, toLookUp(rights, names));
  if (enrolment !== null) return [{ ...enrolment.participant, credentials: [enrolment.credential] }];
  throw new CliRefusal(
    `no entry of ${file} names the certificate ${names.subject} (fingerprint ${names.fingerprint}, serial ${names.serial} of ${names.issuer})`,
    exitCodes.notFound,
  );
}

/** The participant of that id, or those that hold a certificate of that name, with it alone. */
function whoIs(who: string, provisioning: Provisioning, file: string): readonly Participant[] {
  const { participants } = provisioning;
  const byId = participants.filter(({ id }) => id === who);
  if (byId.length > 0) return byId;
  const isMeant = (credential: Credential) =>
    credential.subject === who ||
    (/^[0-9A-Fa-f:]+$/.test(who) && credentialKey(credential) === credentialKey({ fingerprint: who }));
  const holding = participants
    .map((participant) => ({ ...participant, credentials: participant.credentials.filter(isMeant) }))
    .filter(({ credentials }) => credentials.length > 0);
  if (holding.length > 0) return holding;
  const untold = /^(?:[0-9A-Fa-f]{2}:?){32}$/.test(who)
    ? untoldOf(compileRights(provisioning), { fingerprint: who }, file)
    : null;
  if (untold !== null)
    throw new CliRefusal(
      `${untold.detail} Ask for its subject instead, or give --certificate FILE.pem, which tells every name.`,
      exitCodes.notFound,
    );
  const wrong = miswritten(who);
  if (wrong !== null) throw new CliRefusal(`"${who}" ${wrong.fault}. Ask for that`, exitCodes.notFound);
  const near = nearest(
    who,
    participants.map(({ id }) => id),
  );
  const hint = near === null ? 'Without a name all participants are listed' : `Do you mean ${near}?`;
  throw new CliRefusal(`no participant and no certificate is called ${who}. ${hint}`, exitCodes.notFound);
}

function participantsText(participants: readonly Participant[], stream: Output): string {
  const headers = ['participant', 'name', 'SCIDs', 'credentials', 'endorsed by', 'endorses'];
  const endorses = new Map<string, number>();
  for (const { by } of participants
    .flatMap(({ credentials }) => credentials)
    .flatMap(({ endorsements }) => endorsements ?? []))
    endorses.set(by, (endorses.get(by) ?? 0) + 1);
  const rows = participants.map(({ id, name, scids, credentials }) => {
    const endorsers = new Set(credentials.flatMap(({ endorsements }) => endorsements ?? []).map(({ by }) => by));
    return [
      id,
      name,
      scids.join(' '),
      String(credentials.length),
      [...endorsers].join(' '),
      String(endorses.get(id) ?? 0),
    ];
  });
  return textTable(headers, rows, bounds(stream));
}

function participantText(participant: Participant, nowMs: number, stream: Output): string {
  const { id, name, scids, credentials, grantedBy, resourceGroups } = participant;
  const groups = (resourceGroups ?? []).map((group) => `${group.id} (${group.scid}: ${group.resources.join(', ')})`);
  const lines = [
    `${id}: ${name}`,
    `  SCIDs        ${scids.length === 0 ? 'none' : scids.join(', ')}`,
    ...groups.map((group) => `  group        ${group}`),
    ...(grantedBy === undefined ? [] : [`  granted by   ${grantedBy}`]),
  ];
  const held = credentials.map((credential) => credentialText(credential, nowMs, stream));
  return `${[`${lines.join('\n')}\n`, ...held].join('\n')}`;
}

function credentialText(credential: Credential, nowMs: number, stream: Output): string {
  const { label, holder, environments, rights, endorsements } = credential;
  const notes = [label, holder?.kind, holder?.contact, `enrolled in ${environments.join(', ')}`].filter(
    (note) => note !== undefined,
  );
  const rows = [
    ...rights.map((right) => rightRow('', right, {}, nowMs)),
    ...(endorsements ?? []).flatMap((given) => given.rights.map((right) => rightRow(given.by, right, given, nowMs))),
  ];
  const headers = ['system', 'environment', 'channels', 'may', 'SCIDs', 'from', 'until', 'now', 'endorsed by'];
  const table = rows.length === 0 ? '(no rights)\n' : textTable(headers, rows, bounds(stream));
  return `${credentialName(credential)}\n  ${notes.join('; ')}\n${table}`;
}

interface Dates {
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

function rightRow(by: string, right: ProvisionedRight, within: Dates, nowMs: number): readonly string[] {
  const { system, environment, channels } = right;
  const operations = operationsOf(right);
  const from = holdsFromMs(within.from) > holdsFromMs(right.from) ? within.from : right.from;
  const until = holdsUntilMs(within.until) < holdsUntilMs(right.until) ? within.until : right.until;
  const state = nowMs < holdsFromMs(from) ? 'not yet' : nowMs < holdsUntilMs(until) ? 'holds' : 'ended';
  const may = operations.length === 0 ? 'nothing' : operations.join(', ');
  const scope = operations.length === 0 ? '' : scopeWords(right);
  return [system, environment, channels.join(', '), may, scope, from ?? '', until ?? '', state, by];
}

function bounds(stream: Output) {
  return { columnsMax: stream.isTTY === true ? stream.columns : undefined };
}
