// The one place that turns what a stage threw into an answer: a refusal is answered as itself, anything else is our defect.
import { isRefusal, Refusal } from '@headgate/contract';
import type { RefusalReply } from '../reply.ts';

/** The reply for something thrown. A defect tells the caller its exchange id and nothing more. */
export function replyFor(thrown: unknown): RefusalReply {
  if (isRefusal(thrown)) return { kind: 'refusal', refusal: thrown, defect: null };
  const defect = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { kind: 'refusal', refusal: new Refusal('gateway.defect', {}, { cause: thrown }), defect };
}
