// Whose certificate it is, by what a log says of it: often its subject alone.
import type { Provisioning } from '@headgate/contract';
import { compileRights, findEnrolment } from '@headgate/rules';
import type { LoggedCertificate } from '../logs/log-entry.ts';

/** The id of the participant that holds a certificate; null where nobody does, or where it cannot be told. */
export type ParticipantOf = (certificate: LoggedCertificate) => string | null;

/** Finds participants in provisioning. */
export function participantsOf(provisioning: Provisioning): ParticipantOf {
  const rights = compileRights(provisioning);
  const bySubject = holdersBySubject(provisioning);
  return ({ subject, issuer, serial, fingerprint }) => {
    const names = {
      subject: subject ?? '',
      issuer: issuer ?? '',
      serial: serial ?? '',
      fingerprint256: fingerprint ?? '',
    };
    const enrolment = findEnrolment(rights, names);
    if (enrolment !== null) return enrolment.participant.id;
    // Enrolled by fingerprint or serial number, which the log does not have: the subject tells if one participant has it.
    const isWhole = (fingerprint !== null && !fingerprint.startsWith('sha1:')) || (issuer !== null && serial !== null);
    return isWhole || subject === null ? null : (bySubject.get(subject) ?? null);
  };
}

function holdersBySubject({ participants }: Provisioning): ReadonlyMap<string, string | null> {
  const holders = new Map<string, string | null>();
  for (const { id, credentials } of participants)
    for (const { subject } of credentials) {
      if (subject === undefined) continue;
      const known = holders.get(subject);
      holders.set(subject, known === undefined || known === id ? id : null);
    }
  return holders;
}
