// The body as it goes upstream: always with a length, so that chunked and content-length arrive alike; counted as it passes.
import { Refusal } from '@headgate/contract';
import type { Permit } from '../admission/permit.ts';
import type { Exchange } from '../exchange.ts';
import type { Inspected } from '../inspection/inspect.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { Payload } from '../upstream.ts';

/**
 * Takes the body for forwarding. A chunked body is collected up to the limit of its route, since it has no length to
 * promise; a declared one is collected while small and streamed beyond. Refuses with `inspection.body_too_large`.
 */
export function takePayload(
  { body }: Exchange,
  inspected: Inspected,
  permit: Pick<Permit, 'bodyBytesMax'>,
  collectBytesMax: number,
): MaybePromise<Payload> {
  if (body.framing === 'none') return noPayload;
  // What was charged is all that may pass.
  const bodyBytesMax = Math.min(inspected.bodyBytesMax, permit.bodyBytesMax);
  if (body.receivedBytes <= bodyBytesMax) {
    const { whole } = body;
    if (whole !== null) return { kind: 'bytes', bytes: whole };
  }
  if (body.declaredBytes !== null && body.declaredBytes > collectBytesMax) {
    return { kind: 'stream', lengthBytes: body.declaredBytes, chunks: body.chunks() };
  }
  return collect(body, bodyBytesMax);
}

const noPayload: Payload = { kind: 'none' };

async function collect(body: Exchange['body'], bodyBytesMax: number): Promise<Payload> {
  const collected: Uint8Array[] = [];
  let seenBytes = 0;
  for await (const chunk of body.chunks()) {
    seenBytes += chunk.byteLength;
    if (seenBytes > bodyBytesMax)
      throw new Refusal('inspection.body_too_large', { limitBytes: bodyBytesMax, seenBytes, declared: false });
    collected.push(chunk);
  }
  const only = collected[0];
  return { kind: 'bytes', bytes: collected.length === 1 && only !== undefined ? only : Buffer.concat(collected) };
}
