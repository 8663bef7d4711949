// Answers an echo itself, at the place in the path where a system would be asked: after identity, limits and inspection.
import { Refusal } from '@headgate/contract';
import type { Permit } from '../admission/permit.ts';
import type { Exchange } from '../exchange.ts';
import type { Inspected } from '../inspection/inspect.ts';
import type { EchoReply } from '../reply.ts';
import { whatWasSeen } from '../seen.ts';

/** Counts the body to its end, keeps none of it, and tells what was seen. Refuses with `inspection.body_too_large`. */
export async function echo(exchange: Exchange, inspected: Inspected, permit: Permit): Promise<EchoReply> {
  const bodyBytesMax = Math.min(inspected.bodyBytesMax, permit.bodyBytesMax);
  let seenBytes = 0;
  for await (const chunk of exchange.body.chunks()) {
    seenBytes += chunk.byteLength;
    if (seenBytes > bodyBytesMax)
      throw new Refusal('inspection.body_too_large', { limitBytes: bodyBytesMax, seenBytes, declared: false });
  }
  return { kind: 'echo', seen: whatWasSeen(exchange) };
}
