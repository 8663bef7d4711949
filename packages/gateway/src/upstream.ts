// The words for back ends, shared by routing (which names a group) and forwarding (which uses it).
import type { Agent } from 'node:http';

/** One address of an upstream. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** As written in the configuration. */
  readonly url: string;
  readonly agent: Agent;
}

/** The endpoints that serve one system; used in turn. */
export interface UpstreamGroup {
  readonly name: string;
  /** Every endpoint once, beginning with the one whose turn it is. */
  inTurn(): readonly Endpoint[];
}

/** Every upstream of a gateway. */
export interface UpstreamPool {
  /** The most particular group for a system: by system, then environment, then infrastructure; null when none matches. */
  select(where: {
    readonly system: string;
    readonly environment: string;
    readonly infrastructure: string;
  }): UpstreamGroup | null;
  close(): void;
}
