// How the gateway speaks to control: HTTP/1.1 over mutual TLS on kept connections, with a bound on every wait and on what is read.
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import type { ControlAddress } from './control-tls.ts';

/** One request to control. */
export interface ControlRequest {
  readonly target: URL;
  /** Null for a GET; else it is posted. */
  readonly body: string | Uint8Array | null;
  /** Of the body, beside its length. */
  readonly headers?: OutgoingHttpHeaders;
  readonly signal: AbortSignal;
  /** Most that is read of the answer, in bytes. */
  readonly answerBytesMax: number;
}

/** What control answered. */
export interface ControlAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** A client of one control. */
export interface ControlClient {
  /** Rejects as the system does, with the reason of `signal`, and for an answer over its bound. */
  ask(asked: ControlRequest): Promise<ControlAnswer>;
  /** Ends what is under way. */
  close(): void;
}

/** Creates a client; connections are made when something is asked, at most so many. */
export function createControlClient({ pem, serverName }: ControlAddress, connectionsMax: number): ControlClient {
  const agent = new Agent({
    ...pem,
    keepAlive: true,
    maxSockets: connectionsMax,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true, // Said outright: the environment must not be able to turn it off.
    // RFC 6066 §3: no address in SNI.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
  });
  return {
    async ask({ target, body, headers, signal, answerBytesMax }) {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const sent = request(target, {
        agent,
        signal,
        method: body === null ? 'GET' : 'POST',
        headers: {
          accept: 'application/json',
          ...headers,
          ...(body === null ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
      });
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end(body ?? undefined);
      const answer = await promise;
      const text = await boundedText(answer, answerBytesMax);
      return { status: answer.statusCode ?? 0, headers: answer.headers, text };
    },
    close: () => agent.destroy(),
  };
}

async function boundedText(answer: IncomingMessage, bytesMax: number): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.byteLength;
    if (bytes > bytesMax) throw new Error(`its answer is longer than ${bytesMax.toLocaleString('en-US')} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Why control could not be asked, or its answer not be used, in words that follow "control: ". */
export function controlFaultWords(fault: unknown): string {
  const { name, code, message } = fault as NodeJS.ErrnoException;
  if (name === 'TimeoutError' || name === 'AbortError') return 'it did not answer in time';
  if (fault instanceof SyntaxError || name === 'ZodError') return 'its answer cannot be read';
  return code ?? message;
}
