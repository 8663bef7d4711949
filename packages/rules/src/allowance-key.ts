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

// "|" ends a part, so it may not stand in a value; "%" is escaped too, else an escaped value could be forged.
function escaped(value: string): string {
  if (!value.includes('|') && !value.includes('%')) return value;
  return value.replaceAll('%', '%25').replaceAll('|', '%7C');
}
