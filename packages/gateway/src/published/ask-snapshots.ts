// Asks control for snapshots and tells it what became of them: HTTP/1.1 over mutual TLS, with a bound on every wait and every answer.
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import { type SnapshotAcknowledgement, snapshotBounds } from '@headgate/contract';
import type { ControlAddress } from '../control-tls.ts';

/** What control answered. */
export type SnapshotAnswer =
  /** Whatever it sent, not proved yet. */
  | { readonly kind: 'document'; readonly value: unknown }
  /** `latest`: the highest number that control knows, where it says so. */
  | { readonly kind: 'none'; readonly latest: number | null }
  | { readonly kind: 'failed'; readonly why: string };

/** Asks one control on behalf of one node. Nothing rejects. */
export interface SnapshotAsker {
  newer(
    asked: { readonly after: number; readonly hash: string | null; readonly waitMs: number },
    signal?: AbortSignal,
  ): Promise<SnapshotAnswer>;
  /** Null once control has it; else why not. */
  acknowledge(word: SnapshotAcknowledgement): Promise<string | null>;
  close(): void;
}

/** How long an answer may take beyond the wait that was asked for, in milliseconds. */
const answerMsMax = 30_000;

/** Creates an asker. */
export function createSnapshotAsker({ url, pem, serverName }: ControlAddress, node: string): SnapshotAsker {
  const agent = new Agent({
    ...pem,
    keepAlive: true,
    maxSockets: 2,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true, // Said outright: the environment must not be able to turn it off.
    // RFC 6066 §3: no address in SNI.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
  });
  const place = `/v1/nodes/${encodeURIComponent(node)}`;
  return {
    async newer({ after, hash, waitMs }, signal) {
      const target = new URL(`${place}/snapshot`, url);
      target.searchParams.set('after', String(after));
      target.searchParams.set('waitMs', String(waitMs));
      if (hash !== null) target.searchParams.set('hash', hash);
      try {
        const limit = AbortSignal.timeout(waitMs + answerMsMax);
        const answer = await exchange(
          agent,
          target,
          null,
          signal === undefined ? limit : AbortSignal.any([limit, signal]),
        );
        if (answer.status === 204) return { kind: 'none', latest: answer.latest };
        if (answer.status !== 200) return { kind: 'failed', why: refusalWords(answer) };
        return { kind: 'document', value: JSON.parse(answer.text) };
      } catch (fault) {
        return { kind: 'failed', why: wordsOf(fault as NodeJS.ErrnoException) };
      }
    },
    async acknowledge(word) {
      try {
        const target = new URL(`${place}/acknowledgements`, url);
        const answer = await exchange(agent, target, JSON.stringify(word), AbortSignal.timeout(answerMsMax));
        return answer.status < 300 ? null : refusalWords(answer);
      } catch (fault) {
        return wordsOf(fault as NodeJS.ErrnoException);
      }
    },
    close: () => agent.destroy(),
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly latest: number | null;
}

async function exchange(agent: Agent, target: URL, body: string | null, signal: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(target, {
    agent,
    signal,
    method: body === null ? 'GET' : 'POST',
    headers: {
      accept: 'application/json',
      ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    },
  });
  sent.on('response', resolve);
  sent.on('error', reject);
  sent.end(body ?? undefined);
  const answer = await promise;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.byteLength;
    if (bytes > snapshotBounds.documentBytesMax) throw new Error('its answer is over the bound of a snapshot');
    pieces.push(piece);
  }
  const latest = answer.headers[latestField];
  return {
    status: answer.statusCode ?? 0,
    text: Buffer.concat(pieces).toString('utf8'),
    latest: typeof latest === 'string' && /^\d{1,10}$/.test(latest) ? Number(latest) : null,
  };
}

/** The highest number that control knows, beside an answer without a snapshot. */
const latestField = 'headgate-latest-snapshot';

/** Of a refusal its code alone: it is the name of what to look up. */
function refusalWords({ status, text }: Answer): string {
  try {
    const { code } = JSON.parse(text) as { readonly code?: unknown };
    return typeof code === 'string' ? `it answered ${status}: ${code.slice(0, 80)}` : `it answered ${status}`;
  } catch {
    return `it answered ${status}`;
  }
}

function wordsOf(fault: NodeJS.ErrnoException): string {
  if (fault.name === 'TimeoutError' || fault.name === 'AbortError') return 'it did not answer in time';
  if (fault instanceof SyntaxError) return 'its answer cannot be read';
  return fault.code === undefined ? fault.message : fault.code;
}
