// Where in the Header of an envelope a text stands: the namespace of its outermost element and the local names down to it. Below
// the outermost element any namespace counts, since writers differ in whether they repeat it.

/** A place in the Header, prepared by `toHeaderPath`. */
export interface HeaderPath {
  readonly namespace: string;
  /** Outermost first. */
  readonly names: readonly string[];
  readonly namespaceBytes: Uint8Array;
  readonly namesBytes: readonly Uint8Array[];
}

/** Texts that are read of one head; a further one makes the list longer than this, and is the last. */
export const headerTextsMax = 4;

/** Longest text that is read whole, in characters; a longer one is cut behind one character more. */
export const headerTextCharactersMax = 2_000;

/** Prepares a path of at least one name. */
export function toHeaderPath(namespace: string, names: readonly string[]): HeaderPath {
  return {
    namespace,
    names,
    namespaceBytes: new Uint8Array(Buffer.from(namespace)),
    namesBytes: names.map((name) => new Uint8Array(Buffer.from(name))),
  };
}

/** A text as it is kept: without the white space around it, and bounded. */
export function toHeaderText(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, Math.min(end, start + headerTextCharactersMax + 1));
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d;
}
