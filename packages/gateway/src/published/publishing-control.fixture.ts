// A control that a test plays: the two addresses that a gateway asks, over mutual TLS on a real port.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  catalogueFileNames,
  hashOfSnapshot,
  type SnapshotAcknowledgement,
  type SnapshotContent,
  type SnapshotDocument,
} from '@headgate/contract';
import type { TestGateway } from '@headgate/testkit';
import type { Config } from '../config.ts';

/** A control under test. */
export interface PublishingControl {
  /** What a gateway's configuration says of it. */
  readonly option: NonNullable<Config['control']>;
  readonly words: readonly SnapshotAcknowledgement[];
  readonly asked: () => number;
  /** Answers with this from now on, whatever it is, where its number is higher than the one asked with. */
  publish(value: unknown, number: number): void;
  /** Waits until a word fits. */
  heard(fits: (word: SnapshotAcknowledgement) => boolean): Promise<SnapshotAcknowledgement>;
  /** Is not there any more, and is there again on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts one whose files are in the folder of a gateway. */
export async function startPublishingControl({ authority, folder, user }: TestGateway): Promise<PublishingControl> {
  const chain = await authority.serverChain('current', ['control.test']);
  const files = {
    'node.pem': user.certificatePem + authority.trustBundlePem('current', 'user').intermediatesPem,
    'node.key': user.keyPem,
    'control.pem': authority.trustBundlePem('current', 'server').anchorsPem,
  };
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  const words: SnapshotAcknowledgement[] = [];
  const listening: {
    fits: (word: SnapshotAcknowledgement) => boolean;
    resolve: (word: SnapshotAcknowledgement) => void;
  }[] = [];
  let latest: { readonly text: string; readonly number: number } | null = null;
  let news = Promise.withResolvers<void>();
  let askedCount = 0;
  let server: Server;
  let port = 0;
  const listen = async (): Promise<void> => {
    const users = authority.trustBundlePem('current', 'user');
    const identity = { cert: chain.certificatePem, key: chain.keyPem, ca: users.anchorsPem + users.intermediatesPem };
    server = createServer({ ...identity, requestCert: true, rejectUnauthorized: false }, (request, response) => {
      const url = new URL(request.url ?? '/', 'https://control.test');
      if (url.pathname.endsWith('/records')) {
        request.resume();
        response.writeHead(503).end(); // The spool keeps what nobody takes.
        return;
      }
      if (request.method === 'POST') {
        let text = '';
        request.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        request.on('end', () => {
          const word = JSON.parse(text) as SnapshotAcknowledgement;
          words.push(word);
          for (const each of listening) if (each.fits(word)) each.resolve(word);
          response.writeHead(204).end();
        });
        return;
      }
      askedCount += 1;
      const after = Number(url.searchParams.get('after'));
      const answer = (): void => {
        if (latest !== null && latest.number > after) response.end(latest.text);
        else response.writeHead(204, { 'headgate-latest-snapshot': String(latest?.number ?? 0) }).end();
      };
      if ((latest?.number ?? 0) > after || url.searchParams.get('waitMs') === '0') answer();
      else void Promise.race([news.promise, new Promise((resolve) => setTimeout(resolve, 50))]).then(answer);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  };
  await listen();
  return {
    option: {
      url: `https://127.0.0.1:${port}`,
      serverName: 'control.test',
      certificate: 'node.pem',
      key: 'node.key',
      trust: 'control.pem',
    },
    words,
    asked: () => askedCount,
    publish(value, number) {
      latest = { text: typeof value === 'string' ? value : JSON.stringify(value), number };
      news.resolve();
      news = Promise.withResolvers();
    },
    heard(fits) {
      const known = words.find(fits);
      if (known !== undefined) return Promise.resolve(known);
      const { promise, resolve } = Promise.withResolvers<SnapshotAcknowledgement>();
      listening.push({ fits, resolve });
      return promise;
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
    start: listen,
  };
}

/** What the files of a gateway say, as control would publish it. */
export async function contentOfFiles({ config, folder }: TestGateway): Promise<SnapshotContent> {
  const texts: Record<string, string> = {};
  for (const name of [...catalogueFileNames, 'policy.yaml'])
    texts[name] = await readFile(name === 'trust.yaml' ? join(folder, name) : join(config.catalogue, name), 'utf8');
  for (const name of ['anchors.pem', 'intermediates.pem']) texts[name] = await readFile(join(folder, name), 'utf8');
  const bundles = [{ name: 'users', anchors: 'anchors.pem', intermediates: 'intermediates.pem' }];
  texts['trust-bundles.yaml'] = JSON.stringify({ format: 1, bundles });
  return { texts, positions: {}, chainPositions: {} };
}

/** A document with a content. */
export function documentOf(content: SnapshotContent, number: number): SnapshotDocument {
  const previous = number === 1 ? null : number - 1;
  const said = { createdMs: number, author: 'operator', reason: `the ${number}th` };
  return { schemaVersion: 1, number, hash: hashOfSnapshot(content), previous, ...said, ...content };
}
