// Templates of nginx: `log_format` (nginx.org/en/docs/http/ngx_http_log_module.html), its variables (ngx_http_core_module and
// ngx_http_ssl_module, "Embedded Variables") and `escape=default`, which writes quotes, backslashes and all but printable ASCII as \xHH.
import { fieldOfHeader, type LogField } from './log-fields.ts';
import { type TemplatePiece, UnusableTemplate } from './template.ts';

/** The format that nginx has without a word. */
export const nginxCombined =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';

const fields: ReadonlyMap<string, LogField> = new Map<string, LogField>([
  ['remote_addr', 'source'],
  ['realip_remote_addr', 'forwardedFor'],
  ['remote_port', 'sourcePort'],
  ['time_local', 'time'],
  ['time_iso8601', 'time'],
  ['msec', 'timeUnix'],
  ['host', 'host'],
  ['server_name', 'listener'],
  ['server_port', 'listenerPort'],
  ['scheme', 'scheme'],
  ['ssl_server_name', 'serverName'],
  ['request', 'request'],
  ['request_method', 'method'],
  ['request_uri', 'uri'],
  ['uri', 'path'],
  ['document_uri', 'path'],
  ['args', 'query'],
  ['query_string', 'query'],
  ['content_type', 'contentType'],
  ['content_length', 'contentLength'],
  ['status', 'status'],
  ['body_bytes_sent', 'responseBytes'],
  ['bytes_sent', 'responseBytes'],
  ['request_length', 'requestBytes'],
  ['request_time', 'durationS'],
  ['request_completion', 'complete'],
  ['ssl_protocol', 'tlsVersion'],
  ['ssl_cipher', 'cipher'],
  ['ssl_session_reused', 'tlsResumed'],
  ['ssl_client_verify', 'verify'],
  ['ssl_client_s_dn', 'subject'],
  ['ssl_client_i_dn', 'issuer'],
  ['ssl_client_serial', 'serial'],
  ['ssl_client_fingerprint', 'fingerprint'], // SHA-1: nginx has no other.
  ['ssl_client_escaped_cert', 'certificate'],
  ['ssl_client_v_end', 'notAfter'],
  ['upstream_addr', 'endpoint'],
  ['proxy_host', 'upstream'],
  ['upstream_status', 'upstreamStatus'],
  ['upstream_header_time', 'firstByteS'],
]);

/** What a variable of nginx says; null for one of no use. */
export function fieldOfNginx(name: string): LogField | null {
  const found = fields.get(name);
  if (found !== undefined) return found;
  return name.startsWith('http_') ? fieldOfHeader(name.slice(5)) : null;
}

/** Reads `$name` and `${name}`. Raises UnusableTemplate. */
export function nginxPieces(
  text: string,
  named: (name: string) => LogField | null | undefined,
): readonly TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let at = 0;
  for (const found of text.matchAll(/\$(?:\{(\w{1,100})\}|(\w{1,100}))/g)) {
    if (found.index > at) pieces.push({ literal: text.slice(at, found.index) });
    const name = found[1] ?? found[2] ?? '';
    const said = named(name);
    pieces.push({ name: `$${name}`, field: said === undefined ? fieldOfNginx(name) : said });
    at = found.index + found[0].length;
  }
  if (at < text.length) pieces.push({ literal: text.slice(at) });
  if (pieces.every((piece) => 'literal' in piece)) throw new UnusableTemplate('it has no variable, as $status');
  return pieces;
}
