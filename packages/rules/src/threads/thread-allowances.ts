// Allowances whose every event is remembered: exact to the millisecond, up to `exactQuotaMax` events a key. A live key is never
// forgotten, which would admit more than a quota: new keys are turned away instead. A thread may die between any two steps, so each
// change is written such that `repair` finds at worst too much charged.
import { exactQuotaMax, type LimitRule } from '@headgate/contract';
import { type AllowanceTable, type ChargedAt, looksPerTurn } from './allowance-table.ts';
import { dealDueQueue } from './due-queue.ts';
import { chunkInstants, dealInstantChunks } from './instant-chunks.ts';
import { dealKeyTable } from './key-table.ts';
import type { MemoryParts } from './memory.ts';

/** Bounds of a table. */
export interface ThreadAllowancesOptions {
  /** Most keys with a remembered event, at least 1. */
  readonly keysMax: number;
  /** Most slots for instants over all keys, 8 bytes each. One call may pass it by the growth of its own rings. */
  readonly instantsMax: number;
  /** Most rules that one call is charged to. */
  readonly rulesMax: number;
}

/** Slots for instants of a fresh key, unless the quota is smaller. */
const freshSlotsMax = 4;

/** Of a slot: position of the oldest and of the newest event, how many there are, and how many a ring would hold now. */
const [oldest, newest, count, capacity, wordsPerSlot] = [0, 1, 2, 3, 4] as const;

/** Slots by which one rule of a call may pass `instantsMax`: the longest ring grows by half of its quota. */
const growthMax = exactQuotaMax / 2;

/** Deals out a table. */
export function dealThreadAllowances(parts: MemoryParts, options: ThreadAllowancesOptions): AllowanceTable {
  const { keysMax, instantsMax, rulesMax } = options;
  const keys = dealKeyTable(parts, keysMax);
  const queue = dealDueQueue(parts, keysMax);
  // Instants that are remembered, and of each key the unused ends of two chunks.
  const chunksMax = Math.ceil((instantsMax + rulesMax * growthMax) / chunkInstants) + 2 * keysMax + 1;
  const chunks = dealInstantChunks(parts, chunksMax);
  const expiresAtMs = parts.numbers(keysMax);
  /** Four words a slot, side by side because they are used together. */
  const state = parts.words(keysMax * wordsPerSlot);
  /** The slot under change, + 1, and those four words as they were. */
  const journal = parts.words(5);
  const totals = parts.words(1);
  const { instants } = chunks;
  const word = (of: Int32Array, at: number): number => of[at] ?? 0;
  const instantAt = (position: number): number => instants[position] ?? Number.POSITIVE_INFINITY;
  // Settled by `turnTo`, and so the same through a decision of this thread.
  let isTight = false;

  // Without memory to grow, a ring's length is the quota: it refuses early and frees when its oldest event leaves.
  function quotaOf(slot: number, rule: LimitRule): number {
    return isTight ? Math.min(rule.quota, word(state, slot * wordsPerSlot + capacity)) : rule.quota;
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
    totals[0] = word(totals, 0) - word(state, slot * wordsPerSlot + capacity);
    eachChunkOf(slot, (position) => chunks.give(position));
    return 'forgotten';
  }

  /** Calls back with the first used position of each chunk of a key; the chunk may be given back from there. */
  function eachChunkOf(slot: number, see: (position: number) => void): void {
    const last = Math.floor(word(state, slot * wordsPerSlot + newest) / chunkInstants);
    for (let position = word(state, slot * wordsPerSlot + oldest); ; ) {
      const isLast = Math.floor(position / chunkInstants) === last;
      const end = position - (position % chunkInstants) + chunkInstants - 1;
      const following = isLast ? -1 : chunks.next(end);
      see(position);
      if (isLast) return;
      position = following;
    }
  }

  function hasSpaceFor(keyCount: number, atMs: number): boolean {
    // Each look that keeps a key was paid for by a use of that key since the last look, so the loop is amortised.
    while (keys.keyCount + keyCount > keysMax) if (lookAtFirst(atMs) === 'none') return false;
    return !isTight;
  }

  function append(slot: number, atMs: number): void {
    let position = word(state, slot * wordsPerSlot + newest) + 1;
    if (position % chunkInstants === 0) {
      const fresh = chunks.take();
      chunks.link(position - 1, fresh);
      position = fresh;
    }
    instants[position] = atMs;
    state[slot * wordsPerSlot + newest] = position;
    state[slot * wordsPerSlot + count] = word(state, slot * wordsPerSlot + count) + 1;
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

  /** Forgets the oldest events, as many as make the rest fit the quota, and all whose window is over; the newest stays. */
  function dropOldest(slot: number, quota: number, windowMs: number, atMs: number): void {
    const from = word(state, slot * wordsPerSlot + oldest);
    let held = word(state, slot * wordsPerSlot + count);
    let to = from;
    while (held > 1 && (held > quota || instantAt(to) + windowMs <= atMs)) {
      to = chunks.next(to);
      held -= 1;
    }
    state[slot * wordsPerSlot + oldest] = to;
    state[slot * wordsPerSlot + count] = held;
    journal[0] = 0;
    // Not before: the journal could bring them back.
    giveChunks(from, to);
  }

  function note(slot: number): void {
    journal[1] = word(state, slot * wordsPerSlot + oldest);
    journal[2] = word(state, slot * wordsPerSlot + newest);
    journal[3] = word(state, slot * wordsPerSlot + count);
    journal[4] = word(state, slot * wordsPerSlot + capacity);
    journal[0] = slot + 1;
  }

  function takeBack(): void {
    const slot = word(journal, 0) - 1;
    if (slot < 0) return;
    state[slot * wordsPerSlot + oldest] = word(journal, 1);
    state[slot * wordsPerSlot + newest] = word(journal, 2);
    state[slot * wordsPerSlot + count] = word(journal, 3);
    state[slot * wordsPerSlot + capacity] = word(journal, 4);
    journal[0] = 0;
  }

  function roomAtMs(slot: number, rule: LimitRule): number {
    const held = word(state, slot * wordsPerSlot + count);
    const quota = quotaOf(slot, rule);
    if (held < quota) return Number.NEGATIVE_INFINITY;
    // Counted from the newest: a lowered quota must hold for the events already remembered.
    let position = word(state, slot * wordsPerSlot + oldest);
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
    find: (hash) => keys.find(hash, 0),
    hold(hash, atMs, lastSlot) {
      const slot = keys.findAgain(hash, lastSlot);
      // Else making space for another key of the same call could forget this one between asking and recording.
      if (slot >= 0 && (expiresAtMs[slot] ?? 0) <= atMs) expiresAtMs[slot] = atMs + 1;
      return slot;
    },
    hasSpaceFor,
    roomAtMs,
    record(slot, rule, _amount, atMs) {
      // First: a thread that dies right behind it leaves a key that is kept too long, never one that is forgotten too soon.
      expiresAtMs[slot] = atMs + rule.windowMs;
      const quota = quotaOf(slot, rule);
      note(slot);
      append(slot, atMs);
      dropOldest(slot, quota, rule.windowMs, atMs);
      const slots = word(state, slot * wordsPerSlot + capacity);
      if (word(state, slot * wordsPerSlot + count) <= slots) return;
      const grown = Math.min(quota, slots * 2);
      state[slot * wordsPerSlot + capacity] = grown;
      totals[0] = word(totals, 0) + grown - slots;
    },
    left: (slot, rule) => quotaOf(slot, rule) - word(state, slot * wordsPerSlot + count),
    remaining(slot, rule, atMs) {
      if (
        instantAt(word(state, slot * wordsPerSlot + oldest)) + rule.windowMs <= atMs &&
        word(state, slot * wordsPerSlot + count) > 1
      ) {
        note(slot);
        dropOldest(slot, Number.POSITIVE_INFINITY, rule.windowMs, atMs);
      }
      const isOver = instantAt(word(state, slot * wordsPerSlot + newest)) + rule.windowMs <= atMs;
      return isOver ? quotaOf(slot, rule) : Math.max(0, quotaOf(slot, rule) - word(state, slot * wordsPerSlot + count));
    },
    moreAtMs: (slot, rule) => instantAt(word(state, slot * wordsPerSlot + oldest)) + rule.windowMs,
    add(hash, rule, _amount, atMs) {
      if (!hasSpaceFor(1, atMs)) return -1;
      const slot = keys.free();
      if (slot < 0) return -1;
      const position = chunks.take();
      instants[position] = atMs;
      state[slot * wordsPerSlot + oldest] = position;
      state[slot * wordsPerSlot + newest] = position;
      state[slot * wordsPerSlot + count] = 1;
      state[slot * wordsPerSlot + capacity] = Math.min(freshSlotsMax, rule.quota);
      expiresAtMs[slot] = atMs + rule.windowMs;
      keys.use(slot, hash, 0);
      queue.add(slot, atMs + rule.windowMs);
      totals[0] = word(totals, 0) + word(state, slot * wordsPerSlot + capacity);
      return slot;
    },
    newestMs: (slot) => instantAt(word(state, slot * wordsPerSlot + newest)),
    chargedSince(slot, afterMs) {
      const charged: ChargedAt[] = [];
      let position = word(state, slot * wordsPerSlot + oldest);
      for (let left = word(state, slot * wordsPerSlot + count); left > 0; left -= 1) {
        const atMs = instantAt(position);
        if (atMs > afterMs) charged.push({ atMs, amount: 1 });
        if (left > 1) position = chunks.next(position);
      }
      return charged;
    },
    repair() {
      takeBack();
      keys.rebuild();
      queue.clear();
      totals[0] = 0;
      for (let slot = 0; slot < keysMax; slot += 1) {
        if (!keys.isUsed(slot)) continue;
        queue.add(slot, expiresAtMs[slot] ?? 0);
        totals[0] = word(totals, 0) + word(state, slot * wordsPerSlot + capacity);
      }
      chunks.rebuild((use) => {
        for (let slot = 0; slot < keysMax; slot += 1) if (keys.isUsed(slot)) eachChunkOf(slot, use);
      });
    },
  };
}
