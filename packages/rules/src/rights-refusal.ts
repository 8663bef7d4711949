// How a missing right is told: which one, what the credential has instead, and who grants it. One wording for the gateway, which
// refuses by it, and for the command line, which explains by it.
import { type Channel, type Operation, type Participant, Refusal } from '@headgate/contract';
import {
  type CallForRights,
  type CertificateNames,
  type CompiledRights,
  type Enrolment,
  type Grant,
  grantsOver,
  isInForce,
  type MissingRight,
} from './rights.ts';

/** Most addresses of those who grant that one refusal names. */
const grantersMax = 3;

/** The refusal of a certificate that no credential is. `environment` as the catalogue writes it; null where it is not known. */
export function notEnrolled(
  { grantedBy, closerSubjects }: CompiledRights,
  { subject }: CertificateNames,
  environment: string | null,
  isUnjudged = false,
): Refusal<'identity.not_enrolled'> {
  return new Refusal('identity.not_enrolled', {
    subject,
    environment: environment ?? 'this environment',
    ...(isUnjudged ? { isUnjudged } : {}),
    otherCertificate: closerSubjects.has(subject),
    grantedBy: grantedBy.otherwise === null ? [] : [grantedBy.otherwise],
  });
}

/** What is refused: the caller, the call, and the system as the catalogue prints it. */
export interface RefusedCall {
  readonly certificate: CertificateNames;
  readonly call: CallForRights;
  readonly systemName: string;
}

/** The refusal for a right that is missing at an instant. */
export function rightRefusal(
  rights: CompiledRights,
  enrolment: Enrolment,
  missing: MissingRight,
  { certificate, call, systemName }: RefusedCall,
  nowMs: number,
): Refusal {
  const { environment, channel, operation } = call;
  if (missing.missing === 'environment') return otherEnvironment(rights, enrolment, certificate, environment);
  const wanted = { subject: certificate.subject, right: roleWord[operation], system: systemName, channel, environment };
  if (missing.missing === 'right') {
    return new Refusal('admission.not_permitted', {
      ...wanted,
      has: hasWords(enrolment, call, nowMs),
      grantedBy: grantersOf(rights, likelyGivers(enrolment), call.system),
    });
  }
  const { giver, fromMs, untilMs } = missing.grant;
  const facts = {
    ...wanted,
    endorser: giver === enrolment.participant ? null : giver.name,
    grantedBy: grantersOf(rights, [giver], call.system),
  };
  return missing.missing === 'ended'
    ? new Refusal('admission.right_ended', { ...facts, at: new Date(untilMs).toISOString() })
    : new Refusal('admission.right_not_begun', { ...facts, at: new Date(fromMs).toISOString() });
}

/** Most SCIDs of a caller that one refusal names. */
const scidsNamedMax = 5;

/**
 * The refusal of a call for an SCID that its caller may not act for. It names nobody but the caller's own: whose SCID it is, and
 * whether it is anybody's, is not told.
 */
export function scidRefusal(
  { rights, enrolment, scids }: { rights: CompiledRights; enrolment: Enrolment; scids: readonly string[] },
  { certificate, call, systemName }: RefusedCall,
  { scid, rule }: { readonly scid: string; readonly rule: string },
): Refusal<'admission.foreign_scid'> {
  const more = scids.length > scidsNamedMax ? ` and ${scids.length - scidsNamedMax} more` : '';
  return new Refusal('admission.foreign_scid', {
    subject: certificate.subject,
    right: roleWord[call.operation],
    system: systemName,
    channel: call.channel,
    environment: call.environment,
    scid,
    rule,
    has: scids.length === 0 ? 'It may for none.' : `It may for ${scids.slice(0, scidsNamedMax).join(', ')}${more}.`,
    grantedBy: grantersOf(rights, likelyGivers(enrolment), call.system),
  });
}

/** The refusal of a credential that is enrolled elsewhere only. */
function otherEnvironment(
  rights: CompiledRights,
  enrolment: Enrolment,
  { subject }: CertificateNames,
  environment: string,
): Refusal<'admission.other_environment'> {
  return new Refusal('admission.other_environment', {
    subject,
    environment,
    enrolled: enrolment.credential.environments,
    grantedBy: grantersOf(rights, [enrolment.participant], null),
  });
}

const roleWord = { retrieve: 'read', submit: 'submit' } as const satisfies Record<Operation, string>;

/** The nearest thing that the credential may do instead, as a sentence. */
function hasWords(
  enrolment: Enrolment,
  { environment, system, channel, operation }: CallForRights,
  nowMs: number,
): string {
  const may = (there: string, on: Channel) =>
    operationWords(
      grantsOver(enrolment, there, system).filter((grant) => isInForce(grant, nowMs)),
      on,
    );
  const here = may(environment, channel);
  if (here !== null) return `It may only ${here} there.`;
  const other = channel === 'api' ? 'ui' : 'api';
  const onOther = may(environment, other);
  if (onOther !== null) return `It may ${onOther} on its ${other} channel, and has nothing on ${channel}.`;
  const elsewhere = enrolment.credential.environments.filter(
    (each) => each !== environment && may(each, channel)?.includes(roleWord[operation]) === true,
  );
  if (elsewhere.length > 0) return `It may do so in ${elsewhere.join(', ')}, and has nothing there.`;
  return 'It has nothing there.';
}

function operationWords(grants: readonly Grant[], on: Channel): string | null {
  const there = new Set(
    grants.filter(({ right }) => right.channels.includes(on)).flatMap(({ operations }) => operations),
  );
  if (there.size === 0) return null;
  return (['retrieve', 'submit'] as const)
    .filter((operation) => there.has(operation))
    .map((each) => roleWord[each])
    .join(' and ');
}

/** Who could give a right to a credential: its holder, or, for one that lives by endorsements, those who endorse it. */
function likelyGivers({ participant, credential, endorsers }: Enrolment): readonly Participant[] {
  return endorsers.length > 0 && credential.rights.length === 0 ? endorsers : [participant, ...endorsers];
}

/** Addresses that the participants name; else the system's, else the one of the whole file. */
function grantersOf(
  { grantedBy }: CompiledRights,
  givers: readonly Participant[],
  system: string | null,
): readonly string[] {
  const own = new Set(givers.flatMap(({ grantedBy: address }) => (address === undefined ? [] : [address])));
  if (own.size > 0) return [...own].slice(0, grantersMax);
  const general = (system === null ? undefined : grantedBy.bySystem.get(system)) ?? grantedBy.otherwise;
  return general === null ? [] : [general];
}
