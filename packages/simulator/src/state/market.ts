// The invented market: who takes part, what they own, and what the day looks like. Pure in the seed and the instant.
import { hourMs, toPacific } from './market-time.ts';
import { rounded, seededBetween, seededFraction } from './seeded.ts';

/** A resource that bids, is scheduled, dispatched and metered. */
export interface Resource {
  readonly id: string;
  readonly scid: string;
  readonly pnode: string;
  readonly kind: 'solar' | 'wind' | 'thermal' | 'battery';
  /** Most it can deliver, in MW; a battery can take as much. */
  readonly capacityMw: number;
}

/** A participant of the invented market. `drp` is its id as demand response provider. */
export interface Coordinator {
  readonly scid: string;
  readonly drp: string;
}

/** The market that one seed makes. */
export interface Market {
  readonly seed: string;
  readonly coordinators: readonly Coordinator[];
  readonly resources: readonly Resource[];
  readonly tradingHubs: readonly string[];
  readonly loadAreas: readonly string[];
}

/** Who takes part where nobody says otherwise. */
export const defaultCoordinators: readonly Coordinator[] = [
  { scid: 'EXA1', drp: 'DEX1' },
  { scid: 'EXB2', drp: 'DEX2' },
  { scid: 'EXC3', drp: 'DEX3' },
];

const plants: readonly (readonly [string, Resource['kind']])[] = [
  ['ALDER', 'solar'],
  ['BIRCH', 'wind'],
  ['CEDAR', 'thermal'],
  ['DOGWD', 'battery'],
  ['ELDER', 'solar'],
  ['FIRST', 'thermal'],
  ['GORSE', 'wind'],
  ['HAZEL', 'battery'],
  ['IVYRG', 'solar'],
  ['JUNIP', 'thermal'],
  ['KELPB', 'battery'],
  ['LARCH', 'wind'],
];

/** Hubs and load areas of the public price and forecast reports. */
const tradingHubs = ['TH_NORTH_GEN-APND', 'TH_SOUTH_GEN-APND'];
const loadAreas = ['AREA-TOTAL', 'AREA-NORTH', 'AREA-SOUTH'];

/** Most coordinators of a market: a fleet of 3,000 participants with two each. */
const coordinatorsMax = 6_000;

/**
 * Makes the market of a seed: twelve resources, shared out in order, or with more than twelve coordinators one for each. Raises RangeError
 * unless there are 1 to 6,000 coordinators.
 */
export function createMarket(seed: string, coordinators = defaultCoordinators): Market {
  if (coordinators.length === 0 || coordinators.length > coordinatorsMax) {
    throw new RangeError(`A market has 1 to ${coordinatorsMax} coordinators, not ${coordinators.length}.`);
  }
  if (coordinators.length > plants.length) {
    const resources = coordinators.map((coordinator, index) => plantOf(seed, coordinator, index));
    return { seed, coordinators, resources, tradingHubs, loadAreas };
  }
  const resources = plants.map(([name, kind], index): Resource => {
    const owner = coordinators[Math.floor((index * coordinators.length) / plants.length)] ?? { scid: '' };
    const capacityMw = Math.round(seededBetween(20, 240, seed, 'capacity', name));
    return { id: `${name}_1_UNIT1`, scid: owner.scid, pnode: `${name}_1_N001`, kind, capacityMw };
  });
  return { seed, coordinators, resources, tradingHubs, loadAreas };
}

/** The one resource of a coordinator where there are many, named for its SCID. */
function plantOf(seed: string, { scid }: Coordinator, index: number): Resource {
  const kind = plants[index % plants.length]?.[1] ?? 'thermal';
  const capacityMw = Math.round(seededBetween(20, 240, seed, 'capacity', scid));
  return { id: `PLANT_${scid}_UNIT1`, scid, pnode: `PLANT_${scid}_N001`, kind, capacityMw };
}

/** The parts of a locational price, in dollars per MWh. `LMP` is the sum of the others. */
export interface PriceParts {
  readonly LMP: number;
  readonly MCE: number;
  readonly MCC: number;
  readonly MCL: number;
}

/** The price at a node for the interval that begins at an instant. Runs differ by a little, intervals follow the hour. */
export function priceAt(market: Market, node: string, marketRun: string, instantMs: number): PriceParts {
  const shape = netLoadShape(instantMs);
  const noise = seededBetween(-4, 4, market.seed, 'price', marketRun, instantMs);
  const MCE = rounded(12 + 58 * shape + noise, 5);
  const congested = seededFraction(market.seed, 'congested', node, Math.floor(instantMs / hourMs)) > 0.8;
  const MCC = rounded(congested ? seededBetween(-9, 14, market.seed, 'congestion', node, instantMs) : 0, 5);
  const MCL = rounded(MCE * seededBetween(-0.05, 0.03, market.seed, 'loss', node), 5);
  return { LMP: rounded(MCE + MCC + MCL, 5), MCE, MCC, MCL };
}

/** What a resource is scheduled to deliver in the interval that begins at an instant, in MW; negative while charging. */
export function scheduleAt(market: Market, resource: Resource, marketRun: string, instantMs: number): number {
  const noise = seededBetween(-0.03, 0.03, market.seed, 'schedule', resource.id, marketRun, instantMs);
  const share = Math.max(-1, Math.min(1, shareOf(market, resource, instantMs) + noise));
  const idle = resource.kind === 'solar' && !isDaylight(instantMs);
  return idle
    ? 0
    : rounded(resource.kind === 'battery' ? share * resource.capacityMw : Math.max(0, share) * resource.capacityMw, 2);
}

/** What the meter of a resource says for an interval of a length, in MWh. */
export function meteredAt(market: Market, resource: Resource, startMs: number, lengthMs: number): number {
  const noise = seededBetween(0.97, 1.02, market.seed, 'meter', resource.id, startMs);
  return rounded(((scheduleAt(market, resource, 'RTD', startMs) * lengthMs) / hourMs) * noise, 4);
}

/** The load forecast of an area for the hour that begins at an instant, in MW. */
export function loadForecastAt(market: Market, area: string, marketRun: string, instantMs: number): number {
  const peakMw = area === 'AREA-TOTAL' ? 32_000 : 16_000;
  const noise = seededBetween(-0.01, 0.01, market.seed, 'load', area, marketRun, instantMs);
  return rounded(peakMw * (0.62 + 0.33 * demandShape(instantMs) + noise), 2);
}

function shareOf(market: Market, resource: Resource, instantMs: number): number {
  const hour = pacificHour(instantMs);
  const day = Math.floor(instantMs / (24 * hourMs));
  switch (resource.kind) {
    case 'solar':
      return Math.sin((Math.PI * (hour - 6)) / 13) * seededBetween(0.75, 0.97, market.seed, 'sky', day);
    case 'wind':
      return 0.4 + 0.3 * Math.cos((Math.PI * (hour - 22)) / 12) + seededBetween(-0.15, 0.15, market.seed, 'wind', day);
    case 'battery':
      return 1.4 * (netLoadShape(instantMs) - 0.5);
    case 'thermal':
      return 0.25 + 0.7 * netLoadShape(instantMs);
  }
}

function isDaylight(instantMs: number): boolean {
  const hour = pacificHour(instantMs);
  return hour > 6 && hour < 19;
}

// A morning shoulder, a midday belly and an evening peak: 0 at the emptiest, 1 at the fullest hour.
function netLoadShape(instantMs: number): number {
  const hour = pacificHour(instantMs);
  const bump = (centre: number, width: number) => Math.exp(-(((hour - centre) / width) ** 2));
  return Math.max(0, Math.min(1, 0.35 + 0.25 * bump(7.5, 1.8) - 0.35 * bump(13, 3) + 0.6 * bump(20, 2.2)));
}

function demandShape(instantMs: number): number {
  return 0.5 + 0.5 * Math.cos((Math.PI * (pacificHour(instantMs) - 18)) / 12);
}

function pacificHour(instantMs: number): number {
  const { hour, minute } = toPacific(instantMs);
  return hour + minute / 60;
}
