// Hands an inspected, permitted request to an upstream and takes the answer. Retries only what cannot have been processed.
import { Refusal } from '@headgate/contract';
import type { Permit } from '../admission/permit.ts';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import { AnswerFields } from '../http1/answer-fields.ts';
import type { Principal } from '../identity/identify.ts';
import type { IdentityFields } from '../identity-fields.ts';
import type { Inspected } from '../inspection/inspect.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { SwitchReply, UpstreamReply } from '../reply.ts';
import type { Route } from '../route/select-route.ts';
import type {
  AnswerHead,
  HashKey,
  NotConnected,
  Outcome,
  Payload,
  UpstreamAnswer,
  UpstreamRequest,
} from '../upstream.ts';
import { type Attempted, attemptInTurn } from './attempts.ts';
import { pageStart } from './page-start.ts';
import { requestHead } from './request-fields.ts';
import { takePayload } from './request-payload.ts';
import { responseFields } from './response-fields.ts';
import { type Handshake, prepareSwitch, switchReply, upgradeHead, webSocketHandshake } from './web-socket.ts';

/** Forwards an exchange and resolves with the upstream's answer. Refuses with `forward.*`: throws at once, or rejects. */
export function forward(
  exchange: Exchange,
  inspected: Inspected,
  permit: Permit,
  principal: Principal,
  route: Route,
  gateway: Gateway,
): Promise<UpstreamReply | SwitchReply> {
  const handshake = route.webSocket ? webSocketHandshake(exchange) : null;
  if (handshake !== null) prepareSwitch(exchange, gateway);
  const forwarding = { exchange, permit, principal, route, gateway, handshake };
  const payload = takePayload(exchange, inspected, permit, gateway.options.peekBytesMax);
  return payload instanceof Promise ? payload.then((taken) => send(forwarding, taken)) : send(forwarding, payload);
}

/** A call on its way to an upstream. */
interface Forwarding {
  readonly exchange: Exchange;
  readonly permit: Permit;
  readonly principal: Principal;
  readonly route: Route;
  readonly gateway: Gateway;
  readonly handshake: Handshake | null;
}

function send(forwarding: Forwarding, payload: Payload): Promise<UpstreamReply | SwitchReply> {
  const { exchange, permit, principal, route, handshake } = forwarding;
  const group = route.upstream;
  const request: UpstreamRequest = {
    method: exchange.request.method,
    head: handshake === null ? requestHead(exchange, principal, payload) : upgradeHead(exchange, principal),
    payload,
    departure: exchange.downstream.departure,
    upgrade: handshake !== null,
    repeatable: mayRepeat(exchange.request.method, payload, route),
    phases: group.phases,
    endMs: 0,
    isBodyBegun: false,
    watch: null,
  };
  const hashText = group.hashKey === null ? '' : hashTextOf(group.hashKey, exchange, principal, permit);
  const { promise, resolve, reject } = Promise.withResolvers<UpstreamReply | SwitchReply>();
  attemptInTurn(request, group, hashText, exchange.receivedMs, (attempted) => {
    try {
      resolve(replyTo(forwarding, attempted));
    } catch (thrown) {
      reject(thrown);
    }
  });
  return promise;
}

function replyTo(forwarding: Forwarding, attempted: Attempted): MaybePromise<UpstreamReply | SwitchReply> {
  const { exchange, route, gateway, handshake } = forwarding;
  const { outcome, endpoint, attempts, retryWithheld } = attempted;
  exchange.forward = {
    upstream: route.upstream.name,
    endpoint,
    attempts,
    retryWithheld,
    forwarded: forwardedOf(outcome),
    reusedConnection: 'reusedConnection' in outcome && outcome.reusedConnection,
    status: outcome.kind === 'answered' ? outcome.answer.head.status : null,
    firstByteMs: outcome.kind === 'answered' ? gateway.clock() - exchange.receivedMs : null,
  };
  if (outcome.kind !== 'answered') throw refusalOf(outcome, route);
  const { answer } = outcome;
  if (handshake !== null && answer.head.status === 101) return switchReply(answer, handshake, exchange, route, gateway);
  const reply = replyOf(answer, exchange, route);
  return reply;
}

/** What keeps the calls of one caller at one endpoint; without the wanted, the next best. */
function hashTextOf(
  key: HashKey,
  { connection }: Exchange,
  { certificate }: Principal,
  { participant }: Permit,
): string {
  const credential = certificate?.fingerprint256 ?? connection.source;
  if (key === 'source') return connection.source;
  return key === 'participant' ? (participant ?? credential) : credential;
}

function mayRepeat(method: string, payload: Payload, route: Route): boolean {
  const repeatable = method === 'GET' || method === 'HEAD' || route.operation === 'retrieve';
  return repeatable && payload.kind !== 'stream';
}

function forwardedOf(outcome: Outcome): 'no' | 'partly' | 'yes' {
  if (outcome.kind === 'not-connected' || outcome.kind === 'not-sent') return 'no';
  if (outcome.kind === 'no-request') return 'partly';
  return outcome.kind === 'no-answer' && outcome.reason === 'timeout' && !outcome.sent ? 'partly' : 'yes';
}

function refusalOf(outcome: Exclude<Outcome, { kind: 'answered' }>, route: Route): unknown {
  const system = route.systemName;
  if (outcome.kind === 'no-request') return outcome.cause; // The caller's body failed; the body said how.
  if (outcome.kind === 'not-sent') return new Refusal('forward.upstream_unavailable', { system });
  if (outcome.kind === 'not-connected') return refusalUnsent(outcome, system);
  const { cause } = outcome;
  switch (outcome.reason) {
    case 'timeout':
      return refusalLate(outcome, system);
    case 'invalid':
      return new Refusal('forward.invalid_response', { system }, { cause });
    case 'broken':
    case 'left':
      return new Refusal('forward.response_incomplete', { system }, { cause });
  }
}

function refusalUnsent(outcome: NotConnected, system: string): Refusal {
  switch (outcome.reason) {
    case 'refused':
      return new Refusal('forward.upstream_unavailable', { system });
    case 'queue-full':
      return new Refusal('forward.queue_full', { system });
    case 'timed-out':
    case 'busy':
      return new Refusal('forward.connect_timeout', { system, waitedMs: outcome.waitedMs });
    case 'whole':
      return new Refusal('forward.exchange_timeout', { system, waitedMs: outcome.waitedMs, forwarded: false });
    case 'tls':
      return new Refusal('forward.tls_failed', { system, found: outcome.found });
  }
}

function refusalLate(outcome: Extract<Outcome, { kind: 'no-answer' }>, system: string): Refusal {
  const { wait, waitedMs, cause } = outcome;
  switch (wait) {
    case 'send':
      return new Refusal('forward.send_timeout', { system, waitedMs }, { cause });
    case 'response':
      return new Refusal('forward.response_timeout', { system, waitedMs }, { cause });
    case 'whole':
      return new Refusal('forward.exchange_timeout', { system, waitedMs, forwarded: true }, { cause });
  }
}

function replyOf(answer: UpstreamAnswer, { serving }: Exchange, route: Route): MaybePromise<UpstreamReply> {
  const { status } = answer.head;
  // RFC 9110 §15: a final answer has 200 to 599; others are for the caller's library to choke on.
  if (status < 200 || status > 599) {
    answer.abandon();
    throw new Refusal('forward.invalid_response', { system: route.systemName });
  }
  const { fields, isCalledHtml } = passedOn(answer.head, serving.identityFields);
  const isApi = route.channel === 'api';
  if (isApi && isCalledHtml) throw pageRefusal(answer, route);
  if (answer.body.ended) {
    const body = answer.body.takeAll();
    if (isApi && pageStart(body) === 'page') throw pageRefusal(answer, route);
    return { kind: 'upstream', status, fields, body };
  }
  return isApi ? replyUnlessPage(answer, fields, route) : { kind: 'upstream', status, fields, body: answer.body };
}

/** What of a head reaches callers. */
interface PassedOn {
  readonly identityFields: IdentityFields;
  readonly fields: AnswerFields;
  readonly isCalledHtml: boolean;
}

function passedOn({ fields: received, httpVersion, memo }: AnswerHead, identityFields: IdentityFields): PassedOn {
  const known = memo.reply as PassedOn | undefined;
  if (known?.identityFields === identityFields) return known;
  const list = responseFields(received, httpVersion, identityFields);
  const fresh = { identityFields, fields: new AnswerFields(list), isCalledHtml: isCalledHtml(list) };
  memo.reply = fresh;
  return fresh;
}

async function replyUnlessPage(
  answer: UpstreamAnswer,
  fields: UpstreamReply['fields'],
  route: Route,
): Promise<UpstreamReply> {
  const iterator: AsyncIterator<Uint8Array> = answer.body[Symbol.asyncIterator]();
  const { chunks, page } = await startOf(iterator).catch((cause: unknown) => {
    throw new Refusal('forward.response_incomplete', { system: route.systemName }, { cause });
  });
  if (page) throw pageRefusal(answer, route);
  return { kind: 'upstream', status: answer.head.status, fields, body: resumed(chunks, iterator) };
}

function isCalledHtml(fields: readonly string[]): boolean {
  for (let at = 0; at + 1 < fields.length; at += 2)
    if (fields[at] === 'content-type' && /html/i.test(fields[at + 1] ?? '')) return true;
  return false;
}

/** Invariant 3: an API caller never receives HTML, whatever the upstream calls it. */
function pageRefusal(answer: UpstreamAnswer, route: Route): Refusal {
  answer.abandon();
  return new Refusal('forward.html_answer', { system: route.systemName, status: answer.head.status });
}

/** Reads until it is clear whether the answer begins as a page; it may come a byte at a time. */
async function startOf(iterator: AsyncIterator<Uint8Array>): Promise<{ chunks: readonly Uint8Array[]; page: boolean }> {
  const chunks: Uint8Array[] = [];
  let start: Uint8Array = new Uint8Array(0);
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    chunks.push(next.value);
    start = chunks.length === 1 ? next.value : Buffer.concat([start, next.value]);
    const judged = pageStart(start);
    if (judged !== 'undecided') return { chunks, page: judged === 'page' };
  }
  return { chunks, page: false };
}

async function* resumed(
  chunks: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* chunks;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
}
