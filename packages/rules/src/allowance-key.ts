// The key under which one allowance is counted. Two different tuples of values never share a key.
import { defaultNetworkBits, type LimitKeyPart, type LimitRule, type LimitSubject } from '@headgate/contract';
import { toSourceNetwork } from './source-network.ts';

/** Longest value written into a key, in UTF-16 code units. A longer one counts as unknown, so that keys stay small. */
export const keyValueCharactersMax = 256;

/**
 * Writes `rule|part=value|…`. System and service are in lower case, because rules match them so: a caller gains
 * nothing by spelling a service differently. A part that is unknown, empty or over-long for this call is written
 * `part!source=…`: the call falls to an allowance of its source's own, never into one bucket shared by strangers. For an SCID
 * the rule may name another one to stand in, which is the credential unless it does.
 */
export function toAllowanceKey(rule: LimitRule, subject: LimitSubject): string {
  let key = rule.name;
  for (const part of rule.key) {
    const value = keyValue(part, rule, subject);
    key += isUsable(value) ? `|${part}=${escaped(value)}` : `|${part}!${substituteFor(part, rule, subject)}`;
  }
  return key;
}

function substituteFor(part: LimitKeyPart, { withoutScid = 'credential' }: LimitRule, subject: LimitSubject): string {
  const value = part === 'scid' ? subject[withoutScid] : undefined;
  return isUsable(value) ? `${withoutScid}=${escaped(value)}` : `source=${escaped(subject.source)}`;
}

function isUsable(value: string | undefined): value is string {
  return value !== undefined && value !== '' && value.length <= keyValueCharactersMax;
}

const usualBits = { ipv4Bits: defaultNetworkBits.ipv4, ipv6Bits: defaultNetworkBits.ipv6 };

function keyValue(part: LimitKeyPart, rule: LimitRule, subject: LimitSubject): string | undefined {
  switch (part) {
    case 'source-network':
      return toSourceNetwork(subject.source, rule.sourceNetwork ?? usualBits);
    case 'system':
    case 'service':
      return subject[part]?.toLowerCase();
    default:
      return subject[part];
  }
}

/** "|" ends a part, so it may not stand in a value; "%" is escaped too, else an escaped value could be forged. */
export function escaped(value: string): string {
  if (!value.includes('|') && !value.includes('%')) return value;
  return value.replaceAll('%', '%25').replaceAll('|', '%7C');
}

/** Characters of a value that are told. */
const toldCharactersMax = 64;

/** Characters of a certificate's fingerprint that are told: enough to know one's own by. */
const fingerprintCharacters = 16;

/**
 * Whose allowance a key is, as its caller is told: `source=192.0.2.7, service=retrieveawards_v4`. A part that was unknown is told by
 * what stood in for it. Values are cut, and of their characters only those that mean nothing to any reader are kept.
 */
export function sayAllowance(key: string): string {
  const [, ...parts] = key.split('|');
  return parts
    .map((part) => {
      const at = part.indexOf('=');
      const name = part.slice(0, at);
      const value = part
        .slice(at + 1)
        .replaceAll('%7C', '|')
        .replaceAll('%25', '%');
      const substitute = name.indexOf('!');
      const shown = substitute < 0 ? name : name.slice(substitute + 1);
      const told = value
        .slice(0, shown === 'credential' ? fingerprintCharacters : toldCharactersMax)
        .replaceAll(/[^A-Za-z0-9_.:/-]/g, '?');
      return substitute < 0 ? `${shown}=${told}` : `${shown}=${told} for want of ${name.slice(0, substitute)}`;
    })
    .join(', ');
}
