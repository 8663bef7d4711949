// A real Valkey for one test: empty, on a free port of loopback, keeping nothing. The suites of counters that several
// gateways share are built on it; until they are there, only its own test uses it.
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** A running Valkey. */
export interface Valkey {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly pid: number;
  /** Where it runs; gone after `close`. */
  readonly folder: string;
  close(): Promise<void>;
}

const attemptsMax = 5;

/** Starts a Valkey (Debian package `valkey-server`); rejects with what it wrote when it does not start. */
export async function startValkey(): Promise<Valkey> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-valkey-'));
  try {
    const { port, server } = await startOnFreePort(folder);
    const close = async (): Promise<void> => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    };
    return { host: '127.0.0.1', port, pid: server.pid, folder, close };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

// Valkey cannot be told to take any port, and a port that was free a moment ago may be taken by now.
async function startOnFreePort(folder: string): Promise<{ port: number; server: ServerProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      const server = await startServerProcess({
        command: 'valkey-server',
        args: ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'no'],
        readyWhen: /Ready to accept connections/,
        stopSignal: 'SIGTERM',
      });
      return { port, server };
    } catch (error) {
      if (attempt === attemptsMax || !String(error).includes('Address already in use')) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
