// Whether the credential may be used for this call now: refused here when it cannot work, warned about before it ends.

import type { Operation } from '../catalogue/look-up.ts';
import { clientProblem } from '../client-problem.ts';
import type { Credential } from './load-credential.ts';

/** A warning is given in the last 30 days of a certificate, in milliseconds. */
export const expiryWarningMs = 30 * 86_400_000;

/** What a session knows about who calls. */
export interface CredentialHolder {
  readonly credential: Credential | null;
  /** Send an expired certificate anyway, to see how the gateway refuses it. */
  readonly allowExpired: boolean;
  /** Hears one sentence when the certificate ends within 30 days. */
  readonly onExpiryWarning: (sentence: string) => void;
}

/** The credential for a call at this instant, or null where the operation is public. Raises `credential.*`. */
export function currentCredential(holder: CredentialHolder, operation: Operation, nowMs: number): Credential | null {
  if (!operation.needsCredential) return null;
  const { credential } = holder;
  if (credential === null) {
    throw clientProblem('credential.missing', { what: 'a client certificate', needs: operation.system });
  }
  const { username: subject, issuer } = credential;
  if (nowMs < credential.notBeforeMs) {
    const notBefore = new Date(credential.notBeforeMs).toISOString();
    throw clientProblem('credential.not_yet_valid', { subject, notBefore });
  }
  const notAfter = new Date(credential.notAfterMs).toISOString();
  if (nowMs > credential.notAfterMs) {
    if (!holder.allowExpired) throw clientProblem('credential.expired', { subject, issuer, notAfter });
  } else if (credential.notAfterMs - nowMs <= expiryWarningMs) {
    const days = Math.floor((credential.notAfterMs - nowMs) / 86_400_000);
    holder.onExpiryWarning(
      `The certificate ${subject} expires on ${notAfter}, in ${days} ${days === 1 ? 'day' : 'days'}.`,
    );
  }
  return credential;
}
