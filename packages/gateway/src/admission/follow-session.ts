// The session of a person at a user interface: it begins with the first call, goes on with each, and past its end nothing is
// forwarded until the person says so. The certificate is judged as ever; the session only tells that somebody is there.
import { fields as fieldNames, noLimitAsked, Refusal, type SessionState } from '@headgate/contract';
import type { Exchange } from '../exchange.ts';
import type { Principal } from '../identity/identify.ts';
import type { AnyRoute } from '../route/select-route.ts';
import { readSessionCookie, type SessionHolder, type SessionMark, writeSessionCookie } from '../session-cookie.ts';
import type { SessionKeys } from '../session-keys.ts';
import { endWords } from '../session-words.ts';
import { beginSession, endOf, isOver, type SessionBounds, slideSession, type UiSession } from '../ui-session.ts';

/** Notes the session of an exchange, or refuses with `admission.session_ended`. */
export function followSession(
  exchange: Exchange,
  { certificate }: Principal,
  route: AnyRoute,
  keys: SessionKeys,
  nowMs: number,
): void {
  const { serving, connection, request } = exchange;
  const bounds = serving.host(connection.listener, request.host)?.uiSession ?? null;
  if (bounds === null || certificate === null || route.kind === 'echo') return;
  const holder = { host: request.host, fingerprint: certificate.fingerprint256 };
  const found = cookieOf(exchange, holder, keys);
  const mark = found === 'foreign' ? null : found;
  if (route.kind === 'session') {
    // To look is nothing that a person did: whoever asks how long it lasts neither begins a session nor lengthens one.
    const state = mark === null ? 'none' : isOver(mark, nowMs) ? 'ended' : 'continued';
    exchange.session = { state, mark, bounds, cookie: null };
    return;
  }
  exchange.session = following(found, bounds, nowMs, isPassive(exchange), (written) =>
    writeSessionCookie(written, holder, keys),
  );
  if (exchange.session.state !== 'ended') return;
  exchange.admission = { ...noLimitAsked, session: 'ended' };
  throw endedRefusal(request.host, exchange.session);
}

/** What the last cookie of a caller said: a browser sends the same one until its session moves on. */
interface KnownCookie {
  readonly keys: SessionKeys;
  readonly host: string;
  readonly text: string;
  readonly found: SessionMark | 'foreign' | null;
}

function cookieOf({ callerMemo, request }: Exchange, holder: SessionHolder, keys: SessionKeys): KnownCookie['found'] {
  const values = request.fields.all('cookie');
  const text = values.join(';');
  const { host } = holder;
  const known = callerMemo.session as KnownCookie | undefined;
  if (known?.text === text && known.host === host && known.keys === keys) return known.found;
  const found = readSessionCookie(values, holder, keys);
  callerMemo.session = { keys, host, text, found } satisfies KnownCookie;
  return found;
}

/** How the session stood, for evidence: what a person does to it is done behind admission. */
export function sessionState(session: UiSession | null): SessionState | null {
  return session === null || session.state === 'renewed' || session.state === 'left' ? null : session.state;
}

/** A UI that asks by itself may say so. For a WebSocket it cannot, and a page opens it again whenever it was cut. */
function isPassive({ request }: Exchange): boolean {
  const says = (name: string) => request.fields.get(name)?.toLowerCase();
  return says(fieldNames.session) === 'passive' || says('upgrade') === 'websocket';
}

function following(
  found: SessionMark | 'foreign' | null,
  bounds: SessionBounds,
  nowMs: number,
  isPassive: boolean,
  write: (mark: SessionMark) => string,
): UiSession {
  if (found === null || found === 'foreign') {
    const mark = beginSession(bounds, nowMs);
    return { state: found === null ? 'begun' : 'begun-anew', mark, bounds, cookie: write(mark) };
  }
  if (isOver(found, nowMs)) return { state: 'ended', mark: found, bounds, cookie: null };
  const mark = isPassive ? found : slideSession(found, bounds, nowMs);
  return { state: 'continued', mark, bounds, cookie: mark === found ? null : write(mark) };
}

function endedRefusal(host: string, { mark, bounds }: UiSession): Refusal {
  if (mark === null) throw new Error('a session that is none cannot end');
  const because = endWords(endOf(mark, bounds), bounds);
  return new Refusal('admission.session_ended', { host, endedAt: new Date(mark.endsMs).toISOString(), because });
}
