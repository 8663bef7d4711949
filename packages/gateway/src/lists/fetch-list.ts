// Fetches one revocation list from the URL that the configuration names, and from nowhere else: an answer that leads elsewhere is not
// followed, and what a certificate says of lists is never asked. Everything is bounded; what is not a whole answer is a fault.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { FoundFault } from './read-lists.ts';

/** What a server said of its answer, to be told again at the next question (RFC 9110 §13.1). */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** What to fetch. */
export interface FetchOrders {
  readonly url: string;
  /** PEM of the authorities that the server of an https URL must be certified by; null for http. */
  readonly authorities: string | null;
  readonly bytesMax: number;
  /** For all of it, from looking the name up to the last byte, in milliseconds. */
  readonly timeoutMs: number;
  /** Of the answer that is known already; null asks for a whole one. */
  readonly known: Validators | null;
}

/** An answer with its bytes, in shared memory. */
export interface ListAnswer {
  readonly kind: 'answer';
  readonly bytes: Uint8Array;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
  readonly validators: Validators;
}

/** What came of it. */
export type Fetched =
  | ListAnswer
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly fault: FoundFault };

/** Fetches a list. Never rejects for what a server does. */
export async function fetchList(orders: FetchOrders): Promise<Fetched> {
  const signal = AbortSignal.timeout(orders.timeoutMs);
  let response: IncomingMessage | null = null;
  try {
    const request = send(orders, signal);
    try {
      [response] = (await once(request, 'response')) as [IncomingMessage];
      return await read(response, orders);
    } finally {
      request.destroy();
    }
  } catch (fault) {
    if (signal.aborted) return failed('slow', `It did not come whole within ${orders.timeoutMs} ms.`);
    return failure(fault as NodeJS.ErrnoException, response !== null);
  }
}

function send({ url, authorities, known }: FetchOrders, signal: AbortSignal) {
  const headers = {
    Accept: 'application/pkix-crl, application/x-pem-file, */*;q=0.1',
    'Accept-Encoding': 'identity',
    ...validating(known ?? { etag: null, lastModified: null }),
  };
  const options = { agent: false, signal, headers } as const;
  const request =
    authorities === null
      ? httpRequest(url, options)
      : httpsRequest(url, { ...options, ca: authorities, minVersion: 'TLSv1.2' });
  request.on('error', () => undefined); // Whoever waits for the answer or its end hears of it.
  request.end();
  return request;
}

function validating({ etag, lastModified }: Validators): Record<string, string> {
  return {
    ...(etag === null ? {} : { 'If-None-Match': etag }),
    ...(lastModified === null ? {} : { 'If-Modified-Since': lastModified }),
  };
}

async function read(response: IncomingMessage, { bytesMax, known }: FetchOrders): Promise<Fetched> {
  const { statusCode = 0, headers } = response;
  if (statusCode === 304 && known !== null) return { kind: 'unchanged' };
  if (statusCode >= 300 && statusCode < 400) return failed('redirected', `It leads elsewhere (status ${statusCode}).`);
  if (statusCode !== 200) return failed('status', `The server answers with status ${statusCode}.`);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    return failed('encoded', 'The answer has a content encoding.');
  const tooLarge = failed('too_large', `The answer has more than ${bytesMax} bytes.`);
  if (Number(headers['content-length'] ?? 0) > bytesMax) return tooLarge;
  const hash = createHash('sha256');
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > bytesMax) return tooLarge;
    hash.update(piece);
    pieces.push(piece);
  }
  const validators = { etag: headers.etag ?? null, lastModified: headers['last-modified'] ?? null };
  return { kind: 'answer', bytes: joined(pieces, length), sha256: hash.digest('hex'), validators };
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function failure({ code = '', errno }: NodeJS.ErrnoException, hasBegun: boolean): Fetched {
  if (hasBegun) return failed('truncated', 'The answer breaks off.');
  if (code.startsWith('HPE_')) return failed('not_http', 'What answers there does not speak HTTP.');
  // What the system says has a number; what is left is said of the server's certificate.
  if (errno !== undefined || code === 'ECONNRESET')
    return failed('unreachable', `The server cannot be reached (${code}).`);
  return failed('not_trusted', `The server is not trusted (${code}).`);
}

function failed(code: FoundFault['code'], reason: string): Fetched {
  return { kind: 'failed', fault: { code, reason } };
}
