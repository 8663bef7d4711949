// What a call needs of the network: anchors, a place to connect to, phase timeouts, and one keep-alive agent per credential.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { clientProblem } from '../client-problem.ts';
import type { Credential } from '../credential/load-credential.ts';
import type { WireRequest } from '../wire-request.ts';
import type { Outcome } from './call.ts';

/** Longest time without progress in each phase, in milliseconds; each from 1 to 3,600,000. */
export interface PhaseTimeouts {
  /** Resolving the host name. Default 5,000. */
  readonly lookupMs: number;
  /** TCP connection. Default 10,000. */
  readonly connectMs: number;
  /** TLS handshake, certificates included. Default 10,000. */
  readonly tlsMs: number;
  /** Handing the whole request to the network. Default 120,000 (what .NET clients of this market use). */
  readonly sendMs: number;
  /** From the end of the request to the first byte of the answer. Default 120,000. */
  readonly firstByteMs: number;
  /** The whole call, reading the answer included. Default 300,000. */
  readonly wholeMs: number;
}

/** The timeouts of a session that names none. */
export const defaultPhaseTimeouts: PhaseTimeouts = {
  lookupMs: 5_000,
  connectMs: 10_000,
  tlsMs: 10_000,
  sendMs: 120_000,
  firstByteMs: 120_000,
  wholeMs: 300_000,
};

/** Most idle connections kept to one address. */
const idleConnectionsMax = 8;

/** What one session's calls share on the network. */
export interface TransportOptions {
  /** PEM text of the server's trust anchors; without it no TLS call succeeds, since the system's own are never added. */
  readonly anchorsPem?: string | undefined;
  /** Connect here instead of to the address's own host; TLS name and Host field stay the real ones. */
  readonly connectTo?: { readonly host: string; readonly port: number } | undefined;
  /** Source address of the connection, as in 127.0.0.7. */
  readonly localAddress?: string | undefined;
  readonly timeouts?: Partial<PhaseTimeouts> | undefined;
  /** Sees every exchange as it was on the wire, failed ones too. The private key is in neither. */
  readonly onExchange?: ((request: WireRequest, outcome: Outcome) => void) | undefined;
}

/** The network side of a session. `close` ends its idle connections. */
export interface Transport {
  readonly anchorsPem: string | undefined;
  readonly connectTo: { readonly host: string; readonly port: number } | undefined;
  readonly localAddress: string | undefined;
  readonly timeouts: PhaseTimeouts;
  readonly onExchange: (request: WireRequest, outcome: Outcome) => void;
  agentFor(url: URL, credential: Credential | null): HttpAgent | HttpsAgent;
  close(): void;
}

/** Makes the network side of a session; raises `encode.invalid_input` for a timeout outside its bounds. */
export function createTransport(options: TransportOptions = {}): Transport {
  const timeouts = { ...defaultPhaseTimeouts, ...options.timeouts };
  for (const [name, value] of Object.entries(timeouts)) {
    if (!Number.isInteger(value) || value < 1 || value > 3_600_000) {
      const expected = 'a whole number of milliseconds from 1 to 3600000';
      throw clientProblem('encode.invalid_input', { field: `timeouts.${name}`, found: String(value), expected });
    }
  }
  const agents = new Map<string, HttpAgent | HttpsAgent>();
  return {
    anchorsPem: options.anchorsPem,
    connectTo: options.connectTo,
    localAddress: options.localAddress,
    timeouts,
    onExchange: options.onExchange ?? (() => {}),
    agentFor(url, credential) {
      // One connection never carries two identities.
      const key = `${url.protocol} ${credential?.fingerprint256 ?? ''}`;
      const agent = agents.get(key) ?? createAgent(url.protocol);
      agents.set(key, agent);
      return agent;
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

function createAgent(protocol: string): HttpAgent | HttpsAgent {
  const common = { keepAlive: true, maxFreeSockets: idleConnectionsMax };
  if (protocol === 'http:') return new HttpAgent(common);
  // Node checks no host name on a resumed session; a fresh handshake per connection keeps the check.
  return new HttpsAgent({ ...common, maxCachedSessions: 0 });
}
