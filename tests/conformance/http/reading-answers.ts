// Our own reading of what an upstream answers, by the parts of a connection to it, in the order in which it uses them. Without
// sockets, a hundred times as many streams can be compared.
import { answerFraming, ChunkedDecoder, Malformed, ResponseHeadReader, refuseAsFinal } from '@headgate/gateway';
import type { LlhttpResponse } from './llhttp.ts';

/** What we made of a stream. */
export interface AnswerReading {
  /** The final answer, where it was read to its end. */
  readonly answer: Omit<LlhttpResponse, 'keepsAlive'> | null;
  /** Whether the connection may be used again. */
  readonly reusable: boolean;
}

const headBytesMax = 65_536;

/** Reads a stream that comes in pieces, and perhaps ends behind them, as the answer to a request. */
export function readAnswerByUs(pieces: readonly Buffer[], method: string, ends: boolean): AnswerReading {
  const reader = new AnswerReader(method);
  try {
    for (const piece of pieces) reader.feed(piece);
    if (ends) reader.end();
  } catch (thrown) {
    if (!(thrown instanceof Malformed)) throw thrown;
    return { answer: null, reusable: false };
  }
  return reader.reading;
}

class AnswerReader {
  readonly #method: string;
  readonly #parts: Buffer[] = [];
  #held: Buffer = Buffer.alloc(0);
  #reader: ResponseHeadReader | null = null;
  #head: { readonly status: number; readonly fields: readonly string[] } | null = null;
  #framing: ReturnType<typeof answerFraming> | null = null;
  #decoder: ChunkedDecoder | null = null;
  #leftBytes = 0;
  #isWhole = false;

  constructor(method: string) {
    this.#method = method;
  }

  get reading(): AnswerReading {
    if (!this.#isWhole || this.#head === null) return { answer: null, reusable: false };
    return {
      answer: { ...this.#head, body: Buffer.concat(this.#parts).toString('latin1') },
      reusable: this.#framing?.keepAlive === true && this.#held.length === 0,
    };
  }

  feed(piece: Buffer): void {
    this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    while (this.#head === null && this.#held.length > 0 && this.#readHead());
    if (this.#head !== null && !this.#isWhole) this.#readBody();
  }

  end(): void {
    if (this.#framing?.kind === 'until-close') this.#isWhole = true;
  }

  #readHead(): boolean {
    this.#reader ??= new ResponseHeadReader(headBytesMax);
    const head = this.#reader.read(this.#held);
    if (head === null) return false;
    this.#held = this.#held.subarray(this.#reader.end);
    this.#reader = null;
    if (head.status < 200) {
      refuseAsFinal(head);
      return true;
    }
    const { status, fields } = head;
    this.#head = { status, fields };
    this.#framing = answerFraming(head, this.#method);
    this.#leftBytes = this.#framing.bytes;
    this.#decoder = this.#framing.kind === 'chunked' ? new ChunkedDecoder() : null;
    return false;
  }

  #readBody(): void {
    let used = this.#held.length;
    if (this.#decoder !== null) {
      used = this.#decoder.feed(this.#held, 0, (data) => this.#parts.push(Buffer.from(data)));
      this.#isWhole = this.#decoder.ended;
    } else {
      if (this.#framing?.kind === 'length') used = Math.min(used, this.#leftBytes);
      this.#parts.push(this.#held.subarray(0, used));
      this.#leftBytes -= used;
      this.#isWhole = this.#framing?.kind === 'length' && this.#leftBytes === 0;
    }
    this.#held = this.#held.subarray(used);
  }
}
