// Refusals that repeat: a caller over its limit is told the same sentence thousands of times, with another exchange id and
// another instant. The bytes of such a refusal are kept with the head that it answers, and only what changes is written anew.
import type { RefusalBody } from '../refusal-body.ts';

/** A refusal as it was written once, and where in it stand the exchange id and the instant. */
export interface KnownRefusal extends RefusalBody {
  readonly idsAt: readonly number[];
  readonly instantsAt: readonly number[];
}

const uuidCharacters = 36;

/** Remembers a body that was written for an exchange at an instant. Null where its id is not of the usual length. */
export function rememberRefusal(written: RefusalBody, exchange: string, atMs: number): KnownRefusal | null {
  if (exchange.length !== uuidCharacters) return null;
  const body = Buffer.allocUnsafeSlow(written.body.byteLength); // See lasting-bytes.ts.
  body.set(written.body);
  return {
    ...written,
    body,
    idsAt: placesOf(exchange, written.body),
    // Between tags: whatever the sentence quotes is escaped, so that no instant in it can stand so.
    instantsAt: placesOf(`>${instantText(atMs)}<`, written.body).map((at) => at + 1),
  };
}

/** The same refusal for another exchange. */
export function writeAgain(known: KnownRefusal, exchange: string, atMs: number): Buffer {
  const body = Buffer.allocUnsafe(known.body.byteLength);
  body.set(known.body, 0);
  for (const at of known.idsAt) overwrite(body, at, exchange);
  if (known.instantsAt.length === 0) return body;
  const instant = instantText(atMs);
  for (const at of known.instantsAt) overwrite(body, at, instant);
  return body;
}

/** For a few dozen characters of ASCII a loop is faster than a call out of JavaScript. */
function overwrite(bytes: Buffer, from: number, text: string): void {
  for (let at = 0; at < text.length; at += 1) bytes[from + at] = text.charCodeAt(at);
}

function placesOf(text: string, bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + text.length)) places.push(at);
  return places;
}

let lastMs = Number.NaN;
let lastText = '';

/** An instant as faults write it (ISO 8601 in UTC, milliseconds). Many calls share one. */
function instantText(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms;
    lastText = new Date(ms).toISOString();
  }
  return lastText;
}
