/**
 * What the deck of 21 February 2024 says of states, deadlines, days and numbers, typed from its text beside
 * `deck-table.ts`, which is frozen. The rules of the transcription are the same: every row carries its page, `printed` is
 * what stands there, and `null` is what the deck does not say. What is known from elsewhere says from where.
 */

type Day = `${number}-${number}-${number}`;
type Environment = 'map-stage' | 'production';
type Audience = 'ui-users' | 'api-users';

/** The day of the deck: "tomorrow, 2/22" (p. 4). What it says in the present tense holds from here. */
export const edition: Day = '2024-02-21';

export interface IssueRow {
  readonly cases: readonly string[];
  /** The heading of the slide: "User Interfaces" or "Application Programming Interface"; p. 14 is about the WS and AUP. */
  readonly channel: 'ui' | 'api';
  /** Environments that the summary or the states name. */
  readonly environments: readonly Environment[] | null;
  /** Words of the summary by which a caller recognises it. */
  readonly symptom: string | null;
  /** The newest words about the whole issue, and how they are read. */
  readonly says: string | null;
  readonly state: 'open' | 'under-review' | 'monitoring' | 'closed';
  readonly workaround: string | null;
  readonly page: number;
}

export const issueRows: readonly IssueRow[] = [
  {
    cases: ['271919'],
    channel: 'ui',
    environments: null,
    symptom: null,
    says: 'Customer working sessions targeted this week.',
    state: 'open',
    workaround: null,
    page: 9,
  },
  {
    cases: ['271984'],
    channel: 'ui',
    environments: ['map-stage'],
    symptom: 'ISOError.html',
    says: 'Published older pages to resolve. Pending customer re-test.',
    state: 'open',
    workaround: null,
    page: 9,
  },
  {
    cases: ['269278', '269418', '270168', '270431', '271384'],
    channel: 'api',
    environments: ['map-stage', 'production'],
    symptom: 'connection reset',
    says: 'No failed retesting reported.',
    state: 'monitoring',
    workaround:
      'Now that the buffer is set to 1MB, the following are still key for all payloads to be successful going forward: BASE64 ENCODE GZIP COMPRESSION',
    page: 11,
  },
  {
    cases: ['269464', '269347', '269793', '270088'],
    channel: 'api',
    environments: null,
    symptom: 'BIG-IP logout page',
    says: 'Under ISO review',
    state: 'under-review',
    workaround: null,
    page: 12,
  },
  {
    cases: ['270195'],
    channel: 'api',
    environments: null,
    symptom: null,
    says: 'Closed',
    state: 'closed',
    workaround: null,
    page: 14,
  },
  {
    cases: ['271088'],
    channel: 'api',
    environments: null,
    symptom: null,
    says: 'Under ISO review',
    state: 'under-review',
    workaround: null,
    page: 14,
  },
];

export interface CaseState {
  readonly environment: Environment | null;
  readonly state: 'open' | 'testing' | 'pending' | 'success' | 'under-review' | 'closed';
  /** `case`: beside the number; `note`: only in the newest note of the issue; `null`: nowhere, the reading is ours. */
  readonly stands: 'case' | 'note' | null;
  readonly printed: string | null;
}

const successThenTesting: readonly CaseState[] = [
  { environment: 'map-stage', state: 'success', stands: 'case', printed: 'Success in MAPSTAGE' },
  { environment: 'production', state: 'testing', stands: 'case', printed: 'working on testing Production' },
];
const closed: readonly CaseState[] = [{ environment: null, state: 'closed', stands: 'case', printed: 'Closed' }];
const reviewedByNote: readonly CaseState[] = [
  { environment: null, state: 'under-review', stands: 'note', printed: 'Under ISO review' },
];

/** The thirteen cases of pp. 9, 11, 12 and 14. */
export const caseRows: readonly { readonly number: string; readonly states: readonly CaseState[]; page: number }[] = [
  { number: '271919', states: [{ environment: null, state: 'open', stands: null, printed: null }], page: 9 },
  {
    number: '271984',
    states: [{ environment: 'map-stage', state: 'pending', stands: 'note', printed: 'Pending customer re-test.' }],
    page: 9,
  },
  { number: '269278', states: closed, page: 11 },
  { number: '269418', states: successThenTesting, page: 11 },
  { number: '270168', states: successThenTesting, page: 11 },
  {
    number: '270431',
    states: [{ environment: null, state: 'pending', stands: 'case', printed: 'Pending customer testing' }],
    page: 11,
  },
  { number: '271384', states: closed, page: 11 },
  { number: '269464', states: reviewedByNote, page: 12 },
  { number: '269347', states: reviewedByNote, page: 12 },
  { number: '269793', states: reviewedByNote, page: 12 },
  { number: '270088', states: reviewedByNote, page: 12 },
  { number: '270195', states: closed, page: 14 },
  {
    number: '271088',
    states: [{ environment: null, state: 'under-review', stands: 'case', printed: 'Under ISO review' }],
    page: 14,
  },
];

export interface ActionRow {
  readonly id: string;
  readonly printed: string;
  readonly audience: readonly Audience[];
  /** The environment that the words name, or the only one whose cutover they can mean. */
  readonly environment: Environment | null;
  readonly deadline: Day | null;
  readonly deadlinePrinted: string | null;
  /** The page that prints the words and the deadline. */
  readonly page: number;
}

const everybody: readonly Audience[] = ['ui-users', 'api-users'];

export const actionRows: readonly ActionRow[] = [
  {
    id: 'use-new-addresses',
    printed: 'Customers should be using new UI & API URLs now',
    audience: everybody,
    environment: 'production',
    deadline: null,
    deadlinePrinted: 'now',
    page: 6,
  },
  {
    id: 'configure-prerequisites',
    printed: 'Ensure pre-requisites are configured',
    audience: everybody,
    environment: null,
    deadline: null,
    deadlinePrinted: 'now',
    page: 6,
  },
  {
    id: 'allow-addresses',
    printed: 'Whitelist ISO IPs',
    audience: everybody,
    environment: null,
    deadline: null,
    deadlinePrinted: 'now',
    page: 6,
  },
  {
    id: 'install-entrust-new',
    printed: 'to access the new Production API URLs (ws.prod.caiso',
    audience: ['api-users'],
    environment: 'production',
    deadline: '2023-11-09',
    deadlinePrinted: 'prior to 11/9',
    page: 24,
  },
  {
    id: 'install-entrust-existing',
    printed: 'to avoid impacts to Production API access on the existing API URLs (ws.caiso)',
    audience: ['api-users'],
    environment: 'production',
    deadline: '2023-12-20',
    deadlinePrinted: 'NLT 12/20',
    page: 24,
  },
  {
    id: 'leave-old-addresses',
    printed:
      'Please ensure you are no longer using the old UI & API URLs as soon as possible to minimize access impacts when the final cutovers occur',
    audience: everybody,
    environment: 'production',
    deadline: null,
    deadlinePrinted: 'as soon as possible',
    page: 6,
  },
  {
    id: 'report-issues',
    printed: 'Report issues to CAISO via CIDI (guidance on next slide)',
    audience: everybody,
    environment: null,
    deadline: null,
    deadlinePrinted: null,
    page: 6,
  },
  {
    id: 'move-api-before-hard-cutover',
    printed:
      'Customers should cut over to the new URLs ws.prod.caiso.com starting 11/15/23 and as soon as possible before 2/19/24.',
    audience: ['api-users'],
    environment: 'production',
    deadline: '2024-02-19',
    deadlinePrinted: 'as soon as possible before 2/19/24',
    page: 20,
  },
  {
    id: 'move-map-stage-api',
    printed:
      'Market Participants are required to validate access and transition to the new API URLs before August 15, 2023.',
    audience: ['api-users'],
    environment: 'map-stage',
    deadline: '2023-08-15',
    deadlinePrinted: 'before August 15, 2023',
    page: 26,
  },
  {
    id: 'move-ui',
    printed:
      'Once the new UI URLs are deployed into Production, Market Participants have until Tuesday, February 6, 2024 to validate and transition to the new UI URLs.',
    audience: ['ui-users'],
    environment: 'production',
    deadline: '2024-02-06',
    deadlinePrinted: 'until Tuesday, February 6, 2024',
    page: 26,
  },
  {
    id: 'compress-and-encode',
    printed: 'still key for all payloads to be successful going forward: BASE64 ENCODE, GZIP COMPRESSION',
    audience: ['api-users'],
    environment: null,
    deadline: null,
    deadlinePrinted: null,
    page: 11,
  },
  {
    id: 'prefer-fixed-length',
    printed: 'Chunked versus streamed data (shift away from chunked)',
    audience: ['api-users'],
    environment: null,
    deadline: null,
    deadlinePrinted: null,
    page: 11,
  },
];

export interface AnchorRow {
  readonly name: string;
  readonly role: 'root' | 'intermediate' | 'authority';
  readonly from: {
    readonly value: Day | 'done';
    readonly printed: string | null;
    readonly page: number | null;
  };
  /** No page prints an end; that of the old authority hangs on a hard cutover that is TBD (pp. 10, 18). */
  readonly until: 'tbd';
  /** Not from the deck, which prints no fingerprint and no distrust. `null`: nothing is known. */
  readonly elsewhere: {
    readonly sha256: string;
    readonly distrust: readonly { readonly by: string; readonly after: Day }[];
  } | null;
  /** Words that must stand in the note for what is not from the deck. */
  readonly marked: readonly string[];
}

const phaseOne = {
  value: '2023-11-15',
  printed: 'Phase 1 – Nov. 15, 2023 COMPLETE … New Certificate Authority (was Verizon and is now Entrust)',
  page: 18,
} as const;
/** The announcements of the two browser makers about Entrust's public roots. */
const distrust = [
  { by: 'Chrome', after: '2024-11-11' },
  { by: 'Mozilla', after: '2024-11-30' },
] as const;

export const anchorRows: readonly AnchorRow[] = [
  {
    name: 'Entrust Root Certification Authority – G2',
    role: 'root',
    from: phaseOne,
    until: 'tbd',
    elsewhere: {
      sha256: '43:DF:57:74:B0:3E:7F:EF:5F:E4:0D:93:1A:7B:ED:F1:BB:2E:6B:42:73:8C:4E:6D:38:41:10:3D:3A:A7:F3:39',
      distrust,
    },
    marked: ['distrust is not in the deck'],
  },
  {
    name: 'Entrust Certification Authority – L1M',
    role: 'intermediate',
    from: phaseOne,
    until: 'tbd',
    elsewhere: {
      sha256: '75:C5:B3:F0:1F:D1:F5:1A:2C:44:7A:B7:C7:85:D7:2E:69:FA:9C:47:2C:08:57:1E:7E:AD:F3:B8:EA:BA:E7:0C',
      distrust,
    },
    marked: ['distrust is not in the deck'],
  },
  {
    name: 'Verizon',
    role: 'authority',
    // "It was Verizon" (p. 23): in use already, since no day that the deck prints.
    from: { value: 'done', printed: null, page: null },
    until: 'tbd',
    elsewhere: null,
    // Its end of life is the operator's word on another page, not the deck's.
    marked: ['until their hard cutover', 'November 2024', 'on its page about access and certificates'],
  },
];
