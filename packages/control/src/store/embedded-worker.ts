// The thread that PGlite runs on: bytes of PostgreSQL's protocol come in, answers go out. PGlite works synchronously, so
// nothing else may run here.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import {
  answerBytesMax,
  createAnswerEnd,
  type EmbeddedStart,
  type FromEmbedded,
  pieceBytes,
  type ToEmbedded,
} from './embedded-protocol.ts';

const { folder, outstanding } = workerData as EmbeddedStart;
const unread = new Int32Array(outstanding);
const port = parentPort;
if (port === null) throw new Error('this file is a thread of the store');

const say = (message: FromEmbedded, transfer: readonly ArrayBuffer[] = []): void => port.postMessage(message, transfer);

if (!existsSync(join(folder, 'PG_VERSION'))) await create();
const database = await PGlite.create({
  dataDir: folder,
  // Files of its log that are not needed any more are kept for new ones up to this size, and no further.
  startParams: [...PGlite.defaultStartParams, '-c', 'max_wal_size=128MB', '-c', 'min_wal_size=32MB'],
});
// The first byte of Terminate, which has no answer.
const terminate = 0x58;
let turn = Promise.resolve();
port.on('message', (message: ToEmbedded) => {
  turn = turn.then(() => (message.kind === 'close' ? close() : answer(message.bytes)));
  // A rejection that nobody takes ends the thread; the store is told why.
});
say({ kind: 'ready' });

/** Makes an empty cluster of databases beside its place: one that a crash left half would look whole. */
async function create(): Promise<void> {
  const making = `${folder}-making`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true, mode: 0o700 }); // PGlite writes files that everyone may write.
  await (await PGlite.create({ dataDir: making })).close();
  renameSync(making, folder);
}

async function answer(bytes: Uint8Array): Promise<void> {
  if (bytes[0] === terminate) return say({ kind: 'answered' }); // The end of the stream follows, and closes PGlite.
  let piece = new Uint8Array(pieceBytes);
  let used = 0;
  const flush = (): void => {
    if (used === 0) return;
    // The other side reads at its own pace; until it has, this thread waits and makes no more.
    for (let waiting = Atomics.load(unread, 0); waiting > answerBytesMax; waiting = Atomics.load(unread, 0)) {
      Atomics.wait(unread, 0, waiting);
    }
    Atomics.add(unread, 0, used);
    say({ kind: 'bytes', bytes: piece.subarray(0, used) }, [piece.buffer]);
    piece = new Uint8Array(pieceBytes);
    used = 0;
  };
  const endsWith = createAnswerEnd();
  let isReady = false;
  const take = (data: Uint8Array): void => {
    isReady = endsWith(data);
    for (let from = 0; from < data.length; ) {
      const part = data.subarray(from, from + pieceBytes - used);
      piece.set(part, used);
      used += part.length;
      from += part.length;
      if (used === pieceBytes) flush();
    }
  };
  if (bytes[0] === 0) {
    // The startup packet is answered directly, not through the callback (PGlite 0.5.16).
    take(await database.execProtocolRaw(bytes));
  } else {
    await database.execProtocolRawStream(bytes, { onRawData: take });
  }
  flush();
  // After a fault that PostgreSQL itself does not survive (PANIC), PGlite goes on as if nothing were; only a new one is sound.
  if (!isReady) throw new Error('PGlite stopped in the middle of a statement');
  say({ kind: 'answered' });
}

async function close(): Promise<void> {
  await database.close();
  port?.close();
}
