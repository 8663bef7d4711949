// The start of the SOAP envelope, peeked once per exchange and shared by routing and inspection.
import { type EnvelopeHead, readMessageHead } from '@headgate/soap';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';

/** Peeks at the body and reads the envelope's head; null when the request has no body. Nothing is consumed or charged. */
export function envelopeHead(exchange: Exchange, gateway: Gateway): Promise<EnvelopeHead | null> {
  exchange.envelopeHead ??= peek(exchange, gateway);
  return exchange.envelopeHead;
}

async function peek({ body, request }: Exchange, { options }: Gateway): Promise<EnvelopeHead | null> {
  if (body.framing === 'none' || body.declaredBytes === 0) return null;
  const prefix = await body.head(options.peekBytesMax, options.bodyTimeoutMs);
  return readMessageHead(request.fields.get('content-type') ?? '', prefix);
}
