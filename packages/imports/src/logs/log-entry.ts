// One line of a log as what it says of a call, whoever wrote it.

/** A call, as far as a line tells of it. Null: it does not say. */
export interface LogEntry {
  /** When the request came, in ms since 1970 UTC; where only the end is logged, the end less the duration. */
  readonly atMs: number;
  readonly source: string;
  readonly sourcePort: number | null;
  /** Name of the virtual server, frontend, server block or balancer. */
  readonly listener: string | null;
  readonly scheme: 'http' | 'https' | null;
  readonly host: string | null;
  readonly serverName: string | null;
  readonly tlsVersion: string | null;
  readonly tlsResumed: boolean | null;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** Whether the query asks for a description of the service (`?wsdl`). Nothing else is kept of it. */
  readonly asksDescription: boolean;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly contentLength: number | null;
  readonly framing: 'none' | 'content-length' | 'chunked' | null;
  readonly soapAction: string | null;
  /** How many came; never a name or value. */
  readonly cookies: number | null;
  readonly userAgent: string | null;
  /** Null where nothing was answered. */
  readonly status: number | null;
  readonly requestBytes: number | null;
  readonly responseBytes: number | null;
  readonly durationMs: number | null;
  readonly firstByteMs: number | null;
  readonly isComplete: boolean;
  readonly certificate: LoggedCertificate | null;
  readonly upstream: string | null;
  readonly endpoint: string | null;
  readonly upstreamStatus: number | null;
  readonly attempts: number;
  /** What went wrong in the words of that tier, where it has a word for it. */
  readonly outcome: string | null;
}

/** What was logged of a client certificate. */
export interface LoggedCertificate {
  readonly verdict: 'accepted' | 'refused' | 'not-offered';
  /** RFC 4514. */
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly serial: string | null;
  /** SHA-256 in lower-case hexadecimal digits; of what logs SHA-1 alone, `sha1:` and its digits. */
  readonly fingerprint: string | null;
  readonly notAfter: string | null;
}

/** What a line is. `nothing`: it tells of no call, and is no fault: a comment, a line of another program. */
export type LineReading =
  | { readonly kind: 'entry'; readonly entry: LogEntry }
  | { readonly kind: 'bad'; readonly reason: string }
  | { readonly kind: 'nothing' };
