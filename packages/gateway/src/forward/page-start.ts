// Does an answer begin as a page? Judged by its bytes, because back ends call pages what they like.

/** Most bytes read before an answer counts as no page. */
export const pageStartBytesMax = 4_096;

const openings = ['<html', '<head', '<body', '<title', '<script', '<!doctype html', '<!--'];

/**
 * Whether a body may begin as a page, by its first bytes alone: nearly every answer begins as an envelope, an archive or JSON,
 * and no text has to be made of it. Never false where `pageStart` would say "page" or could still.
 */
export function mayBePage(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  if (first !== lessThan) return first === 0xef || (first >= 0x09 && first <= 0x0d) || first === 0x20 || first === 0xa0;
  const second = bytes[1];
  if (second === undefined || !isLetter(second)) return true;
  return openings.some((opening) => beginsAs(bytes, opening));
}

const lessThan = 0x3c;

function isLetter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/** Whether bytes are an opening in any letter case, as far as both go. */
function beginsAs(bytes: Uint8Array, opening: string): boolean {
  for (let at = 1; at < opening.length && at < bytes.length; at += 1)
    if (((bytes[at] ?? 0) | 0x20) !== opening.charCodeAt(at)) return false;
  return true;
}

/** Judges the start of a body: `undecided` while more bytes could still make it a page. */
export function pageStart(start: string): 'page' | 'other' | 'undecided' {
  // Most answers begin as an envelope, an archive or JSON: one look at two characters tells.
  if (/^(?:[^<\s\xef]|<[^!?hbts\s])/i.test(start.slice(0, 2))) return 'other';
  const rest = start.slice(prologLength(start));
  if (/^<(?:!doctype\s+html|(?:html|head|body|title|script)[\s>/])/i.test(rest)) return 'page';
  const written = rest.toLowerCase().replace(/\s+/g, ' ');
  const couldBecome =
    openings.some((opening) => opening.startsWith(written)) || /^<(?:!--|\?)/.test(rest) || /^\xef\xbb?$/.test(rest);
  return couldBecome && start.length < pageStartBytesMax ? 'undecided' : 'other';
}

/** Byte order mark (read as latin1), white space, whole comments and processing instructions. */
function prologLength(start: string): number {
  return /^(?:\xef\xbb\xbf)?(?:\s+|<!--[\s\S]*?-->|<\?[\s\S]*?\?>)*/.exec(start)?.[0].length ?? 0;
}
