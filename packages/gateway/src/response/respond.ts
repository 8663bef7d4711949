// What the caller gets: the upstream's answer after hygiene, or a refusal in the caller's format. Nothing else writes to callers.
import { fields as fieldNames } from '@headgate/contract';
import { callerFormat } from '../caller-format.ts';
import { echoBody } from '../echo-body.ts';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import { refusalBody } from '../refusal-body.ts';
import { refusalFields } from '../refusal-fields.ts';
import type { EchoReply, RefusalReply, Reply, SwitchReply, UpstreamReply } from '../reply.ts';
import { type Seen, whatWasSeen } from '../seen.ts';
import type { TunnelEnd, Tunnels } from '../tunnel.ts';

/** Sends a reply and notes what was sent. Never rejects: a caller that went away is recorded as an incomplete answer. */
export async function respond(exchange: Exchange, reply: Reply, { clock, tunnels }: Gateway): Promise<void> {
  const sent = await send(exchange, reply, tunnels);
  exchange.response = {
    requestBytes: exchange.body.receivedBytes,
    responseBytes: exchange.downstream.sentBytes,
    ...sent,
    durationMs: clock() - exchange.receivedMs,
  };
}

type Answered = NonNullable<Exchange['response']>;
type Bytes = 'requestBytes' | 'responseBytes';

/** Bytes are those of request and answer, unless more passed. */
type Sent = Omit<Answered, Bytes | 'durationMs'> & Partial<Pick<Answered, Bytes>>;

function send(exchange: Exchange, reply: Reply, tunnels: Tunnels): Promise<Sent> {
  switch (reply.kind) {
    case 'upstream':
      return respondUpstream(exchange, reply);
    case 'refusal':
      return respondRefusal(exchange, reply);
    case 'echo':
      return respondEcho(exchange, reply);
    case 'switch':
      return respondSwitch(exchange, reply, tunnels);
  }
}

async function respondUpstream(exchange: Exchange, { status, fields, body }: UpstreamReply): Promise<Sent> {
  const sent = { status, format: 'upstream', refusal: null, detail: null, defect: null } as const;
  try {
    await exchange.downstream.send(status, [...fields, [fieldNames.exchange, exchange.id]], body);
    return { ...sent, complete: true };
  } catch (thrown) {
    // The status line is out, so the honest end is a broken connection: a cut answer must never look whole.
    exchange.downstream.abort();
    return { ...sent, complete: false, detail: `the answer broke off: ${(thrown as Error).message}` };
  } finally {
    exchange.body.discard();
  }
}

/** Joins the two connections and waits for their end, so that one record tells all that passed. */
async function respondSwitch(exchange: Exchange, { fields, upstream }: SwitchReply, tunnels: Tunnels): Promise<Sent> {
  const sent = { status: 101, format: 'upstream', refusal: null, defect: null } as const;
  try {
    const caller = exchange.downstream.switchProtocols([
      ...fields,
      ['connection', 'Upgrade'],
      ['upgrade', 'websocket'],
      [fieldNames.exchange, exchange.id],
    ]);
    const { end, callerBytes, upstreamBytes } = await tunnels.join(caller, upstream);
    const bytes = { requestBytes: callerBytes, responseBytes: upstreamBytes };
    return { ...sent, ...bytes, complete: end === 'ended', detail: end === 'ended' ? null : tunnelWords[end] };
  } catch (thrown) {
    upstream.destroy();
    return { ...sent, complete: false, detail: `the answer broke off: ${(thrown as Error).message}` };
  }
}

const tunnelWords: Readonly<Record<Exclude<TunnelEnd, 'ended'>, string>> = {
  broken: 'the tunnel broke off',
  drained: 'the tunnel was closed: the gateway shuts down',
  idle: 'the tunnel was closed: nothing passed for path.tunnelIdleMs',
  'too-long': 'the tunnel was closed: it was open for path.tunnelMs',
  'too-much': 'the tunnel was closed: more than path.tunnelBytesMax passed in one direction',
};

async function respondEcho(exchange: Exchange, { seen }: EchoReply): Promise<Sent> {
  const { format, contentType, body } = echoBody(seen, exchange.id, formatOf(exchange));
  const sent = { status: 200, format, refusal: null, detail: null, defect: null };
  const fields: [string, string][] = [
    ['content-type', contentType],
    ['cache-control', 'no-store'],
    ['x-content-type-options', 'nosniff'], // It holds what the caller sent: no reader may take it for a page.
    [fieldNames.exchange, exchange.id],
  ];
  try {
    await exchange.downstream.send(200, fields, body);
    return { ...sent, complete: true };
  } catch {
    exchange.downstream.abort();
    return { ...sent, complete: false };
  }
}

async function respondRefusal(exchange: Exchange, { refusal, defect }: RefusalReply): Promise<Sent> {
  const format = formatOf(exchange);
  const forwarded = exchange.forward?.forwarded ?? 'no';
  const written = refusalBody(refusal, {
    format,
    exchange: exchange.id,
    forwarded,
    atMs: exchange.receivedMs,
    seen: seenAtEcho(exchange),
  });
  const { status, body } = written;
  const context = { exchange: exchange.id, receivedStatus: exchange.forward?.status ?? null };
  const sent = { status, format, refusal: refusal.code, detail: refusal.detail, defect };
  try {
    exchange.body.discard(); // Read on while the caller still sends, or it sees a reset instead of the refusal.
    await exchange.downstream.send(status, refusalFields(refusal, written, context), body);
    return { ...sent, complete: true };
  } catch {
    exchange.downstream.abort();
    return { ...sent, complete: false };
  }
}

function formatOf(exchange: Exchange): ReturnType<typeof callerFormat> {
  const { method, fields } = exchange.request;
  return callerFormat({ method, fields, ...signsOf(exchange) });
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
