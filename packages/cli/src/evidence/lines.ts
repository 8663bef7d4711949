// Lines out of pieces of bytes: what comes in any cut goes out line by line, within a bound.

/** Longest line that is taken, in bytes (1 MiB); no gateway writes one that is near it. */
const lineBytesMax = 1_048_576;

/** Lines of one file. */
export interface LineSplitter {
  push(piece: Buffer): void;
  /** What stands behind the last line break. A file that is being written ends in the middle of a line. */
  rest(): Buffer;
}

/** Calls `take` with each line without its break, and `tooLong` for one past the bound. A line is valid during the call. */
export function createLineSplitter(take: (line: Buffer) => void, tooLong: () => void): LineSplitter {
  let begun: Buffer = Buffer.alloc(0);
  let isTooLong = false;
  return {
    push(piece) {
      let from = 0;
      for (let at = piece.indexOf(0x0a); at !== -1; at = piece.indexOf(0x0a, from)) {
        const end = piece.subarray(from, at);
        if (isTooLong) tooLong();
        else take(begun.byteLength === 0 ? end : Buffer.concat([begun, end]));
        begun = Buffer.alloc(0);
        isTooLong = false;
        from = at + 1;
      }
      begun = isTooLong ? begun : Buffer.concat([begun, piece.subarray(from)]);
      if (begun.byteLength <= lineBytesMax) return;
      isTooLong = true;
      begun = Buffer.alloc(0);
    },
    rest: () => begun,
  };
}
