// Asks control for snapshots and tells it what became of them.
import { type SnapshotAcknowledgement, snapshotBounds } from '@headgate/contract';
import { type ControlAnswer, controlFaultWords, createControlClient } from '../control-client.ts';
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

/** Connections: one that waits for news, and one that tells what became of it. */
const connectionsMax = 2;

const answerBytesMax = snapshotBounds.documentBytesMax;

/** Creates an asker. */
export function createSnapshotAsker(address: ControlAddress, node: string): SnapshotAsker {
  const client = createControlClient(address, connectionsMax);
  const place = `/v1/nodes/${encodeURIComponent(node)}`;
  return {
    async newer({ after, hash, waitMs }, signal) {
      const target = new URL(`${place}/snapshot`, address.url);
      target.searchParams.set('after', String(after));
      target.searchParams.set('waitMs', String(waitMs));
      if (hash !== null) target.searchParams.set('hash', hash);
      try {
        const limit = AbortSignal.timeout(waitMs + answerMsMax);
        const until = signal === undefined ? limit : AbortSignal.any([limit, signal]);
        const answer = await client.ask({ target, body: null, signal: until, answerBytesMax });
        if (answer.status === 204) return { kind: 'none', latest: latestOf(answer) };
        if (answer.status !== 200) return { kind: 'failed', why: refusalWords(answer) };
        return { kind: 'document', value: JSON.parse(answer.text) };
      } catch (fault) {
        return { kind: 'failed', why: controlFaultWords(fault) };
      }
    },
    async acknowledge(word) {
      try {
        const target = new URL(`${place}/acknowledgements`, address.url);
        const headers = { 'content-type': 'application/json' };
        const signal = AbortSignal.timeout(answerMsMax);
        const answer = await client.ask({ target, body: JSON.stringify(word), headers, signal, answerBytesMax });
        return answer.status < 300 ? null : refusalWords(answer);
      } catch (fault) {
        return controlFaultWords(fault);
      }
    },
    close: () => client.close(),
  };
}

/** The highest number that control knows, where it says so. */
function latestOf({ headers }: ControlAnswer): number | null {
  const latest = headers[latestField];
  return typeof latest === 'string' && /^\d{1,10}$/.test(latest) ? Number(latest) : null;
}

/** The highest number that control knows, beside an answer without a snapshot. */
const latestField = 'headgate-latest-snapshot';

/** Of a refusal its code alone: it is the name of what to look up. */
function refusalWords({ status, text }: ControlAnswer): string {
  try {
    const { code } = JSON.parse(text) as { readonly code?: unknown };
    return typeof code === 'string' ? `it answered ${status}: ${code.slice(0, 80)}` : `it answered ${status}`;
  } catch {
    return `it answered ${status}`;
  }
}
