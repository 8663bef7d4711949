// The answer to one request over a socket: one write where it is small, back pressure where it is not.
import type { Socket } from 'node:net';
import type { Departure, Downstream, RequestHead } from '../exchange.ts';
import type { AnswerFields, WrittenFields } from '../http1/answer-fields.ts';
import { type HeadPieces, joinedBytesMax, writeJoined } from '../http1/write-joined.ts';
import type { OpenSide } from '../tunnel.ts';
import type { HeldAnswer } from './held-answer.ts';

/** What an answer needs from its connection. */
export interface AnswerSurroundings {
  /**
   * Decided when the head is written: whether another request may follow. Never behind an answer that has no end but that
   * of its connection, as one to HTTP/1.0 (RFC 9112 §6.3).
   */
  keepAlive(framed: boolean): boolean;
  /** Holds answers back for the end of the turn; whatever else is written must let go of them first. */
  readonly held: HeldAnswer;
  /** The caller takes nothing at the moment, or takes again. */
  stall(stalled: boolean): void;
  /** Gives the connection up after a switch of protocols; what was read and not used yet comes with it. */
  giveAway(): OpenSide;
}

/** What an answer says in its head, but for what its connection adds. */
interface Said extends Omit<WrittenFields, 'status'> {
  readonly own: readonly string[];
}

/** Writes one answer. */
export class OutgoingAnswer implements Downstream, Departure {
  readonly #socket: Socket;
  readonly #surroundings: AnswerSurroundings;
  /** HEAD: the same head, no body (RFC 9110 §9.3.2). */
  readonly #headOnly: boolean;
  readonly #httpVersion: '1.0' | '1.1';
  #happened = false;
  #listener: (() => void) | null = null;
  #started = false;
  #sentBytes = 0;
  #isLast = false;
  #persists = false;
  #wake: { resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(socket: Socket, { method, httpVersion }: RequestHead, surroundings: AnswerSurroundings) {
    this.#socket = socket;
    this.#surroundings = surroundings;
    this.#headOnly = method === 'HEAD';
    this.#httpVersion = httpVersion;
  }

  get departure(): Departure {
    return this;
  }

  hear(listener: (() => void) | null): void {
    this.#listener = listener;
    if (this.#happened) listener?.();
  }

  get started(): boolean {
    return this.#started;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  abort(): void {
    this.#surroundings.held.release(); // An earlier answer of the connection.
    this.#socket.destroy();
  }

  /** The socket takes bytes again. */
  drained(): void {
    const wake = this.#wake;
    this.#wake = null;
    this.#surroundings.stall(false);
    wake?.resolve();
  }

  /** The caller went away. */
  gone(): void {
    this.#happened = true;
    this.#listener?.();
    const wake = this.#wake;
    this.#wake = null;
    wake?.reject(new Error('the caller went away'));
  }

  closeAfter(): void {
    this.#isLast = true;
  }

  switchProtocols(fields: readonly string[]): OpenSide {
    if (this.#happened || this.#socket.destroyed) throw new Error('the caller went away');
    this.#started = true;
    let head = 'HTTP/1.1 101 Switching Protocols\r\n';
    for (let at = 0; at + 1 < fields.length; at += 2) head += `${fields[at]}: ${fields[at + 1]}\r\n`;
    this.#surroundings.held.release();
    this.#socket.write(`${head}\r\n`, 'latin1');
    return this.#surroundings.giveAway();
  }

  send(
    status: number,
    fields: AnswerFields,
    own: readonly string[],
    body: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<void> | undefined {
    if (this.#happened || this.#socket.destroyed) throw new Error('the caller went away');
    this.#started = true;
    const bodiless = this.#headOnly || status === 204 || status === 304;
    const { bytes, isDated, isSized } = fields.writtenFor(status);
    const said = { bytes, isDated, isSized: isSized || own.includes('content-length'), own };
    if (!(body instanceof Uint8Array)) return this.#sendPieces(said, body, bodiless);
    const head = this.#head(said, body.byteLength, bodiless);
    return this.#sendWhole(head, bodiless ? noBytes : body);
  }

  async #sendPieces(said: Said, body: AsyncIterable<Uint8Array>, bodiless: boolean): Promise<void> {
    const framed = bodiless || said.isSized;
    const chunked = !framed && this.#httpVersion === '1.1';
    await this.#writeHead(this.#head(said, null, bodiless, chunked));
    for await (const chunk of body) {
      if (bodiless || chunk.byteLength === 0) continue;
      this.#sentBytes += chunk.byteLength;
      await this.#write(chunked ? inChunk(chunk) : chunk);
    }
    if (chunked) await this.#write(lastChunk);
  }

  #head(said: Said, bodyBytes: number | null, bodiless: boolean, chunked = false): HeadPieces {
    const { bytes, isDated, isSized, own } = said;
    let text = '';
    for (let at = 0; at + 1 < own.length; at += 2) text += `${own[at]}: ${own[at + 1]}\r\n`;
    if (!isSized && bodyBytes !== null && !bodiless) text += `content-length: ${bodyBytes}\r\n`;
    if (chunked) text += 'transfer-encoding: chunked\r\n';
    if (!isDated) text += `date: ${httpDate()}\r\n`;
    const framed = isSized || chunked || bodyBytes !== null || bodiless;
    const open = this.#surroundings.keepAlive(framed && !this.#isLast);
    this.#persists = open;
    if (!open) text += 'connection: close\r\n';
    else if (this.#httpVersion === '1.0') text += 'connection: keep-alive\r\n';
    return [bytes, noBytes, `${text}\r\n`];
  }

  #sendWhole(head: HeadPieces, body: Uint8Array): Promise<void> | undefined {
    this.#sentBytes += body.byteLength;
    if (body.byteLength > joinedBytesMax) {
      const taking = this.#writeHead(head);
      return taking === undefined ? this.#write(body) : taking.then(() => this.#write(body));
    }
    if (this.#persists && this.#surroundings.held.hold(head, body)) return undefined;
    this.#surroundings.held.release();
    return this.#untilTaken(writeJoined(this.#socket, head, body));
  }

  #writeHead(head: HeadPieces): Promise<void> | undefined {
    if (this.#happened) throw new Error('the caller went away');
    this.#surroundings.held.release();
    return this.#untilTaken(writeJoined(this.#socket, head, noBytes));
  }

  #write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#happened) throw new Error('the caller went away');
    this.#surroundings.held.release();
    return this.#untilTaken(this.#socket.write(bytes));
  }

  #untilTaken(isTaken: boolean): Promise<void> | undefined {
    if (isTaken) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = { resolve, reject };
    this.#surroundings.stall(true);
    return promise;
  }
}

const noBytes = new Uint8Array(0);
const lastChunk = Buffer.from('0\r\n\r\n');

function inChunk(data: Uint8Array): Buffer {
  const size = `${data.byteLength.toString(16)}\r\n`;
  const framed = Buffer.allocUnsafe(size.length + data.byteLength + 2);
  framed.write(size, 0, 'latin1');
  framed.set(data, size.length);
  framed.write('\r\n', size.length + data.byteLength, 'latin1');
  return framed;
}

let dateSecond = 0;
let dateText = '';

/** The present instant as an HTTP date (RFC 9110 §5.6.7), made once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1_000).toUTCString();
  }
  return dateText;
}
