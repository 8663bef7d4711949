// One endpoint over Node's HTTP client: connect, send, wait for the answer's head. Each phase has its own bound and outcome.
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { PathOptions } from '../config.ts';
import type { Endpoint, Outcome, Payload, UpstreamAnswer, UpstreamRequest } from '../upstream.ts';

/** An endpoint that keeps connections until it is closed. */
export interface KeptEndpoint extends Endpoint {
  close(): void;
}

/** Creates an endpoint for an http:// address. No connection is opened before it is needed. */
export function createEndpoint(url: string, path: PathOptions): KeptEndpoint {
  const { hostname, port } = new URL(url);
  const { upstreamConnectionsMax: sockets } = path;
  const agent = new Agent({ keepAlive: true, maxSockets: sockets, maxFreeSockets: sockets });
  // A URL writes IPv6 addresses in brackets, a socket takes them without.
  const host = hostname.replace(/^\[|\]$/g, '');
  const place = { host, port: port === '' ? 80 : Number(port), agent };
  return { url, attempt: (request) => attempt(place, request, path), close: () => agent.destroy() };
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly agent: Agent;
}

async function attempt(place: Place, request: UpstreamRequest, path: PathOptions): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let connected = false;
  const outgoing = httpRequest({
    // `headers` as a flat list keeps order and letter case exactly as given.
    ...place,
    method: request.method,
    path: request.target,
    headers: request.fields.flat() as readonly string[],
    setHost: false,
    setDefaultHeaders: false,
  });

  const connectTimer = setTimeout(() => {
    resolve({ kind: 'not-connected', timedOut: true });
    outgoing.destroy();
  }, path.connectTimeoutMs);
  let answerTimer: NodeJS.Timeout | null = null;
  const stopTimers = () => {
    clearTimeout(connectTimer);
    if (answerTimer !== null) clearTimeout(answerTimer);
  };
  const awaitAnswer = () => {
    answerTimer = setTimeout(() => {
      const cause = new Error(`no answer within ${path.responseTimeoutMs} ms`);
      resolve({ kind: 'no-answer', reason: 'timeout', reusedConnection: outgoing.reusedSocket, cause });
      outgoing.destroy();
    }, path.responseTimeoutMs);
  };
  const abandon = () => outgoing.destroy(new Error('the caller went away'));
  request.abandoned.addEventListener('abort', abandon, { once: true });

  outgoing.on('error', (cause: NodeJS.ErrnoException) => {
    stopTimers();
    if (!connected) resolve({ kind: 'not-connected', timedOut: cause.code === 'ETIMEDOUT' });
    else
      resolve({
        kind: 'no-answer',
        reason: cause.code?.startsWith('HPE_') ? 'invalid' : 'broken',
        reusedConnection: outgoing.reusedSocket,
        cause,
      });
  });
  outgoing.on('response', (answer) => {
    stopTimers();
    answer.once('end', () => {
      // Answered before the request was sent whole. What is left of it will not be sent, so the connection must not serve
      // another call: the upstream would read that one's first bytes as this one's last.
      if (!outgoing.writableEnded) outgoing.destroy();
    });
    answer.once('close', () => request.abandoned.removeEventListener('abort', abandon));
    resolve({ kind: 'answered', answer: answerOf(answer, path), reusedConnection: outgoing.reusedSocket });
  });
  outgoing.on('upgrade', (_answer, socket) => {
    stopTimers();
    socket.destroy();
    const cause = new Error('the upstream switched protocols, which nobody asked for');
    resolve({ kind: 'no-answer', reason: 'invalid', reusedConnection: outgoing.reusedSocket, cause });
  });
  outgoing.on('socket', (socket) => {
    const begin = () => {
      connected = true;
      clearTimeout(connectTimer);
      awaitAnswer();
      send(outgoing, request.payload).catch((cause: unknown) => {
        stopTimers();
        resolve({ kind: 'no-request', cause });
        outgoing.destroy();
      });
    };
    if (socket.connecting) socket.once('connect', begin);
    else begin();
  });

  const outcome = await promise;
  if (outcome.kind !== 'answered') request.abandoned.removeEventListener('abort', abandon);
  return outcome;
}

async function send(outgoing: ReturnType<typeof httpRequest>, payload: Payload): Promise<void> {
  if (payload.kind === 'none') outgoing.end();
  else if (payload.kind === 'bytes') outgoing.end(payload.bytes);
  else {
    for await (const chunk of payload.chunks) {
      if (outgoing.destroyed) return;
      if (outgoing.write(chunk)) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      outgoing.once('drain', resolve);
      outgoing.once('close', resolve);
      await promise;
    }
    outgoing.end();
  }
}

function answerOf(incoming: IncomingMessage, { responseIdleMs }: PathOptions): UpstreamAnswer {
  incoming.setTimeout(responseIdleMs, () => incoming.destroy(new Error(`no more bytes within ${responseIdleMs} ms`)));
  const fields: [string, string][] = [];
  const { rawHeaders } = incoming;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    fields.push([(rawHeaders[at] ?? '').toLowerCase(), rawHeaders[at + 1] ?? '']);
  }
  return { status: incoming.statusCode ?? 502, fields, body: incoming, abandon: () => void incoming.destroy() };
}
