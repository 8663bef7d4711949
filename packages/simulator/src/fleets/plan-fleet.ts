// Who takes part in a fleet, and what each does: from a seed and a catalogue, without keys, clocks or sockets.
import type { Address, CatalogueIndex, Service, System } from '@headgate/contract';
import { seededBetween, seededFraction } from '../state/seeded.ts';
import { inventedName, inventedScid, namesMax } from './invented-names.ts';
import { type ProfileName, profileNames, profiles } from './profiles.ts';

/** What a fleet is planned from. */
export interface FleetPlanOptions {
  /** The same seed, catalogue and options give the same fleet. */
  readonly seed: string;
  readonly catalogue: CatalogueIndex;
  /** 1 to 3,000. Vendors come on top. */
  readonly participants: number;
  /** Default: the first of the catalogue. */
  readonly environment?: string;
  /** Parts of the whole by profile, as `{ careful: 3, vendor: 1 }`. Default: the shares of the profiles. */
  readonly mix?: Partial<Readonly<Record<ProfileName, number>>>;
  /** Ids of systems that are called. Default: every system that programs can call with a certificate, by a service that is listed. */
  readonly systems?: readonly string[];
  /** When movers move, in ms since 1970 UTC: each at an instant of its own between the two. Default: never. */
  readonly moves?: { readonly fromMs: number; readonly untilMs: number };
  /** Calls of a participant's own in an hour, before what a profile makes of it. Default 60. */
  readonly callsPerHour?: number;
}

/** Where a service is called, by generation of address; null where there is none. */
export interface CallPlaces {
  readonly new: CallPlace | null;
  readonly old: CallPlace | null;
}

/** One URL of a service. */
export interface CallPlace {
  readonly addressId: string;
  readonly scheme: 'https' | 'http';
  readonly host: string;
  readonly path: string;
}

/** Something that a member does again and again. */
export interface Habit {
  readonly system: string;
  readonly service: string;
  readonly operation: 'submit' | 'retrieve';
  readonly protocol: 'soap' | 'soap-rpc' | 'json' | 'zip';
  /** First element of what is sent. */
  readonly requestRoot: string;
  readonly places: CallPlaces;
  /** Mean time between calls, in ms. */
  readonly everyMs: number;
}

/** One participant of a fleet, with the program that calls for it. */
export interface FleetMember {
  readonly id: string;
  readonly name: string;
  readonly profile: ProfileName;
  readonly scids: readonly string[];
  /** Loopback address that its calls come from; that of its vendor where it has one. */
  readonly source: string;
  /** Common name of the certificate that its calls show. */
  readonly credential: string;
  /** Organisation in that certificate. */
  readonly organisation: string;
  /** Which authority of users issued it. */
  readonly family: 'legacy' | 'current';
  /** Id of the vendor that calls for it, or null. */
  readonly vendor: string | null;
  /** When it moves to the new address, in ms since 1970 UTC; null where it does not. */
  readonly movesAtMs: number | null;
  readonly habits: readonly Habit[];
}

/** A company that calls for others and has no SCID of its own. */
export interface FleetVendor {
  readonly id: string;
  readonly name: string;
  readonly credential: string;
  readonly source: string;
  readonly family: 'legacy' | 'current';
  readonly clients: readonly string[];
}

/** A whole fleet. */
export interface FleetPlan {
  readonly seed: string;
  readonly environment: string;
  readonly members: readonly FleetMember[];
  readonly vendors: readonly FleetVendor[];
}

/** Most participants of one fleet; the rest of the invented names are for vendors. */
const participantsMax = 3_000;
const clientsOfVendorMax = 8;
const hourMs = 3_600_000;

/** Plans a fleet. Raises RangeError for numbers out of bounds, and where the catalogue has nothing to call. */
export function planFleet(options: FleetPlanOptions): FleetPlan {
  const { seed, catalogue, participants } = options;
  if (!Number.isInteger(participants) || participants < 1 || participants > participantsMax) {
    throw new RangeError(`A fleet has 1 to ${participantsMax} participants, not ${participants}.`);
  }
  const environment = options.environment ?? catalogue.catalogue.environments[0]?.id ?? '';
  const callable = callableServices(catalogue, environment, options.systems);
  if (callable.length === 0) {
    throw new RangeError(`No service with an address for programs is listed in ${environment}; name other systems.`);
  }
  const chosen = profilesOf(seed, participants, options.mix);
  const vendors = vendorsOf(seed, chosen);
  const members = chosen.map((profile, index): FleetMember => {
    const { id, name, word } = inventedName(seed, index);
    const vendor = vendors.find(({ clients }) => clients.includes(id)) ?? null;
    return {
      id,
      name,
      profile,
      scids: scidsOf(seed, index),
      source: vendor?.source ?? sourceOf(index),
      credential: vendor?.credential ?? credentialName(word, index),
      organisation: vendor?.name ?? name,
      family: vendor?.family ?? familyOf(seed, index),
      vendor: vendor?.id ?? null,
      movesAtMs: movesAt(options, profile, index),
      habits: habitsOf(options, callable, profile, index),
    };
  });
  return { seed, environment, members, vendors };
}

/** By parts of the whole, the largest remainders first, so that a small fleet has the mix that was asked for; then shuffled. */
function profilesOf(seed: string, participants: number, mix: FleetPlanOptions['mix']): readonly ProfileName[] {
  const parts = profileNames.map((name) => ({
    name,
    part: mix === undefined ? profiles[name].share : (mix[name] ?? 0),
  }));
  const whole = parts.reduce((sum, { part }) => sum + part, 0);
  if (!(whole > 0) || parts.some(({ part }) => part < 0)) {
    throw new RangeError('A mix of profiles has parts that are not negative, and one above 0.');
  }
  const exact = parts.map(({ name, part }) => ({ name, count: (part / whole) * participants }));
  const counts = new Map(exact.map(({ name, count }) => [name, Math.floor(count)]));
  const left = participants - [...counts.values()].reduce((sum, count) => sum + count, 0);
  const byRest = exact.toSorted((a, b) => (b.count % 1) - (a.count % 1));
  for (const { name } of byRest.slice(0, left)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const all = profileNames.flatMap((name) => Array.from({ length: counts.get(name) ?? 0 }, () => name));
  const drawn = all.map((name, index) => ({ name, lot: seededFraction(seed, 'profile', index) }));
  return drawn.toSorted((a, b) => a.lot - b.lot).map(({ name }) => name);
}

function vendorsOf(seed: string, chosen: readonly ProfileName[]): readonly FleetVendor[] {
  const clients = chosen.flatMap((profile, index) =>
    profiles[profile].throughVendor ? [inventedName(seed, index).id] : [],
  );
  const count = Math.ceil(clients.length / clientsOfVendorMax);
  return Array.from({ length: count }, (_, at) => {
    const { id, name, word } = inventedName(seed, namesMax - 1 - at);
    return {
      id,
      name,
      credential: credentialName(word, 9_000 + at),
      source: `127.10.${Math.floor(at / 250)}.${(at % 250) + 1}`,
      family: familyOf(seed, namesMax - 1 - at),
      clients: clients.slice(at * clientsOfVendorMax, (at + 1) * clientsOfVendorMax),
    };
  });
}

/** The form of the market's own names: a name, an x and four digits. */
function credentialName(word: string, index: number): string {
  return `${word}x${String(index).padStart(4, '0')}`;
}

function sourceOf(index: number): string {
  return `127.20.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}

function scidsOf(seed: string, index: number): readonly string[] {
  const count = 1 + Math.floor(seededFraction(seed, 'scids', index) * 2);
  return Array.from({ length: count }, (_, at) => inventedScid(index * 2 + at));
}

/** A third still has a certificate of the authority that goes. */
function familyOf(seed: string, index: number): 'legacy' | 'current' {
  return seededFraction(seed, 'family', index) < 1 / 3 ? 'legacy' : 'current';
}

function movesAt({ seed, moves }: FleetPlanOptions, profile: ProfileName, index: number): number | null {
  if (profiles[profile].address !== 'moves' || moves === undefined) return null;
  return Math.floor(seededBetween(moves.fromMs, moves.untilMs, seed, 'moves', index));
}

/** Two or three things that a member does, one of them a submit where there is one. */
function habitsOf(
  { seed, callsPerHour = 60 }: FleetPlanOptions,
  callable: readonly Callable[],
  profile: ProfileName,
  index: number,
): readonly Habit[] {
  const fitting = callable.filter(({ places }) => profiles[profile].address !== 'old' || places.old !== null);
  const order = fitting.map((each, at) => ({ each, lot: seededFraction(seed, 'habit', index, at) }));
  const drawn = order.toSorted((a, b) => a.lot - b.lot).map(({ each }) => each);
  const submit = drawn.find(({ operation }) => operation === 'submit');
  const retrieves = drawn.filter(({ operation }) => operation === 'retrieve').slice(0, 2);
  const chosen = submit === undefined ? retrieves : [submit, ...retrieves];
  const everyMs = (hourMs / callsPerHour) * chosen.length * profiles[profile].pace;
  return chosen.map((each) => ({ ...each, everyMs }));
}

type Callable = Omit<Habit, 'everyMs'>;

function callableServices(
  index: CatalogueIndex,
  environment: string,
  only: readonly string[] | undefined,
): readonly Callable[] {
  return index.catalogue.systems
    .filter(({ id }) => only === undefined || only.includes(id))
    .flatMap((system) => {
      const { protocol } = system;
      if (protocol === undefined) return [];
      const ofSystem = {
        new: addressOf(index, environment, system, 'new'),
        old: addressOf(index, environment, system, 'old'),
      };
      const isAnonymous = [ofSystem.new, ofSystem.old].some((address) => address?.certificate === 'none');
      if ((ofSystem.new === null && ofSystem.old === null) || isAnonymous) return [];
      return (system.services ?? []).map((service): Callable => {
        const segment = segmentOf(index, system, service);
        const placeOf = (address: Address | null) => (address === null ? null : placeAt(address, segment));
        return {
          system: system.id,
          service: service.name,
          operation: service.operation,
          protocol,
          // Where none is known the simulator takes the name of the service.
          requestRoot: service.requestRoot ?? service.name,
          places: { new: placeOf(ofSystem.new), old: placeOf(ofSystem.old) },
        };
      });
    });
}

function addressOf(
  { addresses }: CatalogueIndex,
  environment: string,
  { id }: System,
  generation: 'new' | 'old',
): Address | null {
  for (const address of addresses.values()) {
    const fits = address.channel === 'api' && address.environment === environment && address.generation === generation;
    if (fits && address.systems.includes(id)) return address;
  }
  return null;
}

function placeAt({ id, schemes, host, path }: Address, segment: string): CallPlace {
  return { addressId: id, scheme: schemes.includes('https') ? 'https' : 'http', host, path: `${path}/${segment}` };
}

/** As the client kit writes it: tail and end as seen in working code, else the name alone. */
function segmentOf({ naming }: CatalogueIndex, system: System, { name, version, evidence }: Service): string {
  if (system.protocol === 'soap-rpc') return system.endpoints?.[0] ?? '';
  const [tag] = system.serviceTags ?? [];
  if (system.protocol !== 'soap' || tag === undefined || version === undefined) return name;
  return evidence === 'verified-path' ? `${name}_${tag}v${version}${naming.endSuffix ?? ''}` : `${name}_v${version}`;
}
