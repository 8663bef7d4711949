// What the store remembers about who signed in. Secrets are there as hashes alone: whoever reads the store can use none of them.

/** A one-time link. */
interface AccessLink {
  /** SHA-256 of the secret, lower-case hex. */
  readonly secret_hash: string;
  /** Name of the account that it signs in. */
  readonly account: string;
  readonly made_ms: number;
  readonly ends_ms: number;
  /** Null until it was used. */
  readonly used_ms: number | null;
}

/** A session that a link began. */
interface AccessSession {
  /** By which it is listed and ended; no secret. */
  readonly id: string;
  /** SHA-256 of the secret in the cookie, lower-case hex. */
  readonly secret_hash: string;
  readonly account: string;
  readonly began_ms: number;
  /** Of its last request, to the minute. */
  readonly seen_ms: number;
  /** When it ends however busy it is. */
  readonly ends_ms: number;
  /** Null while it was not ended. */
  readonly ended_ms: number | null;
  readonly source: string;
  readonly user_agent: string;
}

/** The tables of this area. */
export interface AccessTables {
  readonly access_links: AccessLink;
  readonly access_sessions: AccessSession;
}
