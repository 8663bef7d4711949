// Gateway and simulator as two processes, started by nothing but the command line, with one set of files and certificates between
// them. Behind the gateway stands a simulator that counts nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestUser } from '@headgate/pki';
import { fakeClock, startTestGateway } from '@headgate/testkit';
import type { CaseCall } from './limit-cases.ts';
import { policyText, provisioningText, type TwinOperator } from './operators.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cli = 'packages/cli/src/main.ts';

/** One of the two. */
export interface Twin {
  readonly name: 'gateway' | 'simulator';
  readonly port: number;
}

/** Who calls. */
export type Caller = NonNullable<CaseCall['caller']>;

/** Both, and those who call them. */
export interface Twins {
  readonly gateway: Twin;
  readonly simulator: Twin;
  readonly users: Readonly<Record<Caller, TestUser>>;
  /** PEM of the roots that both servers lead to. */
  readonly anchorsPem: string;
  readonly close: () => Promise<void>;
}

/** Starts both, and waits until both take connections. */
export async function startTwins(operator: TwinOperator): Promise<Twins> {
  const catalogue = join(root, 'catalogues', operator.folder);
  // The kit writes certificates and configuration, and its own gateway shows at once whether they can be used.
  const kit = await startTestGateway({
    catalogue,
    hosts: operator.hosts,
    plainHosts: ['plain.example.net'],
    clock: fakeClock(Date.now()),
    policy: policyText(operator),
    provisioning: JSON.stringify({ format: 1, participants: [] }),
  });
  await kit.running.close();
  const { authority, folder } = kit;
  const users = {
    alpha: kit.user,
    'alpha-other': await authority.user('current', { name: 'ALPHAx0003', organisation: 'Alpha' }),
    beta: await authority.user('current', { name: 'BETAx0002', organisation: 'Beta' }),
  };
  const subjects = Object.fromEntries(Object.entries(users).map(([name, { subject }]) => [name, subject]));
  const file = (name: string): string => join(folder, name);
  await writeFile(file('provisioning.yaml'), provisioningText(operator, subjects));
  const pems = await Promise.all(['anchors.pem', 'intermediates.pem'].map((name) => readFile(file(name), 'utf8')));
  await writeFile(file('authorities.pem'), pems.join(''));

  const filesOf = (named: Readonly<Record<string, string>>): readonly string[] =>
    Object.entries(named).flatMap(([option, name]) => [`--${option}`, file(name)]);
  const running: HeadgateProcess[] = [];
  const started = async (...words: readonly string[]): Promise<readonly string[]> => {
    const each = startHeadgate(words);
    running.push(each);
    return each.ready;
  };
  const backEnd = await started('simulator', '--port', '0', '--catalogue', catalogue);
  const endpoints = [/^listening on (http:.*)$/m.exec(backEnd.join('\n'))?.[1]];
  const upstreams = [{ system: '*', environment: '*', infrastructure: '*', endpoints }];
  const config = { ...kit.config, node: 'twin', upstreams, evidence: { folder: 'evidence-twin' } };
  await writeFile(file('gateway.json'), JSON.stringify(config));
  const [gateway, simulator] = await Promise.all([
    started('gateway', '--config', file('gateway.json')),
    started(
      'simulator',
      '--port',
      '0',
      '--catalogue',
      catalogue,
      ...filesOf({
        limits: 'policy.yaml',
        provisioning: 'provisioning.yaml',
        certificate: 'server.pem',
        key: 'server.key',
        'client-authorities': 'authorities.pem',
      }),
    ),
  ]);
  return {
    gateway: { name: 'gateway', port: portIn(gateway, /^listener secure on .*:(\d+)$/m) },
    simulator: { name: 'simulator', port: portIn(simulator, /^listening on https:.*:(\d+)$/m) },
    users,
    anchorsPem: authority.trustBundlePem('current', 'server').anchorsPem,
    async close() {
      await Promise.all(running.map((each) => each.stop()));
      await kit.close();
    },
  };
}

function portIn(lines: readonly string[], form: RegExp): number {
  const port = Number(form.exec(lines.join('\n'))?.[1]);
  if (!Number.isInteger(port)) throw new Error(`no port is told:\n${lines.join('\n')}`);
  return port;
}

interface HeadgateProcess {
  /** What it has said when it is ready. */
  readonly ready: Promise<readonly string[]>;
  stop(): Promise<void>;
}

function startHeadgate(words: readonly string[]): HeadgateProcess {
  const child = spawn(process.execPath, [cli, ...words, '--end-with-input'], { cwd: root, stdio: 'pipe' });
  const said: string[] = [];
  const { promise: ready, resolve, reject } = Promise.withResolvers<readonly string[]>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      if (line === 'ready') resolve([...said]);
    });
  child.once('close', () => reject(new Error(`headgate ${words[0]} ended:\n${said.join('\n')}`)));
  return { ready, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
