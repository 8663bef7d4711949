// The head of a message: what kind of document it is and which operation it asks for, from as few bytes as that takes.
// It never throws, reads no further than it must, and refuses what no market message needs.
import { parseHead } from './head-parse.ts';
import { scanHead } from './head-scan.ts';
import type { HeaderPath } from './header-path.ts';

/** A qualified name: namespace URI, empty for none, and local name. */
export interface QualifiedName {
  readonly namespace: string;
  readonly localName: string;
}

/** Ceilings of reading a head. */
export interface HeadBounds {
  /** Bytes looked at. Default 64 KiB. */
  readonly scannedBytesMax: number;
  /** Open elements at once. Default 64: namespace lookup costs the square of the depth. */
  readonly depthMax: number;
  /** Characters of one name, attribute, comment or CDATA section. Default 8 Ki. */
  readonly tokenCharsMax: number;
  /** Attributes of one element, namespace declarations included. Default 128. */
  readonly attributesMax: number;
}

/** The bounds that hold where a caller names none. */
export const defaultHeadBounds: HeadBounds = {
  scannedBytesMax: 64 * 1024,
  depthMax: 64,
  tokenCharsMax: 8 * 1024,
  attributesMax: 128,
};

/** Why a head was refused. `bad_multipart` comes from `readMessageHead` alone. */
export type HeadRefusalReason =
  | 'doctype'
  | 'processing_instruction'
  | 'too_deep'
  | 'not_well_formed'
  | 'token_too_long'
  | 'too_many_attributes'
  | 'encoding_unsupported'
  | 'bad_multipart'
  | 'not_xml';

/**
 * What the first bytes of a message show. `at` is a character offset, a byte offset where the bytes are not UTF-8.
 * `unfinished`: so far nothing wrong and no root element; at the end of a message that is a refusal.
 */
export type EnvelopeHead =
  | {
      readonly kind: 'soap';
      readonly version: '1.1' | '1.2';
      /** The first element of the Body; null when the Body is empty, or, while `complete` is false, not yet seen. */
      readonly bodyElement: QualifiedName | null;
      /** True when no further byte can change the answer. */
      readonly complete: boolean;
      /**
       * Where a path was given: the texts at it in the Header, in order, at most one more than `headerTextsMax`. While `complete` is
       * false, there may be others.
       */
      readonly headerTexts?: readonly string[];
    }
  | { readonly kind: 'xml'; readonly root: QualifiedName }
  | { readonly kind: 'refused'; readonly reason: HeadRefusalReason; readonly at: number }
  | { readonly kind: 'unfinished' };

/**
 * Reads the head of a message from its first bytes, and the texts at `path` in its Header; works on any prefix and stops as soon as
 * it knows. Never throws.
 */
export function readHead(
  bytes: Uint8Array,
  bounds?: Partial<HeadBounds>,
  path: HeaderPath | null = null,
): EnvelopeHead {
  const limits = bounds === undefined ? defaultHeadBounds : { ...defaultHeadBounds, ...bounds };
  const scanned = bytes.length <= limits.scannedBytesMax ? bytes : bytes.subarray(0, limits.scannedBytesMax);
  const head = scanHead(scanned, limits, path);
  return head === 'undecided' ? parseHead(scanned, limits, path) : head;
}
