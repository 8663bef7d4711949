// What the caller gets: the upstream's answer after hygiene, or a refusal in the caller's format. Nothing else writes to callers.
import {
  fields as fieldNames,
  type LimitFacts,
  limitOf,
  type ProblemCode,
  type StatedRefusal,
} from '@headgate/contract';
import { callerFormat, type RefusalFormat } from '@headgate/rules';
import { echoBody } from '../echo-body.ts';
import type { Exchange } from '../exchange.ts';
import { isNavigation } from '../fetch-metadata.ts';
import type { Gateway } from '../gateway.ts';
import { AnswerFields } from '../http1/answer-fields.ts';
import { pageContext } from '../page-context.ts';
import { refusalBody } from '../refusal-body.ts';
import { refusalFields, secondsToWait } from '../refusal-fields.ts';
import { isAboutRight, namesCertificate } from '../refusal-page.ts';
import type { EchoReply, RefusalReply, Reply, SessionReply, SwitchReply, UpstreamReply } from '../reply.ts';
import { type Seen, whatWasSeen } from '../seen.ts';
import { withStrictTransport } from '../strict-transport.ts';
import type { TunnelEnd, Tunnels } from '../tunnel.ts';
import { sessionFields } from '../ui-session.ts';
import { type KnownRefusal, rememberRefusal, writeAgain } from './known-refusal.ts';

/**
 * Sends a reply and notes what was sent; undefined when that is done already. Never fails: a caller that went away is recorded
 * as an incomplete answer.
 */
export function respond(exchange: Exchange, reply: Reply, { clock, tunnels }: Gateway): Promise<void> | undefined {
  switch (reply.kind) {
    case 'upstream':
      return respondUpstream(exchange, reply, clock);
    case 'refusal':
      return respondRefusal(exchange, reply, clock);
    case 'echo':
      return respondEcho(exchange, reply, clock);
    case 'document':
      return respondSession(exchange, { ...reply, format: 'json' }, clock);
    case 'session':
      return respondSession(exchange, reply, clock);
    case 'switch':
      return respondSwitch(exchange, reply, tunnels, clock);
  }
}

function respondUpstream(
  exchange: Exchange,
  { status, fields, body }: UpstreamReply,
  clock: () => number,
): Promise<void> | undefined {
  const ended = (brokenOff: unknown): void => {
    // The status line is out, so the honest end is a broken connection: a cut answer must never look whole.
    if (brokenOff !== null) exchange.downstream.abort();
    exchange.body.discard();
    const detail = brokenOff === null ? null : brokenOffWords(brokenOff);
    note(exchange, clock, { status, format: 'upstream', refusal: null, detail, defect: null }, brokenOff === null);
  };
  return whenSent(exchange, status, fields, clock, body, ended);
}

/** Joins the two connections and waits for their end, so that one record tells all that passed. */
async function respondSwitch(
  exchange: Exchange,
  { fields, upstream, leave }: SwitchReply,
  tunnels: Tunnels,
  clock: () => number,
): Promise<void> {
  const sent = { status: 101, format: 'upstream', refusal: null, defect: null } as const;
  const switched = [...fields, 'connection', 'Upgrade', 'upgrade', 'websocket'];
  try {
    const all = withoutSuccession(withStrictTransport(new AnswerFields(switched), exchange), exchange).list;
    const caller = exchange.downstream.switchProtocols([...all, ...ownFields(exchange, clock)]);
    exchange.leaveTurn?.(); // Its bounds are those of tunnels from now on.
    const { end, callerBytes, upstreamBytes } = await tunnels.join(caller, upstream);
    note(exchange, clock, { ...sent, detail: end === 'ended' ? null : tunnelWords[end] }, end === 'ended', {
      requestBytes: callerBytes,
      responseBytes: upstreamBytes,
    });
  } catch (thrown) {
    upstream.destroy();
    note(exchange, clock, { ...sent, detail: brokenOffWords(thrown) }, false);
  } finally {
    leave();
  }
}

const tunnelWords: Readonly<Record<Exclude<TunnelEnd, 'ended'>, string>> = {
  broken: 'the tunnel broke off',
  drained: 'the tunnel was closed: the gateway shuts down',
  idle: 'the tunnel was closed: nothing passed for path.tunnelIdleMs',
  'too-long': 'the tunnel was closed: it was open for path.tunnelMs',
  'too-much': 'the tunnel was closed: more than path.tunnelBytesMax passed in one direction',
};

function respondEcho(exchange: Exchange, { seen }: EchoReply, clock: () => number): Promise<void> | undefined {
  const { format, contentType, body } = echoBody(seen, exchange.id, formatOf(exchange));
  const fields = [
    'content-type',
    contentType,
    'cache-control',
    'no-store',
    'x-content-type-options', // It holds what the caller sent: no reader may take it for a page.
    'nosniff',
  ];
  const ended = (brokenOff: unknown): void => {
    if (brokenOff !== null) exchange.downstream.abort();
    note(exchange, clock, { status: 200, format, refusal: null, detail: null, defect: null }, brokenOff === null);
  };
  return whenSent(exchange, 200, new AnswerFields(fields), clock, body, ended);
}

function respondSession(
  exchange: Exchange,
  { status, format, fields, body }: Pick<SessionReply, 'format' | 'fields' | 'body'> & { readonly status: number },
  clock: () => number,
): Promise<void> | undefined {
  const ended = (brokenOff: unknown): void => {
    if (brokenOff !== null) exchange.downstream.abort();
    note(exchange, clock, { status, format, refusal: null, detail: null, defect: null }, brokenOff === null);
  };
  return whenSent(exchange, status, new AnswerFields(fields), clock, body, ended);
}

function respondRefusal(
  exchange: Exchange,
  { refusal, defect }: RefusalReply,
  clock: () => number,
): Promise<void> | undefined {
  const { detail, code } = refusal;
  const { status, format, fields, body } = written(exchange, refusal, detail);
  const ended = (brokenOff: unknown): void => {
    if (brokenOff !== null) exchange.downstream.abort();
    note(exchange, clock, { status, format, refusal: code, detail, defect }, brokenOff === null);
  };
  exchange.body.discard(); // Read on while the caller still sends, or it sees a reset instead of the refusal.
  return whenSent(exchange, status, fields, clock, body, ended);
}

/** Of the end of an address speaks its operator: what a system says of it is dropped where we say something. */
function withoutSuccession(fields: AnswerFields, { succession }: Exchange): AnswerFields {
  if (succession === null) return fields; // Of nearly every call.
  if (!endFields.some((name) => fields.has(name))) return fields;
  return new AnswerFields(fields.list.filter((_, at) => !endFields.includes(fields.list[at - (at % 2)] ?? '')));
}

const endFields: readonly string[] = [fieldNames.deprecation, fieldNames.sunset];

/** What every answer says of itself, and of limits where any was asked; at a user interface with sessions, of the session too. */
function ownFields({ id, session, succession, limitPolicy, limitsLeft }: Exchange, clock: () => number): string[] {
  const list =
    limitPolicy === null || limitsLeft === null
      ? [fieldNames.exchange, id]
      : [fieldNames.exchange, id, fieldNames.rateLimitPolicy, limitPolicy, fieldNames.rateLimit, limitsLeft];
  if (succession !== null) list.push(...succession);
  if (session !== null) list.push(...sessionFields(session, clock()));
  return list;
}

/** Sends, and calls back with null, or with what broke the answer off. */
function whenSent(
  exchange: Exchange,
  status: number,
  fields: AnswerFields,
  clock: () => number,
  body: UpstreamReply['body'],
  ended: (brokenOff: unknown) => void,
): Promise<void> | undefined {
  let sending: Promise<void> | undefined;
  try {
    const all = withoutSuccession(withStrictTransport(fields, exchange), exchange);
    sending = exchange.downstream.send(status, all, ownFields(exchange, clock), body);
  } catch (thrown) {
    ended(thrown);
    return undefined;
  }
  if (sending !== undefined) return sending.then(() => ended(null), ended);
  ended(null);
  return undefined;
}

type Sent = NonNullable<Exchange['response']>;

/** Bytes are those of request and answer, unless more passed. */
function note(
  exchange: Exchange,
  clock: () => number,
  { status, format, refusal, detail, defect }: Pick<Sent, 'status' | 'format' | 'refusal' | 'detail' | 'defect'>,
  complete: boolean,
  passed?: Pick<Sent, 'requestBytes' | 'responseBytes'>,
): void {
  exchange.response = {
    status,
    format,
    refusal,
    detail,
    requestBytes: passed?.requestBytes ?? exchange.body.receivedBytes,
    responseBytes: passed?.responseBytes ?? exchange.downstream.sentBytes,
    durationMs: clock() - exchange.receivedMs,
    complete,
    defect,
  };
}

function brokenOffWords(thrown: unknown): string {
  return `the answer broke off: ${(thrown as Error).message}`;
}

/** A refusal as bytes. */
interface WrittenRefusal {
  readonly status: number;
  readonly format: RefusalFormat;
  /** Without the exchange id. */
  readonly fields: AnswerFields;
  readonly body: Buffer;
}

/** A refusal as bytes, and by what the next one is known to be the same. */
interface RepeatableRefusal extends WrittenRefusal {
  readonly known: KnownRefusal;
  readonly refusal: StatedRefusal;
  readonly detail: string;
  /** Fingerprint of the certificate that it names; null for one that names none. */
  readonly caller: string | null;
  readonly forwarded: 'no' | 'partly' | 'yes';
}

function written(exchange: Exchange, refusal: StatedRefusal, detail: string): WrittenRefusal {
  const { id, receivedMs, headMemo, connection } = exchange;
  const forwarded = exchange.forward?.forwarded ?? 'no';
  const last = headMemo.response as RepeatableRefusal | undefined;
  // Where a host says nothing, the name of the handshake settles the format. It is in the sentence then: see `identify`.
  const caller = isAboutRight(refusal.code) ? (connection.peerCertificate?.fingerprint ?? null) : null;
  if (last?.forwarded === forwarded && last.caller === caller && saysTheSame(last, refusal, detail)) {
    const body = writeAgain(last.known, id, receivedMs);
    return { status: last.status, format: last.format, fields: last.fields, body };
  }
  const seen = seenAtEcho(exchange);
  const format = formatOf(exchange, refusal.code);
  const page = format === 'html' || namesCertificate(refusal.code) ? pageContext(exchange) : null;
  const fresh = refusalBody(refusal, { format, exchange: id, forwarded, atMs: receivedMs, seen, page });
  const { status, body } = fresh;
  const fields = new AnswerFields(refusalFields(refusal, fresh, exchange.forward?.status ?? null));
  // What an upstream or a body had part in is different each time; what was seen, and what a page tells of its reader, is for
  // nobody else. Of a right that is missing the same caller asks again and again, and what its refusal tells changes with no clock.
  const isLasting = page === null || (caller !== null && format !== 'html');
  const known = forwarded === 'no' && seen === null && isLasting ? rememberRefusal(fresh, id, receivedMs) : null;
  headMemo.response =
    known === null
      ? undefined
      : ({
          status,
          format,
          fields,
          body: known.body,
          known,
          refusal,
          detail,
          caller,
          forwarded,
        } satisfies RepeatableRefusal);
  return { status, format, fields, body };
}

/** Whether nothing but exchange and instant would differ. All facts are in the sentence, but for the methods allowed and for limits. */
function saysTheSame(last: RepeatableRefusal, refusal: StatedRefusal, detail: string): boolean {
  if (last.refusal === refusal) return true;
  return (
    last.detail === detail &&
    last.refusal.code === refusal.code &&
    last.refusal.soapStatus === refusal.soapStatus &&
    secondsToWait(last.refusal) === secondsToWait(refusal) &&
    refusal.code !== 'route.method_not_allowed' &&
    isSameLimit(limitOf(last.refusal), limitOf(refusal))
  );
}

/** The facts that a limit's sentence need not tell: another caller has another key, and another window may be full too. */
function isSameLimit(one: LimitFacts | null, other: LimitFacts | null): boolean {
  if (one === null || other === null) return one === other;
  const isSameRule = one.rule === other.rule && one.quota === other.quota && one.windowMs === other.windowMs;
  return isSameRule && one.key === other.key && one.violated.join() === other.violated.join();
}

function formatOf(exchange: Exchange, code: ProblemCode | null = null): RefusalFormat {
  const { method, fields } = exchange.request;
  const format = callerFormat({ method, fields, ...signsOf(exchange) });
  // What is for persons alone is asked for by programs: one that accepts text/html, as Java's own does, still gets no page.
  return code === 'route.person_only' && format === 'html' && !isNavigation(fields) ? 'problem+json' : format;
}

/** Who asks what was seen is told so also when it is refused. */
function seenAtEcho(exchange: Exchange): Seen | null {
  const { serving, connection, request } = exchange;
  const place = serving.echo(connection.listener, request.host, request.path);
  return place === null ? null : whatWasSeen(exchange);
}

/** A Host that says nothing leaves the name of the handshake: a host for programs is no place for a page. */
function signsOf({ serving, request, connection }: Exchange): ReturnType<Exchange['serving']['signsOf']> {
  const named = serving.signsOf(request.host, request.path);
  if (named.channel !== null || connection.serverName === null) return named;
  return serving.signsOf(connection.serverName, request.path);
}
