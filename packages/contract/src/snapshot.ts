// What a gateway serves by: one immutable, numbered, hashed set of facts, taken from a source and swapped whole.
import type { Override } from './break-glass.ts';
import type { Catalogue } from './catalogue/model.ts';
import type { Provisioning } from './catalogue/provisioning-model.ts';
import type { Policy } from './limits.ts';
import type { TextOf } from './snapshot-reading.ts';

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

/**
 * The entries of a revocation list as they were encoded (RFC 5280 §5.1.2.6), and an open hash table of their offsets: no object for each
 * of hundreds of thousands. Over shared memory, so that threads hand it on without a copy; nobody writes to it.
 */
export interface ListEntries {
  readonly bytes: Uint8Array;
  /** Offset of an entry plus 1, or 0. At least twice as many slots as entries, a power of two. */
  readonly slots: Int32Array;
  readonly count: number;
}

/** A list that counts for one issuer and scope, with the delta that goes on from it: read, proved and ready to be asked. */
export interface StandingList {
  /** The name in its comparable form. */
  readonly issuer: string;
  /** Which certificates of the issuer it is about. */
  readonly scope: {
    /** Comparable names of the one place where it is published; null: of every certificate. */
    readonly places: readonly string[] | null;
    readonly callersOnly: boolean;
    readonly authoritiesOnly: boolean;
    readonly attributesOnly: boolean;
  };
  readonly complete: ListEntries;
  readonly delta: ListEntries | null;
  /** The first end of them, in ms since 1970 UTC: of the list, of the delta, of who signed it. */
  readonly endMs: number;
}

/** The revocation lists of one bundle, each found usable. */
export interface RevocationFacts {
  /** What was read, for the hash of a snapshot. */
  readonly lists: readonly {
    /** File or URL, as the configuration names it. */
    readonly source: string;
    /** Of its DER, in lower-case hexadecimal. */
    readonly sha256: string;
  }[];
  readonly standing: readonly StandingList[];
  /** What becomes of callers who are not on a list past its end. */
  readonly stale: 'accept' | 'refuse';
}

/** A source of revocation lists that cannot be used as it is now; what was in force of it before stays so. */
export interface ListFault {
  /** Trust bundle. */
  readonly bundle: string;
  /** File or URL, as the configuration names it; null where it is about all of the bundle. */
  readonly source: string | null;
  /** Stable, to be matched on. */
  readonly code: string;
  readonly reason: string;
  readonly fix: string;
}

/** How a source reads revocation lists. */
export interface ListReadingOptions {
  /** Fetches every list of a URL at once, also those that are not due. */
  readonly fetchNow?: boolean;
  /** Takes a list that is older than one that was in force before: somebody wants it so. */
  readonly olderToo?: boolean;
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
  /** A candidate that is judged beside the policy and refuses nobody, with the SHA-256 of its file; null where there is none. */
  readonly shadowPolicy: { readonly policy: Policy; readonly hash: string } | null;
  /** What break-glass changes of the policy, some of it perhaps over already. */
  readonly overrides: readonly Override[];
}

/** Where snapshots come from: files first, control later. */
export interface SnapshotSource {
  current(reading?: ListReadingOptions): Promise<Snapshot>;
  /**
   * A snapshot of this source with the revocation lists of this moment; null where they are the same. Everything else in it stays.
   * Absent where lists come with snapshots alone.
   */
  withFreshLists?(before: Snapshot): Promise<Snapshot | null>;
  /** A snapshot of this source with the overrides of this moment. Everything else in it stays. Absent where there are none. */
  withOverrides?(before: Snapshot): Promise<Snapshot>;
  /** Hears that a snapshot of this source is in force: what a later reading is compared with, and remembered beyond the process. */
  taken?(snapshot: Snapshot): Promise<void>;
  /** A text of the snapshot that was read last, by the name that its configuration gives it. Absent: it is a file. */
  readonly textOf?: TextOf;
  /** What is wrong with revocation lists now. */
  listFaults?(): readonly ListFault[];
}
