// Reads distinguished names as people and programs write them, so that a name in a message can be compared with a certificate's.
// RFC 4514 with what older writers do: spaces around separators, semicolons, quotes (RFC 2253 §4), OID. before a dotted type.
import { attributeTypes } from './distinguished-name.ts';

/** One attribute: its type as our own texts print it, or dotted; its value without escapes, or `#` and hexadecimal. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

/** Longest text that is read, in characters. */
const nameCharactersMax = 2_000;

/** What other writers call the types that we print. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['e', 'emailAddress'],
  ['email', 'emailAddress'],
  ['s', 'ST'],
  ['userid', 'UID'],
]);

const typeNames: ReadonlyMap<string, string> = new Map([
  ...[...attributeTypes].flatMap(([oid, name]): [string, string][] => [
    [oid, name],
    [name.toLowerCase(), name],
  ]),
  ...aliases,
]);

/** The relative names of a distinguished name, in the order written, each with its attributes; null for any other text. */
export function parseDistinguishedName(text: string): readonly (readonly NameAttribute[])[] | null {
  if (text.length > nameCharactersMax) return null;
  const names: NameAttribute[][] = [[]];
  for (let at = 0; ; ) {
    const type = /^ *(?:oid\.)?([a-z][a-z0-9-]*|\d+(?:\.\d+)+) *= */i.exec(text.slice(at));
    if (type?.[1] === undefined) return null;
    const read = readValue(text, at + type[0].length);
    if (read === null) return null;
    const written = type[1].toLowerCase();
    names.at(-1)?.push({ type: typeNames.get(written) ?? written, value: read.value });
    if (read.end === text.length) return names;
    if (text[read.end] !== '+') names.push([]);
    at = read.end + 1;
  }
}

/** The value of the first attribute of a type, most specific first; null where there is none. */
export function attributeOf(name: string, type: string): string | null {
  const attributes = parseDistinguishedName(name)?.flat() ?? [];
  return attributes.find((attribute) => attribute.type === type)?.value ?? null;
}

/** A name in one spelling for all that mean the same: RFC 5280 §7.1 ignores letter case and runs of spaces. Null for no name. */
export function comparableName(text: string): string | null {
  const names = parseDistinguishedName(text);
  if (names === null) return null;
  const said = ({ type, value }: NameAttribute) => `${type}=${JSON.stringify(comparableText(value))}`;
  return names.map((each) => each.map(said).toSorted().join('+')).join(',');
}

/** A value as names are compared. */
export function comparableText(text: string): string {
  return text.trim().replace(/ +/g, ' ').toLowerCase();
}

function readValue(text: string, from: number): { readonly value: string; readonly end: number } | null {
  const bytes: number[] = [];
  const isQuoted = text[from] === '"';
  let at = isQuoted ? from + 1 : from;
  /** Behind the last byte that is no space, or was escaped: spaces behind it are padding. */
  let meantBytes = 0;
  for (; at < text.length; ) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (isQuoted ? character === '"' : /[,;+]/.test(character)) break;
    if (character === '\\') {
      const escaped = readEscape(text, at + 1);
      if (escaped === null) return null;
      bytes.push(...escaped.bytes);
      at = escaped.end;
      meantBytes = bytes.length;
      continue;
    }
    bytes.push(...Buffer.from(character, 'utf8'));
    if (isQuoted || character !== ' ') meantBytes = bytes.length;
    at += character.length;
  }
  if (isQuoted) {
    const closed = /^" *(?=[,;+]|$)/.exec(text.slice(at));
    if (closed === null) return null;
    at += closed[0].length;
  }
  return { value: Buffer.from(bytes.slice(0, meantBytes)).toString('utf8'), end: at };
}

function readEscape(text: string, at: number): { readonly bytes: Uint8Array; readonly end: number } | null {
  const pair = /^[0-9a-f]{2}/i.exec(text.slice(at, at + 2));
  if (pair !== null) return { bytes: Buffer.from(pair[0], 'hex'), end: at + 2 };
  const point = text.codePointAt(at);
  if (point === undefined) return null;
  const character = String.fromCodePoint(point);
  return { bytes: Buffer.from(character, 'utf8'), end: at + character.length };
}
