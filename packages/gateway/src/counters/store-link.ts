// The connection to the store: one Valkey or Redis, or a cluster. It loads the function library where it is missing, gives every
// call an end, and never sends a call twice.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Cluster, Redis, type RedisOptions } from 'iovalkey';
import type { Deadlines, Waiting } from '../deadlines.ts';

/** A function of the library; see `limit-log.lua`. */
export type StoreFunction = 'decide' | 'stand' | 'settle' | 'probe' | 'renew' | 'present' | 'replay';

/** Where the store is and what proves it and us. */
export interface StoreAddress {
  /** One address, or some members of a cluster. */
  readonly endpoints: readonly { readonly host: string; readonly port: number }[];
  readonly cluster: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly ca: string; readonly serverName?: string; readonly cert?: string; readonly key?: string };
}

/** The store did not answer, or answered with a fault. */
export class StoreAway extends Error {
  override readonly name = 'StoreAway';
  /** False where the call certainly never left. */
  readonly sent: boolean;

  constructor(reason: string, sent: boolean) {
    super(reason);
    this.sent = sent;
  }
}

/** Calls functions of the library. */
export interface StoreLink {
  /** Rejects with `StoreAway`, after `timeoutMs` and 50 ms at the latest. Keys share one hash tag. */
  call(
    name: StoreFunction,
    keys: readonly string[],
    args: readonly (string | number)[],
    timeoutMs: number,
  ): Promise<readonly unknown[]>;
  /** Rejects with `StoreAway` where the store may drop keys to make room: a dropped key would admit a quota anew. */
  assertKeepsKeys(timeoutMs: number): Promise<void>;
  /** Looks anew which member of a cluster has what. */
  lookAnew(): void;
  close(): void;
}

/** The library without its first lines, which name it. */
export const librarySource = readFileSync(new URL('./limit-log.lua', import.meta.url), 'utf8');

/** A silent connection is closed after this many milliseconds; every domain asks the store more often than that. */
const silenceMsMax = 2_000;

/** Longest wait for a connection to be made, and between two attempts to make one, in milliseconds. */
const connectMsMax = 1_000;
const reconnectMsMax = 200;

/** The whole library, and what its functions' names begin with. Two versions of it can be in a store at once. */
export function libraryOf(source: string): { readonly text: string; readonly prefix: string } {
  const prefix = `headgate_${createHash('sha256').update(source).digest('hex').slice(0, 12)}_`;
  return { text: `#!lua name=${prefix}limits\nlocal PREFIX = '${prefix}'\n${source}`, prefix };
}

/** Opens a link; it connects by itself, again and again. */
export function openStoreLink(address: StoreAddress, deadlines: Deadlines, source = librarySource): StoreLink {
  const library = libraryOf(source);
  const client = address.cluster ? clusterOf(address) : singleOf(address);
  client.on('error', () => undefined); // Each call tells its own fault.
  // Before the first connection is there, calls wait for it; later nothing waits for one that was lost.
  let connecting: Promise<unknown> | null = new Promise((ready) => client.once('ready', ready));
  const primaries = (): readonly Redis[] => (client instanceof Cluster ? client.nodes('master') : [client]);
  let loading: Promise<void> | null = null;
  const load = (): Promise<void> => {
    loading ??= Promise.all(primaries().map((each) => each.call('FUNCTION', 'LOAD', 'REPLACE', library.text)))
      .then(() => undefined)
      .finally(() => {
        loading = null;
      });
    return loading;
  };
  const send = (name: StoreFunction, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> =>
    client.call('FCALL', `${library.prefix}${name}`, keys.length, ...keys, ...args);

  return {
    async call(name, keys, args, timeoutMs) {
      const answer = await within(deadlines, timeoutMs, async () => {
        if (connecting !== null) {
          await connecting;
          connecting = null;
        }
        try {
          return await send(name, keys, args);
        } catch (fault) {
          if (!(fault instanceof Error && fault.message.includes('Function not found'))) throw fault;
        }
        await load();
        return send(name, keys, args);
      });
      return answer as readonly unknown[];
    },
    async assertKeepsKeys(timeoutMs) {
      const told = await within(deadlines, timeoutMs, () =>
        Promise.all(primaries().map((each) => each.info('memory'))),
      );
      for (const memory of told) {
        const policy = /maxmemory_policy:(\S+)/.exec(memory)?.[1] ?? 'noeviction';
        if (policy !== 'noeviction' && !/maxmemory:0\s/.test(memory))
          throw new StoreAway(`it may drop counters to make room (maxmemory-policy ${policy}); set noeviction`, false);
      }
    },
    lookAnew() {
      if (client instanceof Cluster) client.refreshSlotsCache(() => undefined);
    },
    close: () => client.disconnect(),
  };
}

function singleOf(address: StoreAddress): Redis {
  const [endpoint] = address.endpoints;
  return new Redis({ ...connectionOf(address), ...endpoint, retryStrategy: waitOf, enableOfflineQueue: false });
}

function clusterOf(address: StoreAddress): Cluster {
  return new Cluster([...address.endpoints], {
    redisOptions: connectionOf(address),
    enableOfflineQueue: false,
    clusterRetryStrategy: waitOf,
    slotsRefreshTimeout: connectMsMax,
    slotsRefreshInterval: 5_000,
    retryDelayOnFailover: 50,
    retryDelayOnClusterDown: 50,
    retryDelayOnTryAgain: 50,
    maxRedirections: 3,
    // Members are asked for by the addresses they tell, which certificates may not name.
    dnsLookup: (host, found) => found(null, host),
  });
}

function connectionOf({ username, password, tls }: StoreAddress): RedisOptions {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: { ca: tls.ca, minVersion: 'TLSv1.2', ...shownBy(tls) } }),
    connectionName: 'headgate',
    connectTimeout: connectMsMax,
    socketTimeout: silenceMsMax,
    // A call that was sent and not answered may have been counted: sending it again would count it twice.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    reconnectOnError: ({ message }) => message.startsWith('READONLY'), // It is a replica by now: ask the address anew.
  };
}

function shownBy({ serverName, cert, key }: NonNullable<StoreAddress['tls']>) {
  return {
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
}

const waitOf = (attempts: number): number => Math.min(attempts * 20, reconnectMsMax);

function within<T>(deadlines: Deadlines, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const waiting: Waiting = {
    deadlineMs: deadlines.now() + timeoutMs,
    expire: () => {
      deadlines.remove(waiting);
      reject(new StoreAway(`no answer within ${timeoutMs} ms`, true));
    },
  };
  deadlines.add(waiting);
  work().then(
    (value) => {
      deadlines.remove(waiting);
      resolve(value);
    },
    (fault: unknown) => {
      deadlines.remove(waiting);
      const reason = fault instanceof Error ? fault.message : String(fault);
      reject(fault instanceof StoreAway ? fault : new StoreAway(reason, !reason.includes('enableOfflineQueue')));
    },
  );
  return promise;
}
