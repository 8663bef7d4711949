// The header fields of every refusal, of an exchange or of bytes that never became one.
import { fields as fieldNames, problems, type StatedRefusal, toRetryAfterSeconds } from '@headgate/contract';
import { pageFields } from './page.ts';
import type { RefusalBody } from './refusal-body.ts';

/** The fields of a refusal in order, flat, all but the exchange id. `receivedStatus` is the upstream's; null where it sent none. */
export function refusalFields(
  refusal: StatedRefusal,
  { contentType, body }: RefusalBody,
  receivedStatus: number | null,
): string[] {
  const list = [
    'content-type',
    contentType,
    'content-length',
    String(body.byteLength),
    'cache-control',
    'no-store',
    fieldNames.proxyStatus,
    proxyStatus(refusal, receivedStatus),
  ];
  if (contentType.startsWith('text/html')) list.push(...pageFields);
  // RFC 9110 §15.5.2: a 401 names how to go on. No browser knows this scheme, so that none asks for a password.
  if (refusal.code === 'admission.session_ended') list.push('www-authenticate', 'Headgate-Session');
  const seconds = secondsToWait(refusal);
  if (seconds !== null) list.push(fieldNames.retryAfter, String(seconds));
  if (refusal.code === 'route.method_not_allowed') {
    const { allowed } = (refusal as StatedRefusal<'route.method_not_allowed'>).facts;
    list.push('allow', allowed.join(', ')); // RFC 9110 §15.5.6.
  }
  return list;
}

/** What `Retry-After` says; null for a refusal that promises nothing. */
export function secondsToWait({ retryAfterMs }: StatedRefusal): number | null {
  return retryAfterMs === undefined ? null : toRetryAfterSeconds(retryAfterMs);
}

/** RFC 9209 §2: who said no, the error type, the upstream's status where there is one, and our code. */
function proxyStatus({ code }: StatedRefusal, receivedStatus: number | null): string {
  const received = receivedStatus === null ? '' : ` received-status=${receivedStatus};`;
  return `headgate; error=${problems[code].proxyError};${received} details="${code}"`;
}
