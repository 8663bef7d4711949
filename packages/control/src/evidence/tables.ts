// The tables of the ledger. Instants are milliseconds since 1970 UTC; periods begin at hours, days and months of UTC.
import type { ColumnType } from 'kysely';

/** Length of a period: an hour, a day, a third of a month, a month. */
export type Grain = 'h' | 'd' | 't' | 'm';

/** Who called, as last seen. */
export interface LedgerCaller {
  id: string;
  kind: string;
  name: string;
  vouched: boolean;
  subject: string | null;
  issuer: string | null;
  serial: string | null;
  not_after: string | null;
  issued_by: string | null;
  participant: string | null;
  first_ms: number;
  last_ms: number;
  calls: number;
}

/** What was called. */
export interface LedgerAddress {
  id: string;
  kind: string;
  environment: string;
  channel: string;
  generation: string;
  system: string;
  address: string;
}

/** Sums that questions over periods are answered from. */
export interface PeriodSums {
  calls: number;
  refused: number;
  request_bytes: number;
  response_bytes: number;
  chunked: number;
  unencoded: number;
  with_cookies: number;
  reused_cookies: number;
  largest_bytes: number;
  first_ms: number;
  last_ms: number;
}

/** All sums. */
export interface AllSums extends PeriodSums {
  answered: number;
  failed: number;
  broken: number;
  duration_ms: number;
  large: number;
  refused_last_ms: number;
  chunked_last_ms: number;
  unencoded_last_ms: number;
  cookies_last_ms: number;
}

/** A caller at an address, from the first call to the last. */
export interface LedgerPair extends AllSums {
  caller: string;
  address: string;
  last_source: string;
  last_agent: string;
  last_service: string;
  /** Bags, in JSON. */
  sources: string;
  agents: string;
}

/** The same by days, thirds of months and months. */
export interface LedgerPairPeriod extends PeriodSums {
  grain: Grain;
  period_ms: number;
  caller: string;
  address: string;
}

/** Refusals by days, thirds of months and months. */
export interface LedgerRefusalPeriod {
  grain: Grain;
  period_ms: number;
  caller: string;
  address: string;
  code: string;
  rule: string;
  calls: number;
  first_ms: number;
  last_ms: number;
}

/** For whom calls acted, by days, thirds of months and months. */
export interface LedgerPartyPeriod extends PeriodSums {
  grain: Grain;
  period_ms: number;
  participant: string;
  scid: string;
}

/** Everything that is told apart: by hours, and by days once the hours are old. A call stands in one of them. */
export interface LedgerUse extends AllSums {
  grain: Grain;
  period_ms: number;
  caller: string;
  address: string;
  service: string;
  operation: string;
  /** By name, in JSON; an empty one is left out. */
  bags: string;
}

/** How many rows of uses an hour or a day has. */
export interface LedgerUseCount {
  grain: Grain;
  period_ms: number;
  uses: number;
}

/** How far a thread of a boot of a node was taken in. */
export interface LedgerMark {
  node: string;
  boot: string;
  thread: number;
  sequence: number;
  known_ms: number;
  records: number;
  /** When its first record was taken in. */
  first_ms: number;
}

/** How far a node is known, and what of it could not be counted. */
export interface LedgerNode {
  node: string;
  known_ms: number;
  heard_ms: number;
  records: number;
  repeated: number;
  unreadable: number;
  later_version: number;
  odd_clocks: number;
}

/** Records that are missing. */
export interface LedgerGap {
  node: string;
  boot: string;
  thread: number;
  after_sequence: number;
  at_most: number;
  from_ms: number | null;
  to_ms: number | null;
  told: boolean;
}

/** Records as they came, packed. */
export interface LedgerArrival {
  id: number;
  taken_ms: number;
  from_ms: number;
  to_ms: number;
  records: number;
  raw_bytes: number;
  packed_bytes: number;
  /** Nodes that the records are of. */
  nodes: ColumnType<readonly string[], readonly string[], readonly string[]>;
  /** Whether it has its final size. */
  whole: boolean;
  segment: number | null;
  keys: Buffer | null;
  lines: Buffer;
}

/** Chunks whose ids are found through lists. */
export interface LedgerSegment {
  id: number;
  chunks: ColumnType<readonly number[], readonly number[], never>;
}

/** One list of a segment. */
export interface LedgerSegmentList {
  bucket: number;
  segment: number;
  entries: Buffer;
}

/** What is rolled up of records up to a chunk, and not in rows yet. */
export interface LedgerSlice {
  through: number;
  part: number;
  rows: Buffer;
}

/** How far records are rolled up, and the next number of a chunk. One row. */
export interface LedgerState {
  id: 1;
  rolled_up_to: number;
  last_arrival: number;
}

/** The tables of this area. */
export interface LedgerTables {
  ledger_caller: LedgerCaller;
  ledger_address: LedgerAddress;
  ledger_pair: LedgerPair;
  ledger_pair_period: LedgerPairPeriod;
  ledger_refusal_period: LedgerRefusalPeriod;
  ledger_party_period: LedgerPartyPeriod;
  ledger_use: LedgerUse;
  ledger_use_count: LedgerUseCount;
  ledger_mark: LedgerMark;
  ledger_node: LedgerNode;
  ledger_gap: LedgerGap;
  ledger_arrival: LedgerArrival;
  ledger_segment: LedgerSegment;
  ledger_segment_list: LedgerSegmentList;
  ledger_slice: LedgerSlice;
  ledger_state: LedgerState;
}
