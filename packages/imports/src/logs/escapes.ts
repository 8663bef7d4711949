// Characters that writers of logs escape, each in its way, and values that mean that there is none.

/** Takes what a writer put in place of characters back. */
export type Unescape = (text: string) => string;

/** The text as it is. */
export const asWritten: Unescape = (text) => text;

/** nginx and Apache: `\xHH` for bytes, and `\"`, `\\`. */
export const backslashes: Unescape = (text) => {
  if (!text.includes('\\')) return text;
  const bytes = text.replace(
    /((?:\\x[0-9A-Fa-f]{2})+)|\\(["\\/])/g,
    (_, run: string | undefined, one: string | undefined) =>
      run === undefined ? (one ?? '') : Buffer.from(run.replaceAll('\\x', ''), 'hex').toString('utf8'),
  );
  return bytes;
};

/** HAProxy: `#HH` for bytes that could be taken for something else (`hdr_encode_map`). */
export const hashes: Unescape = (text) =>
  text.includes('#')
    ? text.replace(/(?:#[0-9A-F]{2})+/g, (run) => Buffer.from(run.replaceAll('#', ''), 'hex').toString('utf8'))
    : text;

/** Null where a writer says that there is nothing. */
export function saidOrNull(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === '' || text === '-' ? null : text;
}
