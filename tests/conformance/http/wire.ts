// Answers for the words the corpora are written in: bytes, field lines, bodies. It deliberately parses nothing.

/** A field as a reader must understand it: lower-case name, value without surrounding whitespace; one character is one byte. */
export type Field = readonly [name: string, value: string];

/** A field line as sent, without its CRLF, and what it means to the next recipient; no meaning: it ends at the gateway. */
export interface FieldLine {
  readonly raw: string;
  readonly means?: Field;
}

/** Turns a string of one-byte characters into bytes; a character above U+00FF is a defect of the corpus. */
export function bytesOf(text: string): Buffer {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0xff) throw new Error(`not a byte at ${index} of ${text.slice(0, 40)}`);
  }
  return Buffer.from(text, 'latin1');
}

/** An end-to-end field line with the whitespace before and after its value (default: one space, none). */
export function field(name: string, value: string, before = ' ', after = ''): FieldLine {
  return { raw: `${name}:${before}${value}${after}`, means: [name.toLowerCase(), value] };
}

/** A field line that must not reach the next recipient (RFC 9110 §7.6.1, or a field only the gateway may set). */
export function ending(raw: string): FieldLine {
  return { raw };
}

/** Deterministic bytes that use all 256 values: a 32-bit linear congruential sequence, its high byte taken. */
export function patternBytes(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed >>> 0;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** Two upper-case hexadecimal digits of one byte. */
export function hexByte(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, '0');
}

const removedNames = new Set(
  (
    'host connection transfer-encoding content-length te trailer upgrade keep-alive expect via forwarded ' +
    'client-cert client-cert-chain ct-remote-user'
  ).split(' '),
);

/** Says whether a field (lower-case name) is end-to-end for these corpora; both sides of a comparison are filtered by it. */
export function isEndToEnd(name: string): boolean {
  return !removedNames.has(name) && !name.startsWith('proxy-') && !name.startsWith('x-forwarded-');
}
