// Whether a request that changes something comes from a page of control itself. Browsers send cookies and certificates along with what
// other sites make them send; Origin (RFC 6454 §7) and Sec-Fetch-Site say who made them, and no page can write either.
import type { IncomingHttpHeaders } from 'node:http';
import { ControlRefusal } from '../api/control-refusal.ts';

/** Methods that change nothing (RFC 9110 §9.2.1). */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** The refusal of a request that another site made; null where it may go on. A session must be said to be used by its own page. */
export function foreignOrigin(
  method: string,
  headers: IncomingHttpHeaders,
  by: 'certificate' | 'session' | 'nobody',
): ControlRefusal | null {
  if (safeMethods.has(method)) return null;
  const { origin, host = '' } = headers;
  const site = headers['sec-fetch-site'];
  const isOwn = origin === `https://${host}`;
  const isForeign =
    (origin !== undefined && !isOwn) || (site !== undefined && site !== 'same-origin' && site !== 'none');
  const isSaid = isOwn || site === 'same-origin';
  if (!isForeign && (by !== 'session' || isSaid)) return null;
  return new ControlRefusal('control.foreign_origin', { origin: (origin ?? 'no origin that it names').slice(0, 200) });
}
