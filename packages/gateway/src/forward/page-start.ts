// Does an answer begin as a page? Judged by its bytes, because back ends call pages what they like. No text is made of them: an
// envelope behind an XML declaration is the usual answer, and it is looked at for every call.

/** Most bytes looked at before an answer counts as no page. */
export const pageStartBytesMax = 4_096;

/** Judges the start of a body, in any letter case: `undecided` while more bytes could still make it a page. */
export function pageStart(bytes: Uint8Array): 'page' | 'other' | 'undecided' {
  const end = Math.min(bytes.byteLength, pageStartBytesMax);
  const open = end < pageStartBytesMax ? 'undecided' : 'other';
  const from = pastProlog(bytes, end);
  if (from === -1 || from === end) return open;
  if (bytes[from] !== lessThan) return 'other';
  const doctype = beginsAs(bytes, from, end, '<!doctype');
  if (doctype !== 'no') return doctype === 'cut' ? open : pageType(bytes, from + '<!doctype'.length, end, open);
  for (const name of ['<html', '<head', '<body', '<title', '<script']) {
    const begins = beginsAs(bytes, from, end, name);
    const behind = from + name.length;
    if (begins === 'cut' || (begins === 'yes' && behind === end)) return open;
    if (begins === 'yes') return endsName(bytes[behind] ?? 0) ? 'page' : 'other';
  }
  return 'other';
}

/** What follows `<!doctype`: white space, and the name of the type. */
function pageType(bytes: Uint8Array, from: number, end: number, open: 'undecided' | 'other') {
  const nameAt = pastSpace(bytes, from, end);
  if (nameAt === end) return open;
  if (nameAt === from) return 'other';
  const begins = beginsAs(bytes, nameAt, end, 'html');
  return begins === 'cut' ? open : begins === 'yes' ? 'page' : 'other';
}

/** Behind byte order mark, white space, whole comments and processing instructions; -1 in the middle of one. */
function pastProlog(bytes: Uint8Array, end: number): number {
  const marked = beginsAs(bytes, 0, end, '\xef\xbb\xbf');
  if (marked === 'cut') return -1;
  let at = pastSpace(bytes, marked === 'yes' ? 3 : 0, end);
  for (;;) {
    const comment = beginsAs(bytes, at, end, '<!--');
    const instruction = beginsAs(bytes, at, end, '<?');
    if (comment === 'cut' || instruction === 'cut') return at === end ? end : -1;
    if (comment === 'no' && instruction === 'no') return at;
    const behind = comment === 'yes' ? pastText(bytes, at + 4, end, '-->') : pastText(bytes, at + 2, end, '?>');
    if (behind === -1) return -1;
    at = pastSpace(bytes, behind, end);
  }
}

/** Whether bytes begin with an ASCII text in lower case, whatever their own case; `cut` where they end within it. */
function beginsAs(bytes: Uint8Array, from: number, end: number, text: string): 'yes' | 'no' | 'cut' {
  for (let at = 0; at < text.length; at += 1) {
    if (from + at >= end) return 'cut';
    const byte = bytes[from + at] ?? 0;
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== text.charCodeAt(at)) return 'no';
  }
  return 'yes';
}

function pastText(bytes: Uint8Array, from: number, end: number, text: string): number {
  for (let at = from; at + text.length <= end; at += 1)
    if (beginsAs(bytes, at, end, text) === 'yes') return at + text.length;
  return -1;
}

function pastSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(bytes[at] ?? 0)) at += 1;
  return at;
}

const lessThan = 0x3c;

/** Browsers skip more than XML calls white space; no-break spaces too, to be safe. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xa0;
}

function endsName(byte: number): boolean {
  return isSpace(byte) || byte === 0x3e || byte === 0x2f;
}
