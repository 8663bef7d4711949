// One value of a JSON document by pointers, from its first bytes: a scan that builds nothing but the names on the way.

import { type PayloadRefusalReason, type PayloadValue, toPayloadValue } from './payload-places.ts';
import type { MessageStart } from './payload-value.ts';
import { Utf8Pieces } from './utf8-pieces.ts';

/** The first string or number at one of the pointers, in the order of the document. Never throws. */
export function findInJson(
  { bytes, isWhole }: MessageStart,
  pointers: readonly (readonly string[])[],
  depthMax: number,
): PayloadValue {
  const pieces = new Utf8Pieces();
  const scan = new JsonScan(pieces.write(bytes), pointers, depthMax);
  const ended = scan.run();
  if (typeof ended === 'object') return ended;
  if (ended === 'cut' && pieces.isBroken) return { kind: 'unreadable', reason: 'not_utf8' };
  if (ended === 'cut' && !isWhole) return { kind: 'beyond' };
  return { kind: 'unreadable', reason: ended === 'cut' ? 'not_json' : ended };
}

/** Where the scan stands in one object or array: the name, or the index, of the member that it reads. */
interface Level {
  readonly isArray: boolean;
  token: string;
  index: number;
}

type Ended = PayloadValue | PayloadRefusalReason | 'cut';

class JsonScan {
  readonly #text: string;
  readonly #pointers: readonly (readonly string[])[];
  readonly #depthMax: number;
  readonly #levels: Level[] = [];
  #at = 0;

  constructor(text: string, pointers: readonly (readonly string[])[], depthMax: number) {
    this.#text = text.startsWith('\ufeff') ? text.slice(1) : text;
    this.#pointers = pointers;
    this.#depthMax = depthMax;
  }

  run(): Ended {
    let isValueDue = true;
    for (;;) {
      const ended: Ended | null = isValueDue ? this.#value() : this.#afterValue();
      if (ended !== null) return ended;
      const level = this.#levels.at(-1);
      if (level === undefined) return { kind: 'absent' }; // The document is over.
      isValueDue = this.#isValueDue;
    }
  }

  #isValueDue = true;

  /** Reads the start of a value: all of it where it is none that holds others. */
  #value(): Ended | null {
    const first = this.#next();
    if (first === undefined) return 'cut';
    if (first === '{' || first === '[') return this.#openLevel(first === '[');
    if (first === '"') {
      const text = this.#string();
      return text === null ? this.#broken : this.#scalar(text);
    }
    const literal = /[^\s,\]}]*/y;
    literal.lastIndex = this.#at;
    const word = literal.exec(this.#text)?.[0] ?? '';
    this.#at += word.length;
    const isCutOff = this.#at >= this.#text.length;
    if (isCutOff && this.#levels.length > 0) return 'cut';
    if (/^(?:true|false|null)$/.test(word)) return this.#scalar('');
    if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(word)) return this.#scalar(word);
    return isCutOff ? 'cut' : 'not_json';
  }

  #scalar(text: string): PayloadValue | null {
    this.#isValueDue = false;
    const value = toPayloadValue(text);
    return value !== null && this.#isPointedAt() ? { kind: 'found', value, where: 'body' } : null;
  }

  #openLevel(isArray: boolean): Ended | null {
    this.#at += 1;
    if (this.#levels.length === this.#depthMax) return 'too_deep';
    this.#levels.push({ isArray, token: '0', index: 0 });
    const next = this.#next();
    if (next === undefined) return 'cut';
    if (next === (isArray ? ']' : '}')) return this.#closeLevel();
    return isArray ? this.#due() : this.#name();
  }

  #closeLevel(): null {
    this.#at += 1;
    this.#levels.pop();
    this.#isValueDue = false;
    return null;
  }

  #due(): null {
    this.#isValueDue = true;
    return null;
  }

  /** What stands behind a value: the next member, or the end of the level. */
  #afterValue(): Ended | null {
    const level = this.#levels.at(-1);
    const next = this.#next();
    if (next === undefined || level === undefined) return 'cut';
    if (next === (level.isArray ? ']' : '}')) return this.#closeLevel();
    if (next !== ',') return 'not_json';
    this.#at += 1;
    if (!level.isArray) return this.#name();
    level.index += 1;
    level.token = String(level.index);
    return this.#due();
  }

  #name(): Ended | null {
    const level = this.#levels.at(-1);
    const first = this.#next();
    if (first === undefined || level === undefined) return 'cut';
    if (first !== '"') return 'not_json';
    const name = this.#string();
    if (name === null) return this.#broken;
    const colon = this.#next();
    if (colon === undefined) return 'cut';
    if (colon !== ':') return 'not_json';
    this.#at += 1;
    level.token = name;
    return this.#due();
  }

  #broken: 'cut' | 'not_json' = 'cut';

  /** A string from its first quote on; null, and `#broken` says why, where there is none. */
  #string(): string | null {
    const start = this.#at;
    let end = start + 1;
    for (;;) {
      end = this.#text.indexOf('"', end);
      if (end < 0) return this.#breakOff('cut');
      if (!isEscaped(this.#text, end)) break;
      end += 1;
    }
    this.#at = end + 1;
    try {
      return String(JSON.parse(this.#text.slice(start, end + 1)));
    } catch {
      return this.#breakOff('not_json');
    }
  }

  #breakOff(why: 'cut' | 'not_json'): null {
    this.#broken = why;
    return null;
  }

  #next(): string | undefined {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    return this.#text[this.#at];
  }

  #isPointedAt(): boolean {
    return this.#pointers.some(
      (tokens) =>
        tokens.length === this.#levels.length && tokens.every((token, index) => this.#levels[index]?.token === token),
    );
  }
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}
