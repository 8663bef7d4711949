// What is different between two provisionings, one change at a time, as data and as sentences. Pure.
import { type Credential, credentialKey, type Participant, type Provisioning } from '@headgate/contract';
import { type BoundedRights, cellWords } from './right-cells.ts';

/** One change. `place` is what it is about: a participant, a credential of it, or a role at one place. */
export interface ImportChange {
  readonly kind: 'added' | 'changed' | 'removed';
  readonly participant: string;
  /** Null for the participant itself. */
  readonly credential: string | null;
  readonly endorsedBy: string | null;
  /** System, channel and environment of a role; else what changes. */
  readonly place: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Every change from one provisioning to the next, in the order of the file. */
export function changesBetween(now: Provisioning, next: Provisioning): readonly ImportChange[] {
  const before = new Map(now.participants.map((participant) => [participant.id, participant]));
  return next.participants.flatMap((participant) => participantChanges(before.get(participant.id), participant));
}

/** Writes a change as one sentence. */
export function sayChange({ kind, participant, credential, endorsedBy, place, before, after }: ImportChange): string {
  const of = credential === null ? participant : `${credential} of ${participant}`;
  const by = endorsedBy === null ? '' : `, endorsed by ${endorsedBy}`;
  switch (kind) {
    case 'added':
      return `${of}${by}: ${place} is added: ${after}.`;
    case 'changed':
      return `${of}${by}: ${place} changes from ${before} to ${after}.`;
    case 'removed':
      return `${of}${by}: ${place} is removed: it was ${before}.`;
  }
}

/** How a credential is called in words: what it is named by. */
export function credentialName({
  subject,
  fingerprint,
  issuer,
  serial,
}: Pick<Credential, 'subject' | 'fingerprint' | 'issuer' | 'serial'>): string {
  const closer = fingerprint === undefined ? `serial ${serial} of ${issuer}` : `fingerprint ${fingerprint}`;
  if (fingerprint === undefined && serial === undefined) return subject ?? '';
  return subject === undefined ? closer : `${subject} (${closer})`;
}

function participantChanges(before: Participant | undefined, after: Participant): readonly ImportChange[] {
  const about = { participant: after.id, credential: null, endorsedBy: null };
  const changes = [
    ...different(about, 'name', before?.name ?? null, after.name),
    ...different(about, 'list of SCIDs', before === undefined ? null : listed(before.scids), listed(after.scids)),
  ];
  const held = new Map(before?.credentials.map((credential) => [credentialKey(credential), credential]));
  for (const credential of after.credentials) {
    const key = credentialKey(credential);
    changes.push(...credentialChanges(after.id, held.get(key), credential));
    held.delete(key);
  }
  for (const gone of held.values()) changes.push(...credentialChanges(after.id, gone, undefined));
  return changes;
}

function credentialChanges(
  participant: string,
  before: Credential | undefined,
  after: Credential | undefined,
): readonly ImportChange[] {
  const either = after ?? before;
  if (either === undefined) return [];
  const about = { participant, credential: credentialName(either), endorsedBy: null };
  const holder = (credential: Credential | undefined) => {
    const said = credential?.holder;
    return said === undefined ? null : `${said.kind}${said.contact === undefined ? '' : `, ${said.contact}`}`;
  };
  return [
    ...different(about, 'enrolment', enrolment(before), enrolment(after)),
    ...different(
      about,
      'subject',
      before?.subject ?? null,
      after?.subject ?? before?.subject ?? null,
      before !== undefined,
    ),
    ...different(about, 'label', before?.label ?? null, after?.label ?? null, after !== undefined),
    ...different(about, 'holder', holder(before), holder(after), after !== undefined),
    ...roleChanges(about, before === undefined ? [] : [before], after === undefined ? [] : [after]),
    ...[...endorsersOf(before, after)].flatMap((endorsedBy) => {
      const by = (credential: Credential | undefined) =>
        credential?.endorsements?.filter((each) => each.by === endorsedBy) ?? [];
      return roleChanges({ ...about, endorsedBy }, by(before), by(after));
    }),
  ];
}

function endorsersOf(...credentials: readonly (Credential | undefined)[]): ReadonlySet<string> {
  return new Set(credentials.flatMap((credential) => credential?.endorsements ?? []).map(({ by }) => by));
}

type About = Pick<ImportChange, 'participant' | 'credential' | 'endorsedBy'>;

function roleChanges(
  about: About,
  before: readonly BoundedRights[],
  after: readonly BoundedRights[],
): readonly ImportChange[] {
  const [had, has] = [rolesOf(before), rolesOf(after)];
  const places = new Set([...had.keys(), ...has.keys()]);
  return [...places].flatMap((place) => different(about, place, had.get(place) ?? null, has.get(place) ?? null));
}

/** Credentials have dates of their own nowhere, so that theirs bound nothing. */
function rolesOf(lists: readonly BoundedRights[]): ReadonlyMap<string, string> {
  const words = cellWords(lists.map(({ rights, from, until }) => ({ rights, from, until })));
  return new Map([...words].map(([cell, said]) => [cell, [...said].toSorted().join(' and ')]));
}

function enrolment(credential: Credential | undefined): string | null {
  return credential === undefined ? null : listed(credential.environments);
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

function different(
  about: About,
  place: string,
  before: string | null,
  after: string | null,
  counts = true,
): readonly ImportChange[] {
  if (before === after || !counts) return [];
  const kind = before === null ? 'added' : after === null ? 'removed' : 'changed';
  return [{ kind, ...about, place, before, after }];
}
