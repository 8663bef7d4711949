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
  return new Set(values.flatMap((value) => value.split(',')).map((option) => withoutSpace(option).toLowerCase()));
}

/** Whether another message may follow one with these values of Connection (RFC 9112 §9.3): `close` wins. */
export function persists(httpVersion: '1.0' | '1.1', values: readonly string[]): boolean {
  if (values.length === 0) return httpVersion === '1.1';
  const options = connectionOptions(values);
  return !options.has('close') && (httpVersion === '1.1' || options.has('keep-alive'));
}

/** Without spaces and tabs around it (RFC 9110 §5.6.3). `trim` would take a no-break space off too, as no other reader does. */
function withoutSpace(text: string): string {
  let from = 0;
  let to = text.length;
  while (text[from] === ' ' || text[from] === '\t') from += 1;
  while (to > from && (text[to - 1] === ' ' || text[to - 1] === '\t')) to -= 1;
  return text.slice(from, to);
}
