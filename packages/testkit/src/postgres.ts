// A real PostgreSQL for one test: a new cluster in a temporary folder, on a socket in that folder and on no port. Suites of
// control that run on both kinds of store are built on it (for-each-store.fixture.ts).
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type SystemUser, startServerProcess } from './server-process.ts';

/** A running PostgreSQL, and how to reach it: `host` is the folder of its socket, as libpq and `pg` take it. */
export interface Postgres {
  readonly host: string;
  /** Only names the socket: nothing listens on a port. */
  readonly port: 5432;
  readonly user: 'headgate';
  readonly database: 'postgres';
  readonly pid: number;
  close(): Promise<void>;
}

const execute = promisify(execFile);
const administrator = 'headgate';
// What is written dies with the test, so nothing is waited for on its way to a disk.
const settings = ['listen_addresses=', 'fsync=off', 'full_page_writes=off', 'synchronous_commit=off'];

/** Starts a PostgreSQL (Debian package `postgresql`) of the newest version installed; rejects with what it wrote. */
export async function startPostgres(): Promise<Postgres> {
  const programs = newestPrograms();
  const user = process.getuid?.() === 0 ? await postgresUser() : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'headgate-postgres-'));
  try {
    if (user !== undefined) await chown(folder, user.uid, user.gid);
    const data = join(folder, 'data');
    const create = [
      '-D',
      data,
      '-U',
      administrator,
      '--auth=trust',
      '--no-sync',
      '--encoding=UTF8',
      '--locale=C.UTF-8',
    ];
    await execute(join(programs, 'initdb'), create, { cwd: folder, ...user });
    const server = await startServerProcess({
      command: join(programs, 'postgres'),
      args: ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])],
      ...(user === undefined ? {} : { user }),
      readyWhen: /database system is ready to accept connections/,
      stopSignal: 'SIGINT', // "Fast": connections of a test that failed must not hold it.
    });
    const close = async (): Promise<void> => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    };
    return { host: folder, port: 5432, user: administrator, database: 'postgres', pid: server.pid, close };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function newestPrograms(): string {
  const found = globSync('/usr/lib/postgresql/*/bin/postgres');
  const version = (path: string): number => Number(path.split('/')[4] ?? 0);
  const newest = found.toSorted((left, right) => version(left) - version(right)).at(-1);
  if (newest === undefined) throw new Error('PostgreSQL is not installed: /usr/lib/postgresql is empty.');
  return dirname(newest);
}

/** PostgreSQL refuses to run as root, so root hands it to the user that the Debian package made. */
async function postgresUser(): Promise<SystemUser> {
  const accounts = await readFile('/etc/passwd', 'utf8');
  const [, , uid, gid] = /^postgres:.*$/m.exec(accounts)?.[0].split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('There is no user postgres to run PostgreSQL as.');
  return { uid: Number(uid), gid: Number(gid) };
}
