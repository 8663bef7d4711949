// The table of allowances of `allowances.ts` in memory that threads share, rule for rule the same. It is only touched under
// the lock. A thread may die between any two steps, so each change is written such that `repair` finds at worst too much charged.
import { exactQuotaMax, type LimitRule } from '@headgate/contract';
import type { AllowancesOptions } from '../allowances.ts';
import { dealDueQueue } from './due-queue.ts';
import { chunkInstants, dealInstantChunks } from './instant-chunks.ts';
import { dealKeyTable } from './key-table.ts';
import type { MemoryParts } from './memory.ts';

/** Counts per slot of a key. Instants must be no earlier than those before them; the caller sees to that. */
export interface ThreadAllowances {
  readonly keyCount: number;
  readonly slotCount: number;
  /** As in `Allowances`. */
  turnTo(atMs: number): void;
  /** The slot of a hash (four words from `at`), or -1. */
  find(hash: Int32Array, at: number): number;
  /** As `find`, and keeps the key for the length of the decision at `atMs`. */
  hold(hash: Int32Array, at: number, atMs: number): number;
  hasSpaceFor(keyCount: number, atMs: number): boolean;
  roomAtMs(slot: number, rule: LimitRule): number;
  record(slot: number, rule: LimitRule, atMs: number): void;
  /** Remembers the first event of an unknown key; -1, and nothing remembered, if the table is full. */
  add(hash: Int32Array, at: number, rule: LimitRule, atMs: number): number;
  /** Makes everything right after a thread that died in a decision. */
  repair(): void;
}

/** Slots for instants of a fresh key, unless the quota is smaller; due keys looked at per decision: as in `allowances.ts`. */
const freshSlotsMax = 4;
const looksPerTurn = 8;

/** Slots by which one rule of a call may pass `instantsMax`: the longest ring grows by half of its quota. */
const growthMax = exactQuotaMax / 2;

/** Bounds of a table. */
export interface ThreadAllowancesOptions extends AllowancesOptions {
  /** Most rules that one call is charged to. */
  readonly rulesMax: number;
}

/** Deals out a table. */
export function dealThreadAllowances(parts: MemoryParts, options: ThreadAllowancesOptions): ThreadAllowances {
  const { keysMax, instantsMax, rulesMax } = options;
  const keys = dealKeyTable(parts, keysMax);
  const queue = dealDueQueue(parts, keysMax);
  // Instants that are remembered, and of each key the unused ends of two chunks.
  const chunksMax = Math.ceil((instantsMax + rulesMax * growthMax) / chunkInstants) + 2 * keysMax + 1;
  const chunks = dealInstantChunks(parts, chunksMax);
  const expiresAtMs = parts.numbers(keysMax);
  /** Position of the oldest and of the newest event, how many there are, and how many a ring would hold now. */
  const oldest = parts.words(keysMax);
  const newest = parts.words(keysMax);
  const count = parts.words(keysMax);
  const capacity = parts.words(keysMax);
  /** The slot under change, + 1, and those four words as they were. */
  const journal = parts.words(5);
  const totals = parts.words(1);
  const { instants } = chunks;
  const word = (of: Int32Array, at: number): number => of[at] ?? 0;
  const instantAt = (position: number): number => instants[position] ?? Number.POSITIVE_INFINITY;
  // Settled by `turnTo`, and so the same through a decision of this thread.
  let isTight = false;

  function quotaOf(slot: number, rule: LimitRule): number {
    return isTight ? Math.min(rule.quota, word(capacity, slot)) : rule.quota;
  }

  function lookAtFirst(atMs: number): 'forgotten' | 'kept' | 'none' {
    if (queue.firstDueMs() > atMs) return 'none';
    const slot = queue.first();
    if (slot < 0) return 'none';
    const expires = expiresAtMs[slot] ?? 0;
    if (expires > atMs) {
      queue.postponeFirst(expires);
      return 'kept';
    }
    queue.removeFirst();
    keys.remove(slot);
    totals[0] = word(totals, 0) - word(capacity, slot);
    eachChunkOf(slot, (position) => chunks.give(position));
    return 'forgotten';
  }

  /** Calls back with the first used position of each chunk of a key; the chunk may be given back from there. */
  function eachChunkOf(slot: number, see: (position: number) => void): void {
    const last = Math.floor(word(newest, slot) / chunkInstants);
    for (let position = word(oldest, slot); ; ) {
      const isLast = Math.floor(position / chunkInstants) === last;
      const end = position - (position % chunkInstants) + chunkInstants - 1;
      const following = isLast ? -1 : chunks.next(end);
      see(position);
      if (isLast) return;
      position = following;
    }
  }

  function hasSpaceFor(keyCount: number, atMs: number): boolean {
    while (keys.keyCount + keyCount > keysMax) if (lookAtFirst(atMs) === 'none') return false;
    return !isTight;
  }

  /** How many of the oldest events go, and how long the ring is then, for one more event to fit. */
  function makeRoom(slot: number, quota: number, windowMs: number, atMs: number): { gone: number; slots: number } {
    const held = word(count, slot);
    const slots = word(capacity, slot);
    let gone = Math.max(0, held - quota + 1);
    if (held - gone !== slots) return { gone, slots };
    let position = word(oldest, slot);
    for (let skipped = 0; skipped < gone; skipped += 1) position = chunks.next(position);
    while (gone < held && instantAt(position) + windowMs <= atMs) {
      position = chunks.next(position);
      gone += 1;
    }
    return { gone, slots: held - gone < slots ? slots : Math.min(quota, slots * 2) };
  }

  function append(slot: number, atMs: number): void {
    let position = word(newest, slot) + 1;
    if (position % chunkInstants === 0) {
      const fresh = chunks.take();
      chunks.link(position - 1, fresh);
      position = fresh;
    }
    instants[position] = atMs;
    newest[slot] = position;
    count[slot] = word(count, slot) + 1;
  }

  /** Gives back the chunks from one position to before another. */
  function giveChunks(from: number, to: number): void {
    let position = from;
    while (Math.floor(position / chunkInstants) !== Math.floor(to / chunkInstants)) {
      const following = chunks.next(position - (position % chunkInstants) + chunkInstants - 1);
      chunks.give(position);
      position = following;
    }
  }

  function note(slot: number): void {
    journal[1] = word(oldest, slot);
    journal[2] = word(newest, slot);
    journal[3] = word(count, slot);
    journal[4] = word(capacity, slot);
    journal[0] = slot + 1;
  }

  function takeBack(): void {
    const slot = word(journal, 0) - 1;
    if (slot < 0) return;
    oldest[slot] = word(journal, 1);
    newest[slot] = word(journal, 2);
    count[slot] = word(journal, 3);
    capacity[slot] = word(journal, 4);
    journal[0] = 0;
  }

  function roomAtMs(slot: number, rule: LimitRule): number {
    const held = word(count, slot);
    const quota = quotaOf(slot, rule);
    if (held < quota) return Number.NEGATIVE_INFINITY;
    // Counted from the newest: a lowered quota must hold for the events already remembered.
    let position = word(oldest, slot);
    for (let skipped = held - quota; skipped > 0; skipped -= 1) position = chunks.next(position);
    return instantAt(position) + rule.windowMs;
  }

  return {
    get keyCount() {
      return keys.keyCount;
    },
    get slotCount() {
      return word(totals, 0);
    },
    turnTo(atMs) {
      for (let looks = 0; looks < looksPerTurn; looks += 1) if (lookAtFirst(atMs) === 'none') break;
      while (word(totals, 0) >= instantsMax) if (lookAtFirst(atMs) === 'none') break;
      isTight = word(totals, 0) >= instantsMax;
    },
    find: (hash, at) => keys.find(hash, at),
    hold(hash, at, atMs) {
      const slot = keys.find(hash, at);
      if (slot >= 0 && (expiresAtMs[slot] ?? 0) <= atMs) expiresAtMs[slot] = atMs + 1;
      return slot;
    },
    hasSpaceFor,
    roomAtMs,
    record(slot, rule, atMs) {
      // First: a thread that dies right behind it leaves a key that is kept too long, never one that is forgotten too soon.
      expiresAtMs[slot] = atMs + rule.windowMs;
      const { gone, slots } = makeRoom(slot, quotaOf(slot, rule), rule.windowMs, atMs);
      note(slot);
      totals[0] = word(totals, 0) + slots - word(capacity, slot);
      capacity[slot] = slots;
      append(slot, atMs);
      const from = word(oldest, slot);
      let to = from;
      for (let each = 0; each < gone; each += 1) to = chunks.next(to);
      oldest[slot] = to;
      count[slot] = word(count, slot) - gone;
      journal[0] = 0;
      // Not before: the journal could bring them back.
      giveChunks(from, to);
    },
    add(hash, at, rule, atMs) {
      if (!hasSpaceFor(1, atMs)) return -1;
      const slot = keys.free();
      if (slot < 0) return -1;
      const position = chunks.take();
      instants[position] = atMs;
      oldest[slot] = position;
      newest[slot] = position;
      count[slot] = 1;
      capacity[slot] = Math.min(freshSlotsMax, rule.quota);
      expiresAtMs[slot] = atMs + rule.windowMs;
      keys.use(slot, hash, at);
      queue.add(slot, atMs + rule.windowMs);
      totals[0] = word(totals, 0) + word(capacity, slot);
      return slot;
    },
    repair() {
      takeBack();
      keys.rebuild();
      queue.clear();
      totals[0] = 0;
      for (let slot = 0; slot < keysMax; slot += 1) {
        if (!keys.isUsed(slot)) continue;
        queue.add(slot, expiresAtMs[slot] ?? 0);
        totals[0] = word(totals, 0) + word(capacity, slot);
      }
      chunks.rebuild((use) => {
        for (let slot = 0; slot < keysMax; slot += 1) if (keys.isUsed(slot)) eachChunkOf(slot, use);
      });
    },
  };
}
