// The opening handshake of WebSocket (RFC 6455 §4), toward an upstream and back. Only a handshake that both sides state in one
// plain form switches a connection; whatever else asks for an upgrade is forwarded as the plain request that it also is.
import { createHash } from 'node:crypto';
import { Refusal } from '@headgate/contract';
import type { Exchange, Fields } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { HeadPieces } from '../http1/write-joined.ts';
import type { Principal } from '../identity/identify.ts';
import { connectionOptions } from '../passing-fields.ts';
import type { SwitchReply } from '../reply.ts';
import type { Route } from '../route/select-route.ts';
import type { UpstreamAnswer } from '../upstream.ts';
import { requestHead } from './request-fields.ts';
import { responseFields } from './response-fields.ts';

/** A handshake that a caller began, and what its answer must say. */
export interface Handshake {
  readonly accept: string;
}

/** RFC 6455 §1.3: what tells an answer to a handshake from any other 101. */
const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The handshake that a request is; null where it is none, and its Upgrade is ignored (RFC 9110 §7.8). */
export function webSocketHandshake({ request, body }: Exchange): Handshake | null {
  const { fields, method, httpVersion } = request;
  if (method !== 'GET' || httpVersion !== '1.1' || body.framing !== 'none') return null;
  if (!connectionOptions(fields.all('connection')).has('upgrade')) return null;
  const key = only(fields, 'sec-websocket-key');
  const isHandshake =
    only(fields, 'upgrade')?.toLowerCase() === 'websocket' && only(fields, 'sec-websocket-version') === '13';
  if (!isHandshake || key === null || !/^[A-Za-z0-9+/]{22}==$/.test(key)) return null;
  return { accept: createHash('sha1').update(`${key}${handshakeGuid}`).digest('base64') };
}

/**
 * Before it is forwarded: there must be room for a tunnel, and whatever the answer is, no request follows it on this
 * connection. What its caller sends early may be frames of a tunnel that was never opened (CVE-2024-23326; see
 * web-sockets.test.ts).
 */
export function prepareSwitch({ connection, downstream }: Exchange, { tunnels }: Gateway): void {
  downstream.closeAfter();
  const leave = tunnels.enter(connection);
  leave(); // Its place is taken once the system has switched: few handshakes come to that.
}

/** The head of a handshake for the upstream: the caller's `Connection` and `Upgrade` in our words. */
export function upgradeHead(exchange: Exchange, principal: Principal): HeadPieces {
  const [ofHead, ofCaller, last] = requestHead(exchange, principal, { kind: 'none' });
  return [ofHead, ofCaller, `connection: Upgrade\r\nupgrade: websocket\r\n${last}`];
}

/** The reply for a 101. Refuses with `forward.invalid_response` where it does not answer the handshake. */
export function switchReply(
  answer: UpstreamAnswer,
  handshake: Handshake,
  { connection, serving }: Exchange,
  route: Route,
  gateway: Gateway,
): SwitchReply {
  const { switched } = answer;
  const { fields, httpVersion } = answer.head;
  if (switched === undefined || !answers(fields, handshake)) {
    answer.abandon();
    throw new Refusal('forward.invalid_response', { system: route.systemName });
  }
  try {
    const leave = gateway.tunnels.enter(connection);
    const passed = responseFields(fields, httpVersion, serving.identityFields);
    return { kind: 'switch', fields: passed, upstream: switched, leave };
  } catch (refusal) {
    answer.abandon();
    throw refusal;
  }
}

/** RFC 6455 §4.1: what a client checks, and no length, which a 101 never has (RFC 9110 §8.6). */
function answers(received: readonly string[], { accept }: Handshake): boolean {
  const all = (name: string) =>
    received.flatMap((each, at) => (at % 2 === 0 && each === name ? [received[at + 1] ?? ''] : []));
  return (
    all('upgrade').join().toLowerCase() === 'websocket' &&
    connectionOptions(all('connection')).has('upgrade') &&
    all('sec-websocket-accept').join() === accept &&
    all('content-length').length === 0 &&
    all('transfer-encoding').length === 0
  );
}

function only(fields: Fields, name: string): string | null {
  const [value, ...more] = fields.all(name);
  return value === undefined || more.length > 0 ? null : value;
}
