// One record per exchange, refused and broken ones too. Sections stand in path order; reading a record is reading the path.
import type { LimitKeyPart } from './limit-terms.ts';
import type { ProblemCode } from './problems.ts';

/** Version of the record's shape. Raised when a field changes meaning or goes; adding a field does not raise it. */
export const evidenceSchemaVersion = 1;

/** What the listener saw. Instants are milliseconds since 1970 UTC. */
export interface ListenerEvidence {
  readonly listener: string;
  readonly source: string;
  readonly sourcePort: number;
  readonly receivedMs: number;
  readonly serverName: string | null;
  readonly tlsVersion: string | null;
  readonly tlsResumed: boolean;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly contentType: string | null;
  /** `unknown` only in what was read from the log of another tier. */
  readonly framing: 'none' | 'content-length' | 'chunked' | 'unknown';
  /** Content-Encoding as sent; null where there was none. */
  readonly contentEncoding: string | null;
  readonly userAgent: string | null;
  /** Null where none came. */
  readonly cookies: CookieEvidence | null;
}

/** Cookies that came with a request: how many, and how many of them this caller had sent before. Never a name or a value. */
export interface CookieEvidence {
  readonly count: number;
  readonly reused: number;
}

/** Who called, and how the certificate was judged. */
export interface IdentityEvidence {
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly serial: string | null;
  readonly fingerprint: string | null;
  readonly notAfter: string | null;
  /** SHA-256 of the certificate that issued it, in the path that was accepted; null where none was. */
  readonly issuedBy: string | null;
  /** The holder of the credential. For whom a call acts is in `admission`. */
  readonly participant: string | null;
  readonly verdict: 'accepted' | 'refused' | 'not-required' | 'not-offered';
}

/** What was called. */
export interface RouteEvidence {
  readonly environment: string;
  readonly channel: 'ui' | 'api';
  readonly generation: 'old' | 'new';
  readonly infrastructure: string;
  readonly namespace: string;
  readonly address: string;
  readonly system: string;
  readonly service: string | null;
  readonly operation: 'submit' | 'retrieve' | null;
  readonly docAttach: boolean;
  readonly decidedBy: string;
}

/** A candidate policy beside the one in force: what it would have decided, as though it alone were enforced. */
export interface CandidateEvidence {
  /** The first digits of the SHA-256 of its file. */
  readonly policy: string;
  readonly admitted: boolean;
  readonly decidedBy: string | null;
  readonly retryAfterMs: number | null;
  /** Its own rules in shadow mode that would have had no room. */
  readonly shadow: readonly { readonly rule: string; readonly retryAfterMs: number | null }[];
}

/** For whom the call acts, what was charged, and which rule decided. */
export interface AdmissionEvidence {
  readonly admitted: boolean;
  readonly permit: string | null;
  /** For whom the call acts; null where no provisioning is loaded, or no certificate was asked for. */
  readonly participant: string | null;
  /**
   * Participants other than the holder of the credential whose right was used. With more than one, which is meant cannot be told,
   * and `participant` is the holder.
   */
  readonly endorsers: readonly string[];
  /** Every rule that the call was judged by, shadowed ones too. Those named neither in `refused` nor in `shadow` had room for it. */
  readonly rules: readonly string[];
  /** Enforced rules that had no room, and when each alone has it; empty where the call was admitted. */
  readonly refused: readonly { readonly rule: string; readonly retryAfterMs: number | null }[];
  readonly decidedBy: string | null;
  readonly decidedByKey: readonly LimitKeyPart[] | null;
  readonly retryAfterMs: number | null;
  /** Rules in shadow mode that would have had no room. */
  readonly shadow: readonly { readonly rule: string; readonly retryAfterMs: number | null }[];
  /** Ids of the break-glass overrides that changed a rule for this call. */
  readonly breakGlass: readonly string[];
  /** What a candidate policy in shadow says of the call; null where none is loaded. */
  readonly candidate: CandidateEvidence | null;
  /** A person's session at a user interface; null where there are none, as wherever programs call. */
  readonly session: SessionState | null;
  /** The SCID in the payload; null where no limit that matched counts over SCIDs, and nothing was read. */
  readonly scid: ScidEvidence | null;
}

/** What admission says where it asked no limit and charged nothing; how a session stood is said beside it. */
export const noLimitAsked = {
  admitted: false,
  permit: null,
  participant: null,
  endorsers: [],
  rules: [],
  refused: [],
  decidedBy: null,
  decidedByKey: null,
  retryAfterMs: null,
  shadow: [],
  breakGlass: [],
  candidate: null,
  scid: null,
} as const satisfies Omit<AdmissionEvidence, 'session'>;

/**
 * What was found of the SCID of a call, and what came of it. `proven`: the caller may act for it, and limits counted over it.
 * `foreign`: it may not; what was counted is its own. Otherwise limits counted over what they name for calls without one:
 * `unproven` (no provisioning, or no certificate), `every` (a word for all of the caller's), `absent`, `beyond` (it may stand behind
 * what was read), `unreadable`, and `no-place` (the catalogue says of none).
 */
export interface ScidEvidence {
  readonly outcome: 'proven' | 'foreign' | 'unproven' | 'every' | 'absent' | 'beyond' | 'unreadable' | 'no-place';
  /** What was found, in a form that is safe to show; null where nothing was. */
  readonly value: string | null;
  readonly where: 'body' | 'attachment' | null;
  /** Why it could not be read, or why there is no place. */
  readonly reason: string | null;
  /** Who gave the right to act for it. */
  readonly participant: string | null;
}

/**
 * How a session stood when a call came: `begun` without a cookie, `begun-anew` with one that was not of this certificate,
 * `continued`, or `ended` and refused. The pages about sessions begin none: there it is also `none`.
 */
export type SessionState = 'none' | 'begun' | 'begun-anew' | 'continued' | 'ended';

/** Whether the name in the header of a message is the certificate's, by a rule of the policy. */
export interface UsernameEvidence {
  readonly rule: string;
  readonly mode: 'enforce' | 'shadow';
  /** `unseen`: the header is longer than what was looked at, and the name may stand in the rest. */
  readonly outcome: 'matches' | 'differs' | 'absent' | 'unseen';
  /** The name that differs, else the first; cut. */
  readonly username: string | null;
}

/** What was looked at. `uninspected` says what this build does not look into yet. */
export interface InspectionEvidence {
  readonly checks: readonly string[];
  readonly uninspected: readonly string[];
  readonly bodyBytesLimit: number;
  /** How the payload of the message is packed, by its first bytes; null where none was seen. */
  readonly payloadEncoding: 'gzip+base64' | 'gzip' | 'base64' | 'none' | null;
  /** Null where no rule of the policy asks for it. */
  readonly username: UsernameEvidence | null;
}

/** Where it went. Instants are milliseconds since the exchange was received. */
export interface ForwardEvidence {
  readonly upstream: string;
  readonly endpoint: string;
  /** From 1; those after the first are retries. */
  readonly attempts: number;
  /** True when one more attempt would have been safe, and the retry budget of the upstream withheld it. */
  readonly retryWithheld: boolean;
  readonly forwarded: 'no' | 'partly' | 'yes';
  readonly reusedConnection: boolean;
  readonly status: number | null;
  readonly firstByteMs: number | null;
}

/** What the caller got. */
export interface ResponseEvidence {
  readonly status: number | null;
  readonly format: 'upstream' | 'soap-1.1' | 'soap-1.2' | 'problem+json' | 'json' | 'html' | 'none';
  readonly refusal: ProblemCode | null;
  readonly detail: string | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly durationMs: number;
  readonly complete: boolean;
  /** Only for `gateway.defect`: what was thrown, for the operator. */
  readonly defect: string | null;
}

/** One exchange, as it is kept. `sequence` counts from 1 within one thread of one boot of one node. */
export interface EvidenceRecord {
  readonly schemaVersion: number;
  readonly node: string;
  readonly boot: string;
  readonly thread: number;
  readonly sequence: number;
  readonly exchange: string;
  readonly snapshot: number;
  readonly listener: ListenerEvidence;
  readonly identity: IdentityEvidence | null;
  readonly route: RouteEvidence | null;
  readonly admission: AdmissionEvidence | null;
  readonly inspection: InspectionEvidence | null;
  readonly forward: ForwardEvidence | null;
  readonly response: ResponseEvidence;
}

/** A client certificate as records tell of it: accepted, and used. */
export interface SeenCredential {
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256 of the certificate that issued it; null where the evidence is of a version that did not say. */
  readonly issuedBy: string | null;
  readonly serial: string;
  readonly notAfterMs: number;
  readonly participant: string | null;
  readonly lastUsedMs: number;
  readonly calls: number;
  readonly hosts: readonly string[];
}

/**
 * What records have in common. `caller` is one object for all of one snapshot whose listener section has the same listener,
 * source, server name and TLS; `head` for all of one snapshot and listener that have the rest of that section in common, but for
 * cookies. `sink` is for whatever the sink keeps.
 */
export interface Likeness {
  readonly caller: { sink?: unknown };
  readonly head: { sink?: unknown };
}

/** Where records go. `append` never throws into the path and never blocks it; `close` flushes. */
export interface EvidenceSink {
  /**
   * Takes the next sequence number and keeps the record. With a `likeness` a sink may write what records share once: sections
   * in which nothing changed are then the same objects again.
   */
  append(
    record: Omit<EvidenceRecord, 'node' | 'boot' | 'thread' | 'sequence' | 'schemaVersion'>,
    likeness?: Likeness,
  ): void;
  close(): Promise<void>;
}
