// Where in the payload of a message one value stands, as data: paths of elements, down to an element or an attribute, or pointers
// into JSON; and the element in which an envelope carries an attachment.

/** A place in an XML payload. */
export interface XmlPlace {
  /** Namespace of the payload's root; null where any will do. */
  readonly namespace: string | null;
  /** Local names from the root down; "*" is one element of any name. */
  readonly elements: readonly string[];
  /** Local name of an attribute without a namespace; null where the text of the last element is meant. */
  readonly attribute: string | null;
}

/** An element by its path from the first element of the Body; the namespace is that of the first. */
export interface AttachmentElement {
  readonly namespace: string;
  readonly elements: readonly string[];
}

/** The places at which one value is looked for. */
export interface PayloadPlaces {
  readonly xml: readonly XmlPlace[];
  /** Pointers of RFC 6901, taken apart. */
  readonly json: readonly (readonly string[])[];
  readonly attachment: AttachmentElement | null;
}

/** Longest value that is kept, in characters; of a longer one the start, one character longer than this. */
export const payloadValueCharactersMax = 64;

/** Why a payload could not be read as far as it had to be. */
export type PayloadRefusalReason =
  | 'doctype'
  | 'processing_instruction'
  | 'too_deep'
  | 'not_well_formed'
  | 'token_too_long'
  | 'too_many_attributes'
  | 'encoding_unsupported'
  | 'bad_multipart'
  | 'not_xml'
  | 'not_soap'
  | 'not_json'
  | 'not_utf8'
  | 'two_attachments'
  | 'attachment_missing'
  | 'bad_base64'
  | 'corrupt';

/** What stands at the places, as far as the head of a message shows. */
export type PayloadValue =
  /** The first value, without the white space around it. */
  | { readonly kind: 'found'; readonly value: string; readonly where: 'body' | 'attachment' }
  /** The payload has none. */
  | { readonly kind: 'absent' }
  /** The head ended before one: it may stand in the rest. */
  | { readonly kind: 'beyond' }
  | { readonly kind: 'unreadable'; readonly reason: PayloadRefusalReason };

/** The tokens of a JSON pointer (RFC 6901 section 4); null where it is none, or points at the whole document. */
export function toPointerTokens(pointer: string): readonly string[] | null {
  if (!/^(?:\/(?:[^~/]|~[01])*)+$/.test(pointer)) return null;
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A value as it is kept: trimmed and cut; null where nothing is left. */
export function toPayloadValue(text: string): string | null {
  const trimmed = text.trim();
  return trimmed === '' ? null : trimmed.slice(0, payloadValueCharactersMax + 1);
}
