// What the answers at an old address say of its successor and its end, in header fields that programs know: Deprecation (RFC 9745),
// Sunset (RFC 8594) and Link with the relation successor-version (RFC 5829 §3.3).
import { type Address, fields, type Succession } from '@headgate/contract';

/** The words for one address on a day. */
export interface SuccessionWords {
  /** Deprecation and Sunset, where a date is announced. Flat: name, value. */
  readonly dates: readonly string[];
  /** Where the same call can be made already; null where it cannot, or nowhere is printed. */
  readonly successor: Address | null;
}

/** Null where there is nothing to say. */
export function successionWords(succession: Succession | null, nowMs: number): SuccessionWords | null {
  if (succession === null) return null;
  const { deprecatedMs, sunsetMs } = succession;
  const dates: string[] = [];
  // RFC 9651 §3.3.7: a date is whole seconds since 1970 behind an @.
  if (deprecatedMs !== null) dates.push(fields.deprecation, `@${Math.floor(deprecatedMs / 1_000)}`);
  // RFC 9110 §5.6.7: toUTCString writes the preferred form.
  if (sunsetMs !== null) dates.push(fields.sunset, new Date(sunsetMs).toUTCString());
  const successor = deprecatedMs !== null && deprecatedMs <= nowMs ? succession.successor : null;
  return dates.length === 0 && successor === null ? null : { dates, successor };
}

/** The fields of an answer to a call: where its very path has a successor, that. */
export function successionFields(
  { dates, successor }: SuccessionWords,
  channel: 'ui' | 'api',
  servicePath: string,
): readonly string[] {
  if (successor === null) return dates;
  // People are sent to the front page. The path is a URI's: the reader of heads takes no other.
  const below = channel === 'api' && servicePath !== '' ? `/${servicePath}` : '';
  return [...dates, fields.link, `<${successor.url.replace(/\/+$/, '')}${below}>; rel="successor-version"`];
}
