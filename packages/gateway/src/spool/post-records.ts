// One POST of records to control over mutual TLS, with a bound on every wait and on what is read of the answer.

import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import { z } from 'zod';
import type { ControlAddress } from '../control-tls.ts';
import type { SendOutcome } from './sender.ts';

/** Longest wait for all of an exchange, from the connection on, in milliseconds. */
const postMsMax = 60_000;

/** Most that is read of an answer, in bytes (1 MiB). */
const answerBytesMax = 1_048_576;

const answerSchema = z.object({
  acknowledged: z.array(z.object({ boot: z.string(), thread: z.int(), sequence: z.int() })),
});

const problemSchema = z.object({
  code: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
});

/** Posts to one control. */
export interface RecordPoster {
  /** Never rejects. */
  post(packed: Uint8Array): Promise<SendOutcome>;
  /** Ends what is under way. */
  close(): void;
}

/** Creates a poster for the records of a node, which waits for each answer as long as `waitMs`. */
export function createRecordPoster(
  { url, pem, serverName }: ControlAddress,
  node: string,
  waitMs = postMsMax,
): RecordPoster {
  const agent = new Agent({
    ...pem,
    keepAlive: true,
    maxSockets: 1,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true, // Said outright: the environment must not be able to turn it off.
    // RFC 6066 §3: no address in SNI.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
  });
  const address = new URL(`/v1/nodes/${encodeURIComponent(node)}/records`, url);
  return {
    async post(packed) {
      try {
        return await exchange(agent, address, packed, waitMs);
      } catch (fault) {
        return { kind: 'not-taken', why: wordsOf(fault as NodeJS.ErrnoException), retryAfterMs: null };
      }
    },
    close: () => agent.destroy(),
  };
}

async function exchange(agent: Agent, address: URL, packed: Uint8Array, waitMs: number): Promise<SendOutcome> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const post = request(address, {
    agent,
    method: 'POST',
    signal: AbortSignal.timeout(waitMs),
    headers: {
      'content-type': 'application/x-ndjson',
      'content-encoding': 'zstd',
      'content-length': packed.byteLength,
      accept: 'application/json',
    },
  });
  post.on('response', resolve);
  post.on('error', reject);
  post.end(packed);
  const answer = await promise;
  const text = await textOf(answer);
  if (answer.statusCode === 200) {
    const { acknowledged } = answerSchema.parse(JSON.parse(text));
    return { kind: 'acknowledged', acknowledged };
  }
  return { kind: 'not-taken', why: refusalWords(answer.statusCode ?? 0, text), retryAfterMs: retryAfterOf(answer) };
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.byteLength;
    if (bytes > answerBytesMax) throw new Error('its answer is longer than 1 MiB');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function refusalWords(status: number, text: string): string {
  try {
    const { code, title, detail } = problemSchema.parse(JSON.parse(text));
    return [`it answered ${status}`, code, detail ?? title].filter((word) => word !== undefined).join(': ');
  } catch {
    return `it answered ${status}`;
  }
}

/** RFC 9110 §10.2.3: seconds, or an instant. */
function retryAfterOf({ headers }: IncomingMessage): number | null {
  const field = headers['retry-after'];
  if (field === undefined) return null;
  const waitMs = /^\d{1,9}$/.test(field) ? Number(field) * 1_000 : Date.parse(field) - Date.now();
  return Number.isNaN(waitMs) ? null : Math.max(0, waitMs);
}

function wordsOf(fault: NodeJS.ErrnoException): string {
  if (fault.name === 'TimeoutError' || fault.name === 'AbortError') return 'it did not answer in time';
  if (fault instanceof SyntaxError || fault instanceof z.ZodError) return 'its answer cannot be read';
  return fault.code === undefined ? fault.message : `${fault.code}`;
}
