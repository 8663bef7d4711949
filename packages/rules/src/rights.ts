// What a client certificate may do: its subject names a credential, the credential a participant, and its rights the rest.
import type { Participant, ProvisionedRight, Provisioning } from '@headgate/contract';

/** Provisioning made ready for look-ups, by `compileRights`. */
export interface CompiledRights {
  readonly bySubject: ReadonlyMap<string, Enrolment>;
}

/** One credential and the participant that holds it. */
export interface Enrolment {
  readonly participant: Participant;
  readonly credential: Participant['credentials'][number];
}

/** The call whose rights are asked about. Ids as the catalogue writes them. */
export interface CallForRights {
  readonly environment: string;
  readonly system: string;
  readonly channel: ProvisionedRight['channels'][number];
  readonly operation: ProvisionedRight['operations'][number];
}

/** Allowed and for which SCIDs, or the first thing that is missing. */
export type RightsVerdict =
  | { readonly allowed: true; readonly participant: string; readonly scids: readonly string[] }
  | { readonly allowed: false; readonly missing: 'enrolment' }
  | { readonly allowed: false; readonly missing: 'right'; readonly participant: string };

/** Indexes credentials by certificate subject. Cannot fail on what `parseProvisioning` accepted: subjects are unique. */
export function compileRights(provisioning: Provisioning): CompiledRights {
  const bySubject = new Map<string, Enrolment>();
  for (const participant of provisioning.participants) {
    for (const credential of participant.credentials) bySubject.set(credential.subject, { participant, credential });
  }
  return { bySubject };
}

/**
 * Whether the certificate with this subject (RFC 4514 text, compared as it is written) may make the call. `enrolment`
 * is missing if nobody holds it in that environment, `right` if no right covers system, channel and operation. The
 * SCIDs are those of all covering rights together; a business id in the payload must be one of them.
 */
export function mayCall(rights: CompiledRights, subject: string, call: CallForRights): RightsVerdict {
  const enrolment = rights.bySubject.get(subject);
  if (enrolment === undefined || !enrolment.credential.environments.includes(call.environment)) {
    return { allowed: false, missing: 'enrolment' };
  }
  const { participant, credential } = enrolment;
  const covering = credential.rights.filter((right) => covers(right, call));
  if (covering.length === 0) return { allowed: false, missing: 'right', participant: participant.id };
  const scids = new Set(covering.flatMap((right) => (right.scids === 'all' ? participant.scids : right.scids)));
  return { allowed: true, participant: participant.id, scids: [...scids] };
}

function covers(right: ProvisionedRight, { environment, system, channel, operation }: CallForRights): boolean {
  return (
    right.environment === environment &&
    (right.system === 'all' || right.system === system) &&
    right.channels.includes(channel) &&
    right.operations.includes(operation)
  );
}
