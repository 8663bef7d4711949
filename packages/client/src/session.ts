// What the calls of one program share: catalogue, credential, pacing, connections, and the clock.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createTransport, type Transport, type TransportOptions } from './call/transport.ts';
import type { Target } from './catalogue/look-up.ts';
import { type OpenCatalogue, openCatalogue } from './catalogue/open-catalogue.ts';
import type { CredentialHolder } from './credential/current-credential.ts';
import { type CredentialFiles, loadCredential } from './credential/load-credential.ts';
import { createPacer, type Pacer, type PacingWait } from './pacing/await-turn.ts';

/** What a session is made with. Everything but the catalogue has a default. */
export interface SessionOptions extends TransportOptions {
  /** A catalogue folder, or one already opened. */
  readonly catalogue: string | OpenCatalogue;
  /** Default: the first environment of the catalogue. */
  readonly environment?: string | undefined;
  /** Default `new`. */
  readonly generation?: 'new' | 'old' | undefined;
  /** Default: as the service name or the catalogue says. */
  readonly docAttach?: boolean | undefined;
  /** Use http where the catalogue offers it. Default false. */
  readonly plain?: boolean | undefined;
  /** Needed for everything but public queries. */
  readonly credential?: CredentialFiles | undefined;
  /** Default true: wait for a turn by the catalogue's policy. */
  readonly pacing?: boolean | undefined;
  /** Longest wait for one turn, in milliseconds. Default 600,000. */
  readonly turnWaitMsMax?: number | undefined;
  /** Send an expired certificate instead of refusing locally. Default false. */
  readonly allowExpired?: boolean | undefined;
  /** Milliseconds since 1970 UTC. Default the system clock. */
  readonly now?: (() => number) | undefined;
  readonly sleep?: ((ms: number) => Promise<void>) | undefined;
  /** Default random UUIDs. */
  readonly nextId?: (() => string) | undefined;
  readonly onWait?: ((wait: PacingWait) => void) | undefined;
  readonly onWarning?: ((sentence: string) => void) | undefined;
}

/** What `invoke` needs. `close` ends idle connections; a session that is not closed keeps the process alive for them. */
export interface Session {
  readonly catalogue: OpenCatalogue;
  readonly target: Target;
  readonly credentials: CredentialHolder;
  readonly pacer: Pacer | null;
  readonly transport: Transport;
  readonly now: () => number;
  readonly nextId: () => string;
  close(): void;
}

/** Opens a session; raises `catalogue.unreadable` or `credential.*`. Connects to nothing. */
export async function createSession(options: SessionOptions): Promise<Session> {
  const { catalogue, credential } = options;
  const opened = typeof catalogue === 'string' ? await openCatalogue(catalogue) : catalogue;
  const now = options.now ?? Date.now;
  const transport = createTransport(options);
  return {
    catalogue: opened,
    target: {
      environment: options.environment ?? opened.index.catalogue.environments[0]?.id ?? '',
      generation: options.generation ?? 'new',
      docAttach: options.docAttach,
      plain: options.plain,
      asOf: new Date(now()).toISOString().slice(0, 10),
    },
    credentials: {
      credential: credential === undefined ? null : loadCredential(credential),
      allowExpired: options.allowExpired ?? false,
      onExpiryWarning: options.onWarning ?? (() => {}),
    },
    pacer: options.pacing === false ? null : pacerFor(options, opened, now),
    transport,
    now,
    nextId: options.nextId ?? randomUUID,
    close: () => transport.close(),
  };
}

function pacerFor(options: SessionOptions, { policy }: OpenCatalogue, now: () => number): Pacer {
  return createPacer({
    policy,
    now,
    sleep: options.sleep ?? ((ms) => delay(ms)),
    source: options.localAddress ?? 'this program',
    onWait: options.onWait ?? (() => {}),
    waitMsMax: options.turnWaitMsMax,
  });
}
