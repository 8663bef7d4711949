// Reads answers of HTTP/1.1 off a connection, one after the other, as lean as a sender of thousands of calls needs it. It is no strict
// reader: it asks of an answer only what tells where it ends.

/** A whole answer. Names of fields in lower case; of a field that stands several times, all values with a comma between, but cookies. */
export interface WireAnswer {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  /** Values of `Set-Cookie`. */
  readonly cookies: readonly string[];
  readonly body: Buffer;
  /** Whether another call may follow on the connection. */
  readonly persists: boolean;
}

/** What a reader makes of bytes. */
export interface AnswerReader {
  /** Takes bytes; an answer once one is whole, else null. Throws SyntaxError for what is no answer, and RangeError past the bounds. */
  take(chunk: Buffer): WireAnswer | null;
  /** The connection has ended: an answer that goes until then, else null. */
  end(): WireAnswer | null;
}

/** Most bytes of a head and of a body. */
const answerHeadBytesMax = 64 * 1024;
const answerBodyBytesMax = 32 * 1024 * 1024;

type Framing =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-end' };

interface Head {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly cookies: readonly string[];
  readonly framing: Framing;
  readonly persists: boolean;
  readonly bodyAt: number;
}

/** A reader for one connection on which one call is under way at a time. */
export function createAnswerReader(): AnswerReader {
  let received: Buffer = Buffer.alloc(0);
  let head: Head | null = null;
  const finish = ({ status, fields, cookies, persists }: Head, body: Buffer, rest: Buffer): WireAnswer => {
    head = null;
    received = rest;
    return { status, fields, cookies, body, persists };
  };
  const read = (): WireAnswer | null => {
    head ??= readHead(received);
    if (head === null) return null;
    if (head.status >= 100 && head.status < 200) {
      received = received.subarray(head.bodyAt);
      head = null;
      return read();
    }
    if (received.length - head.bodyAt > answerBodyBytesMax) throw new RangeError('An answer is longer than is read.');
    const body = received.subarray(head.bodyAt);
    if (head.framing.kind === 'until-end') return null;
    if (head.framing.kind === 'chunked') {
      const chunks = readChunks(body);
      return chunks === null ? null : finish(head, chunks.body, body.subarray(chunks.bytes));
    }
    const { bytes } = head.framing;
    return body.length < bytes ? null : finish(head, body.subarray(0, bytes), body.subarray(bytes));
  };
  return {
    take(chunk) {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      return read();
    },
    end() {
      if (head?.framing.kind !== 'until-end') return null;
      return finish(head, received.subarray(head.bodyAt), Buffer.alloc(0));
    },
  };
}

function readHead(received: Buffer): Head | null {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) {
    if (received.length > answerHeadBytesMax) throw new RangeError('The head of an answer is longer than is read.');
    if (received.length > 4 && !received.subarray(0, 5).equals(httpStart)) throw new SyntaxError('This is no HTTP.');
    return null;
  }
  const [statusLine = '', ...lines] = received.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw new SyntaxError('This is no HTTP.');
  const fields = new Map<string, string>();
  const cookies: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new SyntaxError('A field of an answer has no name.');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'set-cookie') cookies.push(value);
    else fields.set(name, fields.has(name) ? `${fields.get(name)}, ${value}` : value);
  }
  const framing = framingOf(status, fields);
  const closes = /(?:^|,)\s*close\s*(?:,|$)/i.test(fields.get('connection') ?? '') || statusLine.startsWith('HTTP/1.0');
  return { status, fields, cookies, framing, persists: !closes && framing.kind !== 'until-end', bodyAt: end + 4 };
}

const httpStart = Buffer.from('HTTP/');

/** RFC 9112 §6.3, for answers to GET and POST. */
function framingOf(status: number, fields: ReadonlyMap<string, string>): Framing {
  if (status === 204 || status === 304 || (status >= 100 && status < 200)) return { kind: 'length', bytes: 0 };
  if (/(?:^|,)\s*chunked\s*$/i.test(fields.get('transfer-encoding') ?? '')) return { kind: 'chunked' };
  const length = fields.get('content-length');
  if (length === undefined) return { kind: 'until-end' };
  if (!/^\d{1,12}$/.test(length)) throw new SyntaxError('The length of an answer is no number.');
  return { kind: 'length', bytes: Number(length) };
}

/** The body of a chunked message and how many bytes it took; null while some are missing. */
function readChunks(bytes: Buffer): { readonly body: Buffer; readonly bytes: number } | null {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = /^([0-9a-f]{1,8})(?:[ \t;]|$)/i.exec(bytes.toString('latin1', at, lineEnd))?.[1];
    if (size === undefined) throw new SyntaxError('The size of a chunk is no number.');
    const length = Number.parseInt(size, 16);
    at = lineEnd + 2;
    if (length === 0) {
      const end = endOfTrailers(bytes, at);
      return end === null ? null : { body: Buffer.concat(chunks), bytes: end };
    }
    if (bytes.length < at + length + 2) return null;
    chunks.push(bytes.subarray(at, at + length));
    at += length + 2;
  }
}

function endOfTrailers(bytes: Buffer, from: number): number | null {
  if (bytes.subarray(from, from + 2).toString('latin1') === '\r\n') return from + 2;
  const end = bytes.indexOf('\r\n\r\n', from);
  return end < 0 ? null : end + 4;
}
