// Lines out of pieces of bytes, in blocks of whole lines: a block is turned into text at once, which is far cheaper than line by line.

/** Longest line that is read, in bytes (1 MiB). */
export const lineBytesMax = 1_048_576;

/** Whole lines, with where they stand. */
export interface LineBlock {
  readonly lines: readonly string[];
  /** Number of the first, from 1. */
  readonly firstLine: number;
  /** Bytes before it. */
  readonly offset: number;
  readonly endOffset: number;
  /** Set for one line past the bound, of which `lines` has the beginning. */
  readonly isTooLong: boolean;
}

/** Takes pieces and gives blocks. */
export interface LineBlocks {
  /** Blocks that are whole by this piece: at most three. */
  push(piece: Buffer): readonly LineBlock[];
  /** What stands behind the last line break; null where nothing does. */
  rest(): LineBlock | null;
}

/** How much of a line past the bound is kept to show it, in bytes. */
const shownBytes = 2_048;

/** Begins at a byte and a line of a file. */
export function createLineBlocks(fromOffset: number, fromLine: number): LineBlocks {
  let offset = fromOffset;
  let line = fromLine;
  let begun: Buffer[] = [];
  let begunBytes = 0;
  let skippedBytes = 0;

  function blockOf(bytes: Buffer, isTooLong: boolean, consumed: number): LineBlock {
    const lines = isTooLong ? [bytes.subarray(0, shownBytes).toString('utf8')] : linesOf(bytes);
    const block = { lines, firstLine: line, offset, endOffset: offset + consumed, isTooLong };
    offset += consumed;
    line += lines.length;
    return block;
  }

  function keep(piece: Buffer): void {
    begun.push(piece);
    begunBytes += piece.byteLength;
    if (begunBytes <= lineBytesMax) return;
    const whole = Buffer.concat(begun);
    // Of a line past the bound its beginning is kept; what follows is counted until its break.
    begun = [Buffer.from(whole.subarray(0, shownBytes))];
    skippedBytes += whole.byteLength - shownBytes;
    begunBytes = shownBytes;
  }

  function endTooLong(tail: Buffer): LineBlock {
    const head = Buffer.concat(begun);
    const consumed = head.byteLength + skippedBytes + tail.byteLength;
    begun = [];
    begunBytes = 0;
    skippedBytes = 0;
    return blockOf(head, true, consumed);
  }

  return {
    push(piece) {
      const blocks: LineBlock[] = [];
      let from = 0;
      if (skippedBytes > 0) {
        const end = piece.indexOf(0x0a);
        if (end === -1) {
          skippedBytes += piece.byteLength;
          return blocks;
        }
        blocks.push(endTooLong(piece.subarray(0, end + 1)));
        from = end + 1;
      }
      const last = piece.lastIndexOf(0x0a);
      if (last >= from) {
        const whole = piece.subarray(from, last + 1);
        const bytes = begunBytes === 0 ? whole : Buffer.concat([...begun, whole]);
        begun = [];
        begunBytes = 0;
        blocks.push(blockOf(bytes, false, bytes.byteLength));
        from = last + 1;
      }
      if (from < piece.byteLength) keep(piece.subarray(from));
      return blocks;
    },
    rest() {
      if (skippedBytes > 0) return endTooLong(Buffer.alloc(0));
      if (begunBytes === 0) return null;
      const bytes = Buffer.concat(begun);
      begun = [];
      begunBytes = 0;
      return blockOf(bytes, false, bytes.byteLength);
    },
  };
}

function linesOf(bytes: Buffer): readonly string[] {
  const text = bytes.toString('utf8');
  const lines = text.split('\n');
  if (text.endsWith('\n')) lines.pop();
  return text.includes('\r') ? lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)) : lines;
}
