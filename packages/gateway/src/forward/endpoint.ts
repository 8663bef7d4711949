// One address of an upstream: its kept-alive connections, the newest used first, and its bounds.
import type { PathOptions } from '../config.ts';
import type { Deadlines, Waiting } from '../deadlines.ts';
import type { Endpoint, Outcome, UpstreamRequest } from '../upstream.ts';
import { UpstreamConnection } from './upstream-connection.ts';

/** An endpoint that keeps connections until it is closed. */
export interface KeptEndpoint extends Endpoint {
  close(): void;
}

/** Calls that may wait for a connection of one endpoint; past it the endpoint counts as not reachable. */
const queueMax = 1_024;

/** Creates an endpoint for an http:// address. No connection is opened before it is needed. */
export function createEndpoint(url: string, path: PathOptions, deadlines: Deadlines): KeptEndpoint {
  const { hostname, port } = new URL(url);
  // A URL writes IPv6 addresses in brackets, a socket takes them without.
  const place = { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) };
  const open = new Set<UpstreamConnection>();
  const idle: UpstreamConnection[] = [];
  const queue: Queued[] = [];
  const owner = {
    idle(connection: UpstreamConnection) {
      const next = queue.shift();
      if (next === undefined) idle.push(connection);
      else next.take(connection);
    },
    closed(connection: UpstreamConnection) {
      open.delete(connection);
      const at = idle.indexOf(connection);
      if (at !== -1) idle.splice(at, 1);
      queue.shift()?.take(null); // A place is free: the first in the queue may open a connection of its own.
    },
  };

  const connect = async (): Promise<UpstreamConnection | NotConnected> => {
    const connection = new UpstreamConnection(place, owner, path, deadlines);
    open.add(connection);
    const reached = await connection.reached();
    return reached === 'connected' ? connection : { kind: 'not-connected', timedOut: reached === 'timed-out' };
  };
  const connectionFor = async (): Promise<UpstreamConnection | NotConnected> => {
    if (open.size < path.upstreamConnectionsMax) return connect();
    if (queue.length >= queueMax) return { kind: 'not-connected', timedOut: false };
    const queued = new Queued(path.connectTimeoutMs, deadlines);
    queue.push(queued);
    const taken = await queued.taken;
    if (taken !== 'too-late') return taken ?? connect();
    queue.splice(queue.indexOf(queued), 1);
    return { kind: 'not-connected', timedOut: true };
  };

  return {
    url,
    async attempt(request: UpstreamRequest): Promise<Outcome> {
      const connection = newestUsable(idle) ?? (await connectionFor());
      return connection instanceof UpstreamConnection ? connection.exchange(request) : connection;
    },
    close() {
      for (const connection of open) connection.close();
    },
  };
}

/** A connection leaves the list when its close is reported, a turn of the event loop after it stopped being usable. */
function newestUsable(idle: UpstreamConnection[]): UpstreamConnection | undefined {
  let connection = idle.pop();
  while (connection !== undefined && !connection.usable) connection = idle.pop();
  return connection;
}

type NotConnected = Extract<Outcome, { kind: 'not-connected' }>;

/** A call that waits until a connection is free, as long as it would wait for a new one. */
class Queued implements Waiting {
  deadlineMs: number;
  readonly taken: Promise<UpstreamConnection | null | 'too-late'>;
  readonly #deadlines: Deadlines;
  readonly #resolve: (taken: UpstreamConnection | null | 'too-late') => void;

  constructor(waitMs: number, deadlines: Deadlines) {
    const { promise, resolve } = Promise.withResolvers<UpstreamConnection | null | 'too-late'>();
    this.taken = promise;
    this.#resolve = resolve;
    this.#deadlines = deadlines;
    this.deadlineMs = deadlines.now() + waitMs;
    deadlines.add(this);
  }

  take(connection: UpstreamConnection | null): void {
    this.#deadlines.remove(this);
    this.#resolve(connection);
  }

  expire(): void {
    this.#deadlines.remove(this);
    this.#resolve('too-late');
  }
}
