// The back end of a market system under load, and its ground truth: which calls reached it, each by its own number, and how often.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Field of a request that names the call. */
export const callField = 'x-call';

/** A back end that answers every call with what it read of it. */
export interface Ledger {
  readonly url: string;
  /** Calls that came though nobody made them, or after they were over: doubles. */
  readonly strays: readonly string[];
  /** A call begins. */
  open(id: string): void;
  /** A call is over: how often it came. */
  settle(id: string): number;
  readonly close: () => Promise<void>;
}

/** What the back end answers to a call, byte for byte. */
export function rightAnswer(id: string, method: string, body: string | undefined): string {
  return answerText(id, method, Buffer.from(body ?? ''));
}

function answerText(id: string, method: string, body: Buffer): string {
  const digest = createHash('sha256').update(body).digest('hex');
  return `<ok call="${id}" method="${method}" bytes="${body.byteLength}" digest="${digest}">${filler}</ok>`;
}

const filler = 'answer '.repeat(300);

/** Longer than any pause of the gateway: it, not we, closes what idles, so that no call meets a close on its way. */
const keepAliveMs = 600_000;

/** Starts a back end. Only calls that are under way are remembered. */
export async function startLedger(): Promise<Ledger> {
  const counts = new Map<string, number>();
  const strays: string[] = [];
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined); // One that is broken off is missed by whoever made it.
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const id = String(request.headers[callField]);
      const count = counts.get(id);
      if (count === undefined) strays.push(id);
      else counts.set(id, count + 1);
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.end(answerText(id, request.method ?? '', Buffer.concat(chunks)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    strays,
    open: (id) => {
      counts.set(id, 0);
    },
    settle(id) {
      const count = counts.get(id) ?? 0;
      counts.delete(id);
      return count;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
