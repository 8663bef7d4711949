// Where virtual servers send calls becomes addresses: a host, a path, and a system behind it.
import { fullName, plainName } from './config-view.ts';
import type { Notes } from './notes.ts';
import type { ConfigObject } from './tmsh-text.ts';
import type { PolicyPlace } from './translate-policy.ts';
import type { TranslatedVirtual } from './translate-virtual.ts';
import type { TranslatedAddress, TranslatedListener } from './translation.ts';

/** Ids by pool, each once, however alike the names of pools are. */
export class Systems {
  readonly #ids = new Map<string, string>();
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, number>();

  /** The system of a pool that a virtual server in a folder names; null where no upstream was written for it. */
  named(pool: string, folder: string): string | null {
    const own = pool.startsWith('/') ? pool : `${folder}${pool}`;
    return this.#ids.get(own) ?? this.#ids.get(fullName(pool)) ?? null;
  }

  /** An id that nobody has, the plain one or one with a number. */
  free(plain: string): string {
    let next = this.#next.get(plain) ?? 1;
    let id = plain;
    for (; this.#taken.has(id); id = `${plain}-${next}`) next += 1;
    this.#next.set(plain, next);
    this.#taken.add(id);
    return id;
  }

  /** The id of a pool that has an upstream. */
  of(pool: ConfigObject): string {
    const name = fullName(pool.name);
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const plain = plainName(pool.name);
    const id = this.free(plain);
    this.#ids.set(name, id);
    return id;
  }
}

/** An address with the id of the pool behind it. */
export interface PoolAddress extends TranslatedAddress {
  readonly pool: string;
}

/** Most systems of a catalogue. */
const systemsMax = 200;

/** A path as an address has one: whole segments, no slash at the end. */
const wholePath = /^(?:\/[A-Za-z0-9._~!$&'()*+,;=:@-]{1,100}){1,10}$/;

/** The addresses of all virtual servers; a system has one of them, so that further ones of a pool get systems of their own. */
export function addressesOf(
  virtuals: readonly TranslatedVirtual[],
  listeners: readonly TranslatedListener[],
  systems: Systems,
  notes: Notes,
): readonly PoolAddress[] {
  const found = new Map<string, PoolAddress>();
  const taken = new Set<string>();
  for (const virtual of virtuals) {
    const listener = listeners.find(({ virtuals: names }) => names.includes(virtual.object.name));
    const hosts = virtual.tls ? virtual.hosts : (listener?.hosts ?? []);
    for (const { host, path, place } of targetsOf(
      virtual,
      hosts.map(({ name }) => name),
      notes,
    )) {
      const pool = systems.named(place.pool, folderOf(virtual.object));
      const known = found.get(`${host} ${path}`);
      if (pool === null || (known !== undefined && (known.secure || !virtual.tls))) continue;
      if (found.size >= systemsMax) {
        notes.add(
          virtual.object,
          null,
          `there are more than ${systemsMax} addresses`,
          'a catalogue has as many systems at most: several catalogues',
        );
        return [...found.values()];
      }
      const system = known?.system ?? idOf(pool, host, path, taken);
      taken.add(system);
      const { tls, hasAccess } = virtual;
      const channel = hasAccess ? ('ui' as const) : null;
      found.set(`${host} ${path}`, {
        host,
        path,
        secure: tls,
        system,
        certificate: hosts.find(({ name }) => name === host)?.clientCertificate ?? null,
        channel,
        source: place.source,
        pool,
      });
    }
  }
  return [...found.values()];
}

/** The systems of a pool: those of its addresses, or one without an address. */
export function systemsOf(pool: string, addresses: readonly PoolAddress[]): readonly string[] {
  const own = addresses.filter((address) => address.pool === pool).map(({ system }) => system);
  return own.length === 0 ? [pool] : own;
}

function folderOf({ name }: ConfigObject): string {
  return fullName(name).slice(0, fullName(name).lastIndexOf('/') + 1);
}

function idOf(pool: string, host: string, path: string, taken: ReadonlySet<string>): string {
  const plain = taken.has(pool) ? plainName(`${pool}-${host}${path.replaceAll('/', '-')}`) : pool;
  let id = plain;
  for (let next = 2; taken.has(id); next += 1) id = `${plain}-${next}`;
  return id;
}

interface Target {
  readonly host: string;
  readonly path: string;
  readonly place: PolicyPlace;
}

/** The places of its policies, then whatever else comes. */
function targetsOf(
  { object, places, pool }: TranslatedVirtual,
  hosts: readonly string[],
  notes: Notes,
): readonly Target[] {
  const rest: readonly PolicyPlace[] = pool === null ? [] : [{ hosts: [], paths: [], pool, source: object.name }];
  return [...places, ...rest].flatMap((place) => {
    const paths = place.paths.length === 0 ? [''] : place.paths.flatMap((path) => pathOf(path, object, notes));
    const own = hosts.filter(
      (name) => place.hosts.length === 0 || place.hosts.some((each) => each.toLowerCase() === name),
    );
    return own.flatMap((host) => paths.map((path) => ({ host, path, place })));
  });
}

function pathOf(written: string, object: ConfigObject, notes: Notes): readonly string[] {
  const path = written.replace(/\/+$/, '');
  if (path === '' || (wholePath.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path))) return [path];
  notes.add(
    object,
    'policies',
    `${written.slice(0, 100)} is no path of whole segments`,
    'name the address in the catalogue',
  );
  return [];
}
