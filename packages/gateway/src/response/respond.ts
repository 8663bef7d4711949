// What the caller gets: the upstream's answer after hygiene, or a refusal in the caller's format. Nothing else writes to callers.
import { fields as fieldNames, problems, type StatedRefusal, toRetryAfterSeconds } from '@headgate/contract';
import { callerFormat, type RefusalFormat } from '../caller-format.ts';
import type { Exchange } from '../exchange.ts';
import { refusalBody } from '../refusal-body.ts';
import type { RefusalReply, Reply, UpstreamReply } from '../reply.ts';
import { type KnownRefusal, rememberRefusal, writeAgain } from './known-refusal.ts';

/**
 * Sends a reply and notes what was sent; undefined when that is done already. Never fails: a caller that went away is recorded
 * as an incomplete answer.
 */
export function respond(exchange: Exchange, reply: Reply, clock: () => number): Promise<void> | undefined {
  return reply.kind === 'upstream' ? respondUpstream(exchange, reply, clock) : respondRefusal(exchange, reply, clock);
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
    const detail = brokenOff === null ? null : `the answer broke off: ${(brokenOff as Error).message}`;
    note(exchange, clock, status, 'upstream', null, detail, brokenOff === null, null);
  };
  return whenSent(exchange, status, [...fields, fieldNames.exchange, exchange.id], body, ended);
}

function respondRefusal(
  exchange: Exchange,
  { refusal, defect }: RefusalReply,
  clock: () => number,
): Promise<void> | undefined {
  const { detail } = refusal;
  const { status, format, fields, body } = written(exchange, refusal, detail);
  const ended = (brokenOff: unknown): void => {
    if (brokenOff !== null) exchange.downstream.abort();
    note(exchange, clock, status, format, refusal.code, detail, brokenOff === null, defect);
  };
  exchange.body.discard(); // Read on while the caller still sends, or it sees a reset instead of the refusal.
  return whenSent(exchange, status, [...fields, fieldNames.exchange, exchange.id], body, ended);
}

/** A refusal as bytes, and what the exchange after it may repeat of it. */
interface WrittenRefusal {
  readonly status: number;
  readonly format: RefusalFormat;
  /** Without the exchange id. */
  readonly fields: readonly string[];
  readonly body: Buffer;
}

interface RepeatableRefusal extends WrittenRefusal {
  readonly known: KnownRefusal;
  readonly refusal: StatedRefusal;
  readonly detail: string;
  readonly forwarded: 'no' | 'partly' | 'yes';
}

function written(exchange: Exchange, refusal: StatedRefusal, detail: string): WrittenRefusal {
  const { id, receivedMs, memo } = exchange;
  const forwarded = exchange.forward?.forwarded ?? 'no';
  const last = memo.response as RepeatableRefusal | undefined;
  if (last !== undefined && last.forwarded === forwarded && saysTheSame(last, refusal, detail)) {
    return {
      status: last.status,
      format: last.format,
      fields: last.fields,
      body: writeAgain(last.known, id, receivedMs),
    };
  }
  const { method, fields: requestFields } = exchange.request;
  const format = callerFormat({ method, fields: requestFields, ...signsOf(exchange) });
  const fresh = refusalBody(refusal, { format, exchange: id, forwarded, atMs: receivedMs });
  const { status, body } = fresh;
  const fields = refusalFields(refusal, fresh.contentType, body);
  const known = rememberRefusal(fresh, id, receivedMs);
  memo.response =
    known === null
      ? undefined
      : ({ status, format, fields, body, known, refusal, detail, forwarded } satisfies RepeatableRefusal);
  return { status, format, fields, body };
}

/** Whether nothing but exchange and instant would differ. The facts of a refusal are in its sentence, but for the methods allowed. */
function saysTheSame(last: RepeatableRefusal, refusal: StatedRefusal, detail: string): boolean {
  return (
    last.detail === detail &&
    last.refusal.code === refusal.code &&
    last.refusal.soapStatus === refusal.soapStatus &&
    secondsOf(last.refusal) === secondsOf(refusal) &&
    refusal.code !== 'route.method_not_allowed'
  );
}

/** What `Retry-After` says; null for a refusal that promises nothing. */
function secondsOf({ retryAfterMs }: StatedRefusal): number | null {
  return retryAfterMs === undefined ? null : toRetryAfterSeconds(retryAfterMs);
}

/** Sends, and calls back with null, or with what broke the answer off. */
function whenSent(
  { downstream }: Exchange,
  status: number,
  fields: readonly string[],
  body: UpstreamReply['body'],
  ended: (brokenOff: unknown) => void,
): Promise<void> | undefined {
  let sending: Promise<void> | undefined;
  try {
    sending = downstream.send(status, fields, body);
  } catch (thrown) {
    ended(thrown);
    return undefined;
  }
  if (sending !== undefined) return sending.then(() => ended(null), ended);
  ended(null);
  return undefined;
}

type Sent = NonNullable<Exchange['response']>;

function note(
  exchange: Exchange,
  clock: () => number,
  status: number,
  format: Sent['format'],
  refusal: Sent['refusal'],
  detail: string | null,
  complete: boolean,
  defect: string | null,
): void {
  exchange.response = {
    status,
    format,
    refusal,
    detail,
    requestBytes: exchange.body.receivedBytes,
    responseBytes: exchange.downstream.sentBytes,
    durationMs: clock() - exchange.receivedMs,
    complete,
    defect,
  };
}

/** A Host that says nothing leaves the name of the handshake: a host for programs is no place for a page. */
function signsOf({ serving, request, connection }: Exchange): ReturnType<Exchange['serving']['signsOf']> {
  const named = serving.signsOf(request.host, request.path);
  if (named.channel !== null || connection.serverName === null) return named;
  return serving.signsOf(connection.serverName, request.path);
}

function refusalFields(refusal: StatedRefusal, contentType: string, body: Buffer): string[] {
  const list = [
    'content-type',
    contentType,
    'content-length',
    String(body.byteLength),
    'cache-control',
    'no-store',
    fieldNames.proxyStatus,
    `headgate; error=${problems[refusal.code].proxyError}; details="${refusal.code}"`, // RFC 9209 §2.
  ];
  const seconds = secondsOf(refusal);
  if (seconds !== null) list.push(fieldNames.retryAfter, String(seconds));
  if (refusal.code === 'route.method_not_allowed') {
    const { allowed } = (refusal as StatedRefusal<'route.method_not_allowed'>).facts;
    list.push('allow', allowed.join(', ')); // RFC 9110 §15.5.6.
  }
  return list;
}
