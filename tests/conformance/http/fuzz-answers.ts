// Differential fuzzing of what an upstream answers. Our reading of spoilt responses is compared with llhttp's, alone and through a
// real gateway: what its caller gets whole must be what llhttp reads of the same bytes, and a connection is used again only where
// llhttp says that it may be.
import assert from 'node:assert/strict';
import type { FooledAnswer, SeenRequest } from './fooled-upstream.ts';
import { plainAnswer } from './fooled-upstream.ts';
import type { FuzzOptions } from './fuzz.ts';
import { keptAnswerSeeds, streamsPerSeed } from './fuzz-seeds.ts';
import { createLlhttp, isReadOtherwiseByLlhttp, type Llhttp, type LlhttpResponse, valuesIn } from './llhttp.ts';
import {
  chunkPieces,
  commonTokens,
  cut,
  type Material,
  makeStream,
  pick,
  type Random,
  randomFrom,
} from './mutations.ts';
import { readAnswerByUs } from './reading-answers.ts';
import { forgedText, upstreamResponses } from './upstream-responses.ts';
import { type Field, isEndToEnd } from './wire.ts';
import { fieldOf, type WireAnswer, WireCaller } from './wire-caller.ts';

/** How much was tried. */
export interface AnswerCounts {
  readonly streams: number;
  /** Of these, streams that a caller got as a whole answer of the upstream. */
  readonly passedOn: number;
  /** Connections that were used again behind one of them. */
  readonly reused: number;
}

/** What an upstream says to one request, and what llhttp makes of it. */
interface Said {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly bytes: Buffer;
  /** The same, as it is cut on its way. */
  readonly pieces: readonly Buffer[];
  readonly answer: FooledAnswer;
  /** The final response that llhttp reads to its end; null where there is none. */
  readonly read: LlhttpResponse | null;
  /** Whether llhttp would read a further response on the connection, and finds no byte of one. */
  readonly reusable: boolean;
  /** Where llhttp and the RFCs disagree there is nothing to compare. */
  readonly isComparable: boolean;
}

/** llhttp obeys Proxy-Connection, which RFC 9112 §C.2.2 forbids. */
function isComparable(bytes: Buffer): boolean {
  const stream = bytes.toString('latin1');
  return !isReadOtherwiseByLlhttp(stream) && !/^proxy-connection:/im.test(stream);
}

/** The answers that an upstream of the fuzzer gives, by the number in a request's query; give it to `startCorpusGateway`. */
export class SpoiltAnswers {
  readonly #said = new Map<number, Said>();

  /** What the upstream says to a request of the gateway. */
  readonly answer = (request: SeenRequest): FooledAnswer =>
    this.#said.get(numberOf(request))?.answer ?? plainAnswer(request);

  keep(number: number, said: Said): void {
    this.#said.set(number, said);
  }

  of(request: SeenRequest): Said | undefined {
    return this.#said.get(numberOf(request));
  }

  forget(): void {
    this.#said.clear();
  }
}

const numberOf = ({ target }: SeenRequest) => Number(/[?]n=(\d+)$/.exec(target)?.[1] ?? -1);

/** Calls on their way at once. */
const batchSize = 8;

/** How much was tried without a gateway. */
export interface AnswerReadingCounts {
  readonly streams: number;
  /** Of these, streams in which we found a whole answer. */
  readonly accepted: number;
  readonly reusable: number;
}

/** Streams read alone before the loop lets others run. */
const batchAlone = 512;

/** Fuzzes our reading alone until the time is over; throws an Error that holds the stream. */
export async function fuzzAnswerReading({
  seed,
  forMs,
}: Pick<FuzzOptions, 'seed' | 'forMs'>): Promise<AnswerReadingCounts> {
  const llhttp = createLlhttp();
  const counts = { streams: 0, accepted: 0, reusable: 0 };
  const check = (random: Random, from: number): void => {
    const said = sayFrom(random, llhttp, makeStream(material, random));
    const { method, bytes, pieces, read, reusable, answer: sent } = said;
    counts.streams += 1;
    try {
      const ours = readAnswerByUs(pieces, method, sent.ends === true);
      assert.deepEqual(ours, readAnswerByUs([bytes], method, sent.ends === true), 'it is read otherwise in one piece');
      if (ours.answer === null) return;
      counts.accepted += 1;
      if (ours.reusable) counts.reusable += 1;
      if (!said.isComparable) return;
      assert.ok(read, `llhttp reads no response; we read ${ours.answer.status}`);
      const { keepsAlive: _, ...theirs } = read;
      assert.deepEqual(ours.answer, theirs, 'it is read otherwise by llhttp');
      assert.ok(reusable || !ours.reusable, 'its connection would be used again');
    } catch (fault) {
      throw failed(said, from, fault);
    }
  };
  for (const kept of keptAnswerSeeds) {
    const random = randomFrom(kept);
    for (let made = 0; made < streamsPerSeed; made += 1) check(random, kept);
  }
  const random = randomFrom(seed);
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) {
    for (let made = 0; made < batchAlone; made += 1) check(random, seed);
    await new Promise(setImmediate);
  }
  return counts;
}

/** Fuzzes until the time is over; throws an Error that holds the stream. The gateway's upstream answers by `answers`. */
export async function fuzzAnswers(
  { seed, forMs, gateway }: FuzzOptions,
  answers: SpoiltAnswers,
): Promise<AnswerCounts> {
  const llhttp = createLlhttp();
  const counts = { streams: 0, passedOn: 0, reused: 0 };
  const callsOf = async (number: number, said: Said, from: number): Promise<void> => {
    answers.keep(number, said);
    try {
      if (await checkAnswer(gateway.port, number, said)) counts.passedOn += 1;
    } catch (fault) {
      throw failed(said, from, fault);
    }
  };
  const calls = async (all: readonly Said[], from: number): Promise<void> => {
    const first = counts.streams;
    counts.streams += all.length;
    await Promise.all(all.map((said, index) => callsOf(first + index, said, from)));
  };
  const batch = async (random: Random, from: number): Promise<void> => {
    const drafts = Array.from({ length: batchSize }, () => sayFrom(random, llhttp, makeStream(material, random)));
    await calls(drafts, from);
    // Their heads are known by now: the same bytes come again, or all but one, perhaps to another method and in other pieces.
    const again = drafts.filter(() => random() < shareAgain);
    await calls(
      again.map(({ bytes }) => sayFrom(random, llhttp, random() < 0.5 ? bytes : changedInOne(bytes, random))),
      from,
    );
    const { requests } = gateway.upstream;
    for (const [at, request] of requests.entries()) {
      if (!requests.some(({ connection }, laterAt) => laterAt > at && connection === request.connection)) continue;
      counts.reused += 1;
      const said = answers.of(request);
      if (said?.reusable === false && said.isComparable)
        throw failed(said, from, new Error('its connection was used again'));
    }
    assert.ok(
      gateway.records.every(({ response }) => response.defect === null),
      'a defect of ours',
    );
  };
  for (const kept of keptAnswerSeeds) {
    const random = randomFrom(kept);
    for (let made = 0; made < streamsPerSeed; made += batchSize) await batch(random, kept);
    gateway.forget();
    answers.forget();
  }
  const random = randomFrom(seed);
  const untilMs = performance.now() + forMs;
  for (let batches = 1; performance.now() < untilMs; batches += 1) {
    await batch(random, seed);
    if (batches % batchesRemembered !== 0) continue;
    gateway.forget();
    answers.forget();
  }
  return counts;
}

/** Share of the streams that are sent again. */
const shareAgain = 0.25;

/** So many batches are looked through for connections that were used again. */
const batchesRemembered = 8;

function failed({ method, bytes }: Said, seed: number, fault: unknown): Error {
  const text = JSON.stringify(bytes.toString('latin1'));
  return new Error(`seed ${seed}: ${(fault as Error).message}\nto ${method}: ${text}`, { cause: fault });
}

/** Says something spoilt, and lets it end with the connection unless it has an end of its own. */
function sayFrom(random: Random, llhttp: Llhttp, bytes: Buffer): Said {
  const method = pick(['GET', 'GET', 'HEAD', 'POST'] as const, random);
  const isWholeIn = (pieces: readonly Buffer[]): boolean => {
    const { messages, open, end } = llhttp.readResponses(pieces, method, false);
    return end === 'ok' && open === null && messages.length > 0 && messages.at(-1) === finalOf(messages);
  };
  const pieces = withoutRests(cut(bytes, random), isWholeIn);
  const isWhole = isWholeIn(pieces);
  const ends = !isWhole || random() < 0.2;
  const read = finalOf(llhttp.readResponses(pieces, method, ends).messages);
  let at = 0;
  const delivery = pieces.slice(0, -1).map(({ length }) => {
    at += length;
    return at;
  });
  return {
    method,
    bytes,
    pieces,
    answer: { bytes, delivery, ends },
    read,
    reusable: isWhole && read?.keepsAlive === true,
    isComparable: isComparable(bytes),
  };
}

/** With another byte in one place, mostly of the head. */
function changedInOne(bytes: Buffer, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  const at = Math.floor(random() * Math.min(bytes.length, 200));
  changed[at] = random() < 0.5 ? (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8)) : Math.floor(random() * 256);
  return changed;
}

/**
 * Without the cuts behind a whole answer. What comes later than that comes unasked, and nobody can know of it: HTTP/1.1 gives
 * it to the next call.
 */
function withoutRests(pieces: readonly Buffer[], isWholeIn: (pieces: readonly Buffer[]) => boolean): readonly Buffer[] {
  const count = pieces.findIndex((_, at) => at + 1 < pieces.length && isWholeIn(pieces.slice(0, at + 1)));
  return count === -1 ? pieces : [...pieces.slice(0, count), Buffer.concat(pieces.slice(count))];
}

function finalOf(messages: readonly LlhttpResponse[]): LlhttpResponse | null {
  return messages.find(({ status }) => status >= 200) ?? null;
}

/** True where the caller got the upstream's answer whole. */
async function checkAnswer(port: number, number: number, said: Said): Promise<boolean> {
  const { method, read } = said;
  const caller = await WireCaller.open(port);
  try {
    const body = method === 'POST' ? 'content' : '';
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
    await caller.send(
      Buffer.from(`${method} /echo/x?n=${number} HTTP/1.1\r\nHost: data.example.test\r\n${length}\r\n${body}`),
    );
    const answer = await caller.answer(method);
    assert.equal(caller.unread.length, 0, 'the caller got more than one answer');
    if (answer === null || fieldOf(answer, 'proxy-status') !== '') return false;
    if (!answer.complete) return false;
    if (!said.isComparable) return true;
    assert.ok(read, `llhttp reads no response; the caller got ${answer.status}`);
    assertSame(answer, read);
    return true;
  } finally {
    caller.destroy();
  }
}

function assertSame(answer: WireAnswer, read: LlhttpResponse): void {
  assert.equal(answer.status, read.status);
  assert.equal(answer.body.toString('latin1'), read.body);
  const named = valuesIn(read.fields, 'connection')
    .join()
    .split(',')
    .map((option) => option.trim().toLowerCase());
  const passes = ([name]: Field) => isEndToEnd(name) && !named.includes(name) && !name.startsWith('headgate-');
  const sent = read.fields.flatMap((name, at): Field[] => (at % 2 === 0 ? [[name, read.fields[at + 1] ?? '']] : []));
  const isOwnDate = !sent.some(([name]) => name === 'date');
  assert.deepEqual(
    answer.fields.filter(passes).filter(([name]) => !(isOwnDate && name === 'date')),
    sent.filter(passes),
  );
}

const forged = `HTTP/1.1 200 OK\r\nContent-Length: ${forgedText.length}\r\n\r\n${forgedText}`;

const statusWords = [
  'HTTP/1.1 ',
  'HTTP/1.0 ',
  ' 200 OK',
  '204',
  '304',
  '100',
  '101',
  '199',
  '600',
  'HTTP/1.1 100 Continue\r\n\r\n',
];
const fieldWords = ['chunked', 'identity', 'close', 'keep-alive', 'upgrade', 'Content-Length', 'Transfer-Encoding'];

const material: Material = {
  messages: upstreamResponses.filter(({ bytes }) => bytes.length <= 1_500).map(({ bytes }) => bytes.toString('latin1')),
  tokens: [...commonTokens, ...statusWords, ...fieldWords, ...chunkPieces, forged],
  lines: [
    'Content-Length: 5',
    'Content-Length: 0',
    'Content-Length: 7 ',
    'Content-Length : 5',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding : chunked',
    'Connection: close',
    'Connection: keep-alive',
    'Connection: Content-Length',
    'Upgrade: websocket',
    'Set-Cookie: a=b',
    ' folded',
    'X',
    ': v',
    'X-A:',
    'Trailer: X-T',
  ],
  smuggled: forged,
};
