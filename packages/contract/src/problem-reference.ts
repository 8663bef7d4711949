// The reference page of every "no", written from the catalogues. Pure: the page is text, and the test beside this file compares it
// with docs/reference/problems.md.
import {
  type ControlProblemCode,
  type ControlProblemFacts,
  controlProblems,
  type ProblemCode,
  type ProblemFacts,
  problems,
  type RetryAdvice,
} from './problems.ts';

/** One code as the page shows it. What only a server has (status, proxy error) is absent for the client's own codes. */
export interface ProblemEntry {
  readonly code: string;
  readonly title: string;
  readonly status?: number;
  readonly proxyError?: string;
  /** Whose doing it is, as the page says it. */
  readonly doing: string;
  readonly retry: RetryAdvice;
  /** The sentence with example facts. */
  readonly sentence: string;
  readonly fix: string;
  readonly operatorFix?: string;
}

type StageOf<Code extends string> = Code extends `${infer Stage}.${string}` ? Stage : never;
type ReasonOf<Code extends string, Stage extends string> = Code extends `${Stage}.${infer Reason}` ? Reason : never;

/** Example facts of every code, stage first and reason second: a code without an example does not compile. */
export type ExampleFacts<Code extends string, FactsOf extends Record<Code, unknown>> = {
  readonly [Stage in StageOf<Code>]: {
    readonly [Reason in ReasonOf<Code, Stage>]: FactsOf[`${Stage}.${Reason}` & Code];
  };
};

// Codes are not written out here: a code in a string would count as raised in the eyes of the check `problems`.
const certificate = {
  subject: 'CN=trading-desk,O=Participant A,C=US',
  issuer: 'CN=Users Issuing CA,O=Example Trust,C=US',
  serial: '40F45CC0BC75BE99',
};
const valid = 'valid from 2023-02-20T12:00:00.000Z to 2024-02-20T12:00:00.000Z';
const grantedBy = ['access@participant-a.example.org'];
const right = {
  subject: certificate.subject,
  right: 'submit',
  system: 'DRRS',
  channel: 'api',
  environment: 'production',
  grantedBy,
} as const;
const issuers = [
  'CN=Users Root CA R2,O=Example Trust,C=US',
  'CN=Users Root CA,O=Example Trust,C=US (until 2024-11-30)',
];
const waitSentence = '429: CAISO Acceptable Use Policy Violation. Please retry your request after 4 seconds.';

/** What the sentences of limits do not tell. */
const limit = {
  rule: 'ws-global',
  text: '',
  key: 'source=192.0.2.7',
  unit: 'requests',
  quota: 30,
  windowMs: 1_000,
  violated: ['ws-global'],
} as const;

const examples: ExampleFacts<ProblemCode, { [Code in ProblemCode]: ProblemFacts<Code> }> = {
  listener: {
    malformed_request: { found: 'more than one Host field' },
    ambiguous_framing: { found: 'Content-Length and Transfer-Encoding together' },
    header_too_large: { limitBytes: 16_384 },
    target_too_long: { limitBytes: 8_192 },
    version_not_supported: { found: 'another version than HTTP/1.1 or HTTP/1.0' },
    plain_http: { port: 443 },
    request_timeout: { waitedMs: 30_000 },
    too_many_waiting_bodies: { source: '192.0.2.7', limit: 64 },
  },
  identity: {
    host_mismatch: { host: 'ws.caiso.com', serverName: 'ws.prod.caiso.com' },
    certificate_missing: { host: 'ws.prod.caiso.com', issuers, resumed: false },
    certificate_expired: { ...certificate, notAfter: '2024-02-20T12:00:00.000Z', issuers, otherPurpose: null },
    certificate_not_yet_valid: { ...certificate, notBefore: '2024-03-01T00:00:00.000Z' },
    issuer_unknown: {
      ...certificate,
      issuers,
      otherPurpose: 'is a server certificate: its extended key usage does not name client authentication',
    },
    authority_withdrawn: {
      ...certificate,
      authority: 'CN=Users Root CA R1,O=Example Trust,C=US',
      until: '2024-11-30T23:59:59.999Z',
      reason: 'Its operator retires it',
      issuers,
      otherPurpose: null,
    },
    authority_not_yet_accepted: {
      ...certificate,
      authority: 'CN=Users Root CA R3,O=Example Trust,C=US',
      from: '2024-06-01T00:00:00.000Z',
    },
    certificate_invalid: {
      ...certificate,
      valid,
      fault: 'has a key (rsa) of 1024 bits, which is too weak',
      needed:
        'It must be issued for an RSA key of at least 2048 bits or an elliptic key of at least 256, on a named curve.',
    },
    certificate_revoked: { ...certificate, revoked: '2024-02-19T08:30:00.000Z', reason: 'key compromise' },
    certificate_on_hold: { ...certificate, held: '2024-02-19T08:30:00.000Z' },
    revocation_unknown: {
      ...certificate,
      fault: `cannot be looked up: the revocation list of ${certificate.issuer} came to its end on 2024-02-20T12:00:00.000Z`,
    },
    authority_invalid: {
      subject: certificate.issuer,
      issuer: 'CN=Users Root CA,O=Example Trust,C=US',
      serial: '52A1',
      valid,
      fault: 'expired on 2024-02-20T12:00:00.000Z',
      needed: 'It must be renewed.',
      caller: certificate.subject,
    },
    not_enrolled: { subject: certificate.subject, environment: 'production', otherCertificate: false, grantedBy },
    username_mismatch: {
      rule: 'ws-username',
      outcome: 'differs',
      username: 'CN=other-desk,O=Participant B,C=US',
      element: 'CAISOWSHeader/CAISOUsernameToken/Username',
      part: 'subject',
      expected: [certificate.subject],
    },
  },
  route: {
    unknown_host: { host: 'ws.example.org' },
    not_found: { host: 'ws.prod.caiso.com', path: '/sst/unknown/Service' },
    unknown_service: { system: 'CMRI', service: 'RetrieveMarketAward_CMRIv4_AP' },
    undecided_service: { path: '/sst/runtime.asvc', candidates: ['ALFS', 'MF', 'PISOA'] },
    method_not_allowed: { method: 'PUT', allowed: ['POST'] },
    decommissioned: {
      address: 'https://wsmap.caiso.com/sst/cmri',
      since: 'deck p. 21',
      replacement: 'https://mapstage-ws.caiso.com/sst/cmri',
    },
    not_served: { system: 'CMRI' },
    person_only: { path: '/headgate/logout' },
  },
  admission: {
    session_ended: {
      host: 'cmri.caiso.com',
      endedAt: '2024-02-21T12:30:00.000Z',
      because: 'nothing was asked for 30 minutes',
    },
    other_environment: { subject: certificate.subject, environment: 'production', enrolled: ['map-stage'], grantedBy },
    not_permitted: { ...right, has: 'It may only read there.' },
    foreign_scid: { ...right, scid: 'HPA9', rule: 'drrs-by-scid', has: 'It may for HPA1, HPA2.' },
    right_ended: { ...right, at: '2024-02-01T00:00:00.000Z', endorser: 'Harbor Power Authority' },
    right_not_begun: { ...right, at: '2024-03-01T00:00:00.000Z', endorser: null },
    global_limit: {
      ...limit,
      text: 'Global rate limit exceeded: 30 requests per second per source over all web services. Please retry your request after 1 seconds.',
    },
    acceptable_use: { ...limit, text: waitSentence },
    request_bytes: {
      ...limit,
      text: 'More than 10 MB in a minute from one source. Please retry your request after 12 seconds.',
    },
    body_past_quota: { ...limit, rule: 'ws-bytes', quota: 10_000_000, windowMs: 60_000, bytes: 12_000_000 },
    concurrent_requests: {
      ...limit,
      text: 'More than 8 calls at once with one certificate. Please retry your request after 1 seconds.',
    },
    uncounted: { rule: 'ws-global' },
  },
  inspection: {
    body_too_large: { limitBytes: 1_048_576, seenBytes: 2_000_000, declared: true },
    body_incomplete: { seenBytes: 4_096 },
    body_timeout: { waitedMs: 30_000 },
    malformed_envelope: { found: 'it has a DOCTYPE, which is never accepted' },
    unsupported_content_type: { found: 'application/json', expected: ['text/xml', 'application/soap+xml'] },
  },
  forward: {
    upstream_unavailable: { system: 'CMRI' },
    connect_timeout: { system: 'CMRI', waitedMs: 5_000 },
    queue_full: { system: 'CMRI' },
    tls_failed: { system: 'CMRI', found: 'its certificate has expired' },
    send_timeout: { system: 'CMRI', waitedMs: 60_000 },
    exchange_timeout: { system: 'CMRI', waitedMs: 900_000, forwarded: true },
    response_timeout: { system: 'CMRI', waitedMs: 120_000 },
    response_incomplete: { system: 'CMRI' },
    invalid_response: { system: 'CMRI' },
    html_answer: { system: 'CMRI', status: 200 },
    too_many_tunnels: { limit: 128 },
    too_many_tunnels_from_source: { source: '192.0.2.7', limit: 64 },
  },
  gateway: { draining: {}, defect: {} },
};

const controlExamples: ExampleFacts<ControlProblemCode, { [Code in ControlProblemCode]: ControlProblemFacts<Code> }> = {
  control: {
    sign_in_needed: {},
    certificate_not_accepted: {
      subject: certificate.subject,
      fault: 'expired on 2024-02-20T12:00:00.000Z',
      needed: 'It must be renewed.',
    },
    no_account: { subject: certificate.subject, fingerprint: '3f9a…' },
    not_permitted: { account: 'desk', has: ['support'], needs: ['operator', 'approver'] },
    not_found: { path: '/v1/participants/other' },
    method_not_allowed: { method: 'PUT', path: '/v1/me', allowed: ['GET', 'HEAD'] },
    invalid_request: { faults: ['query.limit: found 0; expected at least 1'] },
    malformed_request: { found: 'the body is no JSON' },
    too_large: { what: 'body', limitBytes: 1_048_576 },
    unsupported_media_type: { found: 'text/plain' },
    too_many_requests: { account: 'desk', limit: 32 },
    changed_meanwhile: { what: 'participant harbor-power' },
    snapshot_unusable: {
      count: 1,
      findings: ['catalogue/policy.yaml:9:12 limits.0.quota: found 0; expected at least 1'],
    },
    no_snapshot_sources: {},
    too_many_streams: { account: 'desk', limit: 8 },
    foreign_origin: { origin: 'https://example.org' },
    link_unknown: {},
    link_used: {},
    link_expired: {},
    too_many_attempts: { source: '192.0.2.7' },
    store_busy: { waitingCount: 1_000 },
    store_too_slow: { limitMs: 30_000 },
    store_unavailable: {},
    journal_unwritable: {},
    ledger_busy: {},
    too_many_boots: { limit: 10_000 },
    no_such_exchange: {
      exchange: 'e7dcfbe3-c799-4ea1-8f76-06458c1e8756',
      keptSince: '2024-02-01T00:00:00.000Z',
    },
    draining: {},
    defect: { id: '5e1f0c9a' },
  },
};

/** Every code of control with its sentence, in the order of its catalogue. */
export function controlEntries(): readonly ProblemEntry[] {
  return Object.entries(controlProblems).map(([code, entry]) => ({
    code,
    ...entry,
    doing: doingOf[entry.source],
    sentence: sentenceOf(code, entry.detail as (facts: unknown) => string, controlExamples),
  }));
}

/** Every code of the gateway with its sentence, in the order of the catalogue. */
export function gatewayEntries(): readonly ProblemEntry[] {
  return Object.entries(problems).map(([code, entry]) => ({
    code,
    ...entry,
    doing: doingOf[entry.source],
    sentence: sentenceOf(code, entry.detail as (facts: unknown) => string, examples),
  }));
}

/** Writes a code's sentence from the example facts under its stage and reason. Throws when there are none. */
export function sentenceOf(
  code: string,
  detail: (facts: unknown) => string,
  facts: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): string {
  const [stage = '', reason = ''] = code.split('.', 2);
  const example = facts[stage]?.[reason];
  if (example === undefined)
    throw new Error(`${code} has no example facts for the reference: add them beside the others`);
  return detail(example);
}

const doingOf = {
  downstream: "the caller's doing",
  upstream: 'the doing of the system behind',
  gateway: "the gateway's doing",
  caller: "the caller's doing",
  control: "control's doing",
} as const;

const retryWords: Record<RetryAdvice, string> = {
  never: 'no: the same request is refused again, or may have been carried out',
  after: 'after the stated seconds',
  backoff: 'later, with growing pauses',
};

/** One part of the page: a heading per stage, then a heading per code. `prefix` stands before the stage's name. */
export function writeEntries(entries: readonly ProblemEntry[], prefix: string): string {
  const lines: string[] = [];
  let stage = '';
  for (const entry of entries) {
    const own = entry.code.split('.', 1)[0] ?? '';
    if (own !== stage) lines.push(`## ${prefix} ${own}`, '');
    stage = own;
    lines.push(...linesOf(entry));
  }
  return lines.join('\n');
}

function linesOf(entry: ProblemEntry): string[] {
  const facts = [
    ...(entry.status === undefined ? [] : [`status ${entry.status}`]),
    ...(entry.proxyError === undefined ? [] : [`Proxy-Status \`${entry.proxyError}\``]),
    entry.doing,
  ];
  return [
    `### ${entry.code}`,
    '',
    `**${entry.title}** · ${facts.join(' · ')}`,
    '',
    `> ${escaped(entry.sentence)}`,
    '',
    `- Repeat: ${retryWords[entry.retry]}.`,
    `- Fix: ${escaped(entry.fix)}`,
    ...(entry.operatorFix === undefined ? [] : [`- Operator: ${escaped(entry.operatorFix)}`]),
    '',
  ];
}

/** Angle brackets outside code would be taken for HTML and vanish. */
function escaped(text: string): string {
  return text
    .split('`')
    .map((part, at) => (at % 2 === 0 ? part.replace(/[<*]/g, '\\$&') : part))
    .join('`');
}
