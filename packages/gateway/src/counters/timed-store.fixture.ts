// A store whose time a test sets, for files whose every test counts in it.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { missing, startValkey, type Valkey } from '@headgate/testkit';
import { openTimedLink } from './counters.fixture.ts';
import type { StoreLink } from './store-link.ts';

/** One real store for all tests of a file, whose time stands where the test sets it; nothing is started where it cannot be. */
export interface TimedStore {
  /** The reason why its tests are skipped, or false. */
  readonly skip: string | false;
  /** Milliseconds since 1970 UTC, far ahead: the store drops logs by its own clock, long after the test. */
  nowMs: number;
  readonly link: () => StoreLink;
  readonly valkey: () => Valkey;
}

/** Starts the store before the tests of the file, and ends it after them. */
export function timedStore(): TimedStore {
  const skip = missing('valkey-server');
  let opened: { readonly valkey: Valkey; readonly link: StoreLink } | undefined;
  const open = () => opened ?? assert.fail('no store runs');
  const store: TimedStore = {
    skip,
    nowMs: Date.UTC(2100, 0, 1),
    link: () => open().link,
    valkey: () => open().valkey,
  };
  before(async () => {
    if (skip !== false) return;
    const valkey = await startValkey();
    opened = { valkey, link: openTimedLink(valkey.port, () => store.nowMs * 1_000) };
  });
  after(async () => {
    opened?.link.close();
    await opened?.valkey.close();
  });
  return store;
}
