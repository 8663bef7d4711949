// What passes between the store and the thread that PGlite runs on.

/** What the thread is started with. */
export interface EmbeddedStart {
  /** Where PGlite keeps its files. */
  readonly folder: string;
  /** One 32-bit number: bytes that were sent and not yet read. The thread waits on it. */
  readonly outstanding: SharedArrayBuffer;
}

/** To the thread. */
export type ToEmbedded = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'close' };

/** From the thread; `answered` follows the answer to each message of bytes. */
export type FromEmbedded =
  | { readonly kind: 'ready' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'answered' };

/** An answer travels in pieces of this size: each is parsed in one turn of the reader's event loop. */
export const pieceBytes = 65_536;
/** As much of an answer may wait to be read before the thread pauses. */
export const answerBytesMax = 524_288;

/** ReadyForQuery without its last byte, the state of the transaction: its type, and its length. */
const readyForQuery = [0x5a, 0, 0, 0, 5];

/** Reads an answer in the pieces that PGlite gives it in, cut anywhere; gives whether what came so far ends with ReadyForQuery, as every whole answer does. */
export function createAnswerEnd(): (piece: Uint8Array) => boolean {
  let last = new Uint8Array(0);
  return (piece) => {
    const end = piece.subarray(-6);
    const joined = new Uint8Array(last.length + end.length);
    joined.set(last);
    joined.set(end, last.length);
    last = joined.slice(-6);
    return last.length === 6 && readyForQuery.every((byte, at) => last[at] === byte);
  };
}
