// Control in a process of its own, which is killed again and again while records come, and asked in the end what it has.
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { TestGateway } from '@headgate/testkit';
import { type Running, startCommand } from './child-process.ts';
import type { Kept, KeptGap, KeptRecord } from './truth.ts';

/** A control that lives more than once, always on the same port. */
export interface ControlLives {
  readonly port: number;
  /** Ends it in the midst of what it does, and starts it again. */
  killAndStart(): Promise<void>;
  /** Resolves once it has a record of each of these. */
  has(exchanges: readonly string[]): Promise<void>;
  kept(): Promise<Kept>;
  stop(): Promise<void>;
}

/** Starts it with the files of the ordeal, for one node and one operator. */
export async function startControlLives(kit: TestGateway, node: string): Promise<ControlLives> {
  const operator = await kit.authority.user('current', { name: 'OPERATORx0001', organisation: 'Headgate' });
  const file = join(kit.folder, 'control.yaml');
  const write = (port: number) =>
    writeFile(
      file,
      JSON.stringify({
        listen: { port },
        tls: { certificate: 'control.pem', key: 'control.key' },
        trust: { anchors: 'nodes-anchors.pem', intermediates: 'nodes-intermediates.pem' },
        store: { folder: 'control' },
        accounts: [{ name: 'operator', roles: ['operator'], fingerprints: [operator.fingerprint256] }],
        nodes: [{ name: node, fingerprints: [kit.user.fingerprint256] }],
      }),
    );
  await write(0);
  const start = () => startCommand(['control', '--config', file]);
  let running: Running = await start();
  const port = running.port('listening on');
  await write(port);
  const agent = new Agent({
    keepAlive: true,
    cert: operator.certificatePem,
    key: operator.keyPem,
    ca: await readFile(join(kit.folder, 'control-anchors.pem'), 'utf8'),
    servername: 'control.test',
  });
  const ask = async (path: string): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    request({ agent, host: '127.0.0.1', port, path }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        if (answer.statusCode === 200) resolve(text);
        else reject(new Error(`${path}: ${answer.statusCode} ${text}`));
      });
      answer.on('error', reject);
    })
      .on('error', reject)
      .end();
    return promise;
  };
  const recordsNow = async (): Promise<readonly KeptRecord[]> =>
    (await ask('/v1/evidence/export?of=records'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as KeptRecord & { readonly gap?: object })
      .filter(({ gap }) => gap === undefined);
  const gapsNow = async (): Promise<readonly KeptGap[]> => {
    const { known } = JSON.parse(await ask('/v1/evidence/nodes')) as {
      known: readonly { readonly node: string; readonly gapCount: number; readonly gaps: readonly KeptGap[] }[];
    };
    const own = known.find((each) => each.node === node);
    if (own === undefined || own.gapCount > own.gaps.length) throw new Error(`not every gap is told of ${node}`);
    return own.gaps;
  };
  return {
    port,
    async killAndStart() {
      await running.kill();
      running = await start();
    },
    async has(exchanges) {
      for (;;) {
        const kept = new Set((await recordsNow()).map(({ exchange }) => exchange));
        if (exchanges.every((exchange) => kept.has(exchange))) return;
      }
    },
    kept: async () => ({ records: await recordsNow(), gaps: await gapsNow() }),
    async stop() {
      agent.destroy();
      await running.stop();
    },
  };
}
