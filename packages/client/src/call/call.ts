// One request over one connection, with a timeout for each phase. It follows no redirect, judges no answer, and repeats
// only a retrieve that met a connection which the other side had already closed.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { answerBytesMax } from '../answer-bytes.ts';
import type { Credential } from '../credential/load-credential.ts';
import type { WireRequest } from '../wire-request.ts';
import type { PhaseTimeouts, Transport } from './transport.ts';

/** The phases of a call in order; `answer` is reading the body. */
export type CallPhase = 'lookup' | 'connect' | 'tls' | 'send' | 'first byte' | 'answer';

/** An answer as received: header names in lower case, body after any Content-Encoding. */
export interface Answer {
  readonly ok: true;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** From the start of the call to the end of the answer, in milliseconds. */
  readonly elapsedMs: number;
}

/** Why no answer came. */
export type FailureReason =
  | 'lookup'
  | 'connect'
  | 'untrusted'
  | 'tls'
  | 'timeout'
  | 'reset'
  | 'malformed'
  | 'answer_too_large';

/** A call without an answer: where it stopped, and whether the other side may have acted on it. */
export interface Failure {
  readonly ok: false;
  readonly reason: FailureReason;
  readonly phase: CallPhase;
  readonly host: string;
  /** Where the connection went, as `host:port`. */
  readonly address: string;
  /** The platform's error code, such as ECONNREFUSED. */
  readonly code: string;
  /** Milliseconds the phase was allowed, for timeouts; else 0. */
  readonly waitedMs: number;
  readonly mayBeDone: boolean;
  /** Subject and issuer of the server certificate, where one was seen. */
  readonly presented: string | null;
  readonly cause: unknown;
}

/** What became of a call. */
export type Outcome = Answer | Failure;

interface Attempt {
  readonly outcome: Outcome;
  readonly reusedConnection: boolean;
}

/** Sends the request and reads the whole answer (at most 64 MiB). Never raises for anything the network does. */
export async function call(
  request: WireRequest,
  credential: Credential | null,
  transport: Transport,
): Promise<Outcome> {
  let attempt = await attemptOnce(request, credential, transport);
  // RFC 9112 §9.3.1: a server may close an idle connection just as it is reused. A submit is never sent twice.
  if (attempt.reusedConnection && request.repeatable && !attempt.outcome.ok && attempt.outcome.reason === 'reset') {
    attempt = await attemptOnce(request, credential, transport);
  }
  transport.onExchange(request, attempt.outcome);
  return attempt.outcome;
}

const phaseTimeouts: Readonly<Record<CallPhase, keyof PhaseTimeouts>> = {
  lookup: 'lookupMs',
  connect: 'connectMs',
  tls: 'tlsMs',
  send: 'sendMs',
  'first byte': 'firstByteMs',
  answer: 'wholeMs',
};

function attemptOnce(request: WireRequest, credential: Credential | null, transport: Transport): Promise<Attempt> {
  const { promise, resolve } = Promise.withResolvers<Attempt>();
  const startedMs = performance.now();
  const sending = open(request, credential, transport);
  const place = placeOf(request.url, transport);
  let phase: CallPhase = isIP(place.host) === 0 ? 'lookup' : 'connect';
  let presented: string | null = null;
  let settled = false;

  const settle = (outcome: Outcome) => {
    if (settled) return;
    settled = true;
    clearTimeout(phaseTimer);
    clearTimeout(wholeTimer);
    if (!outcome.ok) sending.destroy();
    resolve({ outcome, reusedConnection: sending.reusedSocket });
  };
  const fail = (reason: FailureReason, code: string, cause: unknown, waitedMs = 0) => {
    const address = `${place.host}:${place.port}`;
    const mayBeDone = phase === 'first byte' || phase === 'answer';
    const host = request.url.hostname;
    settle({ ok: false, reason, phase, host, address, code, waitedMs, mayBeDone, presented, cause });
  };
  const expire = (waitedMs: number) => () => fail('timeout', 'TIMEOUT', undefined, waitedMs);
  let phaseTimer = setTimeout(
    expire(transport.timeouts[phaseTimeouts[phase]]),
    transport.timeouts[phaseTimeouts[phase]],
  );
  const wholeTimer = setTimeout(expire(transport.timeouts.wholeMs), transport.timeouts.wholeMs);
  const enter = (next: CallPhase) => {
    if (settled) return;
    phase = next;
    clearTimeout(phaseTimer);
    const allowedMs = transport.timeouts[phaseTimeouts[next]];
    phaseTimer = setTimeout(expire(allowedMs), allowedMs);
  };

  sending.on('socket', (socket) => {
    if (!socket.connecting) return enter('send');
    socket.once('lookup', (error) => error ?? enter('connect'));
    if (request.url.protocol === 'http:') return void socket.once('connect', () => enter('send'));
    socket.once('connect', () => enter('tls'));
    // Emitted before the chain is judged: the last moment at which an untrusted certificate can be described.
    socket.prependListener('secure', () => {
      presented = describePeer(socket);
    });
    socket.once('secureConnect', () => enter('send'));
  });
  sending.on('finish', () => {
    if (phase === 'send') enter('first byte');
  });
  sending.on('response', (response) => {
    enter('answer');
    readAnswer(response, startedMs, settle, fail);
  });
  // An answer may come before the whole request was sent (413); what then breaks in sending does not matter.
  sending.on('error', (error) => {
    if (phase !== 'answer') fail(...reasonOf(error, phase), error);
  });
  sending.end(request.body ?? undefined);
  return promise;
}

function open(request: WireRequest, credential: Credential | null, transport: Transport): ClientRequest {
  const { url } = request;
  const place = placeOf(url, transport);
  const headers: string[] = ['Host', url.host];
  for (const [name, value] of request.headers) headers.push(name, value);
  // Always a fixed length: chunked requests met resets on the way (deck p. 11).
  if (request.body !== null) headers.push('Content-Length', String(request.body.length));
  const common = {
    method: request.method,
    host: place.host,
    port: place.port,
    path: `${url.pathname}${url.search}`,
    headers,
    agent: transport.agentFor(url, credential),
    ...(transport.localAddress === undefined ? {} : { localAddress: transport.localAddress }),
  };
  if (url.protocol === 'http:') return httpRequest(common);
  return httpsRequest({
    ...common,
    servername: isIP(url.hostname) === 0 ? url.hostname : '',
    // An empty list still replaces the system's anchors: nothing is trusted that was not named.
    ca: transport.anchorsPem ?? [],
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(credential === null ? {} : { cert: credential.certificatePem, key: credential.keyPem }),
  });
}

function placeOf(url: URL, transport: Transport): { host: string; port: number } {
  if (transport.connectTo !== undefined) return transport.connectTo;
  const port = url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
  return { host: url.hostname, port };
}

function readAnswer(
  response: IncomingMessage,
  startedMs: number,
  settle: (outcome: Outcome) => void,
  fail: (reason: FailureReason, code: string, cause: unknown) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > answerBytesMax) return fail('answer_too_large', 'TOO_LARGE', undefined);
    chunks.push(chunk);
  });
  response.on('error', (error: NodeJS.ErrnoException) => {
    const code = error.code ?? error.message;
    // An answer that is not HTTP after its head shows here, not on the request.
    fail(code.startsWith('HPE_') ? 'malformed' : 'reset', code, error);
  });
  response.on('end', () => {
    const headers = flatten(response);
    const body = decoded(Buffer.concat(chunks), headers['content-encoding']);
    if (body === null) return fail('malformed', 'CONTENT_ENCODING', undefined);
    settle({ ok: true, status: response.statusCode ?? 0, headers, body, elapsedMs: performance.now() - startedMs });
  });
}

function decoded(body: Buffer, encoding: string | undefined): Buffer | null {
  if (encoding === undefined || encoding === 'identity' || body.length === 0) return body;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') return null;
  try {
    return gunzipSync(body, { maxOutputLength: answerBytesMax });
  } catch {
    return null;
  }
}

function flatten(response: IncomingMessage): Record<string, string> {
  const entries = Object.entries(response.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]);
  return Object.fromEntries(entries) as Record<string, string>;
}

// Not getPeerX509Certificate: asked for at this moment, it leaves Node's own name check without names (Node 24.21).
function describePeer(socket: Socket): string | null {
  const certificate = (socket as TLSSocket).getPeerCertificate?.();
  if (certificate?.subject === undefined) return null;
  return `${oneLine(certificate.subject)} (issuer ${oneLine(certificate.issuer)})`;
}

function oneLine(name: object): string {
  const parts = Object.entries(name).map(([type, value]) => `${type}=${[value].flat().join('+')}`);
  return parts.toReversed().join(',');
}

// The outcomes of Node's chain and name checks (OpenSSL X509_V_ERR_* without its prefix, and Node's own name check).
const untrusted =
  /^(?:ERR_TLS_CERT_ALTNAME_INVALID|CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY|DECRYPT|DECODE)|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERROR_IN_CERT)/;

function reasonOf(error: NodeJS.ErrnoException, phase: CallPhase): [reason: FailureReason, code: string] {
  const code = error.code ?? error.message;
  if (untrusted.test(code)) return ['untrusted', code];
  if (code.startsWith('HPE_')) return ['malformed', code];
  if (error.syscall === 'getaddrinfo' || error.syscall?.startsWith('query') === true) return ['lookup', code];
  if (phase === 'lookup' || phase === 'connect') return ['connect', code];
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return ['tls', code];
  return ['reset', code];
}
