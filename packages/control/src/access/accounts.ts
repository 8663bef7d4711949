// The accounts in force: those of the configuration, and for certificates of participants, what provisioning says.
import type { CertificateNames } from '@headgate/rules';
import type { ControlConfig } from '../config/control-config.ts';
import type { Account } from './account.ts';

/** Finds accounts. Made anew when the configuration is read again, so that nothing of before stays. */
export interface Accounts {
  /** The account that a certificate is of. */
  byCertificate(certificate: CertificateNames): Account | null;
  /** The account of a person or a program; never a gateway. */
  byName(name: string): Account | null;
}

/** The participant that has enrolled a certificate at present, by provisioning; null where nobody has. */
export type ParticipantOf = (certificate: CertificateNames) => string | null;

/** Accounts of a configuration. `participantOf` is asked for certificates that the configuration does not name. */
export function createAccounts(
  { accounts, nodes }: Pick<ControlConfig, 'accounts' | 'nodes'>,
  participantOf: ParticipantOf,
): Accounts {
  const byName = new Map<string, Account>();
  const byFingerprint = new Map<string, Account>();
  for (const { name, roles, participant = null, fingerprints } of accounts) {
    const account: Account = { id: `account:${name}`, name, roles, participant, node: null };
    byName.set(name, account);
    for (const fingerprint of fingerprints) byFingerprint.set(fingerprint, account);
  }
  for (const { name, fingerprints } of nodes) {
    const account: Account = { id: `node:${name}`, name, roles: ['node'], participant: null, node: name };
    for (const fingerprint of fingerprints) byFingerprint.set(fingerprint, account);
  }
  return {
    byName: (name) => byName.get(name) ?? null,
    byCertificate: (certificate) =>
      byFingerprint.get(certificate.fingerprint256) ?? enrolled(certificate, participantOf),
  };
}

function enrolled(certificate: CertificateNames, participantOf: ParticipantOf): Account | null {
  const participant = participantOf(certificate);
  if (participant === null) return null;
  const { subject: name, fingerprint256 } = certificate;
  return { id: `certificate:${fingerprint256}`, name, roles: ['participant-reader'], participant, node: null };
}
