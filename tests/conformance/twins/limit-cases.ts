// What a limit must answer, whoever decides it: written from the deck (p. 13, 21), the issue about admission and what is known of
// callers alone, before any of it was run. Rows are added, never changed to fit. The runner is twins.test.ts; whose hosts, paths
// and words they become, operators.ts.

/** Which words of an operator stand in a rule: its pool, its first SOAP system, the service whose payload carries an SCID. */
export type OperatorWord = '$namespace' | '$first' | '$page' | '$scid';

/** A rule of the policy of both twins. Left out: unit requests, layer acceptable-use, window 1,000 ms, quota 1. */
export interface CaseRule {
  readonly name: string;
  readonly layer?: 'global';
  readonly where: Readonly<Partial<Record<'namespace' | 'system' | 'service' | 'operation' | 'channel', string>>>;
  readonly key: readonly string[];
  readonly unit?: 'connections' | 'request-bytes' | 'concurrent-requests';
  readonly quota?: number;
  readonly windowMs?: number;
  readonly counts?: 'attempts';
  readonly mode?: 'shadow' | 'off';
  readonly status?: 429 | 503;
  readonly seconds?: 'whole-window';
}

/** How a caller makes itself known. */
export type Speaks = 'soap-1.1' | 'soap-1.2' | 'problem+json' | 'html';

/** One call. Left out: alpha's first certificate, the first source, the first system, a retrieve in SOAP 1.1. */
export interface CaseCall {
  readonly caller?: 'alpha' | 'alpha-other' | 'beta';
  /** Last number of the source address; the rest of it belongs to the case. */
  readonly source?: number;
  /** `json`: the system that speaks JSON, at operators that have one. */
  readonly system?: 'second' | 'json';
  /** Becomes the thing of a service's name: `Pool` is `RetrievePool_…` or `ReadPool`. */
  readonly service: string;
  readonly operation?: 'submit';
  readonly speaks?: Speaks;
  readonly bodyBytes?: number;
  /** Of the payload of the operator's service with SCIDs, which `service` then stands for. */
  readonly scid?: string | null;
}

/** A refusal as every caller must be able to read it. */
export interface CaseRefusal {
  readonly code: string;
  readonly rule: string;
  /** Every rule that had no room. Left out: the one. */
  readonly violated?: readonly string[];
  /** In the sentence, in the detail and in Retry-After; null for a refusal that promises nothing. */
  readonly seconds: number | null;
  readonly status: number;
  /** Names of the parts of the key, as told. */
  readonly key: readonly string[];
}

/** What happens next. `afterMs` counts from the end of the step before. */
export type CaseStep = { readonly afterMs?: number | 'promise' } & (
  | {
      readonly does: 'call';
      readonly call: CaseCall;
      readonly answer: 'admitted' | CaseRefusal;
      readonly left?: string;
    }
  /** Sends the head and half of the body and leaves it so. */
  | { readonly does: 'open'; readonly call: CaseCall }
  /** Sends the other half of the oldest call that is open, and reads that it was admitted. */
  | { readonly does: 'finish' }
  /** Opens a connection of a source and shakes hands. */
  | { readonly does: 'connect'; readonly source?: number; readonly answer: 'admitted' | 'closed' }
);

/** One row: rules, and what callers do and are told. */
export interface LimitCase {
  readonly title: string;
  readonly from: string;
  readonly rules: readonly CaseRule[];
  readonly steps: readonly CaseStep[];
}

const call = (words: CaseCall, answer: 'admitted' | CaseRefusal = 'admitted', left?: string): CaseStep =>
  left === undefined ? { does: 'call', call: words, answer } : { does: 'call', call: words, answer, left };
const after = (afterMs: number | 'promise', step: CaseStep): CaseStep => ({ ...step, afterMs });

const aup = (rule: string, seconds = 1, key: readonly string[] = ['credential', 'service']): CaseRefusal => ({
  code: 'admission.acceptable_use',
  rule,
  seconds,
  status: 500,
  key,
});
const global = (rule: string, seconds = 1): CaseRefusal => ({
  code: 'admission.global_limit',
  rule,
  seconds,
  status: 500,
  key: ['source'],
});

const own = ['credential', 'service'];

/** The rows. */
export const limitCases: readonly LimitCase[] = [
  {
    title:
      'the global limit pools every system, service, operation and certificate behind one source, and no other source',
    from: 'deck p. 13: across all the WS combined per TCP source, submits and retrieves',
    rules: [
      {
        name: 'pool',
        layer: 'global',
        where: { namespace: '$namespace', service: '*Pool*' },
        key: ['source'],
        quota: 3,
      },
    ],
    steps: [
      call({ service: 'PoolA' }, 'admitted', '"pool";r=2'),
      call({ service: 'PoolB', system: 'second', caller: 'beta' }, 'admitted', '"pool";r=1'),
      call({ service: 'PoolA', operation: 'submit', caller: 'alpha-other' }, 'admitted', '"pool";r=0'),
      call({ service: 'PoolC', system: 'second' }, global('pool'), '"pool";r=0'),
      call({ service: 'PoolA', source: 2 }, 'admitted', '"pool";r=2'),
      after('promise', call({ service: 'PoolC', system: 'second' })),
    ],
  },
  {
    title:
      'acceptable use is counted for each certificate and service, from whichever source, and leaves submits alone',
    from: 'deck p. 13; architecture.md: key credential × service by default',
    rules: [{ name: 'fair', where: { system: '$first', operation: 'retrieve', service: '*Fair*' }, key: own }],
    steps: [
      call({ service: 'FairA' }, 'admitted', '"fair";r=0'),
      call({ service: 'FairA' }, aup('fair')),
      call({ service: 'FairA', source: 2 }, aup('fair')),
      call({ service: 'FairA', caller: 'alpha-other' }),
      call({ service: 'FairA', caller: 'beta' }),
      call({ service: 'FairB' }),
      call({ service: 'FairA', operation: 'submit' }),
      after('promise', call({ service: 'FairA' })),
    ],
  },
  {
    title: 'a participant whose certificates share an allowance is refused with either, and another is not',
    from: 'issue: key (…, participant, …)',
    rules: [{ name: 'together', where: { service: '*Together*' }, key: ['participant'] }],
    steps: [
      call({ service: 'Together' }),
      call({ service: 'Together', caller: 'alpha-other' }, aup('together', 1, ['participant'])),
      call({ service: 'Together', caller: 'beta' }),
    ],
  },
  {
    title: 'sources of one network share an allowance where the key is the network',
    from: 'issue: key (source, source network, …)',
    rules: [{ name: 'network', where: { service: '*Network*' }, key: ['source-network'] }],
    steps: [
      call({ service: 'NetworkA' }),
      call({ service: 'NetworkB', source: 2 }, aup('network', 1, ['source-network'])),
    ],
  },
  {
    title: 'stacked rules are charged together or not at all, and the global limit is named before acceptable use',
    from: 'issue: rules stack; the refusal names the one that decided; all are charged together or not at all',
    rules: [
      { name: 'stack-global', layer: 'global', where: { service: '*Stack*' }, key: ['source'], quota: 2 },
      { name: 'stack-use', where: { service: '*Stack*' }, key: own },
    ],
    steps: [
      call({ service: 'StackA' }, 'admitted', '"stack-global";r=1, "stack-use";r=0'),
      call({ service: 'StackA' }, aup('stack-use'), '"stack-global";r=1, "stack-use";r=0'),
      call({ service: 'StackA' }, aup('stack-use')),
      call({ service: 'StackB' }, 'admitted', '"stack-global";r=0, "stack-use";r=0'),
      call({ service: 'StackA' }, { ...global('stack-global'), violated: ['stack-global', 'stack-use'] }),
      call({ service: 'StackC' }, global('stack-global')),
      after('promise', call({ service: 'StackC' })),
    ],
  },
  {
    title: 'the seconds of a refusal are those after which every rule has room, not the named one alone',
    from: 'issue: the promise',
    rules: [
      { name: 'brief', layer: 'global', where: { service: '*Longer*' }, key: ['source'], windowMs: 700 },
      { name: 'longer', where: { service: '*Longer*' }, key: own, windowMs: 2_500 },
    ],
    steps: [
      call({ service: 'Longer' }),
      call({ service: 'Longer' }, { ...global('brief', 3), violated: ['brief', 'longer'] }),
      after(900, call({ service: 'Longer' }, aup('longer', 2))),
      after('promise', call({ service: 'Longer' })),
    ],
  },
  {
    title: 'a refused call costs nothing, so that hammering keeps nobody out',
    from: 'issue: admitted only by default',
    rules: [{ name: 'patient', where: { service: '*Patient*' }, key: own }],
    steps: [
      call({ service: 'Patient' }),
      after(200, call({ service: 'Patient' }, aup('patient'))),
      after(200, call({ service: 'Patient' }, aup('patient'))),
      after(200, call({ service: 'Patient' }, aup('patient'))),
      after(600, call({ service: 'Patient' })),
    ],
  },
  {
    title: 'every attempt counts where the rule says so, and a quiet window is what lets a caller in again',
    from: 'issue: what counts (admitted only by default, or every attempt)',
    rules: [{ name: 'strict', where: { service: '*Strict*' }, key: own, counts: 'attempts' }],
    steps: [
      call({ service: 'Strict' }),
      after(600, call({ service: 'Strict' }, aup('strict'))),
      after(600, call({ service: 'Strict' }, aup('strict'))),
      after('promise', call({ service: 'Strict' })),
    ],
  },
  {
    title: 'the remaining time is rounded up to whole seconds',
    from: 'issue: remaining time, rounded up to whole seconds at the edge only',
    rules: [{ name: 'rounded', where: { service: '*Rounded*' }, key: own, windowMs: 2_500 }],
    steps: [
      call({ service: 'Rounded' }),
      call({ service: 'Rounded' }, aup('rounded', 3)),
      after(1_000, call({ service: 'Rounded' }, aup('rounded', 2))),
      after(900, call({ service: 'Rounded' }, aup('rounded', 1))),
      after('promise', call({ service: 'Rounded' })),
    ],
  },
  {
    title:
      'a rule may tell the whole window instead, in its sentence and in every field, and the wait is a promise all the same',
    from: 'caiso.md §2.2: <n>, the remaining seconds or the whole period',
    rules: [{ name: 'whole', where: { service: '*Whole*' }, key: own, windowMs: 1_500, seconds: 'whole-window' }],
    steps: [
      call({ service: 'Whole' }),
      after(800, call({ service: 'Whole' }, aup('whole', 2))),
      after('promise', call({ service: 'Whole' })),
    ],
  },
  {
    title: 'a caller that is refused twice and retries exactly after each promise is admitted each time',
    from: 'issue: retry exactly n seconds after "retry after n": admitted',
    rules: [{ name: 'kept', where: { service: '*Kept*' }, key: own, windowMs: 400 }],
    steps: [
      call({ service: 'Kept' }),
      call({ service: 'Kept' }, aup('kept')),
      after('promise', call({ service: 'Kept' })),
      call({ service: 'Kept' }, aup('kept')),
      after('promise', call({ service: 'Kept' })),
    ],
  },
  {
    title: 'a JSON caller is told by problem+json with status 429, and shares the allowance of SOAP callers',
    from: "issue: JSON callers problem+json with the draft's types",
    rules: [{ name: 'json', where: { service: '*Json*' }, key: own }],
    steps: [
      call({ service: 'Json' }),
      call({ service: 'Json', speaks: 'problem+json' }, { ...aup('json'), status: 429 }),
    ],
  },
  {
    title: 'a SOAP 1.2 caller is told by a SOAP 1.2 fault with status 500',
    from: 'architecture.md invariant 3; caiso.md §3.8',
    rules: [{ name: 'twelve', where: { service: '*Twelve*' }, key: own }],
    steps: [
      call({ service: 'Twelve', speaks: 'soap-1.2' }),
      call({ service: 'Twelve', speaks: 'soap-1.2' }, aup('twelve')),
    ],
  },
  {
    title: 'the global limit is told to JSON in its own words too',
    from: 'architecture.md: a global-limit refusal has its own text, never HTML to a program',
    rules: [{ name: 'json-pool', layer: 'global', where: { service: '*Several*' }, key: ['source'], quota: 2 }],
    steps: [
      call({ service: 'SeveralA' }),
      call({ service: 'SeveralB' }),
      call({ service: 'SeveralC', speaks: 'problem+json' }, { ...global('json-pool'), status: 429 }),
      call({ service: 'SeveralC' }, global('json-pool')),
    ],
  },
  {
    title: 'a browser is shown a page with status 429',
    from: 'issue: browsers a page',
    rules: [{ name: 'page', where: { channel: 'ui', system: '$page' }, key: ['source'] }],
    steps: [
      call({ service: '', speaks: 'html' }),
      call({ service: '', speaks: 'html' }, { ...aup('page', 1, ['source']), status: 429 }),
    ],
  },
  {
    title: 'the status that a rule names is that of the fault, and JSON keeps 429',
    from: 'issue: a rule: text, HTTP status, what <n> means',
    rules: [{ name: 'busy', where: { service: '*Busy*' }, key: own, status: 503 }],
    steps: [
      call({ service: 'Busy' }),
      call({ service: 'Busy' }, { ...aup('busy'), status: 503 }),
      call({ service: 'Busy', speaks: 'problem+json' }, { ...aup('busy'), status: 429 }),
    ],
  },
  {
    title: 'a rule in shadow refuses nobody and is told to nobody',
    from: 'issue: mode (enforce, shadow, off)',
    rules: [{ name: 'shade', where: { service: '*Shade*' }, key: own, mode: 'shadow' }],
    steps: [
      call({ service: 'Shade' }, 'admitted', ''),
      call({ service: 'Shade' }, 'admitted', ''),
      call({ service: 'Shade' }),
    ],
  },
  {
    title: 'a rule in shadow beside an enforced one changes nothing of what that one does',
    from: 'issue: shadow: a candidate runs beside the enforced policy',
    rules: [
      { name: 'beside-shade', where: { service: '*Beside*' }, key: own, mode: 'shadow' },
      { name: 'beside', where: { service: '*Beside*' }, key: own, quota: 2 },
    ],
    steps: [
      call({ service: 'Beside' }, 'admitted', '"beside";r=1'),
      call({ service: 'Beside' }, 'admitted', '"beside";r=0'),
      call({ service: 'Beside' }, aup('beside'), '"beside";r=0'),
    ],
  },
  {
    title: 'a rule that is off neither refuses nor is told',
    from: 'issue: mode (enforce, shadow, off)',
    rules: [{ name: 'off', where: { service: '*Resting*' }, key: own, mode: 'off' }],
    steps: [call({ service: 'Resting' }, 'admitted', ''), call({ service: 'Resting' }, 'admitted', '')],
  },
  {
    title: 'bytes of request bodies are admitted up to the quota, and a smaller body still fits behind a refused one',
    from: 'issue: unit (…, request bytes, …)',
    rules: [{ name: 'bytes', where: { service: '*Bulk*' }, key: ['source'], unit: 'request-bytes', quota: 6_000 }],
    steps: [
      call({ service: 'Bulk', bodyBytes: 4_000 }, 'admitted', '"bytes";r=2000'),
      call(
        { service: 'Bulk', bodyBytes: 3_000 },
        { code: 'admission.request_bytes', rule: 'bytes', seconds: 1, status: 500, key: ['source'] },
        '"bytes";r=2000',
      ),
      call({ service: 'Bulk', bodyBytes: 2_000 }, 'admitted', '"bytes";r=0'),
    ],
  },
  {
    title: 'a body past the whole quota is refused for good, and promises nothing',
    from: 'issue: everything has a bound; a refusal has a fix',
    rules: [{ name: 'never', where: { service: '*Never*' }, key: ['source'], unit: 'request-bytes', quota: 3_000 }],
    steps: [
      call(
        { service: 'Never', bodyBytes: 3_001 },
        { code: 'admission.body_past_quota', rule: 'never', seconds: null, status: 500, key: ['source'] },
      ),
      call({ service: 'Never', bodyBytes: 3_000 }),
    ],
  },
  {
    title: 'calls at once are bounded, and the end of one lets another in',
    from: 'issue: unit (…, concurrent requests)',
    rules: [
      { name: 'at-once', where: { service: '*Atonce*' }, key: ['source'], unit: 'concurrent-requests', quota: 2 },
    ],
    steps: [
      { does: 'open', call: { service: 'AtonceA' } },
      { does: 'open', call: { service: 'AtonceB' } },
      call(
        { service: 'AtonceC' },
        { code: 'admission.concurrent_requests', rule: 'at-once', seconds: 1, status: 500, key: ['source'] },
      ),
      { does: 'finish' },
      call({ service: 'AtonceC' }),
      { does: 'finish' },
    ],
  },
  {
    title: 'connections past their limit are closed before a byte of them is read, and those of another source are not',
    from: 'issue: unit (requests, connections, …)',
    rules: [{ name: 'doors', layer: 'global', where: {}, key: ['source'], unit: 'connections', quota: 12 }],
    steps: [
      ...Array.from({ length: 12 }, (): CaseStep => ({ does: 'connect', answer: 'admitted' })),
      { does: 'connect', answer: 'closed' },
      { does: 'connect', source: 2, answer: 'admitted' },
      { does: 'connect', afterMs: 1_000, answer: 'admitted' },
    ],
  },
  {
    title: 'an SCID in the key has an allowance of its own, and a call without one that of its certificate',
    from: 'issue: SCID in the key, with proof of right',
    rules: [{ name: 'by-scid', where: { service: '$scid' }, key: ['credential', 'scid', 'service'] }],
    steps: [
      call({ service: '', scid: 'ALPHA' }),
      call({ service: '', scid: 'ALPHA' }, aup('by-scid', 1, ['credential', 'scid', 'service'])),
      call({ service: '', scid: 'AL2' }),
      call({ service: '', scid: null }),
      call({ service: '', scid: null }, aup('by-scid', 1, ['credential', 'credential', 'service'])),
      call({ service: '', scid: 'BETA', caller: 'beta' }),
    ],
  },
  {
    title: 'a foreign SCID is refused by rule and charged to the caller itself',
    from: 'issue: a foreign SCID is refused by rule and charged to the caller itself',
    rules: [{ name: 'by-scid', where: { service: '$scid' }, key: ['credential', 'scid', 'service'] }],
    steps: [
      call(
        { service: '', scid: 'BETA' },
        { code: 'admission.foreign_scid', rule: 'by-scid', seconds: null, status: 500, key: [] },
      ),
      call({ service: '', scid: null }, aup('by-scid', 1, ['credential', 'credential', 'service'])),
      call({ service: '', scid: 'BETA', caller: 'beta' }),
    ],
  },
  // Added later: a planted fault in what JSON is told of several rules had passed all of the rows above.
  {
    title: 'JSON names every rule that had no room, and waits for all of them',
    from: 'issue: JSON callers problem+json with the draft’s types; rules stack',
    rules: [
      { name: 'both-global', layer: 'global', where: { service: '*Both*' }, key: ['source'] },
      { name: 'both-use', where: { service: '*Both*' }, key: own, windowMs: 1_600 },
    ],
    steps: [
      call({ service: 'Both' }),
      call(
        { service: 'Both', speaks: 'problem+json' },
        { ...global('both-global', 2), violated: ['both-global', 'both-use'], status: 429 },
      ),
      after('promise', call({ service: 'Both' })),
    ],
  },
  // Added later: the rows above have JSON callers at SOAP addresses alone.
  {
    title: 'a program of a JSON system is told by problem+json, also one that says that it accepts pages',
    from: 'architecture.md invariant 3: an API caller never receives HTML',
    rules: [{ name: 'feed', where: { service: '*Feed*' }, key: own }],
    steps: [
      call({ service: 'Feed', system: 'json', speaks: 'problem+json' }, 'admitted', '"feed";r=0'),
      call({ service: 'Feed', system: 'json', speaks: 'problem+json' }, { ...aup('feed'), status: 429 }),
      after('promise', call({ service: 'Feed', system: 'json', speaks: 'problem+json' })),
    ],
  },
];
