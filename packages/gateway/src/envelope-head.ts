// The start of a message, peeked once per exchange and shared by routing, admission and inspection.
import {
  type EnvelopeHead,
  type HeaderPath,
  type PayloadPlaces,
  type PayloadValue,
  readMessageHead,
  readPayloadValue,
} from '@headgate/soap';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import type { MaybePromise } from './maybe-promise.ts';

/** Peeks at the body and reads the envelope's head; null when the request has no body. Nothing is consumed or charged. */
export function envelopeHead(exchange: Exchange, gateway: Gateway): MaybePromise<EnvelopeHead | null> {
  if (exchange.envelopeHead === undefined) exchange.envelopeHead = peek(exchange, gateway, null);
  return exchange.envelopeHead;
}

/** As `envelopeHead`, with the texts at a path of the Header. */
export function envelopeHeadWith(
  exchange: Exchange,
  gateway: Gateway,
  path: HeaderPath,
): MaybePromise<EnvelopeHead | null> {
  return peek(exchange, gateway, path);
}

/** The first value at one of these places of the payload, as far as what is peeked at shows it. Nothing is consumed or charged. */
export function payloadValue(
  { body, request }: Exchange,
  { options }: Gateway,
  places: PayloadPlaces,
): MaybePromise<PayloadValue> {
  if (body.framing === 'none' || body.declaredBytes === 0) return { kind: 'absent' };
  const contentType = request.fields.get('content-type') ?? '';
  const read = (bytes: Uint8Array) => {
    const isWhole = bytes.byteLength < options.peekBytesMax || bytes.byteLength === body.declaredBytes;
    return readPayloadValue(contentType, { bytes, isWhole }, places);
  };
  const prefix = body.head(options.peekBytesMax, options.bodyTimeoutMs);
  return prefix instanceof Promise ? prefix.then(read) : read(prefix);
}

function peek(
  { body, request }: Exchange,
  { options }: Gateway,
  path: HeaderPath | null,
): MaybePromise<EnvelopeHead | null> {
  if (body.framing === 'none' || body.declaredBytes === 0) return null;
  const contentType = request.fields.get('content-type') ?? '';
  const prefix = body.head(options.peekBytesMax, options.bodyTimeoutMs);
  return prefix instanceof Promise
    ? prefix.then((bytes) => readMessageHead(contentType, bytes, undefined, path))
    : readMessageHead(contentType, prefix, undefined, path);
}
