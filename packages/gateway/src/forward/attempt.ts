// One attempt at one endpoint: connect, send, wait for the answer's head. Each phase has its own bound and its own outcome.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { PathOptions } from '../config.ts';
import type { Endpoint } from '../upstream.ts';
import type { Payload } from './request-payload.ts';

/** How an attempt ended. `sent` says whether the upstream may have seen any of it. */
export type Outcome =
  | { readonly kind: 'answered'; readonly answer: IncomingMessage; readonly reusedConnection: boolean }
  | { readonly kind: 'not-connected'; readonly timedOut: boolean }
  | {
      readonly kind: 'no-answer';
      readonly reason: 'timeout' | 'broken' | 'invalid';
      readonly reusedConnection: boolean;
      readonly cause: Error;
    }
  | { readonly kind: 'no-request'; readonly cause: unknown };

/** What is sent. */
export interface UpstreamRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly payload: Payload;
  /** Fires when the caller went away. */
  readonly abandoned: AbortSignal;
}

/** Makes one attempt. Never rejects. */
export async function attempt(endpoint: Endpoint, request: UpstreamRequest, path: PathOptions): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let connected = false;
  const outgoing = httpRequest({
    // `headers` as a flat list keeps order and letter case exactly as given.
    host: endpoint.host,
    port: endpoint.port,
    agent: endpoint.agent,
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
    answer.once('close', () => request.abandoned.removeEventListener('abort', abandon));
    resolve({ kind: 'answered', answer, reusedConnection: outgoing.reusedSocket });
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
