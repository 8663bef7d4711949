// Tests of counters run over both kinds: those of one process, and those that threads share.
import { test as nodeTest } from 'node:test';
import { type Counters, type CountersOptions, createCounters as createOwnCounters } from './counters.ts';
import { memoryWith } from './threads/memory.fixture.ts';
import { openThreadMemory } from './threads/thread-memory.ts';

const kinds: readonly { readonly name: string; readonly create: (options?: CountersOptions) => Counters }[] = [
  { name: 'in one process', create: createOwnCounters },
  { name: 'over threads', create: (options) => openThreadMemory(memoryWith(options), 1).counters },
];

let create = createOwnCounters;

/** Empty counters of the kind that the test runs over. */
export function createCounters(options?: CountersOptions): Counters {
  return create(options);
}

/** A test that runs once over each kind. Its body may not wait. */
export function test(title: string, body: () => void): void {
  for (const kind of kinds)
    nodeTest(`${title} (${kind.name})`, () => {
      create = kind.create;
      body();
    });
}
