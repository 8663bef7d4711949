// One call as a recording tells of it: enough to ask the rules again, and nothing else.
import type { LimitSubject } from '@headgate/contract';

/** A recorded call that reached the limits. */
export interface Arrival {
  /** When it came, in whole milliseconds since 1970 UTC. */
  readonly atMs: number;
  /** What rules may ask about it. Calls that are alike may share one object, which is then matched once. */
  readonly subject: LimitSubject;
  /** Who it is counted for in a report: a participant, else a credential, else a source. */
  readonly caller: string;
  /** Bytes of its body that came; null where the recording does not say. */
  readonly requestBytes: number | null;
  /** From its arrival to the end of its answer, in milliseconds; null where the recording does not say. */
  readonly durationMs: number | null;
  /** What was decided then; null where the recording does not say. */
  readonly wasAdmitted: boolean | null;
}
