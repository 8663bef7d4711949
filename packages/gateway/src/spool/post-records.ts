// Posts records to control, packed, and reads what it acknowledges.
import { z } from 'zod';
import { type ControlAnswer, controlFaultWords, createControlClient } from '../control-client.ts';
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
export function createRecordPoster(address: ControlAddress, node: string, waitMs = postMsMax): RecordPoster {
  const client = createControlClient(address, 1);
  const target = new URL(`/v1/nodes/${encodeURIComponent(node)}/records`, address.url);
  const headers = { 'content-type': 'application/x-ndjson', 'content-encoding': 'zstd' };
  return {
    async post(packed) {
      try {
        const signal = AbortSignal.timeout(waitMs);
        return outcomeOf(await client.ask({ target, body: packed, headers, signal, answerBytesMax }));
      } catch (fault) {
        return { kind: 'not-taken', why: controlFaultWords(fault), retryAfterMs: null };
      }
    },
    close: () => client.close(),
  };
}

function outcomeOf(answer: ControlAnswer): SendOutcome {
  if (answer.status === 200) {
    const { acknowledged } = answerSchema.parse(JSON.parse(answer.text));
    return { kind: 'acknowledged', acknowledged };
  }
  return { kind: 'not-taken', why: refusalWords(answer.status, answer.text), retryAfterMs: retryAfterOf(answer) };
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
function retryAfterOf({ headers }: ControlAnswer): number | null {
  const field = headers['retry-after'];
  if (field === undefined) return null;
  const waitMs = /^\d{1,9}$/.test(field) ? Number(field) * 1_000 : Date.parse(field) - Date.now();
  return Number.isNaN(waitMs) ? null : Math.max(0, waitMs);
}
