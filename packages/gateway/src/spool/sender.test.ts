import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { createTestAuthority, type TestAuthority } from '@headgate/pki';
import type { ControlAddress } from '../control-tls.ts';
import { createRecordPoster } from './post-records.ts';
import { startSender } from './sender.ts';
import { openSpoolFile, type SpoolFile } from './spool-file.ts';

let authority: TestAuthority;
let folder: string;
let files = 0;
before(async () => {
  authority = await createTestAuthority({ nowMs: Date.now() });
  folder = await mkdtemp(join(tmpdir(), 'headgate-sender-'));
});
after(() => rm(folder, { recursive: true, force: true }));

type Answer = (lines: readonly string[], answer: ServerResponse, request: IncomingMessage) => void;

interface Line {
  readonly boot: string;
  readonly thread: number;
  readonly sequence: number;
}

/** Acknowledges as control does: the last record of each thread of a boot. */
const acknowledge: Answer = (lines, answer) => {
  const acknowledged = new Map<string, Line>();
  for (const line of lines) {
    const { boot, thread, sequence } = JSON.parse(line) as Line;
    acknowledged.set(`${boot} ${thread}`, { boot, thread, sequence });
  }
  answer.end(JSON.stringify({ acknowledged: [...acknowledged.values()] }));
};

/** A server where control will be, over mutual TLS: it keeps every line that it acknowledged. Its answers come in turn, then well. */
async function startPeer(t: TestContext, ...answers: Answer[]) {
  const chain = await authority.serverChain('current', ['control.test']);
  const kept: string[] = [];
  const paths: string[] = [];
  const subjects: string[] = [];
  const server: Server = createServer(
    {
      cert: chain.certificatePem,
      key: chain.keyPem,
      ca: authority.trustBundlePem('current', 'user').anchorsPem,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, answer) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const lines = zstdDecompressSync(Buffer.concat(pieces)).toString().trimEnd().split('\n');
        paths.push(`${request.method} ${request.url}`);
        subjects.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
        const next = answers.shift();
        if (next === undefined) {
          kept.push(...lines);
          acknowledge(lines, answer, request);
        } else next(lines, answer, request);
      });
    },
  );
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, kept, paths, subjects, server };
}

async function addressOf(port: number): Promise<ControlAddress> {
  const user = await authority.user('current', { name: 'GATEWAYx0001', organisation: 'Headgate' });
  return {
    url: `https://127.0.0.1:${port}`,
    pem: {
      ca: authority.trustBundlePem('current', 'server').anchorsPem,
      cert: user.certificatePem + authority.trustBundlePem('current', 'user').intermediatesPem,
      key: user.keyPem,
    },
    serverName: 'control.test',
  };
}

const lineOf = (sequence: number, thread = 0) => JSON.stringify({ boot: 'a', thread, sequence });

function newSpool(t: TestContext): SpoolFile & { keep(from: number, to: number, thread?: number): void } {
  files += 1;
  const file = openSpoolFile(join(folder, `${files}.spool.sqlite`));
  t.after(() => file.close());
  return {
    ...file,
    keep(from, to, thread = 0) {
      for (let sequence = from; sequence <= to; sequence += 1) {
        const lines = Buffer.from(`${lineOf(sequence, thread)}\n`);
        const piece = {
          kind: 'records',
          boot: 'a',
          thread,
          first: sequence,
          last: sequence,
          fromMs: 1,
          toMs: 1,
        } as const;
        file.commit([{ ...piece, lines }], [], 1);
      }
    },
  };
}

/** Sends a spool until control has everything; pauses take no time, and are noted. */
async function sendAll(t: TestContext, file: SpoolFile, address: ControlAddress) {
  const poster = createRecordPoster(address, 'gateway-1');
  t.after(() => poster.close());
  const pauses: number[] = [];
  const told: string[] = [];
  const inFlight: number[] = [];
  const done = Promise.withResolvers<void>();
  const sender = startSender({
    file,
    post(packed) {
      inFlight.push(sender.inFlight());
      return poster.post(packed);
    },
    async pause(ms) {
      pauses.push(ms);
      if (file.unsent().records === 0) done.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    },
    random: () => 1,
    told: (isSent, why) => told.push(isSent ? 'sent' : why),
  });
  await done.promise;
  await sender.close();
  assert.equal(sender.inFlight(), 0);
  return { pauses, told, inFlight };
}

test('records reach control in order, as the node that the certificate shows, and the spool knows that it has them', async (t) => {
  const peer = await startPeer(t);
  const file = newSpool(t);
  file.keep(1, 40);
  file.keep(1, 5, 1);
  const { inFlight } = await sendAll(t, file, await addressOf(peer.port));
  assert.deepEqual(inFlight, [45], 'the last piece that is on its way is told, since it must stay');
  assert.deepEqual(peer.kept, [
    ...Array.from({ length: 40 }, (_, at) => lineOf(at + 1)),
    ...Array.from({ length: 5 }, (_, at) => lineOf(at + 1, 1)),
  ]);
  assert.deepEqual(new Set(peer.paths), new Set(['POST /v1/nodes/gateway-1/records']));
  assert.deepEqual(new Set(peer.subjects), new Set(['GATEWAYx0001']));
  assert.deepEqual(file.unsent(), { records: 0, sinceMs: null });
});

test('whatever control answers, it is asked again until it acknowledges, and told once when that begins and ends', async (t) => {
  const peer = await startPeer(
    t,
    (_lines, answer) => answer.writeHead(503, { 'retry-after': '7' }).end(),
    (_lines, answer) =>
      answer.writeHead(403, { 'content-type': 'application/problem+json' }).end('{"code":"control.not_this_node"}'),
    (_lines, answer) => answer.end('{"acknowledged":'),
    (_lines, answer) => answer.end('{"acknowledged":[{"boot":"a","thread":0,"sequence":2}]}'),
    (_lines, answer) => answer.writeHead(200, { 'content-length': 100 }).write('{', () => answer.destroy()),
    (_lines, _answer, request) => request.socket.destroy(),
    (_lines, answer) => {
      const acknowledged = [{ boot: 'a', thread: 0, sequence: 3 }];
      answer.end(JSON.stringify({ acknowledged, filling: 'x'.repeat(1_048_576) }));
    },
  );
  const file = newSpool(t);
  file.keep(1, 3);
  const { pauses, told } = await sendAll(t, file, await addressOf(peer.port));
  assert.deepEqual(
    peer.kept,
    [1, 2, 3].map((sequence) => lineOf(sequence)),
  );
  assert.deepEqual(told, ['it answered 503', 'sent']);
  const [asked, ...own] = pauses;
  assert.equal(asked, 7_000 * 1.25);
  assert.deepEqual(own.slice(0, 5), [500, 1_000, 2_000, 4_000, 8_000]);
});

test('a batch whose answer was lost is sent again, and is the same', async (t) => {
  const seen: string[] = [];
  const peer = await startPeer(t, (lines, answer) => {
    seen.push(...lines);
    answer.destroy(); // Control has it, and nobody hears of that.
  });
  const file = newSpool(t);
  file.keep(1, 3);
  await sendAll(t, file, await addressOf(peer.port));
  assert.deepEqual(peer.kept, seen);
});

test('control under another name, or of another authority, gets nothing', async (t) => {
  const peer = await startPeer(t);
  const address = await addressOf(peer.port);
  const poster = (changed: Partial<ControlAddress>) => {
    const made = createRecordPoster({ ...address, ...changed }, 'gateway-1');
    t.after(() => made.close());
    return made.post(Buffer.from('x'));
  };
  const legacy = authority.trustBundlePem('legacy', 'server').anchorsPem;
  for (const outcome of [
    await poster({ serverName: 'other.test' }),
    await poster({ pem: { ...address.pem, ca: legacy } }),
  ])
    assert.equal(outcome.kind, 'not-taken');
  assert.deepEqual(peer.paths, []);
});

test('a control that takes a batch and does not answer is given up', async (t) => {
  const peer = await startPeer(t, () => undefined);
  const poster = createRecordPoster(await addressOf(peer.port), 'gateway-1', 50);
  t.after(() => {
    poster.close();
    peer.server.closeAllConnections();
  });
  const outcome = await poster.post(zstdCompressSync(`${lineOf(1)}\n`));
  assert.deepEqual(outcome, { kind: 'not-taken', why: 'it did not answer in time', retryAfterMs: null });
});

test('a spool of many pieces goes in batches that control takes', async (t) => {
  const sizes: number[] = [];
  const size: Answer = (lines, answer, request) => {
    sizes.push(lines.length);
    acknowledge(lines, answer, request);
  };
  const peer = await startPeer(t, size, size);
  const file = newSpool(t);
  file.commit(
    Array.from({ length: 2_500 }, (_, at) => ({
      kind: 'records' as const,
      boot: 'a',
      thread: 0,
      first: at + 1,
      last: at + 1,
      fromMs: 1,
      toMs: 1,
      lines: Buffer.from(`${lineOf(at + 1)}\n`),
    })),
    [],
    1,
  );
  await sendAll(t, file, await addressOf(peer.port));
  assert.deepEqual(sizes, [2_000, 500]);
});
