// What a gateway serves by: one immutable, numbered, hashed set of facts, taken from a source and swapped whole.
import type { Override } from './break-glass.ts';
import type { Catalogue } from './catalogue/model.ts';
import type { Provisioning } from './catalogue/provisioning-model.ts';
import type { Policy } from './limits.ts';

/** One user trust bundle: PEM text of anchors and of the intermediates that paths may use. */
export interface TrustBundleFacts {
  readonly name: string;
  readonly anchorsPem: string;
  readonly intermediatesPem: string;
  /** Certificates that count from one day until another; empty for a bundle of plain PEM files, which count while they are in them. */
  readonly dated: readonly DatedMember[];
}

/** A certificate of a bundle, and when it counts. */
export interface DatedMember {
  readonly id: string;
  readonly role: 'anchor' | 'intermediate';
  /** SHA-256, lower-case hex. */
  readonly fingerprint256: string;
  /** As announced, and as instants, both inclusive; infinite where a side is open. */
  readonly from: string;
  readonly until: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly reason: string;
  readonly source: string;
}

/** The revocation lists of one bundle, each found usable. */
export interface RevocationFacts {
  readonly lists: readonly {
    /** As the configuration names it. */
    readonly file: string;
    readonly der: Uint8Array;
  }[];
  /** What becomes of callers who are not on a list past its end. */
  readonly stale: 'accept' | 'refuse';
}

/** Which infrastructure serves each address: a key per address id. */
export type Positions = ReadonlyMap<string, string>;

/** Which infrastructure's server chain each host shows: a key per host name of the catalogue. */
export type ChainPositions = ReadonlyMap<string, string>;

/** Everything a decision may depend on. Exchanges end under the snapshot they began with. */
export interface Snapshot {
  /** Counts from 1 within one source. */
  readonly number: number;
  /** SHA-256 of the inputs, lower-case hex. */
  readonly hash: string;
  readonly catalogue: Catalogue;
  readonly policy: Policy;
  /** User trust bundles by name. */
  readonly trust: ReadonlyMap<string, TrustBundleFacts>;
  /** Revocation lists by the name of their bundle; a bundle without any is absent. */
  readonly revocation: ReadonlyMap<string, RevocationFacts>;
  /** Absent: certificates are judged, enrolment and rights are not. */
  readonly provisioning: Provisioning | null;
  readonly positions: Positions;
  readonly chainPositions: ChainPositions;
  /** What break-glass changes of the policy, some of it perhaps over already. */
  readonly overrides: readonly Override[];
}

/** Where snapshots come from: files first, control later. */
export interface SnapshotSource {
  current(): Promise<Snapshot>;
  /**
   * A snapshot of this source with the revocation lists of this moment; null where they are the same. Everything else in it stays.
   * Absent where lists come with snapshots alone.
   */
  withFreshLists?(before: Snapshot): Promise<Snapshot | null>;
  /** A snapshot of this source with the overrides of this moment. Everything else in it stays. Absent where there are none. */
  withOverrides?(before: Snapshot): Promise<Snapshot>;
}
