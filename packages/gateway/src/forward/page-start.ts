// Does an answer begin as a page? Judged by its bytes, because back ends call pages what they like.

/** Most bytes read before an answer counts as no page. */
export const pageStartBytesMax = 4_096;

/** Judges the start of a body: `undecided` while more bytes could still make it a page. */
export function pageStart(start: string): 'page' | 'other' | 'undecided' {
  const rest = start.slice(prologLength(start));
  if (/^<(?:!doctype\s+html|(?:html|head|body|title|script)[\s>/])/i.test(rest)) return 'page';
  const couldBecome =
    rest === '' || /^<(?:!(?:-?|d[a-z]*\s*[a-z]*)|\?|[a-z]*)$/i.test(rest) || /^<(?:!--|\?)/.test(rest);
  return couldBecome && start.length < pageStartBytesMax ? 'undecided' : 'other';
}

/** Byte order mark (read as latin1), white space, whole comments and processing instructions. */
function prologLength(start: string): number {
  return /^(?:\xef\xbb\xbf)?(?:\s+|<!--[\s\S]*?-->|<\?[\s\S]*?\?>)*/.exec(start)?.[0].length ?? 0;
}
