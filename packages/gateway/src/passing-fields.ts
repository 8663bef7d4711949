// Which header fields go on from one connection to the next, and which belong to one hop or claim what only we may state.
import { bareName } from '@headgate/contract';
import type { Fields } from './exchange.ts';
import type { IdentityFields } from './identity-fields.ts';

/** RFC 9110 §7.6.1, and the fields that older intermediaries use for one hop. */
export const hopByHopFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Rewritten by us or settled with the caller already: the body is complete or counted, so nobody waits for 100. */
export const rewrittenFields: ReadonlySet<string> = new Set(['host', 'content-length', 'expect', 'via']);

/** Some back ends read transfer_encoding as transfer-encoding, and other marks so too. */
const foreignFields: ReadonlySet<string> = new Set([...hopByHopFields, ...rewrittenFields].map(bareName));

/** Which of a caller's fields go on, by name. Pure, so that a caller can be told which do not. */
export function passingFields(fields: Fields, identityFields: IdentityFields): (name: string) => boolean {
  // RFC 9110 §7.6.1: every field named in Connection is hop-by-hop as well. They are dropped before ours are added; the
  // other way round, "Connection: client-cert" would strip our proof of identity.
  const named = connectionOptions(fields.all('connection'));
  return (name) => {
    const foreign = name.includes('_') || named.has(name) || foreignFields.has(bareName(name));
    return !foreign && !identityFields.claims(name);
  };
}

/** The names that a Connection field lists, in lower case. */
export function connectionOptions(values: readonly string[]): Set<string> {
  return new Set(values.flatMap((value) => value.split(',')).map((option) => option.trim().toLowerCase()));
}
