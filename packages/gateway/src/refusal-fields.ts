// The header fields of every refusal, of an exchange or of bytes that never became one.
import { fields as fieldNames, problems, type Refusal, toRetryAfterSeconds } from '@headgate/contract';
import type { RefusalBody } from './refusal-body.ts';

/** What the fields of a refusal say beside its code. */
export interface RefusalFieldsContext {
  readonly exchange: string;
  /** Status that the upstream answered with; null where it did not. */
  readonly receivedStatus: number | null;
}

/** The fields of a refusal, in order. */
export function refusalFields(
  refusal: Refusal,
  { contentType, body }: RefusalBody,
  { exchange, receivedStatus }: RefusalFieldsContext,
): [string, string][] {
  const list: [string, string][] = [
    ['content-type', contentType],
    ['content-length', String(body.byteLength)],
    ['cache-control', 'no-store'],
    [fieldNames.exchange, exchange],
    [fieldNames.proxyStatus, proxyStatus(refusal, receivedStatus)],
  ];
  if (refusal.retryAfterMs !== undefined)
    list.push([fieldNames.retryAfter, String(toRetryAfterSeconds(refusal.retryAfterMs))]);
  if (refusal.code === 'route.method_not_allowed') {
    const { allowed } = (refusal as Refusal<'route.method_not_allowed'>).facts;
    list.push(['allow', allowed.join(', ')]); // RFC 9110 §15.5.6.
  }
  return list;
}

/** RFC 9209 §2: who said no, the error type, the upstream's status where there is one, and our code. */
function proxyStatus({ code }: Refusal, receivedStatus: number | null): string {
  const received = receivedStatus === null ? '' : ` received-status=${receivedStatus};`;
  return `headgate; error=${problems[code].proxyError};${received} details="${code}"`;
}
