// The answer to the caller over a Node response.
import type { ServerResponse } from 'node:http';
import type { Downstream } from '../exchange.ts';

/** Wraps a response of the socket layer. A caller that takes no bytes for `idleMs` is given up. */
export function createDownstream(response: ServerResponse, idleMs: number): Downstream {
  let sentBytes = 0;
  const gone = new AbortController();
  const finished = Promise.withResolvers<void>();
  finished.promise.catch(() => undefined); // `send` may never be called.
  response.on('finish', () => finished.resolve());
  response.on('error', (error) => finished.reject(error));
  response.on('close', () => {
    if (response.writableFinished) return;
    finished.reject(new Error('the caller went away'));
    gone.abort();
  });

  const write = async (chunk: Uint8Array): Promise<void> => {
    sentBytes += chunk.byteLength;
    if (response.write(chunk)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    response.once('drain', resolve);
    await taken(Promise.race([promise, finished.promise]));
  };

  // A caller that never reads would hold an upstream connection for ever.
  const taken = async (bytesTaken: Promise<void>): Promise<void> => {
    const timer = setTimeout(() => response.destroy(), idleMs);
    try {
      await bytesTaken;
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    closed: gone.signal,
    get started() {
      return response.headersSent;
    },
    get sentBytes() {
      return sentBytes;
    },
    abort: () => {
      response.destroy();
    },
    async send(status, fields, body) {
      response.writeHead(status, fields.flat());
      if (body instanceof Uint8Array) {
        sentBytes += body.byteLength;
        response.end(body);
      } else {
        for await (const chunk of body) await write(chunk);
        response.end();
      }
      await taken(finished.promise);
    },
  };
}
