// Sources of revocation lists for tests: a folder with files, a server that answers as it is told, and what was told of them.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TrustBundleFacts } from '@headgate/contract';
import { createTestAuthority } from '@headgate/pki';
import { type Config, configSchema } from '../config.ts';
import type { ListNotice } from '../gateway-notice.ts';
import { createListSources, type ListReading, type ListSources, type TrustFacts } from './list-sources.ts';

export const nowMs = Date.UTC(2026, 5, 1);
export const dayMs = 86_400_000;
export const authority = await createTestAuthority({ nowMs });
export const user = await authority.user('current', {
  name: 'ALPHAx0001',
  organisation: 'CAISO',
  keyType: 'ec-p256',
});

export function factsOf(...families: readonly ('legacy' | 'current')[]): TrustFacts {
  const pem = families.map((family) => authority.trustBundlePem(family, 'user'));
  const anchorsPem = pem.map((each) => each.anchorsPem).join('');
  const intermediatesPem = pem.map((each) => each.intermediatesPem).join('');
  const facts: TrustBundleFacts = { name: 'users', anchorsPem, intermediatesPem, dated: [] };
  return new Map([['users', facts]]);
}

export const trust = factsOf('legacy', 'current');

export function listOf(
  number: number,
  changes: Partial<Parameters<typeof authority.userRevocationList>[1]> = {},
): Uint8Array {
  return authority.userRevocationList('current', { number, ...changes });
}

type WrittenBundle = Partial<Config['trustBundles'][number]>;

/** The sources of a bundle in a folder of its own, as one process after another has them. */
export interface Sources {
  readonly folder: string;
  readonly memoryFolder: string;
  readonly notices: ListNotice[];
  readonly time: { nowMs: number };
  /** Puts a file into the place of another. */
  readonly write: (name: string, bytes: Uint8Array) => Promise<void>;
  readonly configOf: (bundle: WrittenBundle) => Config;
  /** Begins anew, as after a restart. */
  readonly start: () => Process;
}

/** What one process knows of them. */
export interface Process {
  readonly lists: ListSources;
  /** Reads and takes, as a reload does. */
  readonly apply: (
    bundle: WrittenBundle,
    options?: Parameters<ListSources['read']>[2],
    facts?: TrustFacts,
  ) => Promise<ListReading>;
  /** Looks and takes, as a gateway does by itself; true where anything was read. */
  readonly look: () => Promise<boolean>;
  /** Numbers of the lists in force. */
  readonly numbers: () => readonly (bigint | null)[];
}

export async function startSources(t: TestContext): Promise<Sources> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-lists-'));
  t.after(() => rm(folder, { recursive: true }));
  const notices: ListNotice[] = [];
  const time = { nowMs };
  const memoryFolder = join(folder, 'gateway.lists');
  const configOf = (bundle: WrittenBundle): Config =>
    configSchema.parse({
      listeners: [{ name: 'a', port: 0, hosts: [{ name: 'a.example' }] }],
      catalogue: fileURLToPath(new URL('../../../../catalogues/example', import.meta.url)),
      trustBundles: [{ name: 'users', anchors: 'anchors.pem', ...bundle }],
      upstreams: [{ system: '*', endpoints: ['http://127.0.0.1:1'] }],
      evidence: { folder },
    });
  return {
    folder,
    memoryFolder,
    notices,
    time,
    configOf,
    async write(name, bytes) {
      await writeFile(join(folder, `${name}.new`), bytes);
      await rename(join(folder, `${name}.new`), join(folder, name));
    },
    start() {
      const lists = createListSources({
        base: folder,
        memoryFolder,
        clock: () => time.nowMs,
        tell: (notice) => notices.push(notice),
      });
      let taken: ListReading | null = null;
      const take = async (reading: ListReading): Promise<ListReading> => {
        await lists.take(reading);
        taken = reading;
        return reading;
      };
      return {
        lists,
        apply: async (bundle, options = {}, facts = trust) => take(await lists.read(configOf(bundle), facts, options)),
        async look() {
          const reading = await lists.look();
          if (reading !== null) await take(reading);
          return reading !== null;
        },
        numbers: () => (taken?.bundles.get('users')?.lists ?? []).map(({ list }) => list.number),
      };
    },
  };
}

/** How a server answers next. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of lists. */
export interface ListServer {
  readonly url: string;
  /** What was asked, in order. */
  readonly asked: readonly IncomingMessage[];
  readonly answerBy: (answer: Answer) => void;
  readonly close: () => void;
}

/** Starts a server on loopback that answers as it is told. */
export async function startListServer(
  t: TestContext,
  first: Answer,
  make: (answer: Answer) => ReturnType<typeof createServer> = (answer) => createServer(answer),
): Promise<ListServer> {
  let answer = first;
  const asked: IncomingMessage[] = [];
  const server = make((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  t.after(close);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/users.crl`,
    asked,
    answerBy(next) {
      answer = next;
    },
    close,
  };
}

/** Answers with bytes, and with 304 whoever has them. */
export function offering(
  bytes: Uint8Array,
  etag = `"${bytes.length}-${Buffer.from(bytes).toString('hex', 0, 8)}"`,
): Answer {
  return (request, response) => {
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.writeHead(200, { ETag: etag }).end(bytes);
  };
}
