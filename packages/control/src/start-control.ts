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
import { createSessions } from './access/sessions.ts';
import { signInRoutes } from './access/sign-in-routes.ts';
import { type ControlApp, type ControlNotice, createControlApp, socketOf } from './api/control-app.ts';
import { meRoutes } from './api/me-routes.ts';
import type { RouteEntry } from './api/route-table.ts';
import type { ControlConfig } from './config/control-config.ts';
import { readControlFiles } from './config/control-files.ts';
import { openEventLog } from './events/event-log.ts';
import { eventRoutes } from './events/event-routes.ts';
import { credentialsSeen } from './evidence/credentials-seen.ts';
import { addLedger } from './evidence/ledger-area.ts';
import { openJournal } from './journal/open-journal.ts';
import { provisioningRoutes } from './snapshot/provisioning-routes.ts';
import { snapshotAppliers } from './snapshot/snapshot-area.ts';
import { snapshotRoutes } from './snapshot/snapshot-routes.ts';
import { openSnapshots, type Snapshots } from './snapshot/snapshots.ts';
import { holdAlone } from './store/hold-alone.ts';
import { openStore } from './store/open-store.ts';
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
  const { config, base, databaseUrl, readConfig, clock, notice } = options;
  const files = await readControlFiles(config, base);
  // Enrolled certificates come with the snapshot that is in force.
  let snapshots: Snapshots | null = null;
  let review = (): void => undefined;
  const participantOf: ParticipantOf = (certificate) => snapshots?.participantOf(certificate) ?? null;
  let nodes = config.nodes;
  let inForce: AccessInForce = { accounts: createAccounts(config, participantOf), trust: files.trust };
  const folder = resolve(base, config.store.folder);
  makeFolder(folder);
  const tell = (kind: string) => (sentence: string) => notice({ kind, sentence });
  const store = await openStore({ folder, url: databaseUrl, notice: tell('store'), now: clock });
  const ending: (() => Promise<void>)[] = [() => store.close()];
  try {
    if (databaseUrl !== null) ending.push(await holdAlone(databaseUrl, { notice: tell }));
    const { db } = store;
    const log = await openEventLog(db, config.events, clock);
    const journal = await openJournal({
      store,
      folder: join(folder, 'journal'),
      appliers: snapshotAppliers,
      notice: tell('journal'),
    });
    ending.push(() => journal.close());
    const opened = await openSnapshots({
      store,
      journal,
      sources: config.snapshot ?? null,
      base,
      clock,
      publish: (topic, data) => {
        review(); // Whose certificate is enrolled may have changed.
        log.publish(topic, data).catch((fault: unknown) => tell('events')(`an event was not stored: ${String(fault)}`));
      },
      notice: tell('snapshot'),
      seenSince: (sinceMs) => credentialsSeen(db, sinceMs),
    });
    snapshots = opened;
    const sessions = createSessions({ db, bounds: config.sessions, clock, random: randomBytes });
    await sessions.keepOnly((name) => inForce.accounts.byName(name) !== null);
    const identify = createCallers(() => inForce, sessions, clock);
    const callerOf = (request: FastifyRequest, isAsking: boolean) =>
      identify({ socket: socketOf(request), cookies: request.headers.cookie, isAsking });
    const created = await createControlApp({
      bounds: config.bounds,
      tls: files.tls,
      callerOf: (request) => callerOf(request, true),
      notice,
    });
    const { app, routes, drain } = created;
    options.prepare?.(app);
    const streams = eventRoutes(app, {
      log,
      bounds: config.events,
      mayStill: stillGranted((request) => callerOf(request, false)),
    });
    review = () => streams.review();
    meRoutes(app);
    signInRoutes(app, {
      sessions,
      attempts: createAttempts(clock),
      accounts: () => inForce.accounts,
      events: log,
      sessionsEnded: review,
    });
    ending.push(await addLedger(app, { store, clock, retention: config.evidence, notice: tell('ledger') }));
    snapshotRoutes(app, { snapshots: opened, nodes: () => nodes.map(({ name }) => name) });
    provisioningRoutes(app, opened);
    ending.push(() => app.close());
    await app.listen({ host: config.listen.address, port: config.listen.port });
    const { address, port } = app.server.address() as AddressInfo;
    const url = config.url ?? `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
    const running: Omit<RunningControl, 'close'> = {
      address,
      port,
      url,
      storeKind: store.kind,
      routes: routes.entries(),
      async apply() {
        const next = await readConfig();
        const { tls, trust } = await readControlFiles(next, base);
        created.showCertificate(tls);
        ({ nodes } = next);
        inForce = { accounts: createAccounts(next, participantOf), trust };
        await sessions.keepOnly((name) => inForce.accounts.byName(name) !== null);
        review();
        return { needRestart: changedForRestart(config, next) };
      },
      async makeLink(name) {
        if (inForce.accounts.byName(name) === null) return null;
        const { secret, endsMs } = await sessions.makeLink(name);
        return { link: `${url}/v1/sign-in?link=${secret}`, endsMs };
      },
    };
    const door = await openLocalDoor(folder, (ask) => answerDoor(running, ask));
    ending.push(() => door.close());
    const close = async (): Promise<void> => {
      drain();
      opened.close(); // Gateways that wait for news are answered: they must not hold up the end.
      await streams.close();
      const impatience = setTimeout(() => app.server.closeAllConnections(), config.bounds.shutdownMs);
      await endAll(ending);
      clearTimeout(impatience);
    };
    return { ...running, close };
  } catch (fault) {
    await endAll(ending);
    throw fault;
  }
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
async function endAll(ending: readonly (() => Promise<void>)[]): Promise<void> {
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
