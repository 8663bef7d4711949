// Bytes that are kept for long. `Buffer.from` takes short ones from a slab of 8 KiB, all of which stays as long as one of them does:
// what is remembered of thousands of heads and callers would hold ten times its size.

/** A text as bytes of its own. */
export function lastingBytes(text: string, encoding: 'utf8' | 'latin1' = 'utf8'): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text, encoding));
  bytes.write(text, 0, encoding);
  return bytes;
}

/** Several texts as bytes that lie together. */
export function lastingPieces(texts: readonly string[]): Buffer[] {
  const whole = lastingBytes(texts.join(''));
  let at = 0;
  return texts.map((text) => {
    const from = at;
    at += Buffer.byteLength(text);
    return whole.subarray(from, at);
  });
}
