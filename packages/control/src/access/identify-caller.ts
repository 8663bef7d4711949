// Who makes a request: by the session of its cookie, or by the client certificate of its connection. Judged anew for every request,
// since accounts, sessions, authorities and dates change while a connection is open; only reading the certificate is remembered.
import type { TLSSocket } from 'node:tls';
import type { TrustBundle } from '@headgate/pki';
import { ControlRefusal } from '../api/control-refusal.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { readShown, type ShownCertificate } from './judge-certificate.ts';
import { secretInCookies } from './session-cookie.ts';
import type { Session, Sessions } from './sessions.ts';

/** Who makes a request, and how that is known; a refusal says why nobody is known. */
export type Caller =
  | { readonly account: Account; readonly by: 'certificate'; readonly session: null }
  | { readonly account: Account; readonly by: 'session'; readonly session: Session }
  | { readonly account: null; readonly refusal: ControlRefusal };

/** What identification stands on, replaced as a whole when files are read again. */
export interface AccessInForce {
  readonly accounts: Accounts;
  readonly trust: TrustBundle;
}

/** What of a request says who makes it. */
export interface ShownIdentity {
  readonly socket: TLSSocket;
  readonly cookies: string | undefined;
  /** Whether it asks just now, and does not only go on with what it asked before. */
  readonly isAsking: boolean;
}

/** Identifies callers by what is in force at the moment of asking. */
export function createCallers(
  inForce: () => AccessInForce,
  sessions: Pick<Sessions, 'bySecret' | 'stillHolds'>,
  clock: () => number,
): (shown: ShownIdentity) => Promise<Caller> {
  const shownOn = new WeakMap<TLSSocket, ShownCertificate | null>();
  const shownBy = (socket: TLSSocket): ShownCertificate | null => {
    const known = shownOn.get(socket);
    if (known !== undefined) return known;
    const raw = socket.getPeerX509Certificate()?.raw;
    const shown = raw === undefined ? null : readShown(raw);
    shownOn.set(socket, shown);
    return shown;
  };
  const byCertificate = (socket: TLSSocket): Caller => {
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
    const [leaf] = verdict.chain;
    const account = leaf === undefined ? null : accounts.byCertificate(leaf);
    if (account !== null) return { account, by: 'certificate', session: null };
    const refusal = new ControlRefusal('control.no_account', { subject, fingerprint: verdict.fingerprint256 });
    return { account: null, refusal };
  };
  return async ({ socket, cookies, isAsking }) => {
    // First: a browser shows a certificate by itself, and a session because somebody signed in.
    const secret = secretInCookies(cookies);
    const session = secret === null ? null : await (isAsking ? sessions.bySecret(secret) : sessions.stillHolds(secret));
    const account = session === null ? null : inForce().accounts.byName(session.account);
    if (session !== null && account !== null) return { account, by: 'session', session };
    return byCertificate(socket);
  };
}
