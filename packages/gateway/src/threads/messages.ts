// What the main thread and the threads that serve say to each other. Everything here is plain: messages are copied.
import type { MessagePort } from 'node:worker_threads';
import type { EvidenceRecord } from '@headgate/contract';
import type { ThreadMemory } from '@headgate/rules';
import type { CandidateCounts } from '../candidate-counts.ts';
import type { Config } from '../config.ts';
import type { GatewayFiles } from '../gateway-files.ts';
import type { GatewayNotice } from '../gateway-notice.ts';
import type { SessionKeys } from '../session-keys.ts';
import type { Shed } from '../shed-counts.ts';

/** What a thread is started with. */
export interface ThreadOrders {
  readonly config: Config;
  /** From 0; in evidence. */
  readonly thread: number;
  /** Its name in the shared memory, never used again. */
  readonly owner: number;
  readonly boot: string;
  readonly evidenceFolder: string;
  /** Where its records go to; null where it keeps a file. */
  readonly ring: SharedArrayBuffer | null;
  readonly memory: ThreadMemory;
  /** Where limits are asked about that nodes count together; null where they are counted in `memory`. */
  readonly counters: MessagePort | null;
  /** The same for a candidate policy in shadow. */
  readonly candidateCounters: MessagePort | null;
  readonly files: GatewayFiles;
  readonly ticketKeys: Uint8Array;
  readonly sessionKeys: SessionKeys;
  /** Null for the first thread, which finds them out where the configuration leaves them to the system. */
  readonly ports: readonly number[] | null;
  /** Whether somebody wants to see every record. */
  readonly sendsRecords: boolean;
}

/** What the main thread asks for. Each is answered by `done`. */
export type ThreadRequest =
  | { readonly kind: 'prepare'; readonly files: GatewayFiles }
  /** Takes the certificates prepared last into use; the snapshot is in force already. */
  | { readonly kind: 'take' }
  | { readonly kind: 'ticket-keys'; readonly keys: Uint8Array }
  /** Says nothing but which snapshot is in force. */
  | { readonly kind: 'status' }
  | { readonly kind: 'session-keys'; readonly keys: SessionKeys }
  | { readonly kind: 'close' };

/** What a thread says. */
export type ThreadSaying =
  | {
      readonly kind: 'ready';
      readonly listeners: readonly { readonly name: string; readonly address: string; readonly port: number }[];
      /** Null where its records go into the spool. */
      readonly evidenceFile: string | null;
    }
  /** It could not start. */
  | { readonly kind: 'failed'; readonly fault: PlainFault }
  /** `snapshot` is the number of the one that its exchanges begin under. */
  | { readonly kind: 'done'; readonly id: number; readonly fault: PlainFault | null; readonly snapshot: number }
  | { readonly kind: 'notice'; readonly notice: GatewayNotice }
  /** What was shed since it said so last. */
  | { readonly kind: 'shed'; readonly more: Shed }
  /** What was counted of a candidate policy since it said so last. */
  | { readonly kind: 'candidate'; readonly more: CandidateCounts }
  | { readonly kind: 'record'; readonly record: EvidenceRecord };

/** An error with what the system said of it, which a copied Error loses. */
export interface PlainFault {
  readonly message: string;
  readonly stack: string | undefined;
  readonly facts: Readonly<Record<string, string | number>>;
}

const systemFacts = ['code', 'errno', 'syscall', 'address', 'port', 'path'] as const;

/** An error as a message carries it. */
export function toPlainFault(thrown: unknown): PlainFault {
  if (!(thrown instanceof Error)) return { message: String(thrown), stack: undefined, facts: {} };
  const facts = systemFacts.flatMap((name) => {
    const value: unknown = Reflect.get(thrown, name);
    return typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : [];
  });
  return { message: thrown.message, stack: thrown.stack, facts: Object.fromEntries(facts) };
}

/** The error that a message carried. */
export function fromPlainFault({ message, stack, facts }: PlainFault): Error {
  const fault = Object.assign(new Error(message), facts);
  if (stack !== undefined) fault.stack = stack;
  return fault;
}
