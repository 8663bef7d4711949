// What a provisioning file says that cannot be: two owners of one certificate or SCID, ids that nobody has, dates the wrong way
// round, channels that a system has not. Each finding has the line at which it stands.
import { type FilePath, type Finding, findingsMax, type ReadFile } from '../yaml-file.ts';
import { type CatalogueFile, type Channel, channels, type System } from './model.ts';
import {
  type Credential,
  credentialKey,
  type Endorsement,
  operationsOf,
  type Participant,
  type ProvisionedRight,
  type Provisioning,
} from './provisioning-model.ts';
import { holdsFromMs, holdsUntilMs } from './right-dates.ts';

/** What a provisioning may refer to. */
export type ProvisionedAgainst = Pick<CatalogueFile, 'environments' | 'systems' | 'matrixKey'>;

type Report = (path: FilePath, found: string, expected: string) => void;

/** Everything that is wrong with a file of the right shape, as far as `findingsMax`. Without a catalogue, its ids are not compared. */
export function provisioningFindings(
  read: ReadFile<Provisioning>,
  catalogue: ProvisionedAgainst | undefined,
): readonly Finding[] {
  const findings: Finding[] = [];
  const report: Report = (path, found, expected) => {
    if (findings.length < findingsMax) findings.push(read.finding(path, found, expected));
  };
  const { value } = read;
  checkOwners(value, report);
  const participants = new Map(value.participants.map((participant) => [participant.id, participant]));
  for (const [index, participant] of value.participants.entries()) {
    checkGroups(participant, ['participants', index], report);
    for (const [place, credential] of participant.credentials.entries()) {
      const at = ['participants', index, 'credentials', place];
      checkCredential({ participant, credential, participants, at, report });
    }
  }
  if (catalogue !== undefined) checkAgainst(value, catalogue, report);
  return findings;
}

/** Two owners of one certificate or id would make who calls depend on the order of the file. */
function checkOwners({ participants }: Provisioning, report: Report): void {
  const ids = new Set<string>();
  const scids = new Map<string, string>();
  for (const [index, { id, scids: held }] of participants.entries()) {
    if (ids.has(id)) report(['participants', index, 'id'], `${id} again`, 'an id of its own');
    ids.add(id);
    for (const [place, scid] of held.entries()) {
      const other = scids.get(scid);
      if (other !== undefined)
        report(['participants', index, 'scids', place], `${scid} again`, `an SCID that ${other} does not hold already`);
      scids.set(scid, id);
    }
  }
  checkCredentialOwners(participants, report);
}

function checkCredentialOwners(participants: readonly Participant[], report: Report): void {
  const keys = new Set<string>();
  const subjects = new Map<string, string>();
  const everyone = [...everyCredential(participants)];
  for (const { participant, credential, at } of everyone) {
    const key = credentialKey(credential);
    const part =
      credential.fingerprint === undefined ? (credential.serial === undefined ? 'subject' : 'serial') : 'fingerprint';
    if (keys.has(key)) report([...at, part], `${credential[part]} again`, `each certificate ${part} once`);
    keys.add(key);
    if (part === 'subject') subjects.set(credential.subject ?? '', participant.id);
  }
  for (const { participant, credential, at } of everyone) {
    const owner = isSpecific(credential) ? subjects.get(credential.subject ?? '') : undefined;
    if (owner !== undefined && owner !== participant.id)
      report([...at, 'subject'], `${credential.subject}, which ${owner} holds`, `a subject of ${participant.id}`);
  }
}

function isSpecific({ fingerprint, serial }: Credential): boolean {
  return fingerprint !== undefined || serial !== undefined;
}

interface PlacedCredential {
  readonly participant: Participant;
  readonly credential: Credential;
  readonly at: FilePath;
}

function* everyCredential(participants: readonly Participant[]): Generator<PlacedCredential> {
  for (const [index, participant] of participants.entries()) {
    for (const [place, credential] of participant.credentials.entries())
      yield { participant, credential, at: ['participants', index, 'credentials', place] };
  }
}

function checkGroups({ resourceGroups, scids }: Participant, at: FilePath, report: Report): void {
  const ids = new Set<string>();
  for (const [index, { id, scid }] of (resourceGroups ?? []).entries()) {
    const path = [...at, 'resourceGroups', index];
    if (ids.has(id)) report([...path, 'id'], `${id} again`, 'an id of its own');
    ids.add(id);
    if (!scids.includes(scid)) report([...path, 'scid'], scid, oneOf(scids));
  }
}

interface CheckedCredential extends PlacedCredential {
  readonly participants: ReadonlyMap<string, Participant>;
  readonly report: Report;
}

function checkCredential({ participant, credential, participants, at, report }: CheckedCredential): void {
  checkRights(credential.rights, participant, credential, [...at, 'rights'], report);
  for (const [index, endorsement] of (credential.endorsements ?? []).entries()) {
    const path = [...at, 'endorsements', index];
    checkDates(endorsement, path, report);
    const endorser = participants.get(endorsement.by);
    if (endorser === undefined) report([...path, 'by'], endorsement.by, 'a participant of this file');
    else if (endorser === participant)
      report([...path, 'by'], `${endorsement.by}, whose credential it is`, 'another participant; its own are `rights`');
    else {
      checkRights(endorsement.rights, endorser, credential, [...path, 'rights'], report);
      checkWithin(endorsement, path, report);
    }
  }
}

function checkRights(
  rights: readonly ProvisionedRight[],
  giver: Participant,
  { environments }: Credential,
  at: FilePath,
  report: Report,
): void {
  for (const [index, right] of rights.entries()) {
    const path = [...at, index];
    checkDates(right, path, report);
    if (!environments.includes(right.environment))
      report([...path, 'environment'], right.environment, `one of the credential's environments`);
    for (const scid of Array.isArray(right.scids) ? right.scids : []) {
      if (!giver.scids.includes(scid)) report([...path, 'scids'], scid, oneOf(giver.scids));
    }
    const groups = (giver.resourceGroups ?? []).map(({ id }) => id);
    for (const group of right.resourceGroups ?? []) {
      if (!groups.includes(group)) report([...path, 'resourceGroups'], group, oneOf(groups));
    }
    const given = right.role === 'none' ? rights.find((other) => contradicts(right, other)) : undefined;
    if (given !== undefined) {
      const said = `none, beside a right of ${operationsOf(given).join(' and ')} there`;
      report([...path, 'role'], said, 'one of the two: rights add up, and none takes nothing away');
    }
  }
}

/** Whether a right gives what a role of none says is not given. */
function contradicts(none: ProvisionedRight, other: ProvisionedRight): boolean {
  return (
    operationsOf(other).length > 0 &&
    other.environment === none.environment &&
    (other.system === none.system || other.system === 'all' || none.system === 'all') &&
    other.channels.some((channel) => none.channels.includes(channel)) &&
    holdsFromMs(other.from) < holdsUntilMs(none.until) &&
    holdsFromMs(none.from) < holdsUntilMs(other.until)
  );
}

/** A right that has ended when its endorsement begins, or the reverse, would never hold. */
function checkWithin({ rights, ...within }: Endorsement, at: FilePath, report: Report): void {
  for (const [index, right] of rights.entries()) {
    const meets =
      holdsFromMs(right.from) < holdsUntilMs(within.until) && holdsFromMs(within.from) < holdsUntilMs(right.until);
    if (meets) continue;
    const part = holdsFromMs(right.from) < holdsUntilMs(within.until) ? 'until' : 'from';
    const dates = `${within.from ?? 'ever'} to ${within.until ?? 'ever'}`;
    report([...at, 'rights', index, part], right[part] ?? '', `a date within its endorsement: ${dates}`);
  }
}

interface Dated {
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

function checkDates({ from, until }: Dated, at: FilePath, report: Report): void {
  if (holdsFromMs(from) >= holdsUntilMs(until)) report([...at, 'until'], until ?? '', `a date after ${from}`);
}

function checkAgainst(value: Provisioning, catalogue: ProvisionedAgainst, report: Report): void {
  const known = {
    environments: catalogue.environments.map(({ id }) => id),
    channels: new Map(catalogue.systems.map((system) => [system.id, channelsOfSystem(system, catalogue)])),
  };
  const named = new Set<string>();
  for (const [index, { id }] of (value.systems ?? []).entries()) {
    if (!known.channels.has(id)) report(['systems', index, 'id'], id, 'a system of the catalogue');
    if (named.has(id)) report(['systems', index, 'id'], `${id} again`, 'each system once');
    named.add(id);
  }
  for (const { credential, at } of everyCredential(value.participants)) {
    for (const [index, environment] of credential.environments.entries()) {
      if (!known.environments.includes(environment))
        report([...at, 'environments', index], environment, oneOf(known.environments));
    }
    checkSystems(credential.rights, known.channels, [...at, 'rights'], report);
    for (const [index, { rights }] of (credential.endorsements ?? []).entries())
      checkSystems(rights, known.channels, [...at, 'endorsements', index, 'rights'], report);
  }
}

function checkSystems(
  rights: readonly ProvisionedRight[],
  systems: ReadonlyMap<string, readonly Channel[]>,
  at: FilePath,
  report: Report,
): void {
  for (const [index, right] of rights.entries()) {
    if (right.system === 'all') continue;
    const has = systems.get(right.system);
    if (has === undefined) report([...at, index, 'system'], right.system, 'a system of the catalogue');
    for (const [place, channel] of right.channels.entries()) {
      if (has?.includes(channel) === false)
        report([...at, index, 'channels', place], channel, `${oneOf(has)}: ${right.system} has no ${channel}`);
    }
  }
}

/** Channels that the document gives a system, in any environment: an address that it does not print may be there all the same. */
export function channelsOfSystem(
  system: System,
  { matrixKey }: Pick<ProvisionedAgainst, 'matrixKey'>,
): readonly Channel[] {
  const isNone = (words: string | undefined) =>
    matrixKey.some((entry) => entry.words === words && entry.status === 'not-applicable');
  return channels.filter((channel) =>
    Object.values(system.addresses).some((cells) =>
      Object.values(cells[channel] ?? {}).some((cell) => cell !== undefined && !isNone(cell.words)),
    ),
  );
}

function oneOf(names: readonly string[]): string {
  return names.length === 0 ? 'none: there are none' : `one of ${names.join(', ')}`.slice(0, 200);
}
