// llhttp itself, as the WASM module that undici carries: without Node's HTTP server above it, strict in everything, and told by
// us what it cannot know. It reads requests and responses; what it makes of them is an oracle for our own reading.
import { createRequire } from 'node:module';

/** One request as llhttp reads it. */
export interface LlhttpRequest {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** Flat, in order; names in lower case, values trimmed. */
  readonly fields: readonly string[];
  /** One character per byte. */
  readonly body: string;
  /** Whether another request may follow, by what stands in the head. */
  readonly keepsAlive: boolean;
}

/** One response as llhttp reads it. */
export interface LlhttpResponse {
  readonly status: number;
  readonly fields: readonly string[];
  readonly body: string;
  readonly keepsAlive: boolean;
}

/** The messages that were read to their end, and how the reading ended: `ok`, or llhttp's name of the fault. */
export interface LlhttpReading<Message> {
  readonly messages: readonly Message[];
  /** What was read of a body whose end did not come; null where no message was begun, or only its head. */
  readonly open: Message | null;
  readonly end: string;
}

/** A reader that is fed whole streams, one after the other. */
export interface Llhttp {
  readRequests(pieces: readonly Uint8Array[]): LlhttpReading<LlhttpRequest>;
  /** `method` is that of the request; `ends`: the upstream closes behind the last byte. */
  readResponses(pieces: readonly Uint8Array[], method: string, ends: boolean): LlhttpReading<LlhttpResponse>;
}

/**
 * Whether llhttp may refuse a stream, or read it otherwise, where RFC 9110 §5.5 and §5.6.1 are on our side: it takes no tab behind
 * `chunked`, `close` or `keep-alive` nor, as undici carries it, behind a length.
 */
export function isReadOtherwiseByLlhttp(stream: string): boolean {
  return /^(?:transfer-encoding:[ \t]*chunked|content-length:[ \t]*\d+|connection:[^\r\n]*(?:close|keep-alive)) *\t/im.test(
    stream,
  );
}

/** What the module exports, as far as it is used. Pointers are offsets in its memory. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  malloc(bytes: number): number;
  free(pointer: number): void;
  llhttp_execute(parser: number, bytes: number, length: number): number;
  llhttp_finish(parser: number): number;
  llhttp_should_keep_alive(parser: number): number;
  llhttp_resume_after_upgrade(parser: number): void;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_errno_name(code: number): number;
  llhttp_method_name(method: number): number;
}

/** The values of a field in a flat list of names and values. */
export function valuesIn(fields: readonly string[], name: string): string[] {
  return fields.filter((_, at) => at % 2 === 1 && fields[at - 1] === name);
}

/** What Node has of the language's WebAssembly, as far as it is used: its types come with those of a browser alone. */
declare const WebAssembly: {
  readonly Module: new (bytes: Buffer) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: Readonly<Record<string, (...values: number[]) => number>> },
  ) => { readonly exports: unknown };
};

/** Types of a parser (llhttp's `llhttp_type_t`). */
const requestType = 1;
const responseType = 2;

/** What `on_headers_complete` may answer: go on, or the message has no body. */
const goOn = 0;
const hasNoBody = 1;

/** Creates the reader. */
export function createLlhttp(): Llhttp {
  const require = createRequire(import.meta.url);
  const module = new WebAssembly.Module(require('undici/lib/llhttp/llhttp-wasm.js') as Buffer);
  let reader: MessageReader | null = null;
  const span =
    (take: (reader: MessageReader, text: string) => void) =>
    (_parser = 0, at = 0, length = 0): number => {
      if (reader !== null) take(reader, textAt(at, length));
      return goOn;
    };
  const instance = new WebAssembly.Instance(module, {
    env: {
      wasm_on_message_begin: () => {
        reader?.begin();
        return goOn;
      },
      wasm_on_url: span((each, text) => each.target(text)),
      wasm_on_status: () => goOn,
      wasm_on_header_field: span((each, text) => each.name(text)),
      wasm_on_header_value: span((each, text) => each.value(text)),
      wasm_on_headers_complete: (parser = 0, status = 0, _upgrade = 0, keepsAlive = 0) =>
        reader?.headed(
          status,
          status === 0 ? nameAt(wasm.llhttp_method_name(wasm.llhttp_get_method(parser))) : '',
          keepsAlive === 1,
        ) ?? goOn,
      wasm_on_body: span((each, text) => each.body(text)),
      wasm_on_message_complete: (parser = 0) => {
        reader?.end(wasm.llhttp_should_keep_alive(parser) === 1);
        return goOn;
      },
    },
  });
  const wasm = instance.exports as Exports;
  wasm._initialize();

  function textAt(at: number, length: number): string {
    return Buffer.from(wasm.memory.buffer, at, length).toString('latin1');
  }

  function nameAt(at: number): string {
    const bytes = Buffer.from(wasm.memory.buffer, at);
    return bytes.toString('latin1', 0, bytes.indexOf(0));
  }

  /** The name of a fault, or null. */
  function faultOf(code: number): string | null {
    return code === 0 ? null : nameAt(wasm.llhttp_errno_name(code));
  }

  /** Feeds one piece; returns the fault that ended the reading, or null. */
  function feed(parser: number, piece: Uint8Array): string | null {
    const pointer = wasm.malloc(Math.max(1, piece.byteLength));
    new Uint8Array(wasm.memory.buffer, pointer, piece.byteLength).set(piece);
    try {
      for (let at = pointer; ; ) {
        const fault = faultOf(wasm.llhttp_execute(parser, at, pointer + piece.byteLength - at));
        // An upgrade that nobody granted: what follows is the next request.
        if (fault !== 'HPE_PAUSED_UPGRADE') return fault;
        at = wasm.llhttp_get_error_pos(parser);
        wasm.llhttp_resume_after_upgrade(parser);
        if (at === pointer + piece.byteLength) return null;
      }
    } finally {
      wasm.free(pointer);
    }
  }

  function read(type: number, pieces: readonly Uint8Array[], messages: MessageReader, ends: boolean): string {
    const parser = wasm.llhttp_alloc(type);
    reader = messages;
    try {
      for (const piece of pieces) {
        const fault = feed(parser, piece);
        if (fault !== null) return fault;
      }
      return (ends ? faultOf(wasm.llhttp_finish(parser)) : null) ?? 'ok';
    } finally {
      reader = null;
      wasm.llhttp_free(parser);
    }
  }

  return {
    readRequests(pieces) {
      const messages = new MessageReader(null);
      const end = read(requestType, pieces, messages, false);
      const of = ({ method, target, fields, body, keepsAlive }: Message) => ({
        method,
        target,
        fields,
        body,
        keepsAlive,
      });
      return { messages: messages.whole.map(of), open: messages.open === null ? null : of(messages.open), end };
    },
    readResponses(pieces, method, ends) {
      const messages = new MessageReader(method);
      const end = read(responseType, pieces, messages, ends);
      const of = ({ status, fields, body, keepsAlive }: Message) => ({ status, fields, body, keepsAlive });
      return { messages: messages.whole.map(of), open: messages.open === null ? null : of(messages.open), end };
    },
  };
}

interface Message {
  method: string;
  status: number;
  target: string;
  fields: string[];
  body: string;
  keepsAlive: boolean;
  isHeaded: boolean;
}

/** Collects what llhttp tells. A name or a value may come in several spans, and trailers come as fields do. */
class MessageReader {
  readonly whole: Message[] = [];
  readonly #requestMethod: string | null;
  #message: Message | null = null;

  /** `requestMethod`: what responses answer; null for requests. */
  constructor(requestMethod: string | null) {
    this.#requestMethod = requestMethod;
  }

  get open(): Message | null {
    return this.#message?.isHeaded === true ? this.#message : null;
  }

  begin(): void {
    this.#message = { method: '', status: 0, target: '', fields: [], body: '', keepsAlive: false, isHeaded: false };
  }

  target(text: string): void {
    if (this.#message !== null) this.#message.target += text;
  }

  name(text: string): void {
    const fields = this.#fields;
    if (fields.length % 2 === 0) fields.push('');
    this.#extend(text);
  }

  value(text: string): void {
    const fields = this.#fields;
    if (fields.length % 2 === 1) fields.push('');
    this.#extend(text);
  }

  headed(status: number, method: string, keepsAlive: boolean): number {
    const message = this.#message;
    if (message === null) return goOn;
    message.fields = message.fields.map((text, at) =>
      at % 2 === 0 ? text.toLowerCase() : text.replace(/^[ \t]+|[ \t]+$/g, ''),
    );
    Object.assign(message, { status, method, keepsAlive, isHeaded: true });
    return this.#requestMethod === 'HEAD' ? hasNoBody : goOn;
  }

  body(text: string): void {
    if (this.#message !== null) this.#message.body += text;
  }

  /** `keepsAlive` as trailers leave it, too: it counts only where llhttp could not know before that there is no body. */
  end(keepsAlive: boolean): void {
    if (this.#message !== null && this.#requestMethod === 'HEAD') this.#message.keepsAlive = keepsAlive;
    if (this.#message !== null) this.whole.push(this.#message);
    this.#message = null;
  }

  /** Those of the head; a trailer section is read, and forgotten. */
  get #fields(): string[] {
    return this.#message === null || this.#message.isHeaded ? [] : this.#message.fields;
  }

  #extend(text: string): void {
    const fields = this.#fields;
    if (fields.length > 0) fields[fields.length - 1] += text;
  }
}
