// Demand response locations and registrations, and the batches that validate them while time passes.
import { BoundedMap } from './bounded-map.ts';
import type { Coordinator } from './market.ts';
import { dayMs, minuteMs, type Span } from './market-time.ts';
import { seededBetween } from './seeded.ts';

/** A metered location of a demand response provider. */
export interface DemandLocation extends Span {
  readonly kind: 'location';
  readonly mrid: string;
  readonly locationId: string;
  readonly name: string;
  readonly drp: string;
  readonly subLap: string;
  readonly lse: string;
  readonly udc: string;
}

/** A registration: locations that act as one resource. */
export interface DemandRegistration extends Span {
  readonly kind: 'registration';
  readonly mrid: string;
  readonly name: string;
  readonly drp: string;
  readonly scid: string;
  readonly subLap: string;
  readonly lse: string;
  readonly udc: string;
  readonly baselineMethod: string;
  readonly program: string;
  readonly resourceType: string;
  readonly locationIds: readonly string[];
  readonly isTermination: boolean;
}

/** A location or a registration with the batch it came in, and the reasons why validation refuses it. */
export interface Submitted<Item> {
  readonly item: Item;
  readonly batchId: string;
  readonly errors: readonly string[];
}

/** A submit under validation. `doneMs` is when the verdict is known. */
export interface Batch {
  readonly id: string;
  readonly createdMs: number;
  readonly doneMs: number;
  readonly drps: readonly string[];
  readonly items: readonly Submitted<DemandLocation | DemandRegistration>[];
}

/** The words that a batch status is told in; the first is what a poll sees until the verdict is known. */
export type BatchVerdict = 'IN PROCESS' | 'SUCCESS' | 'ERROR';

/** At most 10,000 locations, 10,000 registrations and 1,000 batches; past that the oldest goes. */
export interface RegistrationStore {
  /** Takes in a batch under an id of its own. */
  submit(items: readonly (DemandLocation | DemandRegistration)[], nowMs: number): Batch;
  batch(id: string): Batch | undefined;
  locations(): Iterable<Submitted<DemandLocation>>;
  registrations(): Iterable<Submitted<DemandRegistration>>;
  /** The next number for a location or registration without an id of its own. */
  nextId(): string;
}

/** Most items of one batch. */
export const batchItemsMax = 1_000;

/** Most locations of one registration. */
export const registrationLocationsMax = 1_000;

const programs = ['Proxy DR', 'Reliability DR'];
const resourceTypes = ['Pre Defined', 'Custom'];

/** A store with three locations for each provider, so that a first registration has something to register. */
export function createRegistrationStore(seed: string, coordinators: readonly Coordinator[]): RegistrationStore {
  const locations = new BoundedMap<string, Submitted<DemandLocation>>(10_000);
  const registrations = new BoundedMap<string, Submitted<DemandRegistration>>(10_000);
  const batches = new BoundedMap<string, Batch>(1_000);
  const firstId = Math.floor(seededBetween(10_000, 90_000, seed, 'batch'));
  let ids = 0;
  const nextId = () => {
    ids += 1;
    return String(firstId + ids);
  };
  for (const item of seededLocations(coordinators)) locations.set(keyOf(item), { item, batchId: '', errors: [] });

  return {
    nextId,
    batch: (id) => batches.get(id),
    locations: () => locations.values(),
    registrations: () => registrations.values(),
    submit(items, nowMs) {
      const id = nextId();
      const known = new Map([...locations.values()].map(({ item }) => [item.locationId, item]));
      const submitted = items.map((item) => ({ item, batchId: id, errors: judgeItem(item, known) }));
      for (const entry of submitted) {
        if (entry.item.kind === 'location') locations.set(keyOf(entry.item), { ...entry, item: entry.item });
        else registrations.set(keyOf(entry.item), { ...entry, item: entry.item });
      }
      const doneMs = nowMs + Math.round(seededBetween(20_000, 90_000, seed, 'validation', id));
      const drps = [...new Set(items.map(({ drp }) => drp))];
      const batch: Batch = { id, createdMs: nowMs, doneMs, drps, items: submitted };
      batches.set(id, batch);
      return batch;
    },
  };
}

/** What a poll of a batch is told at an instant. */
export function verdictOf(batch: Batch, nowMs: number): BatchVerdict {
  if (nowMs < batch.doneMs) return 'IN PROCESS';
  return batch.items.some(({ errors }) => errors.length > 0) ? 'ERROR' : 'SUCCESS';
}

/** The status of a submitted item at an instant. A registration is confirmed ten minutes after its batch. */
export function statusOf(
  { item, errors }: Submitted<DemandLocation | DemandRegistration>,
  batch: Batch | undefined,
  nowMs: number,
): string {
  if (batch !== undefined && nowMs < batch.doneMs) return 'NEW';
  if (errors.length > 0) return 'INVALID';
  if (nowMs >= item.endMs) return 'END DATED';
  if (item.kind === 'location') return nowMs < item.startMs ? 'INACTIVE' : 'ACTIVE';
  if (item.isTermination) return 'TERMINATED';
  return batch !== undefined && nowMs < batch.doneMs + 10 * minuteMs ? 'PENDING' : 'CONFIRMED';
}

function judgeItem(
  item: DemandLocation | DemandRegistration,
  locations: ReadonlyMap<string, DemandLocation>,
): string[] {
  const errors: string[] = [];
  if (item.endMs <= item.startMs) errors.push('Active end date must be later than active start date.');
  if (!item.subLap.startsWith('SLAP_')) errors.push(`${item.subLap || 'An empty name'} is not a valid Sub-LAP.`);
  if (item.kind === 'location') return errors;
  if (!programs.includes(item.program)) errors.push(`Program must be one of ${programs.join(', ')}.`);
  if (!resourceTypes.includes(item.resourceType))
    errors.push(`Resource type must be one of ${resourceTypes.join(', ')}.`);
  if (item.locationIds.length === 0) errors.push('A registration needs at least one location.');
  for (const id of item.locationIds) {
    if (locations.get(id)?.drp !== item.drp) errors.push(`Location ${id} is not registered for ${item.drp}.`);
  }
  return errors;
}

function keyOf(item: DemandLocation | DemandRegistration): string {
  return `${item.drp}|${item.mrid}`;
}

function seededLocations(coordinators: readonly Coordinator[]): DemandLocation[] {
  return coordinators.flatMap(({ drp }, owner) =>
    [1, 2, 3].map((number): DemandLocation => {
      const locationId = String(130_000_000_000 + (owner + 1) * 1_000_000 + number);
      return {
        kind: 'location',
        mrid: `${drp}-${number}`,
        locationId,
        name: `Example site ${drp} ${number}`,
        drp,
        subLap: 'SLAP_EXAMPLE',
        lse: 'LEXA',
        udc: 'UEXA',
        startMs: Date.UTC(2020, 0, 1, 8),
        endMs: Date.UTC(2020, 0, 1, 8) + 36_500 * dayMs,
      };
    }),
  );
}
