// Which bytes may stand where in HTTP/1.1 (RFC 9110 §5, RFC 9112 §2–3), as tables: one look-up per byte.

/** Bytes of the grammar that the parsers name. */
export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

function table(accepts: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (accepts(byte) ? 1 : 0));
}

const tokenPunctuation = new Set(Array.from("!#$%&'*+-.^_`|~", (character) => character.charCodeAt(0)));

function isAlphanumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/** tchar (RFC 9110 §5.6.2). */
export const isTokenByte = table((byte) => isAlphanumeric(byte) || tokenPunctuation.has(byte));

/** field-vchar, SP and HTAB (RFC 9110 §5.5): everything a field value may hold. */
export const isValueByte = table((byte) => byte === HTAB || (byte >= 0x20 && byte !== 0x7f));

/** What may stand in a request target before it is read as a path or URL: visible ASCII. */
export const isTargetByte = table((byte) => byte > 0x20 && byte < 0x7f);

/** The value of a hexadecimal digit, or 255. */
export const hexValue = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 255 : value;
});
