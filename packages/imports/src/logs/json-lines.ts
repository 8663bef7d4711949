// Lines that are JSON objects: members by the names that a template gives them, else by the names that people give them. Objects
// within are read as far as three levels, by their last name and by all joined with dots.
import { fieldOfHaproxy } from './haproxy-template.ts';
import { fieldOfHeader, isLogField, type LogField, type LogValues, placeOfField } from './log-fields.ts';
import { fieldOfNginx } from './nginx-template.ts';

const depthMax = 3;
const membersMax = 300;

/** What member of a line is what field. */
export type MemberField = (path: string, name: string) => LogField | null;

/** Reads a line into `values`; a reason where it cannot. */
export function readJsonLine(line: string, fieldOf: MemberField, values: LogValues): string | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (fault) {
    if (fault instanceof SyntaxError) return 'no JSON';
    throw fault;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'no JSON object';
  take(value, '', 1, { fieldOf, values, members: 0 });
  return null;
}

function take(
  value: object,
  prefix: string,
  depth: number,
  into: { readonly fieldOf: MemberField; readonly values: LogValues; members: number },
): void {
  for (const [name, member] of Object.entries<unknown>({ ...value })) {
    into.members += 1;
    if (into.members > membersMax) return;
    const path = `${prefix}${name}`;
    if (typeof member === 'object' && member !== null) {
      if (depth < depthMax && !Array.isArray(member)) take(member, `${path}.`, depth + 1, into);
      continue;
    }
    const field = into.fieldOf(path, name);
    const isSaid = typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean';
    if (field !== null && isSaid) into.values[placeOfField[field]] ??= member === true ? '1' : String(member);
    else if (field !== null) into.values[placeOfField[field]] ??= null;
  }
}

/** Names that are common where nobody says what a member is, beside those of nginx and of request fields. */
const common: ReadonlyMap<string, LogField> = new Map<string, LogField>([
  ['time', 'time'],
  ['timestamp', 'time'],
  ['@timestamp', 'time'],
  ['ts', 'timeUnix'],
  ['accept_date', 'timeStart'],
  ['request_date', 'timeStart'],
  ['client', 'source'],
  ['client_ip', 'source'],
  ['clientip', 'source'],
  ['remote_ip', 'source'],
  ['source', 'source'],
  ['client_port', 'sourcePort'],
  ['frontend', 'listener'],
  ['frontend_name', 'listener'],
  ['backend', 'upstream'],
  ['backend_name', 'upstream'],
  ['server', 'endpoint'],
  ['method', 'method'],
  ['http_method', 'method'],
  ['uri_path', 'path'],
  ['path', 'path'],
  ['http_host', 'host'],
  ['url', 'uri'],
  ['status_code', 'status'],
  ['http_status_code', 'status'],
  ['bytes_read', 'responseBytes'],
  ['bytes_uploaded', 'requestBytes'],
  ['user_agent', 'userAgent'],
  ['useragent', 'userAgent'],
  ['time_active_ms', 'durationMs'],
  ['duration_ms', 'durationMs'],
  ['termination_state', 'termination'],
  ['sni', 'serverName'],
  ['ssl_version', 'tlsVersion'],
  ['tls_version', 'tlsVersion'],
  ['ssl_ciphers', 'cipher'],
  ['client_dn', 'subject'],
]);

/** What a member is by its name alone. HAProxy's own short names count with `isHaproxy`. */
export function fieldByName(named: (name: string) => LogField | null | undefined, isHaproxy: boolean): MemberField {
  const known = new Map<string, LogField | null>();
  return (path, name) => {
    const found = known.get(path);
    if (found !== undefined) return found;
    const said = named(path) ?? named(name) ?? (isLogField(name) ? name : null) ?? byCustom(name, isHaproxy);
    if (known.size < 1_000 && path.length <= 200) known.set(path, said);
    return said;
  };
}

function byCustom(name: string, isHaproxy: boolean): LogField | null {
  const plain = name.toLowerCase().replace(/^\$/, '').replaceAll('-', '_');
  return (
    common.get(plain) ?? fieldOfNginx(plain) ?? (isHaproxy ? fieldOfHaproxy(name, []) : null) ?? fieldOfHeader(plain)
  );
}

/** The members of a template that is JSON with variables as values: `{"at": "$time_iso8601"}`. Null where it has none. */
export function membersOfTemplate(text: string, fieldOf: (variable: string) => LogField | null): MemberField | null {
  const members = new Map<string, LogField | null>();
  for (const [, name = '', value = ''] of text.matchAll(
    /"((?:[^"\\]|\\.){1,100})" *: *"?((?:\$|%)(?:\[[^"]{1,400}\]|[^",}]{1,100}\}?))/g,
  ))
    members.set(name, fieldOf(value.trim()));
  if (members.size === 0) return null;
  return (_path, name) => members.get(name) ?? null;
}
