// Starts control: its files, its store, its routes, its listener; and ends it in the other order.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { FastifyRequest } from 'fastify';
import { permissionOf } from './access/account.ts';
import { createAccounts, type ParticipantOf } from './access/accounts.ts';
import { createAttempts } from './access/attempts.ts';
import { type AccessInForce, createCallers } from './access/identify-caller.ts';
import { type DoorAnswer, type DoorAsk, openLocalDoor } from './access/local-door.ts';
import { createSessions, type Sessions } from './access/sessions.ts';
import { signInRoutes } from './access/sign-in-routes.ts';
import { type ControlApp, type ControlNotice, createControlApp, socketOf } from './api/control-app.ts';
import { holdPort } from './api/hold-port.ts';
import { meRoutes } from './api/me-routes.ts';
import type { RouteEntry } from './api/route-table.ts';
import type { ControlConfig } from './config/control-config.ts';
import { type ControlFiles, readControlFiles } from './config/control-files.ts';
import { type EventLog, openEventLog } from './events/event-log.ts';
import { eventRoutes } from './events/event-routes.ts';
import { credentialsSeen } from './evidence/credentials-seen.ts';
import { addLedger } from './evidence/ledger-area.ts';
import { openJournal } from './journal/open-journal.ts';
import { provisioningRoutes } from './snapshot/provisioning-routes.ts';
import { snapshotAppliers } from './snapshot/snapshot-area.ts';
import { snapshotRoutes } from './snapshot/snapshot-routes.ts';
import { openSnapshots, type Snapshots } from './snapshot/snapshots.ts';
import { holdAlone } from './store/hold-alone.ts';
import { lockFolder } from './store/lock-folder.ts';
import { openStore, type Store } from './store/open-store.ts';
import { StoreRefused } from './store/store-refused.ts';

/** What control is started with. */
export interface StartControlOptions {
  readonly config: ControlConfig;
  /** Relative file names start from here. */
  readonly base: string;
  /** A PostgreSQL for the store, `postgresql://…`; null for the embedded one. */
  readonly databaseUrl: string | null;
  /** Reads the configuration again, for `apply`. Rejects with `UnusableControlFiles`. */
  readonly readConfig: () => Promise<ControlConfig>;
  /** Now, in ms since 1970 UTC. */
  readonly clock: () => number;
  readonly notice: (notice: ControlNotice) => void;
  /** Called with the app before it has any route: hooks that are added then hold for every one of them. */
  readonly prepare?: (app: ControlApp) => void;
}

/** A control that runs. */
export interface RunningControl {
  readonly address: string;
  readonly port: number;
  /** How people reach it; one-time links begin with it. */
  readonly url: string;
  readonly storeKind: 'embedded' | 'postgresql';
  /** Every route with what it says of its access. */
  readonly routes: readonly RouteEntry[];
  /** Reads configuration and files again and puts accounts, nodes, trust and the certificate in force; resolves with what needs a restart. */
  apply(): Promise<{ readonly needRestart: readonly string[] }>;
  /** A one-time link of an account; null where there is none of that name. */
  makeLink(account: string): Promise<{ readonly link: string; readonly endsMs: number } | null>;
  /** Refuses new requests, waits for those under way as long as the configuration says, then ends. */
  close(): Promise<void>;
}

/**
 * Starts control; resolves when it listens. Rejects with `UnusableControlFiles`, with `StoreRefused`, or with what the system says of
 * its port.
 */
export async function startControl(options: StartControlOptions): Promise<RunningControl> {
  const files = await readControlFiles(options.config, options.base);
  const ending: End[] = [];
  try {
    return await startedOn(files, options, ending);
  } catch (fault) {
    await endAll(ending);
    throw fault;
  }
}

type End = () => Promise<void>;

async function startedOn(files: ControlFiles, options: StartControlOptions, ending: End[]): Promise<RunningControl> {
  const { config, base, clock, notice } = options;
  const folder = resolve(base, config.store.folder);
  makeFolder(folder);
  const late = { review: (): void => undefined };
  const releasePort = await portHeld(options, folder);
  ending.push(releasePort);
  const stored = await openStored(options, folder, ending, () => late.review());
  const { store, log, snapshots, sessions } = stored;
  const participantOf: ParticipantOf = (certificate) => snapshots.participantOf(certificate);
  const access: StandingAccess = { nodes: config.nodes, ...inForceBy(config, files, participantOf) };
  await sessions.keepOnly((name) => access.accounts.byName(name) !== null);
  const identify = createCallers(() => access, sessions, clock);
  const callerOf = (request: FastifyRequest, isAsking: boolean) =>
    identify({ socket: socketOf(request), cookies: request.headers.cookie, isAsking });
  const created = await createControlApp({
    bounds: config.bounds,
    tls: files.tls,
    callerOf: (request) => callerOf(request, true),
    notice,
  });
  const { app, routes } = created;
  options.prepare?.(app);
  const mayStill = stillGranted((request) => callerOf(request, false));
  const streams = eventRoutes(app, { log, bounds: config.events, mayStill });
  late.review = () => streams.review();
  meRoutes(app);
  const attempts = createAttempts(clock);
  signInRoutes(app, { sessions, attempts, accounts: () => access.accounts, events: log, sessionsEnded: late.review });
  const tellLedger = telling(notice, 'ledger');
  ending.push(await addLedger(app, { store, clock, retention: config.evidence, notice: tellLedger }));
  snapshotRoutes(app, { snapshots, nodes: () => access.nodes.map(({ name }) => name) });
  provisioningRoutes(app, snapshots);
  ending.push(() => app.close());
  await releasePort();
  const { address, port } = await listening(app, config.listen);
  const running: Omit<RunningControl, 'close'> = {
    address,
    port,
    url: config.url ?? `https://${address.includes(':') ? `[${address}]` : address}:${port}`,
    storeKind: store.kind,
    routes: routes.entries(),
    async apply() {
      const next = await options.readConfig();
      const nextFiles = await readControlFiles(next, base);
      created.showCertificate(nextFiles.tls);
      Object.assign(access, { nodes: next.nodes, ...inForceBy(next, nextFiles, participantOf) });
      await sessions.keepOnly((name) => access.accounts.byName(name) !== null);
      late.review();
      return { needRestart: changedForRestart(config, next) };
    },
    makeLink: (name) => linkOf(name, running.url, access, sessions),
  };
  const door = await openLocalDoor(folder, (ask) => answerDoor(running, ask));
  ending.push(() => door.close());
  return {
    ...running,
    async close() {
      created.drain();
      snapshots.close(); // Gateways that wait for news are answered: they must not hold up the end.
      await streams.close();
      const impatience = setTimeout(() => app.server.closeAllConnections(), config.bounds.shutdownMs);
      await endAll(ending);
      clearTimeout(impatience);
    },
  };
}

async function listening(app: ControlApp, { address, port }: ControlConfig['listen']): Promise<AddressInfo> {
  await app.listen({ host: address, port });
  return app.server.address() as AddressInfo;
}

/** A port that is taken may be that of a control that runs on the same folder: that is told then, with its holder. */
async function portHeld(
  { config, databaseUrl, clock }: StartControlOptions,
  folder: string,
): Promise<() => Promise<void>> {
  try {
    return await holdPort(config.listen);
  } catch (taken) {
    if (databaseUrl === null) lockFolder(folder, clock)();
    throw taken;
  }
}

/** A one-time link of an account; null where there is none of that name. */
async function linkOf(
  name: string,
  url: string,
  { accounts }: AccessInForce,
  sessions: Sessions,
): Promise<{ readonly link: string; readonly endsMs: number } | null> {
  if (accounts.byName(name) === null) return null;
  const { secret, endsMs } = await sessions.makeLink(name);
  return { link: `${url}/v1/sign-in?link=${secret}`, endsMs };
}

/** What is replaced as a whole when files are read again. */
interface StandingAccess extends AccessInForce {
  nodes: ControlConfig['nodes'];
}

function inForceBy(config: ControlConfig, { trust }: ControlFiles, participantOf: ParticipantOf): AccessInForce {
  return { accounts: createAccounts(config, participantOf), trust };
}

/** Everything that is kept: the store and what stands on it, in the order in which each needs the one before. */
async function openStored(
  { config, base, databaseUrl, clock, notice }: StartControlOptions,
  folder: string,
  ending: End[],
  snapshotPublished: () => void,
): Promise<{
  readonly store: Store;
  readonly log: EventLog;
  readonly snapshots: Snapshots;
  readonly sessions: Sessions;
}> {
  const tell = (kind: string) => telling(notice, kind);
  const store = await openStore({ folder, url: databaseUrl, notice: tell('store'), now: clock });
  ending.push(() => store.close());
  if (databaseUrl !== null) ending.push(await holdAlone(databaseUrl, { notice: tell('store') }));
  const log = await openEventLog(store.db, config.events, clock);
  const journalFolder = join(folder, 'journal');
  const journal = await openJournal({
    store,
    folder: journalFolder,
    appliers: snapshotAppliers,
    notice: tell('journal'),
  });
  ending.push(() => journal.close());
  const snapshots = await openSnapshots({
    store,
    journal,
    sources: config.snapshot ?? null,
    base,
    clock,
    publish: (topic, data) => {
      snapshotPublished(); // Whose certificate is enrolled may have changed.
      log.publish(topic, data).catch((fault: unknown) => tell('events')(`an event was not stored: ${String(fault)}`));
    },
    notice: tell('snapshot'),
    seenSince: (sinceMs) => credentialsSeen(store.db, sinceMs),
  });
  ending.push(async () => snapshots.close());
  const sessions = createSessions({ db: store.db, bounds: config.sessions, clock, random: randomBytes });
  return { store, log, snapshots, sessions };
}

function telling(notice: StartControlOptions['notice'], kind: string): (sentence: string) => void {
  return (sentence) => notice({ kind, sentence });
}

/** Makes the folder of control's own files where it is absent. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'a file stands there' : `the system says ${code}`;
    throw new StoreRefused(
      'store.unusable',
      `${folder} cannot be the folder of control: ${why}`,
      'Name a folder in `store.folder` that this user may make or write.',
      cause,
    );
  }
}

/** Ends what was begun, the latest first. */
async function endAll(ending: readonly End[]): Promise<void> {
  for (const end of ending.toReversed()) await end();
}

async function answerDoor(
  { apply, makeLink }: Pick<RunningControl, 'apply' | 'makeLink'>,
  ask: DoorAsk,
): Promise<DoorAnswer> {
  if (ask.ask === 'apply') return { ok: true, ...(await apply()) };
  const made = await makeLink(ask.account);
  if (made === null)
    return { ok: false, refused: `there is no account ${ask.account}: \`accounts\` of the configuration has them` };
  return { ok: true, link: made.link, ends: new Date(made.endsMs).toISOString() };
}

/** Whether a request that goes on for long may still see what it was granted when it began. */
function stillGranted(
  callerOf: (request: FastifyRequest) => ReturnType<ReturnType<typeof createCallers>>,
): (request: FastifyRequest) => Promise<boolean> {
  return async (request) => {
    const { account } = await callerOf(request);
    const { access } = request.routeOptions.config;
    if (account === null || access === undefined || account.id !== request.account.id) return false;
    const permission = permissionOf(account, access, request.params as Readonly<Record<string, string>>);
    return permission.verdict === 'granted' && permission.participantScope === request.participantScope;
  };
}

/** What is read again while control runs; everything else is in force from the next start. */
const readAgain: ReadonlySet<string> = new Set(['accounts', 'nodes', 'trust', 'tls']);

function changedForRestart(started: ControlConfig, next: ControlConfig): readonly string[] {
  const sections = new Set([...Object.keys(started), ...Object.keys(next)]);
  return [...sections].filter(
    (section) =>
      !readAgain.has(section) &&
      JSON.stringify(Reflect.get(started, section)) !== JSON.stringify(Reflect.get(next, section)),
  );
}
