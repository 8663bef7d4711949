// Templates of F5 BIG-IP: the request and response templates of a Request Logging profile ("Using the Request Logging Profile",
// "Request Logging parameters", techdocs.f5.com, BIG-IP 11.5 to 17). `${Name}` is a field of the request. Nothing is escaped there.
import { fieldOfHeader, type LogField } from './log-fields.ts';
import { type TemplatePiece, UnusableTemplate } from './template.ts';

/** A template for the response side that says all that is of use; BIG-IP has no template without a word. */
export const bigipTemplate =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: BIG-IP writes fields of a request so
  '$CLIENT_IP $CLIENT_PORT $DATE_NCSA $VIRTUAL_NAME $VIRTUAL_PORT "${Host}" "$HTTP_REQUEST" $HTTP_STATCODE $RESPONSE_SIZE $RESPONSE_MSECS $SERVER_IP:$SERVER_PORT "${Content-Length}" "${Transfer-Encoding}" "${User-Agent}"';

const fields: ReadonlyMap<string, LogField> = new Map<string, LogField>([
  ['CLIENT_IP', 'source'],
  ['CLIENT_PORT', 'sourcePort'],
  ['DATE_NCSA', 'time'],
  ['DATE_HTTP', 'time'],
  ['DATE_YYYY', 'timeYear'],
  ['DATE_MM', 'timeMonth'],
  ['DATE_DD', 'timeDay'],
  ['TIME_HMS', 'timeClock'],
  ['TIME_HH24', 'timeHour'],
  ['TIME_MM', 'timeMinute'],
  ['TIME_SECS', 'timeSecond'],
  ['TIME_SS', 'timeSecond'],
  ['TIME_MSECS', 'timeMs'],
  ['TIME_OFFSET', 'timeOffset'],
  ['TIME_UNIX', 'timeUnix'],
  ['VIRTUAL_NAME', 'listener'],
  ['VIRTUAL_PORT', 'listenerPort'],
  ['VIRTUAL_POOL_NAME', 'upstream'],
  ['SERVER_IP', 'endpoint'],
  ['SERVER_PORT', 'endpointPort'],
  ['HTTP_REQUEST', 'request'],
  ['HTTP_METHOD', 'method'],
  ['HTTP_URI', 'uri'],
  ['HTTP_PATH', 'path'],
  ['HTTP_QUERY', 'query'],
  ['HTTP_STATCODE', 'status'],
  ['RESPONSE_SIZE', 'responseBytes'],
  ['RESPONSE_MSECS', 'durationMs'],
  ['RESPONSE_USECS', 'durationUs'],
  ['NCSA_COMBINED', 'combined'],
  ['NCSA_COMMON', 'combined'],
]);

/** Every parameter that the manual lists. Another name in capitals would be a slip of the pen. */
const others: ReadonlySet<string> = new Set(
  'BIGIP_BLADE_ID BIGIP_CACHED BIGIP_HOSTNAME DATE_D DATE_DAY DATE_DY DATE_MON DATE_MONTH DATE_YY HTTP_CLASS HTTP_KEEPALIVE HTTP_STATUS HTTP_VERSION NULL SNAT_IP SNAT_PORT TIME_AMPM TIME_H12 TIME_HRS TIME_HH12 TIME_USECS TIME_ZONE VIRTUAL_IP VIRTUAL_SNATPOOL_NAME WAM_APPLICATION_NAM WAM_X_WA_INFO'.split(
    ' ',
  ),
);

/** Reads `$PARAMETER` and `${Field-Name}`. Raises UnusableTemplate. */
export function bigipPieces(
  text: string,
  named: (name: string) => LogField | null | undefined,
): readonly TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let at = 0;
  for (const found of text.matchAll(/\$(?:\{([\w-]{1,100})\}|([A-Z][A-Z0-9_]{1,60}(?![a-z])|[A-Z][a-z]{1,60}))/g)) {
    if (found.index > at) pieces.push({ literal: text.slice(at, found.index) });
    const name = found[1] ?? found[2] ?? '';
    pieces.push({ name: found[0], field: fieldOf(name, named) });
    at = found.index + found[0].length;
  }
  if (at < text.length) pieces.push({ literal: text.slice(at) });
  if (pieces.every((piece) => 'literal' in piece)) throw new UnusableTemplate('it has no parameter, as $CLIENT_IP');
  return pieces;
}

function fieldOf(name: string, named: (name: string) => LogField | null | undefined): LogField | null {
  const said = named(name);
  if (said !== undefined) return said;
  const found = fields.get(name);
  if (found !== undefined) return found;
  if (/^[A-Z0-9_]+$/.test(name) && name.includes('_') && !others.has(name))
    throw new UnusableTemplate(`BIG-IP has no parameter $${name}`);
  return fieldOfHeader(name);
}
