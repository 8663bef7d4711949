// A real Valkey for one test: empty, on a free port of loopback, keeping nothing. It can be stopped, killed, started again,
// followed by a replica, and be one of a cluster.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** A running Valkey. */
export interface Valkey {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Changes with `startAgain`. */
  readonly pid: number;
  /** Where it runs; gone after `close`. */
  readonly folder: string;
  /** Does one command in it, and gives back what valkey-cli prints. */
  command(...words: readonly string[]): Promise<string>;
  /** Stops it where it stands (SIGSTOP), connections open. */
  pause(): void;
  resume(): void;
  /** Ends it as a crash would (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on its port, with nothing in it. */
  startAgain(): Promise<void>;
  close(): Promise<void>;
}

/** A cluster of as many primaries, with a replica each where asked for. */
export interface ValkeyCluster {
  readonly members: readonly Valkey[];
  /** The primary that has the slot of a key now. */
  primaryOf(key: string): Promise<Valkey>;
  close(): Promise<void>;
}

/** Arguments of the server beside those of every test; they may need its port. */
export type ValkeySettings = readonly string[] | ((port: number) => readonly string[]);

/** The program that serves as the store: Valkey unless said otherwise, since Redis is to do the same. */
const program = process.env.HEADGATE_STORE ?? 'valkey-server';

const execute = promisify(execFile);
const attemptsMax = 5;
const keepNothing = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'];

/**
 * Starts a Valkey (Debian package `valkey-server`); rejects with what it wrote when it does not start. `asking` are words that its command
 * line client needs, as for TLS.
 */
export async function startValkey(settings: ValkeySettings = [], asking: readonly string[] = []): Promise<Valkey> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-valkey-'));
  try {
    const started = await startOnFreePort(folder, settings);
    const { port } = started;
    let { server } = started;
    const signal = (name: NodeJS.Signals): void => void process.kill(server.pid, name);
    return {
      host: '127.0.0.1',
      port,
      get pid() {
        return server.pid;
      },
      folder,
      async command(...words) {
        const { stdout } = await execute('valkey-cli', ['-p', String(port), ...asking, ...words]);
        return stdout.trim();
      },
      pause: () => signal('SIGSTOP'),
      resume: () => signal('SIGCONT'),
      kill: () => server.kill(),
      async startAgain() {
        server = await startOn(port, folder, settings);
      },
      async close() {
        await server.kill();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Settings of every member of a cluster, and words that the command line client needs to ask one. */
export interface ClusterOptions {
  readonly settings?: (port: number) => readonly string[];
  readonly asking?: readonly string[];
}

const clusterNodeTimeoutMs = 1_000;

/** Starts a cluster; resolves once every member knows it whole. */
export async function startValkeyCluster(
  primaryCount: number,
  replicasEach: number,
  { settings = () => [], asking = [] }: ClusterOptions = {},
): Promise<ValkeyCluster> {
  const ofCluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(clusterNodeTimeoutMs)];
  const members = await Promise.all(
    Array.from({ length: primaryCount * (1 + replicasEach) }, () =>
      startValkey((port) => [...ofCluster, ...settings(port)], asking),
    ),
  );
  const close = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.close()));
  };
  try {
    const addresses = members.map(({ host, port }) => `${host}:${port}`);
    const words = ['--cluster', 'create', ...addresses, '--cluster-replicas', String(replicasEach), '--cluster-yes'];
    await execute('valkey-cli', [...asking, ...words]);
    const isWhole = async (member: Valkey): Promise<boolean> => {
      const state = await member.command('CLUSTER', 'INFO');
      const link = await member.command('INFO', 'replication');
      const isWhole = state.includes('cluster_state:ok') && state.includes(`cluster_known_nodes:${members.length}`);
      // A replica that has not copied its primary yet would not take its place.
      return isWhole && !link.includes('master_link_status:down');
    };
    while (!(await Promise.all(members.map(isWhole))).every(Boolean));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    members,
    async primaryOf(key) {
      const slot = Number(await members[0]?.command('CLUSTER', 'KEYSLOT', key));
      for (const member of members) {
        const own = (await member.command('CLUSTER', 'NODES').catch(() => ''))
          .split('\n')
          .find((line) => line.includes('myself'));
        const ranges = own?.includes('master') === true ? own.split(' ').slice(8) : [];
        const has = ranges.some((range) => {
          const [first = 0, last = first] = range.split('-').map(Number);
          return first <= slot && slot <= last;
        });
        if (has) return member;
      }
      throw new Error(`no primary has slot ${slot}`);
    },
    close,
  };
}

// Valkey cannot be told to take any port, and a port that was free a moment ago may be taken by now.
async function startOnFreePort(
  folder: string,
  settings: ValkeySettings,
): Promise<{ port: number; server: ServerProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return { port, server: await startOn(port, folder, settings) };
    } catch (error) {
      if (attempt === attemptsMax || !String(error).includes('Address already in use')) throw error;
    }
  }
}

function startOn(port: number, folder: string, settings: ValkeySettings): Promise<ServerProcess> {
  const own = typeof settings === 'function' ? settings(port) : settings;
  return startServerProcess({
    command: program,
    args: ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, ...keepNothing, ...own],
    readyWhen: /Ready to accept connections/,
    stopSignal: 'SIGTERM',
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  // A member of a cluster listens 10,000 above it as well.
  return port > 55_000 ? freePort() : port;
}
