// A server where control will be, over mutual TLS: it takes records as control does, and does so badly from time to time.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { Kept, KeptGap, KeptRecord } from './truth.ts';

/** How it fails: before it took what was sent, or after, so that nobody hears that it did. */
type Mood = 'well' | 'busy' | 'breaks before' | 'breaks after' | 'half an answer';

/** A peer that serves. */
export interface RecordsPeer {
  readonly port: number;
  /** What it took, each record once. */
  kept(): Kept;
  /** How often it failed so far. */
  failures(): number;
  /** From now on it does everything well; resolves once it has taken these. */
  behaveUntil(exchanges: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Starts it with the files of the ordeal; `random` chooses its moods. */
export async function startRecordsPeer(folder: string, random: () => number): Promise<RecordsPeer> {
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  const marks = new Map<string, number>();
  const records: KeptRecord[] = [];
  const gaps = new Map<string, KeptGap>();
  const known = new Set<string>();
  let taken = Promise.withResolvers<void>();
  let isWell = false;
  let failures = 0;

  const moodNow = (): Mood => {
    const chance = random();
    if (isWell || chance > 0.5) return 'well';
    failures += 1;
    return (['busy', 'breaks before', 'breaks after', 'half an answer'] as const)[Math.floor(chance * 8)] ?? 'busy';
  };
  const take = (body: Buffer): string => {
    const touched = new Map<string, { boot: string; thread: number }>();
    for (const line of zstdDecompressSync(body).toString('utf8').trimEnd().split('\n')) {
      const { gap, boot, thread, sequence, exchange } = JSON.parse(line) as KeptRecord & { readonly gap?: KeptGap };
      if (gap !== undefined) {
        gaps.set(`${gap.boot} ${gap.thread} ${gap.after}`, gap);
        continue;
      }
      const key = `${boot} ${thread}`;
      touched.set(key, { boot, thread });
      if (sequence <= (marks.get(key) ?? 0)) continue;
      marks.set(key, sequence);
      records.push({ boot, thread, sequence, exchange });
      known.add(exchange);
    }
    taken.resolve();
    taken = Promise.withResolvers();
    const acknowledged = [...touched].map(([key, place]) => ({ ...place, sequence: marks.get(key) ?? 0 }));
    return JSON.stringify({ acknowledged });
  };
  const answerIn = (mood: Mood, body: Buffer, answer: ServerResponse): void => {
    if (mood === 'busy') answer.writeHead(503, { 'retry-after': '0' }).end();
    else if (mood === 'breaks before') answer.destroy();
    else {
      const text = take(body);
      if (mood === 'breaks after') answer.destroy();
      else if (mood === 'half an answer')
        answer.writeHead(200, { 'content-length': text.length }).write(text.slice(0, -1), () => answer.destroy());
      else answer.end(text);
    }
  };

  const server = createServer(
    {
      cert: await read('control.pem'),
      key: await read('control.key'),
      ca: await read('nodes-anchors.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, answer) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => answerIn(moodNow(), Buffer.concat(pieces), answer));
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    kept: () => ({ records, gaps: [...gaps.values()] }),
    failures: () => failures,
    async behaveUntil(exchanges) {
      isWell = true;
      while (!exchanges.every((exchange) => known.has(exchange))) await taken.promise;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
