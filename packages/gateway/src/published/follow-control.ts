// Follows what control publishes: asks for what is newer, has it taken, and says what became of it. Control may be away for as long as
// it likes; a gateway never goes back to a lower number by itself, since what it would forget may be a revocation.
import {
  parseSnapshotDocument,
  type SnapshotAcknowledgement,
  type SnapshotDocument,
  sayFinding,
} from '@headgate/contract';
import type { GatewayNotice } from '../gateway-notice.ts';
import { UnusableFiles } from '../unusable-files.ts';
import type { SnapshotAsker } from './ask-snapshots.ts';

/** What is served by now. */
export interface Following {
  readonly number: number;
  readonly hash: string;
}

/** Waits, in milliseconds. */
export interface FollowWaits {
  /** How long control may keep a question until there is news. Default 25,000. */
  readonly waitMs: number;
  /** After a failure: at first, and at most. Default 1,000 and 30,000. */
  readonly againMsMin: number;
  readonly againMsMax: number;
}

/** What the follower does its work with. */
export interface FollowOptions {
  readonly asker: SnapshotAsker;
  readonly inForce: () => Following;
  /** Puts a document in force in every thread and on disk. Rejects with `UnusableFiles` where it cannot be used, and with anything else. */
  readonly take: (document: SnapshotDocument) => Promise<{ readonly threads: number }>;
  readonly threads: () => Promise<number>;
  readonly clock: () => number;
  readonly notice: (notice: GatewayNotice) => void;
  readonly waits?: Partial<FollowWaits>;
}

/** A follower at work. */
export interface Follower {
  /** Since when control does not answer, and why; null while it does. */
  readonly away: () => { readonly sinceMs: number; readonly why: string } | null;
  /** Tries again what was refused: something of this gateway's own has changed. */
  tryAgain(): void;
  close(): Promise<void>;
}

const defaultWaits: FollowWaits = { waitMs: 25_000, againMsMin: 1_000, againMsMax: 30_000 };
const findingsToldMax = 20;
const findingCharactersMax = 1_000;

/** Begins to follow. */
export function followControl(options: FollowOptions): Follower {
  const { asker, inForce, take, threads, clock, notice } = options;
  const waits = { ...defaultWaits, ...options.waits };
  const closed = new AbortController();
  let turn = new AbortController();
  let away: ReturnType<Follower['away']> = null;
  let failures = 0;
  /** What control must hear of; the last word counts. */
  let word: SnapshotAcknowledgement | null = null;
  /** Not asked for again: a newer one may be better. */
  let refusedNumber = 0;
  let toldBehind = 0;
  let toldRefusal = '';

  const hear = (why: string | null): void => {
    if (why === null && away !== null) {
      notice({ kind: 'control-answers', sentence: 'control answers again' });
      away = null;
    } else if (why !== null && away === null) {
      away = { sinceMs: clock(), why };
      const sentence = `control does not answer (${why}); snapshot ${inForce().number} stays in force until it does`;
      notice({ kind: 'control-silent', sentence });
    }
  };
  const tell = (number: number, code: string, reason: string, findings: readonly string[]): void => {
    const refusal = JSON.stringify([number, code, reason, findings]);
    if (refusal === toldRefusal) return; // It is tried again and again, and told once.
    toldRefusal = refusal;
    notice({
      kind: 'snapshot-refused',
      number,
      code,
      sentence: `${reason}; snapshot ${inForce().number} stays`,
      findings,
    });
  };
  const refuse = (
    number: number,
    hash: string,
    code: string,
    reason: string,
    findings: readonly string[] = [],
  ): void => {
    tell(number, code, reason, findings);
    word = { number, hash, threads: 0, atMs: clock(), refused: { code, reason, findings: [...findings] } };
  };
  const offer = async (value: unknown): Promise<boolean> => {
    const parsed = parseSnapshotDocument(value);
    if (!parsed.ok) {
      const { number, hash } = namedIn(value);
      const { code, reason } = parsed.fault;
      if (number !== null && hash !== null) refuse(number, hash, code, `what control sent is no snapshot: ${reason}`);
      else tell(0, code, `what control sent is no snapshot: ${reason}`, []);
      return false;
    }
    const { document } = parsed;
    const { number, hash } = document;
    if (number <= inForce().number) return false;
    try {
      const taken = await take(document);
      refusedNumber = 0;
      notice({
        kind: 'snapshot-taken',
        number,
        hash,
        sentence: `snapshot ${number} is in force: ${document.reason} (${document.author})`,
      });
      word = { number, hash, threads: taken.threads, atMs: clock(), refused: null };
      return true;
    } catch (fault) {
      if (fault instanceof UnusableFiles) {
        refusedNumber = number;
        const { code, reason, findings } = unusableWords(document, fault);
        refuse(number, hash, code, reason, findings);
        return true;
      }
      const { code, message } = fault as NodeJS.ErrnoException;
      refuse(number, hash, 'not_taken', `snapshot ${number} could not be taken (${code ?? message})`);
      return false;
    }
  };
  const behind = (latest: number | null): void => {
    const { number } = inForce();
    if (latest === null || latest >= number || toldBehind === number) return;
    toldBehind = number;
    const sentence = `control knows snapshot ${latest} at most, and ${number} is in force here: it was restored from a backup. ${number} stays until a higher one is published`;
    notice({ kind: 'control-behind', sentence });
  };
  const pause = async (): Promise<void> => {
    const ms = Math.min(waits.againMsMax, waits.againMsMin * 2 ** Math.min(failures, 10));
    failures += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms).unref();
    const { signal } = turn;
    const stop = (): void => resolve();
    signal.addEventListener('abort', stop, { once: true });
    await promise;
    signal.removeEventListener('abort', stop);
    clearTimeout(timer);
  };
  /** False where it is better to wait before the next. */
  const step = async (): Promise<boolean> => {
    if (word !== null) {
      const told = word;
      const why = await asker.acknowledge(told);
      if (closed.signal.aborted) return true;
      if (why !== null) {
        hear(why);
        return false;
      }
      if (word === told) word = null;
    }
    const { number, hash } = inForce();
    const asked = { after: Math.max(number, refusedNumber), hash, waitMs: waits.waitMs };
    const answer = await asker.newer(asked, turn.signal);
    if (turn.signal.aborted) return true;
    hear(answer.kind === 'failed' ? answer.why : null);
    if (answer.kind === 'document') return offer(answer.value);
    if (answer.kind === 'none') behind(answer.latest);
    return answer.kind === 'none';
  };
  const run = async (): Promise<void> => {
    const { number, hash } = inForce();
    word = { number, hash, threads: await threads(), atMs: clock(), refused: null };
    while (!closed.signal.aborted) {
      const isWell = await step();
      if (isWell) failures = 0;
      else if (!closed.signal.aborted) await pause();
      if (turn.signal.aborted && !closed.signal.aborted) turn = new AbortController();
    }
  };
  const running = run().catch((fault: unknown) => {
    notice({ kind: 'control-silent', sentence: `this gateway follows control no more: ${String(fault)}. Restart it` });
  });
  return {
    away: () => away,
    tryAgain() {
      refusedNumber = 0;
      turn.abort();
    },
    async close() {
      closed.abort();
      turn.abort();
      asker.close();
      await running;
    },
  };
}

/** Why a document cannot be used here, as control is told. */
export function unusableWords(
  { number }: SnapshotDocument,
  { findings }: UnusableFiles,
): NonNullable<SnapshotAcknowledgement['refused']> {
  const told = findings.slice(0, findingsToldMax).map((each) => sayFinding(each).slice(0, findingCharactersMax));
  return { code: 'unusable', reason: `snapshot ${number} cannot be used by this gateway`, findings: told };
}

/** What something that is no document claims to be. */
function namedIn(value: unknown): { readonly number: number | null; readonly hash: string | null } {
  if (typeof value !== 'object' || value === null) return { number: null, hash: null };
  const { number, hash } = value as { readonly number?: unknown; readonly hash?: unknown };
  return {
    number: typeof number === 'number' && Number.isInteger(number) && number > 0 && number < 2 ** 31 ? number : null,
    hash: typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash) ? hash : null,
  };
}
