// A caller that writes exact bytes and reads answers strictly: an answer that is not HTTP/1.1 to the letter fails the test.
import { connect, type Socket } from 'node:net';
import { writeInPieces } from './fooled-upstream.ts';
import type { Field } from './wire.ts';

/** One final answer. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly fields: readonly Field[];
  readonly body: Buffer;
  /** How its end is told. */
  readonly framing: 'none' | 'content-length' | 'chunked' | 'close';
  readonly interim: readonly number[];
  /** False when the connection ended first. */
  readonly complete: boolean;
}

/** The first value of a field of an answer, or empty. */
export function fieldOf(answer: WireAnswer, name: string): string {
  return answer.fields.find(([known]) => known === name)?.[1] ?? '';
}

/** Whether an answer says that no other will follow on its connection. */
export function saysClose(answer: WireAnswer): boolean {
  return fieldOf(answer, 'connection') === 'close';
}

/** Longest that a test waits for what must come at once, in milliseconds. */
const patienceMs = 30_000;

/** One connection to a gateway. */
export class WireCaller {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #over = false;
  #reset = false;
  #wake = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#changed();
    });
    socket.on('error', () => {
      this.#reset = true;
    });
    const finish = (): void => {
      this.#over = true;
      this.#changed();
    };
    socket.on('end', finish);
    socket.on('close', finish);
  }

  /** Connects over plain TCP. */
  static async open(port: number): Promise<WireCaller> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve);
    socket.once('error', reject);
    await promise;
    return new WireCaller(socket);
  }

  /** True once the gateway ended its side. */
  get over(): boolean {
    return this.#over;
  }

  /** True when the connection was reset: what the gateway said may be lost. */
  get reset(): boolean {
    return this.#reset;
  }

  /** Received and not read as an answer yet. */
  get unread(): Buffer {
    return this.#received;
  }

  send(bytes: Buffer, cuts: readonly number[] = []): Promise<void> {
    return writeInPieces(this.socket, bytes, cuts);
  }

  halfClose(): void {
    if (this.socket.writable) this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** The next final answer to a request of that method; null when the connection ends before one begins. */
  async answer(method: string): Promise<WireAnswer | null> {
    const interim: number[] = [];
    for (;;) {
      const taken = takeAnswer(this.#received, method, this.#over);
      if (taken === null) {
        if (this.#over) return null;
        await this.#more();
        continue;
      }
      this.#received = this.#received.subarray(taken.bytes);
      if (taken.answer.status >= 200) return { ...taken.answer, interim };
      interim.push(taken.answer.status);
    }
  }

  /** Resolves with the next interim or final status, without taking a final answer. */
  async nextStatus(): Promise<number> {
    while (!this.#received.includes('\r\n') && !this.#over) await this.#more();
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.#received.toString('latin1', 0, 12))?.[1] ?? 0);
  }

  /** Resolves once the gateway ended its side. */
  async ended(): Promise<void> {
    while (!this.#over) await this.#more();
  }

  #changed(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  async #more(): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    const said = this.#received.toString('latin1', 0, 200);
    const impatience = setTimeout(
      () => reject(new Error(`nothing more came after ${JSON.stringify(said)}`)),
      patienceMs,
    );
    await Promise.race([this.#wake.promise, promise]).finally(() => clearTimeout(impatience));
  }
}

type Taken = { readonly answer: Omit<WireAnswer, 'interim'>; readonly bytes: number };

function takeAnswer(bytes: Buffer, method: string, over: boolean): Taken | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const [statusLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const matched = /^HTTP\/1\.1 ([1-5]\d\d) [\t -~\x80-\xff]*$/.exec(statusLine);
  if (matched === null) throw new Error(`no status line: ${JSON.stringify(statusLine.slice(0, 200))}`);
  const status = Number(matched[1]);
  const fields = lines.map(fieldIn);
  const at = headEnd + 4;
  const taken = (framing: WireAnswer['framing'], body: Buffer, end: number, complete = true): Taken => ({
    answer: { status, fields, body, framing, complete },
    bytes: end,
  });
  const lengths = fields.filter(([name]) => name === 'content-length').map(([, value]) => value);
  const codings = fields.filter(([name]) => name === 'transfer-encoding').map(([, value]) => value);
  if (lengths.length + codings.length > 1) throw new Error(`an answer with two lengths: ${lines.join(' | ')}`);
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return taken('none', Buffer.alloc(0), at);
  if (codings.length === 1) {
    const { body, end } = takeChunks(bytes, at);
    if (end === -1) return over ? taken('chunked', body, bytes.length, false) : null;
    return taken('chunked', body, end);
  }
  if (lengths[0] !== undefined) {
    const end = at + Number(lengths[0]);
    if (bytes.length >= end) return taken('content-length', bytes.subarray(at, end), end);
    return over ? taken('content-length', bytes.subarray(at), bytes.length, false) : null;
  }
  return over ? taken('close', bytes.subarray(at), bytes.length) : null;
}

function fieldIn(line: string): Field {
  const matched = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*$/.exec(line);
  if (matched === null) throw new Error(`no field line: ${JSON.stringify(line.slice(0, 200))}`);
  return [(matched[1] ?? '').toLowerCase(), matched[2] ?? ''];
}

function takeChunks(bytes: Buffer, from: number): { readonly body: Buffer; readonly end: number } {
  const parts: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return { body: Buffer.concat(parts), end: -1 };
    const line = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9a-f]{1,8}$/i.test(line)) throw new Error(`no chunk size: ${JSON.stringify(line.slice(0, 100))}`);
    const size = Number.parseInt(line, 16);
    const dataEnd = lineEnd + 2 + size;
    parts.push(bytes.subarray(lineEnd + 2, Math.min(dataEnd, bytes.length)));
    if (bytes.length < dataEnd + 2) return { body: Buffer.concat(parts), end: -1 };
    if (bytes.toString('latin1', dataEnd, dataEnd + 2) !== '\r\n') throw new Error('chunk data without its line end');
    if (size === 0) return { body: Buffer.concat(parts), end: dataEnd + 2 };
    at = dataEnd + 2;
  }
}
