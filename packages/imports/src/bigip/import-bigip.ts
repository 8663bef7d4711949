// A configuration of BIG-IP as listeners, hosts, addresses and upstreams, with a list of everything that does not translate. Pure.
import { type ConfigView, viewConfig } from './config-view.ts';
import { noteLeftovers } from './leftovers.ts';
import { Notes } from './notes.ts';
import { type ConfigObject, parseConfigText, type TextFault } from './tmsh-text.ts';
import { addressesOf, Systems, systemsOf } from './translate-addresses.ts';
import { noteUnused, translatePool } from './translate-pool.ts';
import { listenerName, type TranslatedVirtual, translateVirtual } from './translate-virtual.ts';
import type { TranslatedListener, TranslatedTrust, TranslatedUpstream, Translation } from './translation.ts';

/** A translation, and what of the texts could not be read. */
export interface ImportedBigip extends Translation {
  readonly faults: readonly TextFault[];
}

/** Most listeners of a gateway, and most hosts of one. */
const listenersMax = 16;
const hostsMax = 200;

/** Translates the texts of one BIG-IP. Never raises. */
export function importBigip(files: readonly { readonly file: string; readonly text: string }[]): ImportedBigip {
  const texts = files.map(({ file, text }) => parseConfigText(file, text));
  const view = viewConfig(texts.flatMap(({ objects }) => objects));
  const notes = new Notes();
  const virtuals = ofKind(view, 'ltm virtual').flatMap((object) => translateVirtual(object, view, notes) ?? []);
  const systems = new Systems();
  const upstreams = upstreamsOf(virtuals, systems, view, notes);
  const listeners = listenersOf(virtuals, notes);
  const addresses = addressesOf(virtuals, listeners, systems, notes);
  noteLeftovers(view, notes);
  return {
    objects: countKinds(view),
    listeners,
    upstreams: upstreams.map(({ id, upstream }) => ({ ...upstream, systems: systemsOf(id, addresses) })),
    addresses: addresses.map(({ pool: _pool, ...address }) => address),
    trust: trustOf(virtuals),
    untranslated: notes.all(),
    faults: texts.flatMap(({ faults }) => faults),
  };
}

function ofKind(view: ConfigView, kind: string): readonly ConfigObject[] {
  return view.objects.filter((object) => object.kind === kind);
}

function countKinds({ objects }: ConfigView): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { kind } of objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function upstreamsOf(
  virtuals: readonly TranslatedVirtual[],
  systems: Systems,
  view: ConfigView,
  notes: Notes,
): readonly { readonly id: string; readonly upstream: TranslatedUpstream }[] {
  const used = new Map<ConfigObject, TranslatedVirtual>();
  for (const virtual of virtuals)
    for (const name of poolsOf(virtual)) {
      const pool = view.find('ltm pool', name, virtual.object);
      if (pool === undefined) {
        notes.add(virtual.object, 'pool', `the files do not have ${name}`, 'read the file that has it, too');
        continue;
      }
      const first = used.get(pool);
      if (first === undefined) used.set(pool, virtual);
      else if (first.serverSsl !== virtual.serverSsl || first.bySource !== virtual.bySource)
        notes.add(
          virtual.object,
          'pool',
          `${name} is called otherwise here than by ${first.object.name} (TLS or persistence)`,
          'an upstream is called in one way: write an entry for each',
        );
    }
  for (const pool of ofKind(view, 'ltm pool')) if (!used.has(pool)) noteUnused(pool, notes);
  return [...used].flatMap(([pool, { serverSsl, bySource }]) => {
    const upstream = translatePool(pool, { serverSsl, bySource }, view, notes);
    return upstream === null ? [] : [{ id: systems.of(pool), upstream }];
  });
}

function poolsOf({ pool, places }: TranslatedVirtual): readonly string[] {
  return [...new Set([...(pool === null ? [] : [pool]), ...places.map((place) => place.pool)])];
}

function listenersOf(virtuals: readonly TranslatedVirtual[], notes: Notes): readonly TranslatedListener[] {
  const bySocket = new Map<string, TranslatedVirtual[]>();
  for (const virtual of virtuals) {
    const key = `${virtual.address} ${virtual.port}`;
    bySocket.set(key, [...(bySocket.get(key) ?? []), virtual]);
  }
  const names = new Set<string>();
  const listeners = [...bySocket.values()].flatMap((same) => {
    const listener = listenerOf(same, names, notes);
    return listener === null ? [] : [listener];
  });
  for (const { line, file, name } of listeners.slice(listenersMax))
    notes.add(
      { file, line, kind: 'listener', name, block: [], text: null },
      null,
      `a gateway has ${listenersMax} listeners at most`,
      'several gateways, or several hosts on one address',
    );
  return listeners.slice(0, listenersMax);
}

function listenerOf(same: readonly TranslatedVirtual[], names: Set<string>, notes: Notes): TranslatedListener | null {
  const [first] = same;
  if (first === undefined) return null;
  const named = same.flatMap(({ hosts, places, tls }) => [
    ...hosts,
    // Plain HTTP has no certificate to tell a name by; a policy may.
    ...(tls ? [] : places.flatMap((place) => place.hosts.map((name) => plainHost(name, place.source)))),
  ]);
  const hosts = [...new Map(named.map((host) => [host.name, host])).values()];
  const { object, address, port } = first;
  if (hosts.length === 0) {
    notes.add(
      object,
      'destination',
      'the files do not say which host callers name there, so that no listener is written',
      'ask DNS which names have this address, and write the listener with them',
    );
    return null;
  }
  if (hosts.length > hostsMax)
    notes.add(object, 'profiles', `${hosts.length} hosts, of which a listener takes ${hostsMax}`, 'several listeners');
  if (same.some(({ tls }) => tls !== first.tls))
    notes.add(object, 'destination', 'virtual servers with and without TLS share it', 'a port for each');
  let name = listenerName(object);
  for (let next = 2; names.has(name); next += 1) name = `${listenerName(object)}-${next}`;
  names.add(name);
  return {
    name,
    file: object.file,
    line: object.line,
    virtuals: same.map((virtual) => virtual.object.name),
    address,
    port,
    tls: first.tls,
    hosts: hosts.slice(0, hostsMax),
  };
}

function plainHost(name: string, from: string): TranslatedListener['hosts'][number] {
  return {
    name: name.toLowerCase(),
    from,
    certificate: null,
    key: null,
    clientCertificate: null,
    trust: null,
    strictTransportMs: null,
  };
}

function trustOf(virtuals: readonly TranslatedVirtual[]): readonly TranslatedTrust[] {
  const all = virtuals.flatMap(({ trust }) => trust.flatMap((each) => (each === null ? [] : [each])));
  return [...new Map(all.map((trust) => [trust.name, trust])).values()];
}
