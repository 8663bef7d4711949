// A connection to PGlite that looks like a socket to `pg`, so that both kinds of store are asked and read by the same code.
import { Duplex } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { ControlRefusal } from '../api/control-refusal.ts';
import { answerBytesMax, type EmbeddedStart, type FromEmbedded, type ToEmbedded } from './embedded-protocol.ts';

/** What a connection needs to know. */
export interface EmbeddedConnectionOptions {
  readonly folder: string;
  /** How long a message may be worked on: PGlite cannot be interrupted, so its thread is ended and started again. */
  readonly statementMsMax: (message: Uint8Array) => number;
  /** Resolves when the thread before this one is gone: two on one folder would destroy it. */
  readonly after: Promise<void>;
  readonly notice: (sentence: string) => void;
}

const closeMsMax = 30_000;

/** One thread with PGlite, as the stream that `pg` speaks PostgreSQL's protocol over. */
export class EmbeddedConnection extends Duplex {
  readonly #options: EmbeddedConnectionOptions;
  readonly #unread = new Int32Array(new SharedArrayBuffer(4));
  readonly #gone = Promise.withResolvers<void>();
  #worker: Worker | undefined;
  #written: ((error?: Error | null) => void) | undefined;
  #watch: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: EmbeddedConnectionOptions) {
    super({ allowHalfOpen: true });
    this.#options = options;
  }

  /** Resolves when its thread is gone. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Called by `pg` where a socket would connect. */
  connect(): this {
    void this.#options.after.then(() => {
      if (!this.destroyed) this.#start();
    });
    return this;
  }

  // What `pg` calls on a socket and what has no meaning here.
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    this.#worker?.ref();
    return this;
  }

  unref(): this {
    this.#worker?.unref();
    return this;
  }

  override _read(): void {
    // Pieces are pushed as they come; the thread waits when too many are unread.
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#send(Uint8Array.from(chunk), done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    const bytes = new Uint8Array(chunks.reduce((sum, { chunk }) => sum + chunk.length, 0));
    let used = 0;
    for (const { chunk } of chunks) {
      bytes.set(chunk, used);
      used += chunk.length;
    }
    this.#send(bytes, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#isClosing = true;
    const impatience = setTimeout(() => void this.#worker?.terminate(), closeMsMax);
    this.#post({ kind: 'close' });
    void this.#gone.promise.then(() => {
      clearTimeout(impatience);
      done();
      this.push(null);
      this.destroy();
    });
    if (this.#worker === undefined) this.#gone.resolve();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#isClosing = true;
    clearTimeout(this.#watch);
    const worker = this.#worker;
    if (worker === undefined) this.#gone.resolve();
    void worker?.terminate();
    void this.#gone.promise.then(() => done(error));
  }

  #start(): void {
    const start: EmbeddedStart = {
      folder: this.#options.folder,
      outstanding: this.#unread.buffer,
    };
    const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), { workerData: start });
    this.#worker = worker;
    let reason = 'it ended without a reason';
    worker.on('message', (message: FromEmbedded) => this.#take(message));
    worker.once('error', (cause: Error) => {
      reason = cause.message;
    });
    worker.once('exit', () => {
      this.#worker = undefined;
      this.#gone.resolve();
      if (this.#isClosing) return;
      this.#options.notice(`the thread of the embedded store ended: ${reason}; the next question starts it again`);
      this.destroy(lost(new Error(`the thread of the embedded store ended: ${reason}`)));
    });
  }

  #take(message: FromEmbedded): void {
    if (message.kind === 'ready') {
      this.emit('connect');
    } else if (message.kind === 'bytes') {
      const { bytes } = message;
      this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      if (Atomics.sub(this.#unread, 0, bytes.byteLength) > answerBytesMax) Atomics.notify(this.#unread, 0);
    } else {
      clearTimeout(this.#watch);
      const written = this.#written;
      this.#written = undefined;
      written?.();
    }
  }

  #send(bytes: Uint8Array<ArrayBuffer>, done: (error?: Error | null) => void): void {
    const limitMs = this.#options.statementMsMax(bytes);
    this.#written = done;
    this.#watch = setTimeout(() => {
      this.#options.notice(
        `a statement ran longer than ${limitMs} ms; the embedded store was started again without it`,
      );
      this.destroy(tooSlow(limitMs));
    }, limitMs);
    this.#post({ kind: 'bytes', bytes }, [bytes.buffer]);
  }

  #post(message: ToEmbedded, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }
}

/** The refusal of a statement that ran too long. */
export function tooSlow(limitMs: number, cause?: unknown): ControlRefusal {
  return new ControlRefusal('control.store_too_slow', { limitMs }, { cause });
}

/** The refusal of what was under way when the store was lost. Whether a commit took effect is not known then. */
export function lost(cause: unknown): ControlRefusal {
  return new ControlRefusal('control.store_unavailable', {}, { cause });
}
