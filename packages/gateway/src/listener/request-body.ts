// A request body over a Node readable: peeked without consuming, streamed once, or drained within bounds.
import type { Readable } from 'node:stream';
import { isRefusal, Refusal } from '@headgate/contract';
import type { PathOptions } from '../config.ts';
import type { RequestBody } from '../exchange.ts';
import type { ArrivingBody } from './conversation.ts';
import type { WaitingBodies } from './waiting-bodies.ts';

/** What a body needs from the listener. */
export interface RequestBodyOptions {
  readonly readable: Readable;
  readonly framing: RequestBody['framing'];
  readonly declaredBytes: number | null;
  readonly source: string;
  readonly waiting: WaitingBodies;
  readonly path: PathOptions;
  /** Sends `100 Continue` if the caller waits for it (RFC 9110 §10.1.1); called before the first read. */
  readonly continueNow: () => void;
  /** Reads and drops whatever arrives on the connection, within the bounds of the refusal drain. */
  readonly linger: () => Promise<unknown>;
  /** Ends the connection: the caller would not stop sending. */
  readonly cut: () => void;
}

/** Creates the body of one request. */
export function createRequestBody(options: RequestBodyOptions): RequestBody & ArrivingBody {
  const { readable, framing, declaredBytes, path } = options;
  const iterator: AsyncIterator<Uint8Array> = readable.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  const peeked: Uint8Array[] = [];
  let receivedBytes = 0;
  let ended = framing === 'none';
  let faulty = false;
  let pending: Promise<Uint8Array | null> | null = null;
  const fault = Promise.withResolvers<never>();
  fault.promise.catch(() => undefined); // Nobody may be reading when it comes.

  const pull = (): Promise<Uint8Array | null> => {
    pending ??= Promise.race([iterator.next(), fault.promise]).then(
      ({ done, value }) => {
        pending = null;
        if (done === true) {
          ended = true;
          return null;
        }
        receivedBytes += value.byteLength;
        return value;
      },
      (cause: unknown) => {
        ended = true;
        if (isRefusal(cause)) throw cause;
        throw new Refusal('inspection.body_incomplete', { seenBytes: receivedBytes }, { cause });
      },
    );
    return pending;
  };

  const head = async (bytesMax: number, deadlineMs: number): Promise<Uint8Array> => {
    const release = options.waiting.enter(options.source);
    try {
      options.continueNow();
      let bytes = peeked.reduce((sum, chunk) => sum + chunk.byteLength, 0);
      using deadline = timer(deadlineMs);
      while (bytes < bytesMax && !ended) {
        const chunk = await Promise.race([pull(), deadline.expired]);
        if (chunk === null) break;
        peeked.push(chunk);
        bytes += chunk.byteLength;
      }
      const joined = peeked.length === 1 && peeked[0] !== undefined ? peeked[0] : Buffer.concat(peeked);
      peeked.splice(0, peeked.length, joined);
      return joined.subarray(0, bytesMax);
    } finally {
      release();
    }
  };

  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    options.continueNow();
    for (const chunk of peeked.splice(0)) if (chunk.byteLength > 0) yield chunk;
    while (!ended) {
      using idle = timer(path.bodyTimeoutMs);
      const chunk = await Promise.race([pull(), idle.expired]);
      if (chunk !== null) yield chunk;
    }
  };

  const drain = async (): Promise<void> => {
    peeked.length = 0;
    const startBytes = receivedBytes;
    using deadline = timer(path.drainMs);
    try {
      while (!ended && receivedBytes - startBytes <= path.drainBytesMax) await Promise.race([pull(), deadline.expired]);
    } catch {
      // Too slow or gone: the connection is cut below, the one permitted reset.
    }
    if (!ended) options.cut();
  };

  return {
    framing,
    declaredBytes,
    get receivedBytes() {
      return receivedBytes;
    },
    head,
    chunks,
    discard: () => {
      if (faulty) return options.linger();
      return ended ? null : drain();
    },
    fail(refusal) {
      faulty = true;
      fault.reject(refusal);
    },
  };
}

/** A deadline that rejects with `inspection.body_timeout` and is forgotten when its scope ends. */
function timer(ms: number): { readonly expired: Promise<never>; [Symbol.dispose](): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined); // Nobody may be racing it when it fires.
  const handle = setTimeout(() => reject(new Refusal('inspection.body_timeout', { waitedMs: ms })), ms);
  return { expired: promise, [Symbol.dispose]: () => clearTimeout(handle) };
}
