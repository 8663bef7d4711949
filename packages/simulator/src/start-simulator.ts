// The market systems behind one HTTP/1.1 port: plain, as they stand behind a gateway, or with TLS and limits of their own, as
// programs meet them. Listens, reads a bounded body, hands it to the system that the path names, and writes the answer. Not for
// the open internet.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Catalogue,
  compileCatalogue,
  fields as fieldNames,
  type Policy,
  type Provisioning,
} from '@headgate/contract';
import { delayMsMax, type Faults, logoutPage, namesOf } from './faults.ts';
import { clientCertificateOf, createDoor, type Door, isSecure } from './limits/door.ts';
import { createMarketLimits } from './limits/market-limits.ts';
import type { Personality } from './limits/personalities.ts';
import type { Coordinator } from './state/market.ts';
import type { Provision } from './state/provisioning.ts';
import { answerAds } from './systems/ads.ts';
import { answerCatalogue } from './systems/catalogue-systems.ts';
import { answerDocuments } from './systems/documents.ts';
import { answerOasis } from './systems/oasis.ts';
import { answerSst } from './systems/secured-systems.ts';
import { type Incoming, notFoundReply, type Reply } from './wire/message.ts';
import { type AnswerCredential, createWorld, type World } from './world.ts';

/** What a simulator is started with. */
export interface SimulatorOptions {
  /** Address to listen on, such as `127.0.0.1`. */
  readonly host: string;
  /** Port to listen on; 0 for any that is free. */
  readonly port: number;
  /** Everything that looks like chance follows from it. */
  readonly seed: string;
  /** The present instant, in ms since 1970 UTC. */
  readonly clock: () => number;
  /** Default `production`. It is told in the `simulator-environment` field of every answer. */
  readonly environment?: string;
  /** Default `current`. It is told in the `simulator-infrastructure` field of every answer. */
  readonly infrastructure?: string;
  /** Rights by certificate subject. Default: every certificate may act for every coordinator. */
  readonly provisions?: readonly Provision[];
  /** Who takes part, 1 to 6,000. Default: `EXA1`, `EXB2` and `EXC3`. */
  readonly coordinators?: readonly Coordinator[];
  /** Where JSON documents live: path prefixes with a slash at both ends. Default `/api/`. */
  readonly documentPrefixes?: readonly string[];
  /** Plays the SOAP and JSON systems of this catalogue too, where the simulator has no model of its own. Default: none. */
  readonly catalogue?: Catalogue;
  /** Signs the SOAP answers of `/sst/` systems. Default: unsigned, as the market's clients allow for. */
  readonly answerCredential?: AnswerCredential;
  /** Speaks TLS and asks for client certificates. Default: plain HTTP. */
  readonly tls?: SimulatorTls;
  /** Counts limits, which needs `catalogue`. Default: nothing is counted, as behind a gateway. */
  readonly limits?: SimulatorLimits;
  /** Faults from the start. Default: none. */
  readonly faults?: Faults;
  /** Takes the `Idempotency-Key` of every request that a system has carried out, as often as it did. Default: nobody asks. */
  readonly carriedOut?: (id: string) => void;
  /** Takes one line per event worth telling. Default: nothing is told. */
  readonly log?: (line: string) => void;
}

/** What a simulator proves itself with, and whose client certificates it takes; PEM. */
export interface SimulatorTls {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Roots and intermediates of users. A certificate of any other authority opens nothing. */
  readonly clientAuthoritiesPem: string;
}

/** What a simulator counts by. */
export interface SimulatorLimits {
  readonly policy: Policy;
  /** Who may do what. Default: nobody is asked, and nobody is a participant. */
  readonly provisioning?: Provisioning;
  /** How it counts. Default: `exact-sliding-window`, as the gateway does. */
  readonly personality?: Personality;
}

/** A simulator that listens. */
export interface Simulator {
  readonly port: number;
  /** `http://host:port` without a path. */
  readonly url: string;
  /** How many requests have arrived whole, whatever became of them. */
  requestCount(): number;
  /** Replaces the faults; `{}` ends them. Resolves when listening has stopped or begun again. Raises RangeError for a delay out of bounds. */
  setFaults(faults: Faults): Promise<void>;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

/** Largest request body, in bytes. */
export const requestBytesMax = 20 * 1024 * 1024;

/** Starts a simulator; rejects when the port cannot be had. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const log = options.log ?? (() => {});
  const world = createWorld({
    seed: options.seed,
    clock: options.clock,
    environment: options.environment ?? 'production',
    infrastructure: options.infrastructure ?? 'current',
    answerCredential: options.answerCredential,
    documentPrefixes: options.documentPrefixes ?? ['/api/'],
    catalogue: options.catalogue === undefined ? null : compileCatalogue(options.catalogue),
    provisions: options.provisions,
    coordinators: options.coordinators,
  });
  const door = doorOf(options, world);
  let faults: Faults = {};
  let requests = 0;
  const server = createHttpServer(options.tls, (request, response) => {
    serve(request, response, world, {
      door,
      faults: () => faults,
      arrived: () => {
        requests += 1;
      },
      carriedOut: options.carriedOut ?? (() => undefined),
    }).catch((error: unknown) => {
      log(`defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      fail(response);
    });
  });
  server.maxConnections = 2_000;
  server.on('clientError', (_error, socket) => socket.destroy());
  if (door !== null) judgeConnections(server, door);
  await listen(server, options.host, options.port);
  const { port } = server.address() as AddressInfo;

  const simulator: Simulator = {
    port,
    url: `${options.tls === undefined ? 'http' : 'https'}://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    requestCount: () => requests,
    async setFaults(next) {
      assertFaults(next);
      faults = { ...next };
      const names = namesOf(faults);
      log(names.length === 0 ? 'faults: none' : `faults: ${names.join(', ')}`);
      if (faults.refuse === true) await stop(server);
      else if (!server.listening) await listen(server, options.host, port);
    },
    close: () => stop(server),
  };
  if (options.faults !== undefined) await simulator.setFaults(options.faults);
  return simulator;
}

function createHttpServer(
  tls: SimulatorTls | undefined,
  serveRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const options = { maxHeaderSize: 64 * 1024, requestTimeout: 120_000 };
  if (tls === undefined) return createServer(options, serveRequest);
  const { certificatePem: cert, keyPem: key, clientAuthoritiesPem: ca } = tls;
  // Whoever has no certificate, or a strange one, is told so in an answer: not every system asks for one.
  const secure = { cert, key, ca, requestCert: true, rejectUnauthorized: false };
  return createSecureServer({ ...options, ...secure }, serveRequest);
}

function doorOf({ limits, clock }: SimulatorOptions, { catalogue, nextNumber }: World): Door | null {
  if (limits === undefined) return null;
  if (catalogue === null) throw new RangeError('limits need a catalogue, which says what a call is.');
  const { policy, provisioning = null, personality = 'exact-sliding-window' } = limits;
  const marketLimits = createMarketLimits({ index: catalogue, policy, provisioning, personality });
  return createDoor(marketLimits, personality, clock, nextNumber);
}

/** Closes a connection past a limit before a byte of it is read, and so before TLS. */
function judgeConnections(server: Server, door: Door): void {
  const takers = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (door.admitConnection(socket)) for (const take of takers) take.call(server, socket);
    else socket.destroy();
  });
}

interface Turn {
  readonly door: Door | null;
  readonly faults: () => Faults;
  readonly arrived: () => void;
  readonly carriedOut: (id: string) => void;
}

async function serve(request: IncomingMessage, response: ServerResponse, world: World, turn: Turn): Promise<void> {
  const arriving = readBody(request);
  const judged = turn.door === null ? uncounted : await turn.door.judge(request, arriving);
  if (judged === null) return;
  // The rest of its body is read and dropped: closing on it would reset the connection before the refusal is read.
  if ('reply' in judged) return write(response, request.method ?? '', judged.reply, world);
  let requestBytes = Number.POSITIVE_INFINITY;
  response.once('close', () => judged.settle(requestBytes));
  for (const [name, value] of Object.entries(judged.fields)) response.setHeader(name, value);
  const body = await arriving;
  if (body === 'broken') return;
  if (body === 'too_large') return write(response, request.method ?? '', tooLargeReply, world);
  requestBytes = body.byteLength;
  turn.arrived();
  const faults = turn.faults();
  if (faults.delayMs !== undefined) await delay(faults.delayMs, undefined, { ref: false });
  if (faults.closeBeforeAnswer === true) return void request.socket.destroy();
  if (faults.garbage === true) return void request.socket.end('\u0001\u0002 this is not HTTP\r\n\r\n');
  const incoming = toIncoming(request, body);
  const reply = faults.html === true ? logoutReply : answer(incoming, world);
  const id =
    incoming === null || faults.html === true || reply.status >= 300 ? undefined : incoming.fields['idempotency-key'];
  if (typeof id === 'string') turn.carriedOut(id.replaceAll('"', ''));
  if (faults.closeMidAnswer === true) return writeHalf(response, request.socket, reply, world);
  write(response, request.method ?? '', reply, world);
}

/** What a simulator without limits makes of every request. */
const uncounted = { fields: {}, settle: () => undefined };

/** Hands a request to the system that its path names. */
function answer(incoming: Incoming | null, world: World): Reply {
  if (incoming === null) return { status: 400, fields: { 'content-type': 'text/plain' }, body: 'Bad request\n' };
  const { path } = incoming;
  if (path.toLowerCase().startsWith('/sst/')) return answerSst(incoming, world) ?? answerUnmodelled(incoming, world);
  if (path.startsWith('/ADS/')) return answerAds(incoming, world);
  if (path.startsWith('/oasisapi/')) return answerOasis(incoming, world);
  if (world.documentPrefixes.some((prefix) => path.startsWith(prefix))) return answerDocuments(incoming, world);
  return answerUnmodelled(incoming, world);
}

function answerUnmodelled(incoming: Incoming, world: World): Reply {
  return answerCatalogue(incoming, world) ?? notFoundReply;
}

const logoutReply: Reply = {
  status: 200,
  fields: { 'content-type': 'text/html; charset=utf-8' },
  body: logoutPage,
};

const tooLargeReply: Reply = {
  status: 413,
  fields: { 'content-type': 'text/plain', connection: 'close' },
  body: `A request body has at most ${requestBytesMax} bytes.\n`,
};

/** The whole body; `too_large` past the bound, after the rest was read and dropped; `broken` when it never ended. */
function readBody(request: IncomingMessage): Promise<Buffer | 'too_large' | 'broken'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= requestBytesMax) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.on('end', () => resolve(bytes > requestBytesMax ? 'too_large' : Buffer.concat(chunks)));
    request.on('error', () => resolve('broken'));
    request.on('close', () => resolve('broken'));
  });
}

function toIncoming(request: IncomingMessage, body: Buffer): Incoming | null {
  const [rawPath = '', ...queryParts] = (request.url ?? '').split('?');
  try {
    return {
      method: request.method ?? '',
      path: decodeURIComponent(rawPath),
      query: new URLSearchParams(queryParts.join('?')),
      fields: fieldsWithCertificate(request),
      body,
      ownAuthority: authorityOf(request.socket),
    };
  } catch {
    return null; // A percent sign that begins no octet.
  }
}

/** Over TLS the certificate is the connection's, whatever a field claims. */
function fieldsWithCertificate(request: IncomingMessage): Incoming['fields'] {
  if (!isSecure(request.socket)) return request.headers;
  const { [fieldNames.clientCert]: _claimed, ...headers } = request.headers;
  const der = clientCertificateOf(request);
  return der === null ? headers : { ...headers, [fieldNames.clientCert]: `:${der.toString('base64')}:` };
}

function authorityOf({ localAddress = '', localPort }: Socket): string {
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort ?? 0}`;
}

function write(response: ServerResponse, method: string, reply: Reply, world: World): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, fieldsOf(reply, body, world));
  response.end(method === 'HEAD' ? undefined : body);
}

function writeHalf(response: ServerResponse, socket: Socket, reply: Reply, world: World): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, fieldsOf(reply, body, world));
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => socket.destroy());
}

function fieldsOf(reply: Reply, body: Buffer, { environment, infrastructure, clock }: World) {
  return {
    // Node would write the machine's time, and the same seed and clock must give the same bytes.
    date: new Date(clock()).toUTCString(),
    ...reply.fields,
    ...(reply.status === 204 ? {} : { 'content-length': String(body.length) }),
    'simulator-environment': environment,
    'simulator-infrastructure': infrastructure,
  };
}

function fail(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(500, { 'content-type': 'text/plain' }).end('The simulator has a defect.\n');
}

function assertFaults({ delayMs }: Faults): void {
  if (delayMs === undefined) return;
  if (!Number.isInteger(delayMs) || delayMs < 0 || delayMs > delayMsMax) {
    throw new RangeError(`delayMs is a whole number of milliseconds from 0 to ${delayMsMax}, not ${delayMs}.`);
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve();
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
