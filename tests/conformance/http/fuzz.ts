// Differential fuzzing. Our reading of a stream is compared with Node's (llhttp), with itself under other cuts, and with what the
// fooled upstream sees behind a real gateway. We may be stricter than either, never laxer, and never read otherwise.
import assert from 'node:assert/strict';
import { regressions } from './fuzz-regressions.ts';
import { keptSeeds, streamsPerSeed } from './fuzz-seeds.ts';
import type { CorpusGateway } from './harness.ts';
import { invalidMessages } from './invalid-corpus.ts';
import { createOracle, oracleMethods, type ReadRequest, readByUs } from './reading.ts';
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

type Random = () => number;

/** A 32-bit generator that gives the same streams for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Streams at once before the loop lets others run. */
const batchSize = 24;
/** One stream in so many also goes through the gateway, which is dearer. */
const gatewayShare = 6;

/** Fuzzes until the time is over; throws an AssertionError that holds the stream, ready for `fuzz-regressions.ts`. */
export async function fuzz({ seed, forMs, gateway }: FuzzOptions): Promise<FuzzCounts> {
  const random = randomFrom(seed);
  const oracle = createOracle();
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
      compare(ours.requests, await oracle.read(pieces), ours.end, bytes.toString('latin1'));
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
    for (let at = 0; at < streamsPerSeed; at += 1) await check(makeStream(again));
  }
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) {
    const streams = Array.from({ length: batchSize }, () => makeStream(random));
    await Promise.all(streams.map(check));
    for (const [at, bytes] of streams.entries()) {
      if (at % gatewayShare !== 0) continue;
      counts.throughGateway += 1;
      await checkThrough(gateway, bytes, cut(bytes, random)).catch((fault: unknown) => {
        throw failed(bytes, seed, fault);
      });
    }
    gateway.upstream.forget();
  }
  return counts;
}

function failed(bytes: Buffer, seed: number, fault: unknown): Error {
  const text = JSON.stringify(bytes.toString('latin1'));
  return new Error(`seed ${seed}: ${(fault as Error).message}\nstream: ${text}`, { cause: fault });
}

/** llhttp takes no tab behind the coding, which RFC 9110 §5.5 allows and the corpus holds. */
const refusedByOracleAlone = /^transfer-encoding:[ \t]*chunked *\t/im;
/** llhttp obeys these in a trailer section too, and reads no further; we drop them there. */
const endsOracle = /^(?:connection|upgrade|proxy-connection):/im;

function compare(ours: readonly ReadRequest[], theirs: readonly ReadRequest[], end: string, stream: string): void {
  if (refusedByOracleAlone.test(stream)) return;
  let chunked = false;
  for (const [at, request] of ours.entries()) {
    // A method that it does not know ends the oracle's reading; from there on there is nothing to compare.
    if (!oracleMethods.has(request.method)) return;
    if (theirs[at] === undefined && chunked && endsOracle.test(stream)) return;
    assert.deepEqual(request, theirs[at], `request ${at + 1} is read otherwise by the oracle`);
    // Nor does it read on behind an upgrade, granted or not.
    if (request.fields.includes('upgrade')) return;
    chunked = request.fields.includes('transfer-encoding');
  }
  if (end === 'clean') assert.equal(theirs.length, ours.length, 'the oracle finds more requests');
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

const small = [...validMessages, ...contestedMessages, ...invalidMessages]
  .map(({ bytes }) => bytes)
  .filter(({ length }) => length <= 1_500);

const smuggled = 'GET /echo/smuggled HTTP/1.1\r\nHost: data.example.test\r\n\r\n';
const bytesOfOldFaults = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\n\n',
  '\0',
  ' ',
  '\t',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x85',
  '\xa0',
  '\xff',
];
const delimiters = Array.from(':;,="\\/?#%@[]_-+(*');
const numbers = [
  '0',
  '1',
  '5',
  '7',
  'a',
  'F',
  'g',
  '00',
  '0x',
  '-1',
  '+5',
  '1e3',
  '18446744073709551616',
  '4294967296',
];
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
const chunkPieces = ['5\r\nhello\r\n', '0\r\n\r\n', '0\r\nX-T: 1\r\n\r\n', ';a=b', ';a="b"', '%2f', '..', smuggled];
const tokens = [...bytesOfOldFaults, ...delimiters, ...numbers, ...words, ...fieldWords, ...chunkPieces];
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

function pick<Item>(items: readonly Item[], random: Random): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function makeStream(random: Random): Buffer {
  let text = pick(small, random).toString('latin1');
  if (random() < 0.3) text += pick(small, random).toString('latin1');
  const changes = Math.floor(random() * 5);
  for (let index = 0; index < changes; index += 1) text = pick(mutations, random)(text, random);
  if (random() < 0.2) text += smuggled;
  return Buffer.from(text.slice(0, 20_000) || 'G', 'latin1');
}

/** Mostly in the first bytes, where heads are. */
function place(text: string, random: Random): number {
  return Math.floor(random() * (random() < 0.6 ? Math.min(text.length, 160) : text.length));
}

function behindLine(text: string, random: Random): number {
  const at = text.indexOf('\r\n', place(text, random));
  return at === -1 ? place(text, random) : at + 2;
}

const insert = (text: string, at: number, piece: string) => text.slice(0, at) + piece + text.slice(at);

const mutations: readonly ((text: string, random: Random) => string)[] = [
  (text, random) => insert(text, place(text, random), pick(tokens, random)),
  (text, random) => insert(text, behindLine(text, random), `${pick(lines, random)}\r\n`),
  (text, random) => insert(text, behindLine(text, random), pick(tokens, random)),
  (text, random) => {
    const at = place(text, random);
    return text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 4));
  },
  (text, random) => {
    const at = place(text, random);
    return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
  },
  (text, random) => {
    const at = place(text, random);
    return insert(text, place(text, random), text.slice(at, at + Math.floor(random() * 40)));
  },
  (text, random) => {
    const other = pick(small, random).toString('latin1');
    return text.slice(0, place(text, random)) + other.slice(place(other, random));
  },
  (text, random) => {
    const at = place(text, random);
    const part = text.slice(at, at + 20);
    return text.slice(0, at) + (random() < 0.5 ? part.toUpperCase() : part.toLowerCase()) + text.slice(at + 20);
  },
  (text, random) => text.replace(/\d/g, (digit) => (random() < 0.1 ? `${Math.floor(random() * 10)}` : digit)),
  (text, random) =>
    text.replace(/\r\n/g, (end) => (random() < 0.08 ? pick(['\n', '\r', '\r\r\n', '\n\r'], random) : end)),
];

function cut(bytes: Buffer, random: Random): Buffer[] {
  if (random() < 0.05) return Array.from(bytes, (byte) => Buffer.from([byte]));
  const count = Math.floor(random() * 5);
  const at = [...new Set(Array.from({ length: count }, () => Math.floor(random() * bytes.length)))]
    .filter((offset) => offset > 0)
    .sort((left, right) => left - right);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}
