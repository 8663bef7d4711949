// What a client certificate may do: it names a credential, the credential a participant, and the rest follows from the rights
// that the participant and others gave to it, as far as they hold at an instant.
import {
  type Channel,
  type Credential,
  credentialKey,
  type Endorsement,
  holdsFromMs,
  holdsUntilMs,
  type Operation,
  operationsOf,
  type Participant,
  type ProvisionedRight,
  type Provisioning,
} from '@headgate/contract';

/** Provisioning made ready for look-ups, by `compileRights`. */
export interface CompiledRights {
  /** Credentials by the name that provisioning gives them; see `credentialKey`. */
  readonly credentials: ReadonlyMap<string, HeldCredential>;
  readonly participants: ReadonlyMap<string, Participant>;
  /** Those that were asked for. Of many thousand credentials a gateway sees a part, and a reload waits for none. */
  readonly enrolments: Map<HeldCredential, Enrolment>;
  /** Subjects of credentials that are named more closely, where the file says them. */
  readonly closerSubjects: ReadonlySet<string>;
  /** Who grants rights over a system, and enrols: addresses of roles. */
  readonly grantedBy: { readonly bySystem: ReadonlyMap<string, string>; readonly otherwise: string | null };
}

/** One credential and the participant that holds it. */
interface HeldCredential {
  readonly participant: Participant;
  readonly credential: Credential;
}

/** One credential with every right that was given to it. */
export interface Enrolment extends HeldCredential {
  /** Participants that endorse it, each once. */
  readonly endorsers: readonly Participant[];
  /** By environment, then by system or `all`. */
  readonly grants: ReadonlyMap<string, ReadonlyMap<string, readonly Grant[]>>;
  /** Instants at which a right begins or ends, in order. */
  readonly changesMs: readonly number[];
}

/** A right with the participant that gave it, and the dates that remain of it within an endorsement. */
export interface Grant {
  readonly giver: Participant;
  readonly right: ProvisionedRight;
  readonly operations: readonly Operation[];
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What a certificate says of itself. Fingerprint is SHA-256 in lower-case hex, the serial upper-case hex. */
export interface CertificateNames {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly fingerprint256: string;
}

/** The call whose rights are asked about. Ids as the catalogue writes them. */
export interface CallForRights {
  readonly environment: string;
  readonly system: string;
  readonly channel: Channel;
  readonly operation: Operation;
  /** The business id that the call acts for, where it is known: it tells whose right is used. */
  readonly scid?: string;
}

/** For how long a verdict holds: dates alone can change it. */
export interface Holding {
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
}

/** A call that may be made. */
export interface AllowedCall {
  readonly allowed: true;
  /** For whom it acts: whoever gave the right; where several did and no SCID tells, the holder of the credential itself. */
  readonly participant: string;
  /** Participants other than the holder that gave the right. More than one: which of them is meant cannot be told. */
  readonly endorsers: readonly string[];
  /** A business id in the payload must be one of these. */
  readonly scids: readonly string[];
  /** Where a right is over groups of resources alone: `participant/group`. */
  readonly resourceGroups: readonly string[];
  readonly holds: Holding;
}

/** Why a call may not be made: the first thing that is missing. */
export type MissingRight =
  | { readonly allowed: false; readonly missing: 'environment'; readonly holds: Holding }
  | { readonly allowed: false; readonly missing: 'right'; readonly holds: Holding }
  /** The right was given, and holds no more, or not yet. */
  | {
      readonly allowed: false;
      readonly missing: 'ended' | 'not-begun';
      readonly grant: Grant;
      readonly holds: Holding;
    };

/** Indexes credentials by their names. Cannot fail on what `parseProvisioning` accepted: names are unique. */
export function compileRights({ participants: listed, systems, grantedBy }: Provisioning): CompiledRights {
  const credentials = new Map<string, HeldCredential>();
  const closerSubjects = new Set<string>();
  for (const participant of listed) {
    for (const credential of participant.credentials) {
      credentials.set(credentialKey(credential), { participant, credential });
      const isCloser = credential.fingerprint !== undefined || credential.serial !== undefined;
      if (isCloser && credential.subject !== undefined) closerSubjects.add(credential.subject);
    }
  }
  const participants = new Map(listed.map((participant) => [participant.id, participant]));
  const bySystem = new Map((systems ?? []).map(({ id, grantedBy: address }) => [id, address]));
  const enrolments = new Map<HeldCredential, Enrolment>();
  return {
    credentials,
    participants,
    enrolments,
    closerSubjects,
    grantedBy: { bySystem, otherwise: grantedBy ?? null },
  };
}

/**
 * The credential that a certificate is: by its fingerprint, else by issuer and serial, else by its subject (RFC 4514 text, compared
 * as it is written). Null when nobody holds it. An entry that states another subject than the certificate has enrols nobody.
 */
export function findEnrolment(rights: CompiledRights, certificate: CertificateNames): Enrolment | null {
  const { subject, issuer, serial, fingerprint256: fingerprint } = certificate;
  const held =
    rights.credentials.get(credentialKey({ fingerprint })) ??
    rights.credentials.get(credentialKey({ issuer, serial })) ??
    rights.credentials.get(credentialKey({ subject }));
  if (held === undefined || (held.credential.subject ?? subject) !== subject) return null;
  const known = rights.enrolments.get(held);
  if (known !== undefined) return known;
  const enrolment = enrolmentOf(held.participant, held.credential, rights.participants);
  rights.enrolments.set(held, enrolment);
  return enrolment;
}

/** Whether a credential may make a call at an instant, for whom, and for how long this holds. */
export function mayCall(enrolment: Enrolment, call: CallForRights, nowMs: number): AllowedCall | MissingRight {
  const holds = holdingAt(enrolment.changesMs, nowMs);
  if (!enrolment.credential.environments.includes(call.environment))
    return { allowed: false, missing: 'environment', holds };
  const covering = grantsOver(enrolment, call.environment, call.system).filter((grant) => covers(grant, call));
  const inForce = covering.filter((grant) => isInForce(grant, nowMs));
  return inForce.length === 0 ? missingOf(covering, nowMs, holds) : allowedOf(enrolment, inForce, holds);
}

/** Every right over a system in an environment, in force or not. */
export function grantsOver({ grants }: Enrolment, environment: string, system: string): readonly Grant[] {
  const bySystem = grants.get(environment);
  const own = bySystem?.get(system) ?? [];
  const general = bySystem?.get('all') ?? [];
  return general.length === 0 ? own : [...own, ...general];
}

/** Whether a right holds at an instant. */
export function isInForce({ fromMs, untilMs }: Grant, nowMs: number): boolean {
  return fromMs <= nowMs && nowMs < untilMs;
}

function covers({ giver, right, operations }: Grant, { channel, operation, scid }: CallForRights): boolean {
  if (!right.channels.includes(channel) || !operations.includes(operation)) return false;
  return scid === undefined || scidsOf(giver, right).includes(scid);
}

/** The SCIDs that a right covers. One over resource groups covers those that the groups are scheduled under. */
function scidsOf(giver: Participant, { scids, resourceGroups }: ProvisionedRight): readonly string[] {
  if (scids === 'all') return giver.scids;
  const groups = giver.resourceGroups?.filter(({ id }) => resourceGroups?.includes(id)) ?? [];
  return scids ?? groups.map(({ scid }) => scid);
}

function allowedOf({ participant: holder }: Enrolment, inForce: readonly Grant[], holds: Holding): AllowedCall {
  const givers = [...new Set(inForce.map(({ giver }) => giver.id))];
  return {
    allowed: true,
    participant: givers.length === 1 ? (givers[0] ?? holder.id) : holder.id,
    endorsers: givers.filter((id) => id !== holder.id),
    scids: [...new Set(inForce.flatMap(({ giver, right }) => scidsOf(giver, right)))],
    resourceGroups: [
      ...new Set(inForce.flatMap(({ giver, right }) => (right.resourceGroups ?? []).map((id) => `${giver.id}/${id}`))),
    ],
    holds,
  };
}

/** A right that begins tells more than one that ended; of several the nearest. */
function missingOf(covering: readonly Grant[], nowMs: number, holds: Holding): MissingRight {
  const [next] = covering.filter(({ fromMs }) => fromMs > nowMs).toSorted((a, b) => a.fromMs - b.fromMs);
  if (next !== undefined) return { allowed: false, missing: 'not-begun', grant: next, holds };
  const [last] = covering.toSorted((a, b) => b.untilMs - a.untilMs);
  if (last !== undefined) return { allowed: false, missing: 'ended', grant: last, holds };
  return { allowed: false, missing: 'right', holds };
}

function holdingAt(changesMs: readonly number[], nowMs: number): Holding {
  return {
    fromMs: changesMs.findLast((changeMs) => changeMs <= nowMs) ?? Number.NEGATIVE_INFINITY,
    untilMs: changesMs.find((changeMs) => changeMs > nowMs) ?? Number.POSITIVE_INFINITY,
  };
}

function enrolmentOf(
  participant: Participant,
  credential: Credential,
  byId: ReadonlyMap<string, Participant>,
): Enrolment {
  const given = [...grantsOf(participant, credential.rights)];
  const endorsers = new Set<Participant>();
  for (const endorsement of credential.endorsements ?? []) {
    const endorser = byId.get(endorsement.by);
    if (endorser === undefined) continue; // `parseProvisioning` names it.
    endorsers.add(endorser);
    given.push(...grantsOf(endorser, endorsement.rights, endorsement));
  }
  return {
    participant,
    credential,
    endorsers: [...endorsers],
    grants: byPlace(given),
    changesMs: [...new Set(given.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]))]
      .filter(Number.isFinite)
      .toSorted((a, b) => a - b),
  };
}

function grantsOf(
  giver: Participant,
  rights: readonly ProvisionedRight[],
  within: Pick<Endorsement, 'from' | 'until'> = {},
): readonly Grant[] {
  const grants = rights.map((right) => ({
    giver,
    right,
    operations: operationsOf(right),
    fromMs: Math.max(holdsFromMs(right.from), holdsFromMs(within.from)),
    untilMs: Math.min(holdsUntilMs(right.until), holdsUntilMs(within.until)),
  }));
  return grants.filter(({ fromMs, untilMs }) => fromMs < untilMs);
}

function byPlace(given: readonly Grant[]): Enrolment['grants'] {
  const places = new Map<string, Map<string, Grant[]>>();
  for (const grant of given) {
    const { environment, system } = grant.right;
    const systems = places.get(environment) ?? new Map<string, Grant[]>();
    places.set(environment, systems);
    const there = systems.get(system) ?? [];
    systems.set(system, there);
    there.push(grant);
  }
  return places;
}
