// Starts control: its files, what it stores, its routes, its listener; and ends it in the other order.
import type { AddressInfo } from 'node:net';
import { createAccounts, type ParticipantOf } from './access/accounts.ts';
import { createCallers } from './access/identify-caller.ts';
import { type ControlNotice, createControlApp, socketOf } from './api/control-app.ts';
import { meRoutes } from './api/me-routes.ts';
import type { ControlConfig } from './config/control-config.ts';
import { readControlFiles } from './config/control-files.ts';

/** What control is started with. */
export interface StartControlOptions {
  readonly config: ControlConfig;
  /** Relative file names start from here. */
  readonly base: string;
  /** Reads the configuration again, for `apply`. Rejects with `UnusableControlFiles`. */
  readonly readConfig: () => Promise<ControlConfig>;
  /** Now, in ms since 1970 UTC. */
  readonly clock: () => number;
  readonly notice: (notice: ControlNotice) => void;
}

/** A control that runs. */
export interface RunningControl {
  readonly address: string;
  readonly port: number;
  /** How people reach it; one-time links begin with it. */
  readonly url: string;
  /** Reads configuration and files again and puts accounts, nodes and trust in force; resolves with sections that need a restart. */
  apply(): Promise<{ readonly needRestart: readonly string[] }>;
  /** Refuses new requests, waits for those under way as long as the configuration says, then ends. */
  close(): Promise<void>;
}

/** Starts control; resolves when it listens. Rejects with `UnusableControlFiles`, or with what the system says of its port. */
export async function startControl({
  config,
  base,
  readConfig,
  clock,
  notice,
}: StartControlOptions): Promise<RunningControl> {
  const files = await readControlFiles(config, base);
  // Enrolled certificates come with the snapshot that is in force.
  const participantOf: ParticipantOf = () => null;
  let inForce = { config, accounts: createAccounts(config, participantOf), trust: files.trust };
  const callerOf = createCallers(() => inForce, clock);
  const { app, drain } = await createControlApp({
    bounds: config.bounds,
    tls: files.tls,
    callerOf: (request) => callerOf(socketOf(request)),
    notice,
  });
  meRoutes(app);
  await app.listen({ host: config.listen.address, port: config.listen.port });
  const { address, port } = app.server.address() as AddressInfo;
  return {
    address,
    port,
    url: config.url ?? `https://${address.includes(':') ? `[${address}]` : address}:${port}`,
    async apply() {
      const next = await readConfig();
      const { trust } = await readControlFiles(next, base);
      inForce = { config: next, accounts: createAccounts(next, participantOf), trust };
      return { needRestart: changedForRestart(config, next) };
    },
    async close() {
      drain();
      const impatience = setTimeout(() => app.server.closeAllConnections(), config.bounds.shutdownMs);
      await app.close();
      clearTimeout(impatience);
    },
  };
}

/** What is read again while control runs; everything else is in force from the next start. */
const readAgain: ReadonlySet<string> = new Set(['accounts', 'nodes', 'trust']);

function changedForRestart(started: ControlConfig, next: ControlConfig): readonly string[] {
  const sections = new Set([...Object.keys(started), ...Object.keys(next)]);
  return [...sections].filter(
    (section) =>
      !readAgain.has(section) &&
      JSON.stringify(Reflect.get(started, section)) !== JSON.stringify(Reflect.get(next, section)),
  );
}
