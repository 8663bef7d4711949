// The header fields of an upstream's answer that reach the caller.
import { fields as fieldNames } from '@headgate/contract';
import type { IdentityFields } from '../identity-fields.ts';
import { connectionOptions, hopByHopFields } from '../passing-fields.ts';
import { sessionCookieName } from '../session-cookie.ts';

/**
 * The upstream's own fields without what belongs to its hop, and without what only we may say: an upstream that
 * sends it would speak in our name, or tell a caller who others are. Then our place in `Via`
 * (RFC 9110 §7.6.3), which names the version that the upstream spoke. Flat lists.
 */
export function responseFields(
  received: readonly string[],
  httpVersion: '1.0' | '1.1',
  identityFields: IdentityFields,
): string[] {
  const kept: string[] = [];
  let named: ReadonlySet<string> | null = null;
  for (let at = 0; at + 1 < received.length; at += 2) {
    const name = received[at] ?? '';
    const value = received[at + 1] ?? '';
    if (name === 'connection') named = new Set([...(named ?? []), ...connectionOptions([value])]);
    else if (!hopByHopFields.has(name) && !isOwn(name, value) && !identityFields.claims(name)) kept.push(name, value);
  }
  const dropped = named;
  const passed = dropped === null ? kept : kept.filter((_, at) => !dropped.has(kept[at - (at % 2)] ?? ''));
  passed.push(fieldNames.via, httpVersion === '1.1' ? '1.1 headgate' : '1.0 headgate');
  return passed;
}

/** What only this gateway says: who refused, what its limits leave, and anything of a person's session. */
function isOwn(name: string, value: string): boolean {
  if (name === 'set-cookie') return value.startsWith(sessionCookieName);
  return ownFields.has(name);
}

const ownFields: ReadonlySet<string> = new Set([
  fieldNames.proxyStatus,
  fieldNames.sessionEnds,
  fieldNames.rateLimit,
  fieldNames.rateLimitPolicy,
]);
