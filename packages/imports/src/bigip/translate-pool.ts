// A pool becomes an upstream: its members endpoints, its monitor a check, its balancing the nearest of ours.
import { type ConfigView, memberOf, plainFile, portOf, socketOf } from './config-view.ts';
import { type Notes, nameOf } from './notes.ts';
import type { ConfigObject, Statement } from './tmsh-text.ts';
import { checkOf } from './translate-monitor.ts';
import type { TranslatedTls, TranslatedUpstream } from './translation.ts';

/** What virtual servers say of a pool that they send calls to. */
export interface PoolUse {
  /** The server-ssl profile; undefined for plain HTTP. A name that the files do not have is itself. */
  readonly serverSsl: ConfigObject | string | undefined;
  /** Whether calls of one source are kept together. */
  readonly bySource: boolean;
}

/** Most endpoints of an upstream. */
const endpointsMax = 32;

/** Ways to balance that have one of ours, and whether ratios count. */
const balances: Readonly<Record<string, readonly [balance: TranslatedUpstream['balance'], byRatio: boolean]>> = {
  'round-robin': ['round-robin', false],
  'ratio-member': ['round-robin', true],
  'ratio-node': ['round-robin', true],
  'ratio-session': ['round-robin', true],
  'least-connections-member': ['least-requests', false],
  'least-connections-node': ['least-requests', false],
  'least-sessions': ['least-requests', false],
  'ratio-least-connections-member': ['least-requests', true],
  'ratio-least-connections-node': ['least-requests', true],
  'weighted-least-connections-member': ['least-requests', false],
  'weighted-least-connections-node': ['least-requests', false],
};

/** Members that do nothing here: names, and what is only shown. */
const silent: ReadonlySet<string> = new Set([
  'members',
  'monitor',
  'load-balancing-mode',
  'description',
  'app-service',
  'metadata',
  'partition',
  'min-active-members',
]);

/** Translates a pool; null where it has no endpoint. */
export function translatePool(
  pool: ConfigObject,
  use: PoolUse,
  view: ConfigView,
  notes: Notes,
): TranslatedUpstream | null {
  const mode = memberOf(pool.block, 'load-balancing-mode');
  const [balance, byRatio] = balanceOf(pool, mode, notes);
  const members = memberOf(pool.block, 'members')?.block ?? [];
  const endpoints = members.flatMap((member) =>
    endpointOf(pool, member, { byRatio, isSecure: use.serverSsl !== undefined }, view, notes),
  );
  const unique = [...new Map(endpoints.map((each) => [each.url, each])).values()];
  if (unique.length > endpointsMax)
    notes.add(
      pool,
      'members',
      `${unique.length} members, of which an upstream takes ${endpointsMax}`,
      'divide the pool, or balance in front of the rest',
    );
  for (const said of pool.block)
    if (!silent.has(said.words[0] ?? ''))
      notes.add(pool, said, 'has no counterpart of an upstream', insteadOf(said.words[0] ?? ''));
  if (use.bySource && mode !== undefined && mode.words[1] !== 'round-robin')
    notes.add(
      pool,
      mode,
      'calls of one source are kept together, and balancing counts for its first call alone',
      '`consistent-hash` is written; where nothing needs them together, take this way instead',
    );
  const check = checkOf(pool, memberOf(pool.block, 'monitor'), view, notes);
  if (unique.length === 0) {
    notes.add(pool, 'members', 'no member is in use, so that there is no upstream', 'name endpoints');
    return null;
  }
  return {
    systems: [],
    pool: pool.name,
    file: pool.file,
    line: pool.line,
    endpoints: unique.slice(0, endpointsMax),
    balance: use.bySource ? 'consistent-hash' : balance,
    hashKey: use.bySource ? 'source' : null,
    check,
    tls: use.serverSsl === undefined ? null : tlsOf(pool, use.serverSsl, view, notes),
  };
}

function balanceOf(pool: ConfigObject, mode: Statement | undefined, notes: Notes): (typeof balances)[string] {
  const known = balances[mode?.words[1] ?? 'round-robin'];
  if (known !== undefined) return known;
  notes.add(
    pool,
    mode ?? null,
    'this way to balance has no counterpart',
    'least-requests is nearest; it is written as round-robin until you decide',
  );
  return ['round-robin', false];
}

interface EndpointHow {
  readonly byRatio: boolean;
  readonly isSecure: boolean;
}

function endpointOf(
  pool: ConfigObject,
  member: Statement,
  { byRatio, isSecure }: EndpointHow,
  view: ConfigView,
  notes: Notes,
): TranslatedUpstream['endpoints'] {
  const [name = ''] = member.words;
  const block = member.block ?? [];
  const socket = socketOf(name);
  const port = socket === null ? null : portOf(socket.port);
  if (socket === null || port === null || port === 0) {
    notes.add(pool, member, 'a member without a port of its own', 'name the endpoint with its port');
    return [];
  }
  const word = (key: string) => memberOf(block, key)?.words[1];
  if (word('state') === 'user-down' || word('session') === 'user-disabled') {
    notes.add(pool, member, 'the member is taken out by hand', 'it is left out; add it when it is to serve');
    return [];
  }
  if (word('priority-group') !== undefined && word('priority-group') !== '0')
    notes.add(
      pool,
      member,
      'groups of priority have no counterpart: every endpoint gets calls',
      'leave the reserve out, or give it the weight 1 beside 100',
    );
  const address = addressOf(pool, member, socket.address, view);
  if (address === null) {
    notes.add(pool, member, 'neither the member nor its node says its address', 'name the endpoint');
    return [];
  }
  const ratio = Number(word('ratio') ?? 1);
  const host = address.includes(':') ? `[${address}]` : address;
  return [
    {
      url: `${isSecure ? 'https' : 'http'}://${host}:${port}`,
      weight: byRatio ? Math.min(100, Math.max(1, ratio || 1)) : 1,
    },
  ];
}

const ipAddress = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]*)$/i;
const domainName = /^[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/;

function addressOf(pool: ConfigObject, member: Statement, name: string, view: ConfigView): string | null {
  const own = memberOf(member.block ?? [], 'address')?.words[1];
  const nodeName = (member.words[0] ?? '').replace(/[:.][^:.]*$/, '');
  const node = view.find('ltm node', nodeName, pool);
  const fqdn = memberOf(memberOf(node?.block ?? [], 'fqdn')?.block ?? [], 'name')?.words[1];
  const of = [fqdn, own, node === undefined ? undefined : memberOf(node.block, 'address')?.words[1], name];
  for (const each of of) {
    const bare = each?.split('%')[0]?.toLowerCase();
    if (bare === undefined || bare === 'any' || bare === 'any6') continue;
    if (ipAddress.test(bare) || (each === fqdn && domainName.test(bare))) return bare;
  }
  return null;
}

/** BIG-IP verifies members only where it is told to; a gateway always does. */
function tlsOf(pool: ConfigObject, profile: ConfigObject | string, view: ConfigView, notes: Notes): TranslatedTls {
  const unknown: TranslatedTls = {
    authorities: 'trust/unknown-authorities.pem',
    certificate: null,
    key: null,
    serverName: null,
  };
  if (typeof profile === 'string') {
    notes.add(
      pool,
      null,
      `members are called by TLS (${profile}), and nothing says who certifies them`,
      'put their authorities into trust/unknown-authorities.pem: a gateway verifies every back end',
    );
    return unknown;
  }
  const said = (member: string) => {
    const value = view.words(profile, member)?.[0];
    return value === undefined || value === 'none' ? null : value;
  };
  const authorities = said('ca-file');
  if (authorities === null || said('peer-cert-mode') !== 'require')
    notes.add(
      profile,
      'peer-cert-mode',
      'certificates of members are not verified by it',
      'a gateway verifies every back end: see that the file under `tls.authorities` has those who certify them',
    );
  const [certificate, key] = [said('cert'), said('key')];
  const name = said('server-name') ?? said('authenticate-name');
  return {
    authorities: authorities === null ? unknown.authorities : `trust/${plainFile(authorities)}.pem`,
    certificate: certificate === null || key === null ? null : `certificates/${plainFile(certificate)}.pem`,
    key: certificate === null || key === null ? null : `certificates/${plainFile(key)}.key`,
    serverName: name !== null && domainName.test(name.toLowerCase()) ? name.toLowerCase() : null,
  };
}

function insteadOf(member: string): string {
  switch (member) {
    case 'slow-ramp-time':
      return '`ejection.slowStartMs`';
    case 'min-active-members':
    case 'gateway-failsafe-device':
      return '`panicPercent`, and health checks of whatever stands in front';
    case 'queue-on-connection-limit':
    case 'queue-depth-limit':
    case 'queue-time-limit':
      return '`path.upstreamConnectionsMax` and `path.upstreamQueueMax`, for all upstreams';
    case 'service-down-action':
      return 'nothing: a call whose endpoint fails is retried where that is safe';
    default:
      return 'see whether it is needed';
  }
}

/** Pools that are in the files and in no use are told, too. */
export function noteUnused(pool: ConfigObject, notes: Notes): void {
  notes.add(
    pool,
    null,
    `no virtual server that translates uses ${nameOf(pool)}`,
    'remove it, or name it where an iRule chose it',
  );
}
