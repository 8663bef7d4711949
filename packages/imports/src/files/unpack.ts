// Unpacks gzip of any number of members (RFC 1952 §2.2) and zstd of any number of frames (RFC 8878 §3.1), and gives what stands before the
// first damage, but for 256 KiB at most. The zstd stream of Node stops after one frame and passes over the rest of what it was given, so that each frame that
// begins within a piece gets a stream of its own.
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';

/** The unpacked pieces, each of at most 256 KiB. Rejects with codes of zlib. */
export async function* unpack(packed: AsyncIterable<Buffer>, packing: 'gzip' | 'zstd'): AsyncGenerator<Buffer> {
  let part = createPart(packing);
  try {
    for await (const piece of packed) {
      for (let rest = piece; rest.byteLength > 0; ) {
        const before = part.stream.bytesWritten;
        yield* part.give(rest);
        rest = rest.subarray(part.stream.bytesWritten - before);
        // Gunzip goes from member to member by itself, and passes over what stands behind the last.
        if (rest.byteLength === 0 || packing === 'gzip') break;
        part.stream.destroy();
        part = createPart(packing);
      }
    }
    // What ends in the middle says so here.
    if (part.stream.bytesWritten > 0) yield* part.end();
  } finally {
    part.stream.destroy();
  }
}

/** Pieces of this many bytes, and how many of them wait at most. */
const pieceBytes = 262_144;
const waitingMax = 8;

interface Part {
  readonly stream: Gunzip | ZstdDecompress;
  give(bytes: Buffer): AsyncGenerator<Buffer>;
  end(): AsyncGenerator<Buffer>;
}

function createPart(packing: 'gzip' | 'zstd'): Part {
  const options = { chunkSize: pieceBytes };
  const stream = packing === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  const waiting: Buffer[] = [];
  let fault: Error | null = null;
  let wake: () => void = () => undefined;
  // By events: a stream that is destroyed by its fault gives no more what it had.
  stream.on('data', (chunk: Buffer) => {
    if (waiting.push(chunk) >= waitingMax) stream.pause();
    wake();
  });
  stream.on('error', (error) => {
    fault = error;
    wake();
  });

  async function* until(isDone: () => boolean): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = waiting.shift();
      if (chunk !== undefined) yield chunk;
      else if (fault !== null) throw fault;
      else if (isDone()) return;
      else {
        stream.resume();
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    }
  }

  return {
    stream,
    async *give(bytes) {
      let isTaken = false;
      stream.write(bytes, () => {
        isTaken = true;
        wake();
      });
      yield* until(() => isTaken);
    },
    async *end() {
      let isEnded = false;
      stream.on('end', () => {
        isEnded = true;
        wake();
      });
      stream.end();
      yield* until(() => isEnded);
    },
  };
}
