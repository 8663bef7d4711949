// What the store holds of snapshots. Snapshots and texts are written once and never changed.

interface SnapshotTable {
  readonly number: number;
  readonly hash: string;
  readonly previous: number | null;
  readonly created_ms: number;
  readonly author: string;
  readonly reason: string;
  /** The number whose texts it has again; null for one that was compiled. */
  readonly restored: number | null;
  /** JSON: name → SHA-256 of the text. */
  readonly texts: string;
  /** JSON: positions and chain positions. */
  readonly positions: string;
}

interface SnapshotTextTable {
  readonly sha256: string;
  /** Base64 of gzip. */
  readonly packed: string;
}

/** The last word of a node about a snapshot. */
interface SnapshotAcknowledgementTable {
  readonly node: string;
  readonly number: number;
  readonly hash: string;
  /** First and last time that this was said. */
  readonly since_ms: number;
  readonly at_ms: number;
  readonly threads: number;
  /** JSON: why the node does not take it; null where it is in force. */
  readonly refused: string | null;
}

/** What control holds itself of provisioning: a whole participant as JSON, or null where one of the file is ended. */
interface SnapshotParticipantTable {
  readonly id: string;
  readonly participant: string | null;
}

interface SnapshotPositionTable {
  readonly part: 'positions' | 'chainPositions';
  readonly key: string;
  readonly infrastructure: string;
}

/** The highest number that a node was heard to have. One row. */
interface SnapshotFloorTable {
  readonly id: 1;
  readonly number: number;
}

/** The tables of this area. */
export interface SnapshotTables {
  readonly snapshot: SnapshotTable;
  readonly snapshot_text: SnapshotTextTable;
  readonly snapshot_acknowledgement: SnapshotAcknowledgementTable;
  readonly snapshot_participant: SnapshotParticipantTable;
  readonly snapshot_position: SnapshotPositionTable;
  readonly snapshot_floor: SnapshotFloorTable;
}
