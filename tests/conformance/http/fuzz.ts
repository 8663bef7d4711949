// Differential fuzzing. Our reading of a stream is compared with llhttp's, as its WASM module and as Node's HTTP server have it,
// with itself under other cuts, and with what the fooled upstream sees behind a real gateway. We may be stricter than any, never
// laxer, and never read otherwise.
import assert from 'node:assert/strict';
import { regressions } from './fuzz-regressions.ts';
import { keptSeeds, streamsPerSeed } from './fuzz-seeds.ts';
import type { CorpusGateway } from './harness.ts';
import { invalidMessages } from './invalid-corpus.ts';
import { createLlhttp, isReadOtherwiseByLlhttp, type LlhttpReading, type LlhttpRequest, valuesIn } from './llhttp.ts';
import { chunkPieces, commonTokens, cut, type Material, makeStream, randomFrom } from './mutations.ts';
import { createOracle, oracleMethods, type Reading, readByUs, type ServedRequest } from './reading.ts';
import { contestedMessages, validMessages } from './valid-corpus.ts';
import { WireCaller } from './wire-caller.ts';

/** How long and from where. */
export interface FuzzOptions {
  readonly seed: number;
  readonly forMs: number;
  readonly gateway: CorpusGateway;
}

/** How much was tried. */
export interface FuzzCounts {
  readonly streams: number;
  /** Of these, streams in which we found at least one whole request. */
  readonly accepted: number;
  readonly throughGateway: number;
}

/** Streams at once before the loop lets others run. */
const batchSize = 24;
/** One stream in so many also goes through the gateway, which is dearer. */
const gatewayShare = 6;

/** Fuzzes until the time is over; throws an AssertionError that holds the stream, ready for `fuzz-regressions.ts`. */
export async function fuzz({ seed, forMs, gateway }: FuzzOptions): Promise<FuzzCounts> {
  const random = randomFrom(seed);
  const oracle = createOracle();
  const llhttp = createLlhttp();
  const counts = { streams: 0, accepted: 0, throughGateway: 0 };
  const check = async (bytes: Buffer): Promise<void> => {
    const pieces = cut(bytes, random);
    const ours = readByUs([bytes]);
    counts.streams += 1;
    if (ours.requests.length > 0) counts.accepted += 1;
    try {
      assert.deepEqual(
        readByUs(pieces),
        ours,
        `read otherwise in pieces of ${pieces.map(({ length }) => length).join(', ')} bytes`,
      );
      const text = bytes.toString('latin1');
      compareWithLlhttp(ours, llhttp.readRequests(pieces), text);
      compareWithNode(ours, await oracle.read(pieces), text);
    } catch (fault) {
      throw failed(bytes, seed, fault);
    }
  };
  for (const { text } of regressions) {
    const bytes = Buffer.from(text, 'latin1');
    await check(bytes);
    await checkThrough(gateway, bytes, [bytes]);
  }
  // The streams of every kept seed come first, and are the same in every run.
  for (const kept of keptSeeds) {
    const again = randomFrom(kept);
    for (let at = 0; at < streamsPerSeed; at += 1) await check(makeStream(material, again));
  }
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) {
    const streams = Array.from({ length: batchSize }, () => makeStream(material, random));
    await Promise.all(streams.map(check));
    for (const [at, bytes] of streams.entries()) {
      if (at % gatewayShare !== 0) continue;
      counts.throughGateway += 1;
      // A second time its heads are known, and whole in one piece.
      for (const pieces of [cut(bytes, random), [bytes]])
        await checkThrough(gateway, bytes, pieces).catch((fault: unknown) => {
          throw failed(bytes, seed, fault);
        });
    }
    gateway.forget();
  }
  return counts;
}

function failed(bytes: Buffer, seed: number, fault: unknown): Error {
  const text = JSON.stringify(bytes.toString('latin1'));
  return new Error(`seed ${seed}: ${(fault as Error).message}\nstream: ${text}`, { cause: fault });
}

/** Node carries an llhttp that takes no tab behind the coding; RFC 9110 §5.5 allows it. */
const refusedByNodeAlone = /^transfer-encoding:[ \t]*chunked *\t/im;
/** llhttp obeys these in a trailer section too, and reads no further; we drop them there. */
const endsOracle = /^(?:connection|upgrade|proxy-connection):/im;

function compareWithLlhttp({ requests, end }: Reading, theirs: LlhttpReading<LlhttpRequest>, stream: string): void {
  if (isReadOtherwiseByLlhttp(stream)) return;
  for (const [at, request] of requests.entries()) {
    if (!oracleMethods.has(request.method)) return;
    const read = theirs.messages[at];
    if (read === undefined && theirs.end === 'HPE_CLOSED_CONNECTION' && endsOracle.test(stream)) return;
    assert.deepEqual(
      read && { ...read, keepsAlive: keepsAliveBy(read, request) },
      request,
      `request ${at + 1} is read otherwise by llhttp`,
    );
  }
  if (end !== 'clean') return;
  assert.equal(theirs.end, 'ok', 'llhttp refuses what we take');
  assert.equal(theirs.messages.length, requests.length, 'llhttp finds more requests');
  assert.equal(theirs.open, null, 'llhttp waits for more of a body');
}

/**
 * Where we close and llhttp would not, we are stricter: HTTP/1.0 with `close` and `keep-alive`. It obeys Proxy-Connection, which
 * RFC 9112 §C.2.2 forbids.
 */
function keepsAliveBy(theirs: LlhttpRequest, ours: LlhttpRequest): boolean {
  const options = valuesIn(theirs.fields, 'connection').join().toLowerCase();
  const isStricter = !ours.keepsAlive && options.includes('close') && options.includes('keep-alive');
  return isStricter || valuesIn(theirs.fields, 'proxy-connection').length > 0 ? ours.keepsAlive : theirs.keepsAlive;
}

function compareWithNode({ requests, end }: Reading, theirs: readonly ServedRequest[], stream: string): void {
  if (refusedByNodeAlone.test(stream)) return;
  let chunked = false;
  for (const [at, { keepsAlive: _, ...request }] of requests.entries()) {
    // A method that it does not know ends the oracle's reading; from there on there is nothing to compare.
    if (!oracleMethods.has(request.method)) return;
    if (theirs[at] === undefined && chunked && endsOracle.test(stream)) return;
    assert.deepEqual(request, theirs[at], `request ${at + 1} is read otherwise by Node`);
    // Nor does it read on behind an upgrade, granted or not.
    if (request.fields.includes('upgrade')) return;
    chunked = request.fields.includes('transfer-encoding');
  }
  if (end === 'clean') assert.equal(theirs.length, requests.length, 'Node finds more requests');
}

/** Sends the stream through a gateway: its upstream may see fewer requests than we read, and no others. */
async function checkThrough(gateway: CorpusGateway, bytes: Buffer, pieces: readonly Buffer[]): Promise<void> {
  const before = gateway.upstream.requests.length;
  const caller = await WireCaller.open(gateway.port);
  let at = 0;
  const cuts = pieces.slice(0, -1).map(({ length }) => {
    at += length;
    return at;
  });
  await caller.send(bytes, cuts);
  caller.halfClose();
  await caller.ended();
  caller.destroy();
  const meant = readByUs([bytes]).requests.map(({ method, target, body }) => ({
    method,
    target: target.replace(/^https?:\/\/[^/]+/i, '') || '/',
    body,
  }));
  let next = 0;
  for (const seen of gateway.upstream.requests.slice(before)) {
    const found = meant.findIndex(
      ({ method, target, body }, index) =>
        index >= next && method === seen.method && target === seen.target && body === seen.body.toString('latin1'),
    );
    assert.notEqual(found, -1, `the upstream saw ${seen.method} ${seen.target}, which was not meant`);
    next = found + 1;
  }
  assert.ok(
    gateway.records.every(({ response }) => response.defect === null),
    'a defect of ours',
  );
}

const smuggled = 'GET /echo/smuggled HTTP/1.1\r\nHost: data.example.test\r\n\r\n';
const words = [
  'GET',
  'HEAD',
  'POST',
  'CONNECT',
  'PRI',
  ' HTTP/1.1',
  ' HTTP/1.0',
  ' HTTP/2.0',
  'http://data.example.test',
];
const fieldWords = [
  'chunked',
  'identity',
  'close',
  'keep-alive',
  'upgrade',
  '100-continue',
  'Host',
  'Content-Length',
  'Expect',
];
const lines = [
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length:7 ',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding:chunked\t',
  'Transfer-Encoding : chunked',
  'transfer_encoding: chunked',
  'Connection: close',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Connection: Content-Length',
  'Connection: keep-alive',
  'Expect: 100-continue',
  'Expect: something',
  'Host: data.example.test',
  'Host: other',
  ' folded',
  'X',
  ': v',
  'X-A:',
  'Trailer: X-T',
  'TE: trailers',
];

const material: Material = {
  messages: [...validMessages, ...contestedMessages, ...invalidMessages]
    .filter(({ bytes }) => bytes.length <= 1_500)
    .map(({ bytes }) => bytes.toString('latin1')),
  tokens: [...commonTokens, ...words, ...fieldWords, ...chunkPieces, smuggled],
  lines,
  smuggled,
};
