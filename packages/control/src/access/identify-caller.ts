// Who makes a request: by the client certificate of its connection. Judged anew for every request, since accounts, authorities and
// dates change while a connection is open; only reading the certificate is remembered with the connection.
import type { TLSSocket } from 'node:tls';
import type { TrustBundle } from '@headgate/pki';
import { ControlRefusal } from '../api/control-refusal.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { readShown, type ShownCertificate } from './judge-certificate.ts';

/** Who makes a request, and how that is known; a refusal says why nobody is known. */
export type Caller =
  | { readonly account: Account; readonly by: 'certificate' }
  | { readonly account: null; readonly refusal: ControlRefusal };

/** What identification stands on, replaced as a whole when files are read again. */
export interface AccessInForce {
  readonly accounts: Accounts;
  readonly trust: TrustBundle;
}

/** Identifies callers by what is in force at the moment of asking. */
export function createCallers(inForce: () => AccessInForce, clock: () => number): (socket: TLSSocket) => Caller {
  const shownOn = new WeakMap<TLSSocket, ShownCertificate | null>();
  const shownBy = (socket: TLSSocket): ShownCertificate | null => {
    const known = shownOn.get(socket);
    if (known !== undefined) return known;
    const raw = socket.getPeerX509Certificate()?.raw;
    const shown = raw === undefined ? null : readShown(raw);
    shownOn.set(socket, shown);
    return shown;
  };
  return (socket) => {
    const shown = shownBy(socket);
    if (shown === null) return { account: null, refusal: new ControlRefusal('control.sign_in_needed', {}) };
    const { accounts, trust } = inForce();
    const { subject } = shown;
    const verdict = shown.judge(trust, clock());
    if (!verdict.accepted) {
      const { fault, fix: needed } = verdict;
      const refusal = new ControlRefusal('control.certificate_not_accepted', { subject, fault, needed });
      return { account: null, refusal };
    }
    const account = accounts.byFingerprint(verdict.fingerprint256);
    if (account !== null) return { account, by: 'certificate' };
    const refusal = new ControlRefusal('control.no_account', { subject, fingerprint: verdict.fingerprint256 });
    return { account: null, refusal };
  };
}
