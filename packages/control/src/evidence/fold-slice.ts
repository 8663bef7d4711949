// A rollup in slices: each small enough that nobody waits long while it goes into rows. Sums add up in any order, so that slices may go
// in one after the other, and others ask in between. All of one caller is in one slice where it fits, so that what is said of it agrees.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { StoredBag } from './bag.ts';
import { bagsOf, toStoredBags } from './fold-rows.ts';
import type { CalledAddress, Caller } from './ledger-call.ts';
import { createRollup, type PartySum, type RefusalSum, type Rollup, type Use, useKey } from './rollup.ts';

/** Rows that a slice writes, at most and about: some 20 milliseconds of the embedded store. */
const sliceRowsMax = 600;

/** A sum by days is one by thirds of months and by months as well. */
const rowsPerPeriodSum = 3;
/** And a use is half of a pair, which has a row and three periods. */
const rowsPerUse = 3;

/** A slice as it is stored. */
interface StoredSlice {
  readonly callers: readonly Caller[];
  readonly addresses: readonly CalledAddress[];
  readonly uses: readonly (Omit<Use, 'bags'> & { readonly bags: Readonly<Record<string, StoredBag>> })[];
  readonly refusals: readonly RefusalSum[];
  readonly parties: readonly PartySum[];
}

/** Cuts a rollup into slices, which together are all of it. */
export function slicesOf(rollup: Rollup, rowsMax = sliceRowsMax): readonly Rollup[] {
  const slices: Rollup[] = [];
  let slice = createRollup();
  let rows = 0;
  const makeRoom = (count: number): void => {
    if (rows > 0 && rows + count > rowsMax) {
      slices.push(slice);
      slice = createRollup();
      rows = 0;
    }
  };
  const add = (count: number): void => {
    makeRoom(count);
    rows += count;
  };
  for (const [caller, { uses, refusals }] of byCaller(rollup)) {
    makeRoom(Math.min(rowsMax, uses.length * rowsPerUse + refusals.length * rowsPerPeriodSum));
    for (const [key, use] of uses) {
      add(rowsPerUse);
      slice.uses.set(key, use);
      notePlace(slice, rollup, caller, use.address);
    }
    for (const [key, refusal] of refusals) {
      add(rowsPerPeriodSum);
      slice.refusals.set(key, refusal);
      notePlace(slice, rollup, caller, refusal.address);
    }
  }
  for (const [key, party] of rollup.parties) {
    add(rowsPerPeriodSum);
    slice.parties.set(key, party);
  }
  if (rows > 0) slices.push(slice);
  return slices;
}

interface OfCaller {
  readonly uses: [key: string, use: Use][];
  readonly refusals: [key: string, refusal: RefusalSum][];
}

function byCaller({ uses, refusals }: Rollup): ReadonlyMap<string, OfCaller> {
  const found = new Map<string, OfCaller>();
  const of = (caller: string): OfCaller => {
    const known = found.get(caller);
    if (known !== undefined) return known;
    const made: OfCaller = { uses: [], refusals: [] };
    found.set(caller, made);
    return made;
  };
  for (const entry of uses) of(entry[1].caller).uses.push(entry);
  for (const entry of refusals) of(entry[1].caller).refusals.push(entry);
  return found;
}

function notePlace(slice: Rollup, { callers, addresses }: Rollup, callerId: string, addressId: string): void {
  const [caller, address] = [callers.get(callerId), addresses.get(addressId)];
  if (caller !== undefined) slice.callers.set(callerId, caller);
  if (address !== undefined) slice.addresses.set(addressId, address);
}

/** A slice as the store keeps it. */
export function packSlice({ callers, addresses, uses, refusals, parties }: Rollup): Buffer {
  const stored: StoredSlice = {
    callers: [...callers.values()],
    addresses: [...addresses.values()],
    uses: [...uses.values()].map((use) => ({ ...use, bags: toStoredBags(use.bags) })),
    refusals: [...refusals.values()],
    parties: [...parties.values()],
  };
  return zstdCompressSync(JSON.stringify(stored), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/** A slice from the store, where we wrote it. */
export function unpackSlice(packed: Uint8Array): Rollup {
  const stored = JSON.parse(zstdDecompressSync(packed).toString('utf8')) as StoredSlice;
  const slice = createRollup();
  for (const caller of stored.callers) slice.callers.set(caller.id, caller);
  for (const address of stored.addresses) slice.addresses.set(address.id, address);
  for (const use of stored.uses) slice.uses.set(useKey(use), { ...use, bags: bagsOf(use.bags) });
  // Of these two, nobody asks by key.
  for (const [at, refusal] of stored.refusals.entries()) slice.refusals.set(`${at}`, refusal);
  for (const [at, party] of stored.parties.entries()) slice.parties.set(`${at}`, party);
  return slice;
}
