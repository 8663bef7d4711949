// Sends what the spool keeps to control, in order, and goes on from where control says it has everything.
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { SpoolBatch, SpoolFile } from './spool-file.ts';

/** Lines of one batch, about, in bytes (4 MiB); control takes 8 MiB. */
const batchBytesMax = 4_194_304;

/** How long it waits for more once control has everything, in milliseconds. */
const lingerMs = 250;

/** First and longest pause after a failure, in milliseconds: doubled with each, and shortened by chance. */
const firstPauseMs = 250;
const pauseMsMax = 30_000;

/** Longest pause that control may ask for, in milliseconds (5 min). */
const askedPauseMsMax = 300_000;

/** What control said to a batch. */
export type SendOutcome =
  | { readonly kind: 'acknowledged'; readonly acknowledged: readonly Acknowledged[] }
  /** It did not take it. `why` says so in words; it may ask for a pause. */
  | { readonly kind: 'not-taken'; readonly why: string; readonly retryAfterMs: number | null };

/** How far control has the records of a thread of a boot. */
export interface Acknowledged {
  readonly boot: string;
  readonly thread: number;
  readonly sequence: number;
}

/** What a sender needs. */
export interface SenderOptions {
  readonly file: Pick<SpoolFile, 'nextBatch' | 'acknowledge' | 'unsent'>;
  /** Posts lines, packed with zstd. Never rejects. */
  readonly post: (packed: Uint8Array) => Promise<SendOutcome>;
  /** Resolves after a time; at once when the sender closes. */
  readonly pause: (ms: number) => Promise<void>;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Told once when sending fails, and once when it works again. */
  readonly told: (isSent: boolean, why: string) => void;
}

/** A sender at work. */
export interface Sender {
  /** The last piece that is on its way; what it stands for must stay. */
  inFlight(): number;
  /** Sends what is left until it fails once, and ends. */
  close(): Promise<void>;
}

const pack = promisify(zstdCompress);
const unpack = promisify(zstdDecompress);

/** Begins to send. */
export function startSender({ file, post, pause, random, told }: SenderOptions): Sender {
  let isClosing = false;
  let inFlight = 0;
  let failures = 0;

  const send = async (batch: SpoolBatch): Promise<SendOutcome> => {
    try {
      // One frame for all: programs that unpack read the first frame only.
      const lines = Buffer.concat(await Promise.all(batch.packed.map((packed) => unpack(packed))));
      const outcome = await post(await pack(lines));
      if (outcome.kind === 'not-taken') return outcome;
      const missing = batch.lasts.find((last) => !isAcknowledged(last, outcome.acknowledged));
      if (missing === undefined) file.acknowledge(batch);
      else
        return notTaken(`it did not acknowledge record ${missing.last} of ${missing.boot}, thread ${missing.thread}`);
      return outcome;
    } catch (fault) {
      return notTaken((fault as Error).message); // Of the spool: the disk may be full, or gone.
    }
  };

  /** Whether there was something to send, and what came of it. */
  const turn = async (): Promise<SendOutcome | null> => {
    const batch = nextOf(file);
    if (batch === null) return null;
    if (batch instanceof Error) return notTaken(batch.message);
    inFlight = batch.upTo;
    const outcome = await send(batch);
    inFlight = 0;
    if (outcome.kind === 'not-taken') {
      // A stop leaves what it has no time for to the next start.
      if (failures === 0 && !isClosing) told(false, outcome.why);
      failures += 1;
    } else {
      if (failures > 0) told(true, '');
      failures = 0;
    }
    return outcome;
  };

  const run = async (): Promise<void> => {
    for (;;) {
      const wasClosing = isClosing;
      const outcome = await turn();
      const isFailed = outcome?.kind === 'not-taken';
      if (wasClosing && (outcome === null || isFailed)) return;
      if (outcome?.kind === 'not-taken') await pause(pauseAfter(failures, outcome.retryAfterMs, random()));
      else if (outcome === null || file.unsent().records === 0) await pause(lingerMs);
    }
  };
  const running = run();
  return {
    inFlight: () => inFlight,
    close() {
      isClosing = true;
      return running;
    },
  };
}

/** A spool that cannot be read is told as a failure is. */
function nextOf(file: SenderOptions['file']): SpoolBatch | null | Error {
  try {
    return file.nextBatch(batchBytesMax);
  } catch (fault) {
    return fault as Error;
  }
}

function notTaken(why: string): SendOutcome {
  return { kind: 'not-taken', why, retryAfterMs: null };
}

function isAcknowledged({ boot, thread, last }: SpoolBatch['lasts'][number], of: readonly Acknowledged[]): boolean {
  return of.some((each) => each.boot === boot && each.thread === thread && each.sequence >= last);
}

/** Longer with each failure, and by chance: gateways that lost one control must not come back in step. */
function pauseAfter(failures: number, askedMs: number | null, chance: number): number {
  const longest = Math.min(pauseMsMax, firstPauseMs * 2 ** Math.min(failures - 1, 16));
  const own = longest * (0.5 + chance / 2);
  return askedMs === null ? own : Math.max(own, Math.min(askedMs, askedPauseMsMax) * (1 + chance / 4));
}
