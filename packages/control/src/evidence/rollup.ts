// Calls rolled up: per caller, address, service, operation and hour, with the few values that tell them apart. Pure, and the same sums
// whichever way the calls are split, ordered or put together. Hours are those of UTC: no zone's clock changes move a call.
import { addToBag, type Bag, createBag, mergeBags } from './bag.ts';
import { type CalledAddress, type Caller, type LedgerCall, otherAddresses, otherCallers } from './ledger-call.ts';
import { addMeasures, type Measures, measuresOf } from './measures.ts';

/** Lengths of the periods that are summed over, in milliseconds. */
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

/** What is told apart of the calls of one row, and how many values of it. */
export const bagBounds = {
  sources: 16,
  agents: 8,
  refusals: 16,
  chains: 4,
  encodings: 8,
  scids: 16,
} as const;

/** The bags of one row. */
export type Bags = Record<keyof typeof bagBounds, Bag>;

export const bagNames = Object.keys(bagBounds) as readonly (keyof typeof bagBounds)[];

/** Calls of one caller to one operation of one address in one period. */
export interface Use {
  /** When the period begins. */
  readonly periodMs: number;
  /** Ids. */
  readonly caller: string;
  readonly address: string;
  readonly service: string;
  readonly operation: string;
  readonly measures: Measures;
  readonly bags: Bags;
}

/** Refusals of one caller at one address by one rule on one day. */
export interface RefusalSum {
  readonly dayMs: number;
  readonly caller: string;
  readonly address: string;
  readonly code: string;
  readonly rule: string;
  calls: number;
  firstMs: number;
  lastMs: number;
}

/** Calls for one participant, by SCID, on one day. */
export interface PartySum {
  readonly dayMs: number;
  /** Empty for calls for nobody that is known; `*` for those past the bound. */
  readonly participant: string;
  readonly scid: string;
  readonly measures: Measures;
}

/** Rolled up calls. */
export interface Rollup {
  readonly callers: Map<string, Caller>;
  readonly addresses: Map<string, CalledAddress>;
  readonly uses: Map<string, Use>;
  readonly refusals: Map<string, RefusalSum>;
  readonly parties: Map<string, PartySum>;
  calls: number;
  oddClocks: number;
}

/** How many rows of each kind are told apart. */
export interface RollupBounds {
  readonly uses: number;
  readonly refusals: number;
  readonly parties: number;
}

/** What one fold takes: a few seconds of the worst. */
export const rollupBounds: RollupBounds = { uses: 50_000, refusals: 20_000, parties: 20_000 };

/** Rows for those past the bound, one for each period, and then no more. */
const otherPeriodsMax = 1_000;

/** An empty rollup. */
export function createRollup(): Rollup {
  return {
    callers: new Map(),
    addresses: new Map(),
    uses: new Map(),
    refusals: new Map(),
    parties: new Map(),
    calls: 0,
    oddClocks: 0,
  };
}

/** Adds one call. `takenMs` is when it was taken in: calls past every bound count for then. */
export function addCall(rollup: Rollup, call: LedgerCall, takenMs: number, bounds: RollupBounds = rollupBounds): void {
  const measures = measuresOf(call);
  rollup.calls += 1;
  if (call.oddClock) rollup.oddClocks += 1;
  const use = useFor(rollup, call, takenMs, bounds);
  addMeasures(use.measures, measures);
  addCallToBags(use.bags, call);
  if (call.outcome === 'refused') addRefusal(rollup, use, call, takenMs, bounds);
  addParty(rollup, call, measures, takenMs, bounds);
}

function useFor(rollup: Rollup, call: LedgerCall, takenMs: number, bounds: RollupBounds): Use {
  const { caller, address, service, operation } = call;
  const periodMs = startOf(call.atMs, hourMs);
  const key = `${periodMs}\0${caller.id}\0${address.id}\0${operation}\0${service}`;
  const known = rollup.uses.get(key);
  if (known !== undefined) {
    // A certificate that was refused for its own reasons at one place may be accepted at another.
    if (caller.vouched || caller.participant !== null) noteCaller(rollup, caller);
    return known;
  }
  if (rollup.uses.size >= bounds.uses) return otherUse(rollup, periodMs, startOf(takenMs, hourMs), bounds);
  noteCaller(rollup, caller);
  rollup.addresses.set(address.id, address);
  return newUse(rollup, key, { periodMs, caller: caller.id, address: address.id, service, operation });
}

function noteCaller(rollup: Rollup, caller: Caller): void {
  const known = rollup.callers.get(caller.id);
  if (known === undefined) rollup.callers.set(caller.id, caller);
  else if (known !== caller) rollup.callers.set(caller.id, mergeCallers(known, caller));
}

function mergeCallers(known: Caller, later: Caller): Caller {
  return {
    ...known,
    vouched: known.vouched || later.vouched,
    issuedBy: later.issuedBy ?? known.issuedBy,
    participant: later.participant ?? known.participant,
  };
}

function otherUse(rollup: Rollup, periodMs: number, takenMs: number, bounds: RollupBounds): Use {
  const isFull = rollup.uses.size >= bounds.uses + otherPeriodsMax;
  const place = { caller: otherCallers.id, address: otherAddresses.id, service: '', operation: '' };
  const keyAt = (atMs: number) => `${atMs}\0${place.caller}\0${place.address}\0\0`;
  const known = rollup.uses.get(keyAt(periodMs)) ?? (isFull ? rollup.uses.get(keyAt(takenMs)) : undefined);
  if (known !== undefined) return known;
  rollup.callers.set(otherCallers.id, otherCallers);
  rollup.addresses.set(otherAddresses.id, otherAddresses);
  const atMs = isFull ? takenMs : periodMs;
  return newUse(rollup, keyAt(atMs), { periodMs: atMs, ...place });
}

function newUse(rollup: Rollup, key: string, place: Omit<Use, 'measures' | 'bags'>): Use {
  const use: Use = { ...place, measures: noMeasures(), bags: createBags() };
  rollup.uses.set(key, use);
  return use;
}

/** Sums over nothing. */
export function noMeasures(): Measures {
  return {
    calls: 0,
    answered: 0,
    failed: 0,
    refused: 0,
    broken: 0,
    requestBytes: 0,
    responseBytes: 0,
    durationMs: 0,
    chunked: 0,
    large: 0,
    unencoded: 0,
    withCookies: 0,
    reusedCookies: 0,
    firstMs: Number.MAX_SAFE_INTEGER,
    lastMs: 0,
    refusedLastMs: 0,
    chunkedLastMs: 0,
    unencodedLastMs: 0,
    cookiesLastMs: 0,
    largestBytes: 0,
  };
}

/** Empty bags. */
export function createBags(): Bags {
  return {
    sources: createBag(),
    agents: createBag(),
    refusals: createBag(),
    chains: createBag(),
    encodings: createBag(),
    scids: createBag(),
  };
}

function addCallToBags(bags: Bags, call: LedgerCall): void {
  const { atMs } = call;
  addToBag(bags.sources, call.source, 1, atMs, bagBounds.sources);
  addToBag(bags.agents, call.agent, 1, atMs, bagBounds.agents);
  addToBag(bags.chains, call.chain, 1, atMs, bagBounds.chains);
  addToBag(bags.encodings, `${call.framing} ${call.encoding}`, 1, atMs, bagBounds.encodings);
  if (call.refusal !== '') addToBag(bags.refusals, `${call.refusal} ${call.rule}`, 1, atMs, bagBounds.refusals);
  if (call.scid !== '') addToBag(bags.scids, `${call.participant} ${call.scid}`, 1, atMs, bagBounds.scids);
}

function addRefusal(rollup: Rollup, use: Use, call: LedgerCall, takenMs: number, bounds: RollupBounds): void {
  const { caller, address } = use;
  const place = { dayMs: startOf(call.atMs, dayMs), caller, address, code: call.refusal, rule: call.rule };
  const key = `${place.dayMs}\0${caller}\0${address}\0${place.code}\0${place.rule}`;
  addRefusalSum(rollup, key, { ...place, calls: 1, firstMs: call.atMs, lastMs: call.atMs }, takenMs, bounds);
}

function addRefusalSum(rollup: Rollup, key: string, sum: RefusalSum, takenMs: number, bounds: RollupBounds): void {
  const known = rollup.refusals.get(key);
  if (known === undefined && rollup.refusals.size < bounds.refusals) {
    rollup.refusals.set(key, sum);
    return;
  }
  const place = { dayMs: startOf(takenMs, dayMs), caller: otherCallers.id, address: otherAddresses.id };
  const otherKey = `${place.dayMs}\0others`;
  const other = known ?? rollup.refusals.get(otherKey);
  if (other === undefined) {
    rollup.callers.set(otherCallers.id, otherCallers);
    rollup.addresses.set(otherAddresses.id, otherAddresses);
    rollup.refusals.set(otherKey, { ...sum, ...place, code: '', rule: '' });
    return;
  }
  other.calls += sum.calls;
  other.firstMs = Math.min(other.firstMs, sum.firstMs);
  other.lastMs = Math.max(other.lastMs, sum.lastMs);
}

function addParty(rollup: Rollup, call: LedgerCall, measures: Measures, takenMs: number, bounds: RollupBounds): void {
  const day = startOf(call.atMs, dayMs);
  const key = `${day}\0${call.scid}\0${call.participant}`;
  const known = rollup.parties.get(key);
  if (known !== undefined) addMeasures(known.measures, measures);
  else if (rollup.parties.size < bounds.parties)
    rollup.parties.set(key, { dayMs: day, participant: call.participant, scid: call.scid, measures: { ...measures } });
  else addOtherParty(rollup, measures, startOf(takenMs, dayMs));
}

function addOtherParty(rollup: Rollup, measures: Measures, day: number): void {
  const key = `${day}\0*\0*`;
  const known = rollup.parties.get(key);
  if (known !== undefined) addMeasures(known.measures, measures);
  else rollup.parties.set(key, { dayMs: day, participant: '*', scid: '*', measures: { ...measures } });
}

/** Adds one row to another of the same place. */
function addUse(to: Use, from: Use): void {
  addMeasures(to.measures, from.measures);
  for (const name of bagNames) mergeBags(to.bags[name], from.bags[name], bagBounds[name]);
}

/**
 * The same calls with some callers and addresses no longer told apart: those that the store has no room for. Every sum stays.
 */
export function withOthers(rollup: Rollup, callers: ReadonlySet<string>, addresses: ReadonlySet<string>): Rollup {
  if (callers.size === 0 && addresses.size === 0) return rollup;
  const found = createRollup();
  found.calls = rollup.calls;
  found.oddClocks = rollup.oddClocks;
  const callerOf = (id: string) => (callers.has(id) ? otherCallers.id : id);
  const addressOf = (id: string) => (addresses.has(id) ? otherAddresses.id : id);
  for (const caller of rollup.callers.values()) if (!callers.has(caller.id)) found.callers.set(caller.id, caller);
  for (const each of rollup.addresses.values()) if (!addresses.has(each.id)) found.addresses.set(each.id, each);
  if (callers.size > 0) found.callers.set(otherCallers.id, otherCallers);
  if (addresses.size > 0) found.addresses.set(otherAddresses.id, otherAddresses);
  for (const use of rollup.uses.values()) {
    const moved = { ...use, caller: callerOf(use.caller), address: addressOf(use.address) };
    putUse(found.uses, moved.address === otherAddresses.id ? { ...moved, service: '', operation: '' } : moved);
  }
  for (const sum of rollup.refusals.values()) {
    const moved = { ...sum, caller: callerOf(sum.caller), address: addressOf(sum.address) };
    const key = `${moved.dayMs}\0${moved.caller}\0${moved.address}\0${moved.code}\0${moved.rule}`;
    addRefusalSum(found, key, moved, sum.dayMs, { ...rollupBounds, refusals: Number.POSITIVE_INFINITY });
  }
  for (const [key, party] of rollup.parties) found.parties.set(key, party);
  return found;
}

/** What a row of uses is told apart by. */
export function useKey(place: Pick<Use, 'periodMs' | 'caller' | 'address' | 'service' | 'operation'>): string {
  return `${place.periodMs}\0${place.caller}\0${place.address}\0${place.operation}\0${place.service}`;
}

/** Puts a row where rows of the same place are added up. */
export function putUse(uses: Map<string, Use>, use: Use): void {
  const key = useKey(use);
  const known = uses.get(key);
  if (known === undefined) uses.set(key, use);
  else addUse(known, use);
}

/** When the period of an instant begins. */
export function startOf(atMs: number, periodMs: number): number {
  return atMs - (((atMs % periodMs) + periodMs) % periodMs);
}

/** When the month of an instant begins, in UTC. */
export function monthOf(atMs: number): number {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
}

/** When the third of a month of an instant begins: on its 1st, 11th or 21st day, in UTC. */
export function thirdOf(atMs: number): number {
  const at = new Date(atMs);
  const third = Math.min(2, Math.floor((at.getUTCDate() - 1) / 10));
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1 + 10 * third);
}
