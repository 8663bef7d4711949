// Streams for the fuzzers: messages of a corpus, joined and spoilt in the ways in which readers of HTTP have differed. The same
// seed gives the same streams.

/** Gives numbers from 0 to below 1. */
export type Random = () => number;

/** A 32-bit generator that gives the same numbers for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What streams are made of; one character per byte. */
export interface Material {
  readonly messages: readonly string[];
  /** Pieces that are put anywhere. */
  readonly tokens: readonly string[];
  /** Lines that are put behind other lines. */
  readonly lines: readonly string[];
  /** A message that nobody may find unless it stands at the end. */
  readonly smuggled: string;
}

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

/** Pieces that messages of either kind are spoilt with. */
export const commonTokens: readonly string[] = [...bytesOfOldFaults, ...delimiters, ...numbers];

/** Pieces of a chunked body. */
export const chunkPieces: readonly string[] = [
  '5\r\nhello\r\n',
  '0\r\n\r\n',
  '0\r\nX-T: 1\r\n\r\n',
  ';a=b',
  ';a="b"',
  '%2f',
  '..',
];

/** Picks one. */
export function pick<Item>(items: readonly Item[], random: Random): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** Makes one stream. */
export function makeStream(material: Material, random: Random): Buffer {
  const { messages, smuggled } = material;
  let text = pick(messages, random);
  if (random() < 0.3) text += pick(messages, random);
  const changes = Math.floor(random() * 5);
  for (let index = 0; index < changes; index += 1) text = pick(mutations, random)(text, random, material);
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

const mutations: readonly ((text: string, random: Random, material: Material) => string)[] = [
  (text, random, { tokens }) => insert(text, place(text, random), pick(tokens, random)),
  (text, random, { lines }) => insert(text, behindLine(text, random), `${pick(lines, random)}\r\n`),
  (text, random, { tokens }) => insert(text, behindLine(text, random), pick(tokens, random)),
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
  (text, random, { messages }) => {
    const other = pick(messages, random);
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

/** Cuts a stream into pieces; one in twenty into single bytes. */
export function cut(bytes: Buffer, random: Random): Buffer[] {
  if (random() < 0.05) return Array.from(bytes, (byte) => Buffer.from([byte]));
  const count = Math.floor(random() * 5);
  const at = [...new Set(Array.from({ length: count }, () => Math.floor(random() * bytes.length)))]
    .filter((offset) => offset > 0)
    .sort((left, right) => left - right);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}
