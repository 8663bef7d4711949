// Monitors of a pool become the health check of an upstream.
import type { ConfigView } from './config-view.ts';
import type { Notes } from './notes.ts';
import type { ConfigObject, Statement } from './tmsh-text.ts';
import type { TranslatedCheck } from './translation.ts';

/** Monitors that every BIG-IP has, by their names. */
const builtIn: Readonly<Record<string, string>> = {
  http: 'http',
  https: 'https',
  http_head_f5: 'http',
  https_head_f5: 'https',
  https_443: 'https',
  tcp: 'tcp',
  tcp_half_open: 'tcp-half-open',
  gateway_icmp: 'gateway-icmp',
  icmp: 'icmp',
  inband: 'inband',
  udp: 'udp',
};

/** Their interval and timeout unless an object says otherwise, in seconds (tmsh reference, `ltm monitor http`). */
const intervalSeconds = 5;
const timeoutSeconds = 16;

interface Monitor {
  readonly name: string;
  readonly kind: string;
  readonly object: ConfigObject | null;
}

/** The check of a pool; null where it has none, or none that translates. */
export function checkOf(
  pool: ConfigObject,
  said: Statement | undefined,
  view: ConfigView,
  notes: Notes,
): TranslatedCheck | null {
  if (said === undefined) {
    notes.add(
      pool,
      'monitor',
      'the pool has no monitor',
      'say `check` of the upstream: without it only calls tell that an endpoint is ill',
    );
    return null;
  }
  const names = [...said.words.slice(1), ...(said.block ?? []).flatMap(({ words }) => words)].filter(
    (word) => !/^(?:and|min|of|none|\d+)$/.test(word),
  );
  const monitors = names.map((name) => monitorOf(name, pool, view));
  const usable = monitors.filter(({ kind }) => kind === 'http' || kind === 'https');
  const [first] = [...usable, ...monitors.filter(({ kind }) => kind === 'tcp' || kind === 'tcp-half-open')];
  for (const { name, kind } of monitors)
    if (name !== first?.name)
      notes.add(
        pool,
        said,
        `${kind === '' ? 'monitor' : `${kind} monitor`} ${name} is not taken: an upstream has one check, of kind tcp, tls, http or soap`,
        first === undefined
          ? 'say a `check` that proves the same'
          : `see that the check by ${first.name} proves enough`,
      );
  return first === undefined ? null : toCheck(first, pool, view, notes);
}

function monitorOf(name: string, pool: ConfigObject, view: ConfigView): Monitor {
  const object = view.findAny('ltm monitor ', name, pool) ?? null;
  const kind = object?.kind.slice('ltm monitor '.length) ?? builtIn[name.slice(name.lastIndexOf('/') + 1)] ?? '';
  return { name, kind, object };
}

function toCheck({ kind, object }: Monitor, pool: ConfigObject, view: ConfigView, notes: Notes): TranslatedCheck {
  const said = (member: string) => (object === null ? undefined : view.words(object, member)?.join(' '));
  const seconds = (member: string, otherwise: number) => {
    const value = Number(said(member) ?? otherwise);
    return Number.isInteger(value) && value > 0 ? value : otherwise;
  };
  const interval = Math.min(seconds('interval', intervalSeconds), 3_600);
  const timeout = seconds('timeout', timeoutSeconds);
  const timing = {
    intervalMs: interval * 1_000,
    timeoutMs: Math.min(interval * 1_000, 120_000),
    // Marked down when nothing succeeded for `timeout`: as many checks in a row.
    fall: Math.min(100, Math.max(1, Math.floor(timeout / interval))),
  };
  if (kind === 'tcp' || kind === 'tcp-half-open')
    return { kind: 'tcp', path: null, host: null, statuses: [], ...timing };
  const about = object ?? pool;
  const request = requestOf(said('send') ?? 'GET /\\r\\n');
  if (request === null)
    notes.add(about, 'send', 'the request of the monitor is no GET of a path', 'say `check.path` of the upstream');
  return {
    kind: 'http',
    path: request?.path ?? null,
    host: request?.host ?? null,
    statuses: statusesOf(said('recv'), about, notes),
    ...timing,
  };
}

/** `GET /path HTTP/1.1\r\nHost: name\r\n…`, with escapes written out. */
function requestOf(send: string): { readonly path: string; readonly host: string | null } | null {
  const text = send.replace(/\\r/g, '\r').replace(/\\n/g, '\n');
  const path = /^(?:GET|HEAD) (\/[\x21-\x7e]{0,900})/.exec(text)?.[1];
  const host = /\nhost: *([a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)\s*(?::\d+)?[\r\n]/i.exec(`${text}\n`)?.[1];
  return path === undefined ? null : { path, host: host?.toLowerCase() ?? null };
}

function statusesOf(recv: string | undefined, monitor: ConfigObject, notes: Notes): readonly number[] {
  if (recv === undefined || recv === '' || recv === 'none') return [];
  const status = /^(?:\^?HTTP\/1\.?(?:\\?\.|\[01\]|[01])*\s?)?\s*([2-5]\d\d)(?: OK)?$/.exec(recv.trim())?.[1];
  if (status !== undefined) return [Number(status)];
  notes.add(
    monitor,
    'recv',
    'what the answer must hold is not looked at: a check judges the status alone',
    'say `check.statuses`, or let a path answer with a status that tells',
  );
  return [];
}
