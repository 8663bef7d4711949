// The program of the spool thread: it looks into the rings many times a second, keeps what is there, and sends it to control.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { ControlAddress } from '../control-tls.ts';
import type { SpoolOrders, SpoolRequest, SpoolSaying } from './messages.ts';
import { createRecordPoster, type RecordPoster } from './post-records.ts';
import { type Sender, startSender } from './sender.ts';
import { createSpool, type Spool } from './spool.ts';
import { openSpoolFile, type SpoolFile } from './spool-file.ts';

/** Pause between two looks into the rings, in milliseconds: what is written is kept within 50 ms. */
const lookEveryMs = 40;

/** Pause after the disk took nothing, and between two looks at what is past its time, in milliseconds. */
const againMs = 1_000;

/** How long a stop waits for control to take what is left, in milliseconds. */
const lastWordMs = 2_000;

const say = (saying: SpoolSaying): void => parentPort?.postMessage(saying);

if (workerData !== null) start(workerData as SpoolOrders);

function start(orders: SpoolOrders): void {
  try {
    const file = openSpoolFile(orders.file);
    runSpool(orders, file);
    say({ kind: 'ready' });
  } catch (fault) {
    say({ kind: 'failed', why: (fault as Error).message });
    parentPort?.close();
  }
}

function runSpool({ file: fileName, node, bounds, control, rings, gaps }: SpoolOrders, file: SpoolFile): void {
  const spool = createSpool({
    file,
    fileName,
    bounds,
    clock: Date.now,
    trouble: (sentence) => say({ kind: 'notice', notice: { kind: 'evidence-trouble', sentence } }),
  });
  for (const { ended, ...ring } of rings) {
    spool.attach(ring);
    if (ended) spool.ended(ring);
  }
  spool.tellGaps(gaps);
  const sending = createSending(control, node, file);
  let known = spool.attached();
  const look = (): number => {
    const outcome = spool.commit();
    const now = spool.attached();
    for (const ring of known)
      if (!now.some((each) => each.boot === ring.boot && each.thread === ring.thread))
        say({ kind: 'drained', ...ring });
    known = now;
    if (outcome === 'failed') return againMs;
    return outcome === 'more' ? 0 : lookEveryMs;
  };
  let timer = setTimeout(function turn() {
    timer = setTimeout(turn, look());
  }, lookEveryMs);
  const chores = setInterval(() => {
    spool.retain(sending.inFlight());
    say({ kind: 'unsent', ...sending.unsent() });
  }, againMs);

  const close = async (): Promise<void> => {
    clearTimeout(timer);
    clearInterval(chores);
    for (const ring of spool.attached()) spool.ended(ring);
    const failed = keepTheRest(spool);
    await sending.close();
    file.close();
    say(failed ? { kind: 'failed', why: `what the rings held could not be kept in ${fileName}` } : { kind: 'closed' });
    parentPort?.close();
  };
  parentPort?.on('message', (request: SpoolRequest) => {
    switch (request.kind) {
      case 'attach':
        spool.attach(request);
        known = spool.attached();
        return;
      case 'ended':
        spool.ended(request);
        return;
      case 'control':
        sending.renew(request.control);
        return;
      case 'close':
        void close();
    }
  });
}

/** Keeps what is in rings of which no more comes; whether the disk did not take it. */
function keepTheRest(spool: Spool): boolean {
  for (;;) {
    const outcome = spool.commit();
    if (outcome !== 'more') return outcome === 'failed';
  }
}

/** Sending, to whatever control there is now. */
function createSending(control: ControlAddress | null, node: string, file: SpoolFile) {
  let poster: RecordPoster | null = null;
  let sender: Sender | null = null;
  const closing = new AbortController();
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: closing.signal }).catch(() => undefined);
  const told = (isSent: boolean, why: string): void =>
    say({
      kind: 'notice',
      notice: isSent
        ? { kind: 'evidence-sent-again', sentence: 'control takes evidence again' }
        : {
            kind: 'evidence-not-sent',
            sentence: `control does not take evidence: ${why}; the spool keeps it until it does`,
          },
    });
  const renew = (next: ControlAddress | null): void => {
    poster?.close();
    poster = next === null ? null : createRecordPoster(next, node);
    if (poster === null || sender !== null) return;
    const post = (packed: Uint8Array) => (poster as RecordPoster).post(packed);
    sender = startSender({ file, post, pause, random: Math.random, told });
  };
  renew(control);
  return {
    renew,
    inFlight: () => sender?.inFlight() ?? 0,
    unsent: () => (sender === null ? { records: 0, sinceMs: null } : file.unsent()),
    async close(): Promise<void> {
      const ended = sender?.close();
      closing.abort(); // A pause ends now; what is left is tried once.
      const late = setTimeout(() => poster?.close(), lastWordMs);
      await ended;
      clearTimeout(late);
      poster?.close();
    },
  };
}
