// Ids of exchanges: UUIDs of version 4 (RFC 9562 §5.4), from random bytes that are drawn for many at once.

const idsPerDraw = 256;
const bytesPerId = 16;
const hexDigits = Buffer.from('0123456789abcdef');
const hyphensBefore = new Set([4, 6, 8, 10]);

/** Creates a source of ids. `fill` fills bytes at random, and must be of cryptographic quality: ids are looked up by whoever has one. */
export function createExchangeIds(fill: (bytes: Buffer) => unknown): () => string {
  const drawn = Buffer.allocUnsafeSlow(idsPerDraw * bytesPerId);
  const text = Buffer.alloc(36, '-');
  const placeOf = new Uint8Array(bytesPerId);
  for (let byte = 0, place = 0; byte < bytesPerId; byte += 1, place += 2) {
    if (hyphensBefore.has(byte)) place += 1;
    placeOf[byte] = place;
  }
  let at = drawn.byteLength;
  return () => {
    if (at === drawn.byteLength) {
      fill(drawn);
      at = 0;
    }
    drawn[at + 6] = ((drawn[at + 6] ?? 0) & 0x0f) | 0x40;
    drawn[at + 8] = ((drawn[at + 8] ?? 0) & 0x3f) | 0x80;
    for (let byte = 0; byte < bytesPerId; byte += 1) {
      const value = drawn[at + byte] ?? 0;
      const place = placeOf[byte] ?? 0;
      text[place] = hexDigits[value >> 4] ?? 0;
      text[place + 1] = hexDigits[value & 0x0f] ?? 0;
    }
    at += bytesPerId;
    return text.toString('latin1');
  };
}
