// Answers for a person's session itself, at the place in the path where a system would be asked: tells how long it lasts, renews it
// and ends it. Who may ask for what was decided with the route.
import { Refusal } from '@headgate/contract';
import type { Exchange } from '../exchange.ts';
import { isNavigation } from '../fetch-metadata.ts';
import type { Gateway } from '../gateway.ts';
import type { Principal } from '../identity/identify.ts';
import { pageFields } from '../page.ts';
import type { SessionReply } from '../reply.ts';
import { type SessionMark, writeSessionCookie } from '../session-cookie.ts';
import { loggedOutPage, logoutPage, sessionJson, sessionPage } from '../session-page.ts';
import { logoutPath, sessionPath } from '../session-places.ts';
import { beginSession, leaveSession, type UiSession } from '../ui-session.ts';

/** Largest form that is read, in bytes: an address of the longest kind, with each character in three. */
const formBytesMax = 32_768;

/** Answers at a page about sessions. Refuses with `inspection.*` for a form that cannot be read. */
export async function tendSession(
  exchange: Exchange,
  { certificate }: Principal,
  gateway: Gateway,
): Promise<SessionReply> {
  const { request, session } = exchange;
  if (session === null || certificate === null) throw new Error('a page about sessions was reached without any');
  const nowMs = gateway.clock();
  const form = new URLSearchParams(await readForm(exchange));
  const holder = { host: request.host, fingerprint: certificate.fingerprint256 };
  const turnedTo = (state: UiSession['state'], mark: SessionMark): UiSession => {
    exchange.session = { ...session, state, mark, cookie: writeSessionCookie(mark, holder, gateway.sessionKeys()) };
    return exchange.session;
  };
  const begun = () => beginSession(session.bounds, nowMs);
  if (request.path === logoutPath) {
    if (request.method !== 'POST') return page(logoutPage(request.host));
    turnedTo('left', leaveSession(session.mark ?? begun(), nowMs));
    return page(loggedOutPage(request.host));
  }
  const told = request.method === 'POST' ? turnedTo('renewed', begun()) : session;
  if (!isNavigation(request.fields)) return script(sessionJson(told, nowMs));
  const to = request.method === 'POST' ? ownTarget(form.get('to')) : null;
  return to === null ? page(sessionPage(request.host, told, nowMs)) : seeOther(to);
}

async function readForm({ body }: Exchange): Promise<string> {
  const pieces: Uint8Array[] = [];
  let seenBytes = 0;
  for await (const piece of body.chunks()) {
    seenBytes += piece.byteLength;
    if (seenBytes > formBytesMax)
      throw new Refusal('inspection.body_too_large', { limitBytes: formBytesMax, seenBytes, declared: false });
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** A target of this host alone: what a browser could read as another host (`//`, `/\\`) or as a line break is none. */
function ownTarget(text: string | null): string | null {
  if (text === null || text.length > 8_192 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text) || text.includes('\\'))
    return null;
  return [sessionPath, logoutPath].some((path) => text.startsWith(path)) ? null : text;
}

const neverKept = ['cache-control', 'no-store', 'vary', 'sec-fetch-mode'];

function page(html: string): SessionReply {
  const fields = ['content-type', 'text/html; charset=utf-8', ...neverKept, ...pageFields];
  return { kind: 'session', status: 200, format: 'html', fields, body: Buffer.from(html) };
}

function script(json: string): SessionReply {
  const fields = ['content-type', 'application/json', ...neverKept, 'x-content-type-options', 'nosniff'];
  return { kind: 'session', status: 200, format: 'json', fields, body: Buffer.from(json) };
}

/** RFC 9110 §15.4.4: the browser asks for what it was about to see, as a GET. */
function seeOther(to: string): SessionReply {
  const fields = ['location', to, ...neverKept];
  return { kind: 'session', status: 303, format: 'html', fields, body: Buffer.alloc(0) };
}
