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
