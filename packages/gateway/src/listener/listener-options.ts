// What one listener is given: its place, its hosts with their keys, its bounds, and what to call.
import type { EvidenceSink } from '@headgate/contract';
import type { Places } from '@headgate/rules';
import type { PathOptions } from '../config.ts';
import type { Deadlines } from '../deadlines.ts';
import type { Exchange } from '../exchange.ts';
import type { KeyedHost } from '../server-keys.ts';
import type { Serving } from '../serving.ts';
import type { HandshakeFailure } from './handshake-failure.ts';

/** An option whose bound costs a caller its connection or its tunnel, or a request its body. */
export type Bound = Extract<
  keyof PathOptions,
  | 'connectionsMax'
  | 'connectionsPerSourceMax'
  | 'handshakesMax'
  | 'handshakesPerSourceMax'
  | 'waitingBodiesPerSourceMax'
  | 'tunnelsMax'
  | 'tunnelsPerSourceMax'
  | 'headerTimeoutMs'
  | 'bodyTimeoutMs'
  | 'bodyBytesPerSecondMin'
  | 'requestTimeoutMs'
  | 'sendTimeoutMs'
  | 'keepAliveMs'
  | 'drainMs'
  | 'drainBytesMax'
>;

/** Options of a listener. Certificates are PEM text, already read. */
export interface ListenerOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  /** Networks of trusted balancers, which send a PROXY header. */
  readonly balancers: readonly string[];
  readonly hosts: readonly Pick<KeyedHost, 'name' | 'pem'>[];
  readonly path: PathOptions;
  readonly deadlines: Deadlines;
  /** True where several threads listen on the one port. */
  readonly sharedPort: boolean;
  /** Keys of TLS session tickets, 48 bytes: a ticket of one thread is good in every other. */
  readonly ticketKeys: Buffer;
  /** Connections that are open, counted over all threads. */
  readonly connections: Places;
  /** Bodies that are waited for, counted over all threads. */
  readonly waitingBodies: Places;
  readonly clock: () => number;
  readonly newId: () => string;
  /** The snapshot in force now. */
  readonly serving: () => Serving;
  /** Serves one exchange, and calls back when it is answered or aborted, and recorded. Never throws. */
  readonly serve: (exchange: Exchange, served: () => void) => void;
  readonly evidence: EvidenceSink;
  /** A caller was shed: `bound` is the option that says so. */
  readonly shed: (bound: Bound, source: string) => void;
  /** Judges a connection by the policy's rules over connections: null, or the rule that has no room for it. */
  readonly admitConnection: (source: string) => string | null;
  /** A connection was closed for want of room under a rule. */
  readonly connectionOverLimit: (source: string, rule: string) => void;
  /** A handshake failed for good: the caller can read no answer, so the operator must be able to. */
  readonly handshakeFailed: (source: string, serverName: string | null, failure: HandshakeFailure) => void;
  /** Something was thrown outside the path: a defect of ours that cost this connection. */
  readonly connectionFailed: (source: string, thrown: unknown) => void;
}
