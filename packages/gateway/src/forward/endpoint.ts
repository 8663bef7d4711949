// One address of an upstream: its kept-alive connections, the newest used first, and its bounds.
import type { PathOptions } from '../config.ts';
import type { Deadlines, Waiting } from '../deadlines.ts';
import type { Endpoint, NotConnected, Outcome, UpstreamRequest } from '../upstream.ts';
import { createAnswerHeads } from './answer-heads.ts';
import { TlsRest } from './tls-rest.ts';
import { type ConnectionOwner, type Place, UpstreamConnection } from './upstream-connection.ts';
import type { UpstreamTls } from './upstream-tls.ts';

/** An endpoint that keeps connections until it is closed. */
export interface KeptEndpoint extends Endpoint {
  /** Takes other TLS files into use: calls under way end as they began, everything after them is verified anew. */
  renew(tls: UpstreamTls): void;
  close(): void;
}

/** Host and port of an http:// or https:// address, as a socket takes them. */
export function placeOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(url);
  // A URL writes IPv6 addresses in brackets, a socket takes them without.
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) };
}

/** Creates an endpoint for an address; `tls` for https:// alone. No connection is opened before it is needed. */
export function createEndpoint(
  url: string,
  tls: UpstreamTls | null,
  path: PathOptions,
  deadlines: Deadlines,
): KeptEndpoint {
  return new EndpointConnections(url, tls, path, deadlines);
}

class EndpointConnections implements KeptEndpoint, ConnectionOwner {
  readonly url: string;
  readonly #path: PathOptions;
  readonly #deadlines: Deadlines;
  readonly #heads = createAnswerHeads();
  readonly #open = new Set<UpstreamConnection>();
  readonly #idle: UpstreamConnection[] = [];
  readonly #queue: Queued[] = [];
  readonly #tlsRest = new TlsRest();
  #place: Place;

  constructor(url: string, tls: UpstreamTls | null, path: PathOptions, deadlines: Deadlines) {
    this.url = url;
    this.#path = path;
    this.#deadlines = deadlines;
    this.#place = { ...placeOf(url), tls, session: null };
  }

  get load(): number {
    return this.#open.size - this.#idle.length + this.#queue.length;
  }

  attempt(request: UpstreamRequest, fresh: boolean, settle: (outcome: Outcome) => void): void {
    const kept = fresh ? undefined : this.#newestUsable();
    if (kept === undefined) void this.#onNewConnection(request, fresh).then(settle);
    else if (request.repeatable || !kept.hasRested) kept.exchange(request, settle);
    else void this.#onceLookedAt(kept, request).then(settle);
  }

  renew(tls: UpstreamTls): void {
    if (this.#place.tls === null) return;
    this.#place = { ...this.#place, tls, session: null };
    this.#tlsRest.clear();
    for (const connection of this.#open) connection.retire();
  }

  close(): void {
    for (const connection of this.#open) connection.close();
  }

  idle(connection: UpstreamConnection): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#idle.push(connection);
    else next.take(connection);
  }

  closed(connection: UpstreamConnection): void {
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#queue.shift()?.take(null); // A place is free: the first in the queue may open a connection of its own.
  }

  sessionGiven(place: Place, session: Buffer): void {
    if (place === this.#place) place.session = session;
  }

  /** A connection leaves the list when its close is reported, a turn of the event loop after it stopped being usable. */
  #newestUsable(): UpstreamConnection | undefined {
    let connection = this.#idle.pop();
    while (connection !== undefined && !connection.usable) connection = this.#idle.pop();
    return connection;
  }

  /**
   * What cannot be repeated looks before it leaps: a kept connection that the endpoint closed is known as closed only once the
   * event loop has asked the system, which takes one turn to the next asking, and another through it. One that answered a
   * moment ago is not looked at: endpoints close what rests, and two turns for every submit of a busy hour are dear.
   */
  async #onceLookedAt(first: UpstreamConnection, request: UpstreamRequest): Promise<Outcome> {
    let kept: UpstreamConnection | undefined = first;
    while (kept !== undefined) {
      await eventLoopAsked();
      if (kept.usable) return exchangeOn(kept, request);
      kept = this.#newestUsable();
    }
    return this.#onNewConnection(request, false);
  }

  async #onNewConnection(request: UpstreamRequest, fresh: boolean): Promise<Outcome> {
    const outcome = await this.#onConnectionHad(request, fresh);
    if (this.#place.tls !== null) this.#tlsRest.ended(outcome, this.#deadlines.now());
    return outcome;
  }

  async #onConnectionHad(request: UpstreamRequest, fresh: boolean): Promise<Outcome> {
    if (request.endMs === 0) request.endMs = this.#deadlines.now() + request.phases.exchangeTimeoutMs;
    const connection = await this.#connectionFor(request);
    if (!(connection instanceof UpstreamConnection)) return connection;
    const mayBeStale = connection.isKept && (fresh || !request.repeatable);
    return mayBeStale ? this.#onceLookedAt(connection, request) : exchangeOn(connection, request);
  }

  async #connectionFor(request: UpstreamRequest): Promise<UpstreamConnection | NotConnected> {
    if (this.#open.size < this.#path.upstreamConnectionsMax) return this.#connect(request);
    if (this.#queue.length >= this.#path.upstreamQueueMax) return { kind: 'not-connected', reason: 'queue-full' };
    const queued = new Queued(request, this.#deadlines);
    this.#queue.push(queued);
    const taken = await queued.taken;
    if (taken === null) return this.#connect(request);
    if (!(taken instanceof UpstreamConnection)) this.#queue.splice(this.#queue.indexOf(queued), 1);
    return taken;
  }

  async #connect(request: UpstreamRequest): Promise<UpstreamConnection | NotConnected> {
    const refused = this.#place.tls === null ? null : this.#tlsRest.refused(this.#deadlines.now());
    if (refused !== null) {
      this.#queue.shift()?.take(null); // The place is still free: the next in the queue hears the same.
      return refused;
    }
    const { phases, endMs } = request;
    const connection = new UpstreamConnection(
      this.#place,
      this,
      this.#path,
      this.#heads,
      phases,
      endMs,
      this.#deadlines,
    );
    this.#open.add(connection);
    return (await connection.reached()) ?? connection;
  }
}

function exchangeOn(connection: UpstreamConnection, request: UpstreamRequest): Promise<Outcome> {
  return new Promise((settle) => connection.exchange(request, settle));
}

function eventLoopAsked(): Promise<void> {
  return new Promise((asked) => {
    setImmediate(() => setImmediate(asked));
  });
}

/** A call that waits until a connection is free, as long as it would wait for a new one. */
class Queued implements Waiting {
  deadlineMs: number;
  readonly taken: Promise<UpstreamConnection | NotConnected | null>;
  readonly #deadlines: Deadlines;
  readonly #tooLate: NotConnected;
  readonly #resolve: (taken: UpstreamConnection | NotConnected | null) => void;

  constructor({ phases, endMs }: UpstreamRequest, deadlines: Deadlines) {
    const { promise, resolve } = Promise.withResolvers<UpstreamConnection | NotConnected | null>();
    this.taken = promise;
    this.#resolve = resolve;
    this.#deadlines = deadlines;
    const untilMs = deadlines.now() + phases.connectTimeoutMs;
    this.deadlineMs = Math.min(untilMs, endMs);
    this.#tooLate =
      endMs < untilMs
        ? { kind: 'not-connected', reason: 'whole', waitedMs: phases.exchangeTimeoutMs }
        : { kind: 'not-connected', reason: 'busy', waitedMs: phases.connectTimeoutMs };
    deadlines.add(this);
  }

  take(connection: UpstreamConnection | null): void {
    this.#deadlines.remove(this);
    this.#resolve(connection);
  }

  expire(): void {
    this.#deadlines.remove(this);
    this.#resolve(this.#tooLate);
  }
}
