// Opens the counters that the configuration says are shared, from its files.
import { domainOf, isCountedTogether, type Policy } from '@headgate/contract';
import type { Config } from './config.ts';
import type { ValkeyOptions } from './config-counters.ts';
import { createSharedCounters, type SharedCounters, type SharedCountersOptions } from './counters/shared-counters.ts';
import { openStoreLink, type StoreAddress } from './counters/store-link.ts';
import { Deadlines } from './deadlines.ts';
import type { GatewayNotice } from './gateway-notice.ts';
import { keyTextOf, textOf } from './named-file.ts';

/** Counters that nodes share. */
export interface OpenedCounters {
  readonly counters: SharedCounters;
  /** Of a candidate policy in shadow, which shares nothing with them but the connection. */
  readonly candidateCounters: SharedCounters;
  /** Gives the leases back. */
  close(): Promise<void>;
}

/** What they are opened with. */
export interface OpeningOptions {
  readonly elapsed: () => number;
  readonly notice: (notice: GatewayNotice) => void;
  /** Told of every decision that is in force. */
  readonly decided: SharedCountersOptions['decided'];
}

/** Opens them; null where the gateway counts its own. Rejects with `UnusableFiles`. The store may be away. */
export async function openSharedCounters(
  { counters, node }: Pick<Config, 'counters' | 'node'>,
  base: string,
  policy: Policy,
  { elapsed, notice, decided }: OpeningOptions,
): Promise<OpenedCounters | null> {
  if (counters === undefined) return null;
  const { valkey } = counters;
  const link = openStoreLink(await addressOf(valkey, base), new Deadlines(elapsed));
  const options: SharedCountersOptions = {
    link,
    closeLink: () => link.close(),
    node,
    nodes: valkey.nodes,
    timeoutMs: valkey.timeoutMs,
    leaseMs: valkey.leaseMs,
    longWindowMs: valkey.longWindowMs,
    holdOffMsMax: valkey.holdOffMsMax,
    rememberedMax: valkey.rememberedMax,
    elapsed,
    notice,
    decided,
  };
  const opened = createSharedCounters(options);
  // Of the store it is told once, and of a candidate no metrics are kept by rule.
  const quiet = (told: GatewayNotice): void => (told.kind === 'counters-defect' ? notice(told) : undefined);
  const ofCandidate = { closeLink: () => undefined, notice: quiet, decided: () => undefined, prefix: 'candidate/' };
  const candidateCounters = createSharedCounters({ ...options, ...ofCandidate });
  opened.join(new Set(policy.limits.filter((rule) => rule.mode !== 'off' && isCountedTogether(rule)).map(domainOf)));
  return {
    counters: opened,
    candidateCounters,
    async close() {
      await candidateCounters.close();
      await opened.close();
    },
  };
}

async function addressOf(valkey: ValkeyOptions, base: string): Promise<StoreAddress> {
  const { endpoints, cluster, username, password, tls } = valkey;
  return {
    endpoints,
    cluster,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: (await keyTextOf(password, base)).trim() }),
    ...(tls === undefined ? {} : { tls: await tlsOf(tls, base) }),
  };
}

async function tlsOf(tls: NonNullable<ValkeyOptions['tls']>, base: string): Promise<NonNullable<StoreAddress['tls']>> {
  const { authorities, serverName, certificate, key } = tls;
  return {
    ca: await textOf(authorities, base),
    ...(serverName === undefined ? {} : { serverName }),
    ...(certificate === undefined || key === undefined
      ? {}
      : { cert: await textOf(certificate, base), key: await keyTextOf(key, base) }),
  };
}
