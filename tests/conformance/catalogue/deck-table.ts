/**
 * What the Application Delivery Resiliency forum deck of 21 February 2024 says, typed from its text and from nothing
 * else. Pure data: the reference that the catalogue is compared with. Not derived from the catalogue, and never
 * corrected to agree with it.
 *
 * Source: 000_b0c2651008beb8cf.txt. Rules of the transcription:
 * - Every row carries the page (slide) it was read from. Pages 4, 13, 15 and 16 have printed footers; the others are
 *   counted, and the count agrees with all four. Pages 1 and 2 are not in the text.
 * - `printed` is what stands there. Line breaks of the layout are joined (by nothing inside an address, else by one
 *   space), and page 26's broken kerning ("f inal", "w ill", "https ://") is closed. Spelling is not corrected.
 * - `null` is an empty cell or something that the deck does not say. Nothing is filled in: where a year or a meaning is
 *   inferred, a field says so.
 * - Colours and pictures were lost with the text. Nothing here is inferred from a colour.
 * - No person's name, no mail address and no meeting link is carried over.
 */

export type Page =
  | 3
  | 4
  | 5
  | 6
  | 7
  | 8
  | 9
  | 10
  | 11
  | 12
  | 13
  | 14
  | 15
  | 16
  | 17
  | 18
  | 19
  | 20
  | 21
  | 22
  | 23
  | 24
  | 25
  | 26;

export type IsoDay = `${number}-${number}-${number}`;
export type IsoMonth = `${number}-${number}`;
export type Weekday = 'Mon' | 'Tue' | 'Wed' | 'Thu' | 'Fri' | 'Sat' | 'Sun';
export type Environment = 'MAPSTAGE' | 'Production';
export type Operation = 'submit' | 'retrieve';

export interface DeckPage {
  readonly page: Page;
  readonly title: string;
  /** `footer`: the page number is printed; `counted`: it follows from the order of the slides. */
  readonly basis: 'footer' | 'counted';
}

export interface Cell {
  readonly printed: string | null;
}

export interface MatrixRow {
  readonly system: string;
  readonly ui: { readonly new: Cell; readonly old: Cell };
  readonly api: { readonly new: Cell; readonly old: Cell };
  readonly page: 5;
}

export interface MatrixComparison {
  readonly comparedPage: 8 | 10;
  readonly columns: 'ui' | 'api';
  readonly rows: number;
  readonly differences: readonly string[];
  readonly page: 5;
}

export interface LegendRow {
  readonly printed: string;
  readonly heading: boolean;
  readonly pages: readonly Page[];
  readonly page: 5;
}

export interface ProductionApiRow {
  readonly system: string;
  readonly existing: string;
  readonly new: string;
  readonly toBeCutOver: string;
  readonly page: 22;
}

export interface AddressForm {
  readonly environment: Environment;
  /** The table column on pages 21 and 22 (headers as printed); `null` on page 18, which has no table. */
  readonly column: 'Old' | 'New URL & Infrastructure' | 'New' | null;
  readonly generation: 'old' | 'new' | 'old address moved to new infrastructure' | 'none';
  readonly host: string | null;
  readonly docAttach: boolean;
  readonly printed: string;
  readonly availability: string | null;
  readonly date: IsoDay | 'TBD' | null;
  readonly page: Page;
}

export interface LinkTarget {
  /** Position in the list of hyperlinks that the text gives at the end of the page, from 1. */
  readonly position: number;
  readonly target: string;
  readonly page: Page;
}

export interface UiRow {
  readonly application: string;
  readonly abbreviation: string | null;
  readonly covers: readonly string[];
  readonly environment: 'MAP Stage' | 'Production';
  readonly weekdayPrinted: Weekday | null;
  readonly datePrinted: string | null;
  readonly iso: IsoDay | null;
  readonly weekdayComputed: Weekday | null;
  readonly done: boolean;
  readonly urls: readonly string[];
  readonly page: 26;
}

export interface AnnouncedWindow {
  readonly on: IsoDay | IsoMonth;
  readonly from: string;
  /** `null`: only a start is printed. */
  readonly to: string | null;
  readonly zone: 'PT';
}

export type AnnouncedDate = IsoDay | IsoMonth | AnnouncedWindow | 'TBD';

export type AnnouncedEvent =
  | 'available'
  | 'first phase complete'
  | 'soft cutover'
  | 'hard cutover'
  | 'move-over asked before'
  | 'no longer available'
  | 'transition deadline'
  | 'testing starts'
  | 'deployment start'
  | 'cutover'
  | 'cutover complete'
  | 'decommission'
  | 'trust anchors needed before'
  | 'trust anchors needed no later than'
  | 'buffer increase'
  | 'forum starts'
  | 'forum edition'
  | 'forum next occurrence';

export interface Announcement {
  readonly subject: string;
  readonly environment: Environment | null;
  readonly event: AnnouncedEvent;
  readonly printed: string;
  readonly date: AnnouncedDate;
  /** False where the deck prints no year and it was taken from the context. */
  readonly yearPrinted: boolean;
  /** Only where the same sentence says that an earlier date is replaced ("was …"). */
  readonly replaces?: IsoDay;
  readonly weekdayPrinted?: Weekday;
  readonly weekdayComputed?: Weekday;
  readonly note?: string;
  readonly page: Page;
}

export interface GlobalLimit {
  readonly kind: 'global';
  readonly namespace: 'WS' | 'OASIS' | 'ADS';
  readonly printed: string;
  /** The bare number before "per second"; the deck does not name what is counted. */
  readonly perSecond: 30 | null;
  readonly connectionsPerMinute: 1800 | null;
  readonly key: 'TCP source' | null;
  readonly endpoint: string | null;
  readonly operations: readonly Operation[] | null;
  readonly systems: readonly string[] | null;
  readonly page: Page;
}

export interface ServiceLimit {
  readonly kind: 'aup';
  readonly service: string;
  readonly operation: Operation | null;
  /** Which data or services the period is said to cover; `null` where the page does not say. */
  readonly scope: string | null;
  readonly periodSeconds: 5 | 30 | null;
  /** How many calls a period allows: the deck never says. */
  readonly quota: null;
  readonly printed: string;
  readonly page: Page;
}

export interface NamespaceStatement {
  readonly kind: 'namespaces';
  readonly printed: string;
  readonly namespaces: readonly ('WS' | 'OASIS' | 'ADS')[];
  readonly page: 13;
}

export interface FaultText {
  readonly kind: 'fault';
  readonly introduction: string;
  /** The lines that are printed. The deck stops at an open `<detail>`. */
  readonly lines: readonly string[];
  readonly faultcode: string;
  readonly faultstring: string;
  readonly faultstringLang: string;
  readonly apps: readonly string[];
  readonly appliesTo: string;
  readonly page: 21;
}

export type LimitRow = GlobalLimit | ServiceLimit | NamespaceStatement | FaultText;

export interface AddressRange {
  readonly cidr: string;
  readonly ports: readonly number[];
  readonly printed: string;
  readonly page: Page;
}

export interface TrustAnchor {
  readonly role: 'root' | 'intermediate' | null;
  readonly authority: 'Entrust' | 'Verizon';
  readonly standing: 'new' | 'previous';
  readonly name: string | null;
  readonly nameInReferences: string | null;
  /** Without the tracking query that is printed behind it. */
  readonly url: string | null;
  readonly parentPage: string | null;
  readonly page: 23 | 25;
}

export interface Statement {
  readonly id: string;
  readonly printed: string;
  readonly page: Page;
}

export interface SupportFact {
  readonly appliesTo: 'all' | 'UI' | 'API';
  readonly printed: string;
  readonly page: 7;
}

export interface KnownIssueNote {
  /** `null` for a remark without a date. */
  readonly date: IsoDay | null;
  readonly datePrinted: string | null;
  readonly text: string;
}

export interface KnownIssueCase {
  readonly number: string;
  /** Printed state of this one case, `null` where none is printed beside the number. */
  readonly state: string | null;
}

export interface KnownIssue {
  readonly id: string;
  readonly area: 'UI' | 'API' | 'Global Rate Limiting & Acceptable Use Policy';
  readonly summary: string;
  readonly environment: Environment | null;
  readonly systems: readonly string[];
  readonly operations: readonly Operation[];
  readonly status: string | null;
  readonly notes: readonly KnownIssueNote[];
  readonly cases: readonly KnownIssueCase[];
  readonly page: Page;
}

export interface ForumEdition {
  readonly date: IsoDay;
  readonly basis: 'printed' | 'dated notes only' | 'the word tomorrow beside 2/22, and dated notes';
  readonly printed: string;
  readonly page: Page;
}

export interface Forum {
  readonly name: { readonly printed: string; readonly page: Page };
  readonly schedule: {
    readonly printed: string;
    readonly weekday: Weekday;
    readonly from: string;
    readonly to: string;
    readonly zone: 'PT';
    readonly starts: IsoDay;
    readonly page: Page;
  };
  readonly purposes: readonly { readonly printed: string; readonly page: Page }[];
  readonly editions: readonly ForumEdition[];
  readonly next: {
    readonly printed: string;
    readonly date: IsoDay;
    readonly from: string;
    readonly zone: 'PT';
    readonly weekday: Weekday;
    readonly page: Page;
  };
  readonly published: readonly { readonly printed: string; readonly page: Page }[];
}

export interface F5Area {
  readonly product: string;
  readonly purpose: string;
  readonly page: 17;
}

export interface Reference {
  readonly printed: string;
  readonly url: string | null;
  readonly page: Page;
}

export interface DiscrepancySide {
  readonly statement: string;
  readonly pages: readonly Page[];
}

export interface ExpectedDiscrepancy {
  readonly id: string;
  readonly kind: 'date' | 'weekday' | 'status' | 'scope' | 'unit' | 'naming' | 'link';
  readonly about: string;
  readonly first: DiscrepancySide;
  readonly second: DiscrepancySide;
  /** Further statements on the same matter, where there are more than two. */
  readonly others?: readonly DiscrepancySide[];
  readonly page: Page;
}

export const pages = [
  { page: 3, title: 'Overview', basis: 'counted' },
  { page: 4, title: 'Status & Timeline', basis: 'footer' },
  { page: 5, title: 'Status & Timeline', basis: 'counted' },
  { page: 6, title: 'Actions Required', basis: 'counted' },
  {
    page: 7,
    title: 'Support: Information to Provide to ISO to Streamline Troubleshooting of Access Errors',
    basis: 'counted',
  },
  { page: 8, title: 'User Interfaces', basis: 'counted' },
  { page: 9, title: 'User Interfaces', basis: 'counted' },
  { page: 10, title: 'Application Programming Interface', basis: 'counted' },
  { page: 11, title: 'Application Programming Interface', basis: 'counted' },
  { page: 12, title: 'Application Programming Interface', basis: 'counted' },
  { page: 13, title: 'Global Rate Limiting & Acceptable Use Policy', basis: 'footer' },
  { page: 14, title: 'Global Rate Limiting & Acceptable Use Policy', basis: 'counted' },
  { page: 15, title: 'Next steps', basis: 'footer' },
  { page: 16, title: 'References', basis: 'footer' },
  { page: 17, title: 'UI & API URL & IP Changes (Application Delivery Resiliency)', basis: 'counted' },
  { page: 18, title: 'UI & API URL & IP Changes (Application Delivery Resiliency)', basis: 'counted' },
  { page: 19, title: 'UI & API URL & IP Changes (Application Delivery Resiliency)', basis: 'counted' },
  { page: 20, title: 'UI & API URL & IP Changes (Application Delivery Resiliency)', basis: 'counted' },
  { page: 21, title: 'UI & API URL & IP Changes (Application Delivery Resiliency)', basis: 'counted' },
  { page: 22, title: 'UI & API URL & IP Changes (Application Delivery Resiliency)', basis: 'counted' },
  {
    page: 23,
    title: 'UI & API URL & IP Changes (Application Delivery Resiliency) – Certification Authority',
    basis: 'counted',
  },
  {
    page: 24,
    title: 'UI & API URL & IP Changes (Application Delivery Resiliency) – Certification Authority Questions',
    basis: 'counted',
  },
  {
    page: 25,
    title: 'UI & API URL & IP Changes (Application Delivery Resiliency) - New Certification Authority References',
    basis: 'counted',
  },
  { page: 26, title: 'UI & API URL & IP Changes', basis: 'counted' },
] as const satisfies readonly DeckPage[];

/** Page 5: 20 systems in printed order. `null` is an empty cell (the old UI addresses of BAAOP and BSAP). */
export const matrixProduction = [
  {
    system: 'BAAOP',
    ui: { new: { printed: 'https://baaop.caiso.com' }, old: { printed: null } },
    api: {
      new: { printed: 'https://ws.prod.caiso.com/sst/baaop' },
      old: { printed: 'https://ws.caiso.com/sst/baaop' },
    },
    page: 5,
  },
  {
    system: 'BSAP',
    ui: { new: { printed: 'https://bsap.caiso.com' }, old: { printed: null } },
    api: { new: { printed: 'https://ws.prod.caiso.com/sst/bsap' }, old: { printed: 'https://ws.caiso.com/sst/bsap' } },
    page: 5,
  },
  {
    system: 'CIRA',
    ui: { new: { printed: 'https://cira.caiso.com' }, old: { printed: 'NA - Cutover' } },
    api: { new: { printed: 'https://ws.prod.caiso.com/sst/cira' }, old: { printed: 'https://ws.caiso.com/sst/cira' } },
    page: 5,
  },
  {
    system: 'CMRI',
    ui: { new: { printed: 'https://cmri.caiso.com' }, old: { printed: 'Cutover Complete' } },
    api: { new: { printed: 'https://ws.prod.caiso.com/sst/cmri' }, old: { printed: 'https://ws.caiso.com/sst/cmri' } },
    page: 5,
  },
  {
    system: 'DRRS',
    ui: { new: { printed: 'https://drrs.caiso.com' }, old: { printed: 'NA - Cutover' } },
    api: { new: { printed: 'https://ws.prod.caiso.com/sst/drrs' }, old: { printed: 'https://ws.caiso.com/sst/drrs' } },
    page: 5,
  },
  {
    system: 'EIDE',
    ui: { new: { printed: 'NA' }, old: { printed: 'NA' } },
    api: { new: { printed: 'https://ws.prod.caiso.com/sst/eide' }, old: { printed: 'https://ws.caiso.com/sst/eide' } },
    page: 5,
  },
  {
    system: 'ALFS (& FDR)',
    ui: { new: { printed: 'NA' }, old: { printed: 'NA' } },
    api: {
      new: { printed: 'https://ws.prod.caiso.com/sst/runtime.asvc' },
      old: { printed: 'https://ws.caiso.com/sst/runtime.asvc' },
    },
    page: 5,
  },
  {
    system: 'MF',
    ui: { new: { printed: 'https://mf.caiso.com' }, old: { printed: 'Cutover Complete' } },
    api: {
      new: { printed: 'https://ws.prod.caiso.com/sst/runtime.asvc' },
      old: { printed: 'https://ws.caiso.com/sst/runtime.asvc' },
    },
    page: 5,
  },
  {
    system: 'PISOA',
    ui: { new: { printed: 'NA' }, old: { printed: 'NA' } },
    api: {
      new: { printed: 'https://ws.prod.caiso.com/sst/runtime.asvc' },
      old: { printed: 'https://ws.caiso.com/sst/runtime.asvc' },
    },
    page: 5,
  },
  {
    system: 'RCBSAP',
    ui: { new: { printed: 'https://rcbsap.caiso.com' }, old: { printed: 'Cutover Complete' } },
    api: {
      new: { printed: 'https://ws.prod.caiso.com/sst/rcbsap' },
      old: { printed: 'https://ws.caiso.com/sst/rcbsap' },
    },
    page: 5,
  },
  {
    system: 'RCSERVICES (RCEIDE)',
    ui: { new: { printed: 'NA' }, old: { printed: 'NA' } },
    api: {
      new: { printed: 'https://ws.prod.caiso.com/sst/rcservices' },
      old: { printed: 'https://ws.caiso.com/sst/rcservices' },
    },
    page: 5,
  },
  {
    system: 'SIBR',
    ui: { new: { printed: 'https://sibr.caiso.com' }, old: { printed: 'Cutover Complete' } },
    api: { new: { printed: 'https://ws.prod.caiso.com/sst/sibr' }, old: { printed: 'https://ws.caiso.com/sst/sibr' } },
    page: 5,
  },
  {
    system: 'STLMT',
    ui: { new: { printed: 'https://stlmt.caiso.com' }, old: { printed: 'NA - Cutover' } },
    api: {
      new: { printed: 'https://ws.prod.caiso.com/sst/stlmt' },
      old: { printed: 'https://ws.caiso.com/sst/stlmt' },
    },
    page: 5,
  },
  {
    system: 'OMS',
    ui: { new: { printed: 'https://weboms.caiso.com' }, old: { printed: 'NA - Cutover' } },
    api: {
      new: { printed: 'https://ws.prod.caiso.com/sst/weboms' },
      old: { printed: 'https://ws.caiso.com/sst/weboms' },
    },
    page: 5,
  },
  {
    system: 'ECIC',
    ui: { new: { printed: 'NA' }, old: { printed: 'NA' } },
    api: { new: { printed: 'https://ws.prod.caiso.com/sst/ecic' }, old: { printed: 'https://ws.caiso.com/sst/ecic' } },
    page: 5,
  },
  {
    system: 'CRR',
    ui: { new: { printed: 'https://crr.caiso.com' }, old: { printed: 'Cutover Complete' } },
    api: { new: { printed: 'NA' }, old: { printed: 'NA' } },
    page: 5,
  },
  {
    system: 'PLC',
    ui: { new: { printed: 'https://plc.caiso.com/' }, old: { printed: 'Cutover Complete' } },
    api: { new: { printed: 'NA' }, old: { printed: 'NA' } },
    page: 5,
  },
  {
    system: 'TR',
    ui: { new: { printed: 'https://tr.caiso.com' }, old: { printed: 'https://portal.caiso.com/tr' } },
    api: { new: { printed: 'NA' }, old: { printed: 'NA' } },
    page: 5,
  },
  {
    system: 'ADS',
    ui: { new: { printed: 'https://ads.caiso.com' }, old: { printed: 'NA - Cutover' } },
    api: { new: { printed: 'https://adsws.prod.caiso.com/' }, old: { printed: 'NA - Cutover' } },
    page: 5,
  },
  {
    system: 'OASIS',
    ui: { new: { printed: 'http://oasis.caiso.com' }, old: { printed: 'NA - Cutover' } },
    api: { new: { printed: 'http://oasis.caiso.com' }, old: { printed: 'NA - Cutover' } },
    page: 5,
  },
] as const satisfies readonly MatrixRow[];

/** Pages 8 and 10 print the UI half and the API half of page 5 again: cell by cell the same, the empty cells too. */
export const matrixComparisons = [
  { comparedPage: 8, columns: 'ui', rows: 20, differences: [], page: 5 },
  { comparedPage: 10, columns: 'api', rows: 20, differences: [], page: 5 },
] as const satisfies readonly MatrixComparison[];

/** The legend in printed order. Which cell has which colour was lost. */
export const matrixLegend = [
  { printed: 'To be made available at a future date', heading: false, pages: [5, 8, 10], page: 5 },
  { printed: 'Cuotover complete', heading: false, pages: [5, 8, 10], page: 5 },
  { printed: 'Key', heading: true, pages: [5, 8, 10], page: 5 },
  { printed: "NA - Interface doesn't exist or already cutover", heading: false, pages: [5, 8, 10], page: 5 },
  {
    printed: 'Available for Transition - Users should be using now, cut over to these now',
    heading: false,
    pages: [5, 8, 10],
    page: 5,
  },
  {
    printed: 'Will be cutover - Users should move off these right away',
    heading: false,
    pages: [5, 8, 10],
    page: 5,
  },
] as const satisfies readonly LegendRow[];

/** The column headers of page 22's second table. */
export const productionApiColumns = {
  system: 'Production',
  existing: 'Existing Production API',
  new: 'New URL for Transition of Production API',
  toBeCutOver: 'Existing/Original Production API URLs to be cut over to new infrastructure and IPs',
  page: 22,
} as const satisfies Readonly<Record<'system' | 'existing' | 'new' | 'toBeCutOver', string>> & { readonly page: 22 };

/** Page 22: the 15 impacted APIs. CRR, PLC, TR, ADS and OASIS are not in it. */
export const productionApiTable = [
  {
    system: 'BAAOP',
    existing: 'https://ws.caiso.com/sst/baaop',
    new: 'https://ws.prod.caiso.com/sst/baaop',
    toBeCutOver: 'https://ws.caiso.com/sst/baaop',
    page: 22,
  },
  {
    system: 'BSAP',
    existing: 'https://ws.caiso.com/sst/bsap',
    new: 'https://ws.prod.caiso.com/sst/bsap',
    toBeCutOver: 'https://ws.caiso.com/sst/bsap',
    page: 22,
  },
  {
    system: 'CIRA',
    existing: 'https://ws.caiso.com/sst/cira',
    new: 'https://ws.prod.caiso.com/sst/cira',
    toBeCutOver: 'https://ws.caiso.com/sst/cira',
    page: 22,
  },
  {
    system: 'CMRI',
    existing: 'https://ws.caiso.com/sst/cmri',
    new: 'https://ws.prod.caiso.com/sst/cmri',
    toBeCutOver: 'https://ws.caiso.com/sst/cmri',
    page: 22,
  },
  {
    system: 'DRRS',
    existing: 'https://ws.caiso.com/sst/drrs',
    new: 'https://ws.prod.caiso.com/sst/drrs',
    toBeCutOver: 'https://ws.caiso.com/sst/drrs',
    page: 22,
  },
  {
    system: 'EIDE',
    existing: 'https://ws.caiso.com/sst/eide',
    new: 'https://ws.prod.caiso.com/sst/eide',
    toBeCutOver: 'https://ws.caiso.com/sst/eide',
    page: 22,
  },
  {
    system: 'ALFS (& FDR)',
    existing: 'https://ws.caiso.com/sst/runtime.asvc',
    new: 'https://ws.prod.caiso.com/sst/runtime.asvc',
    toBeCutOver: 'https://ws.caiso.com/sst/runtime.asvc',
    page: 22,
  },
  {
    system: 'MF',
    existing: 'https://ws.caiso.com/sst/runtime.asvc',
    new: 'https://ws.prod.caiso.com/sst/runtime.asvc',
    toBeCutOver: 'https://ws.caiso.com/sst/runtime.asvc',
    page: 22,
  },
  {
    system: 'PISOA',
    existing: 'https://ws.caiso.com/sst/runtime.asvc',
    new: 'https://ws.prod.caiso.com/sst/runtime.asvc',
    toBeCutOver: 'https://ws.caiso.com/sst/runtime.asvc',
    page: 22,
  },
  {
    system: 'RCBSAP',
    existing: 'https://ws.caiso.com/sst/rcbsap',
    new: 'https://ws.prod.caiso.com/sst/rcbsap',
    toBeCutOver: 'https://ws.caiso.com/sst/rcbsap',
    page: 22,
  },
  {
    system: 'RCSERVICES (RCEIDE)',
    existing: 'https://ws.caiso.com/sst/rcservices',
    new: 'https://ws.prod.caiso.com/sst/rcservices',
    toBeCutOver: 'https://ws.caiso.com/sst/rcservices',
    page: 22,
  },
  {
    system: 'SIBR',
    existing: 'https://ws.caiso.com/sst/sibr',
    new: 'https://ws.prod.caiso.com/sst/sibr',
    toBeCutOver: 'https://ws.caiso.com/sst/sibr',
    page: 22,
  },
  {
    system: 'STLMT',
    existing: 'https://ws.caiso.com/sst/stlmt',
    new: 'https://ws.prod.caiso.com/sst/stlmt',
    toBeCutOver: 'https://ws.caiso.com/sst/stlmt',
    page: 22,
  },
  {
    system: 'OMS',
    existing: 'https://ws.caiso.com/sst/weboms',
    new: 'https://ws.prod.caiso.com/sst/weboms',
    toBeCutOver: 'https://ws.caiso.com/sst/weboms',
    page: 22,
  },
  {
    system: 'ECIC',
    existing: 'https://ws.caiso.com/sst/ecic',
    new: 'https://ws.prod.caiso.com/sst/ecic',
    toBeCutOver: 'https://ws.caiso.com/sst/ecic',
    page: 22,
  },
] as const satisfies readonly ProductionApiRow[];

/**
 * The forms of the web service addresses. The table stands on page 21 and again on page 22; the header line reads
 * "Old New URL & Infrastructure New", and the assignment of cells to columns follows the order of the text.
 */
export const addressForms = [
  {
    environment: 'Production',
    column: null,
    generation: 'old',
    host: 'ws.caiso.com',
    docAttach: false,
    printed: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'No changes to existing API WS URLs',
    date: '2023-11-15',
    page: 18,
  },
  {
    environment: 'Production',
    column: null,
    generation: 'new',
    host: 'ws.prod.caiso.com',
    docAttach: false,
    printed: 'https://ws.prod.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'New API WS URLs are available',
    date: '2023-11-15',
    page: 18,
  },
  {
    environment: 'Production',
    column: null,
    generation: 'new',
    host: 'ws.prod.caiso.com',
    docAttach: false,
    printed: 'https://ws.prod.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'No additional changes to the new API WS URLs made available in Phase 1',
    date: 'TBD',
    page: 18,
  },
  {
    environment: 'Production',
    column: null,
    generation: 'old address moved to new infrastructure',
    host: 'ws.caiso.com',
    docAttach: false,
    printed: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'will be cutover to new underlying infrastructure',
    date: 'TBD',
    page: 18,
  },
  {
    environment: 'MAPSTAGE',
    column: 'Old',
    generation: 'old',
    host: 'wsmap.caiso.com',
    docAttach: false,
    printed: 'https://wsmap.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'Deprecated & no longer available as of 9/21/23',
    date: '2023-09-21',
    page: 21,
  },
  {
    environment: 'MAPSTAGE',
    column: 'Old',
    generation: 'old',
    host: 'wsmap.caiso.com',
    docAttach: true,
    printed: 'https://wsmap.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach',
    availability: 'Deprecated & no longer available as of 9/21/23',
    date: '2023-09-21',
    page: 21,
  },
  {
    environment: 'MAPSTAGE',
    column: 'New URL & Infrastructure',
    generation: 'none',
    host: null,
    docAttach: false,
    printed: 'NA',
    availability: null,
    date: null,
    page: 21,
  },
  {
    environment: 'MAPSTAGE',
    column: 'New',
    generation: 'new',
    host: 'mapstage-ws.caiso.com',
    docAttach: false,
    printed: 'https://mapstage-ws.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'Available permanently since 5/18/23',
    date: '2023-05-18',
    page: 21,
  },
  {
    environment: 'MAPSTAGE',
    column: 'New',
    generation: 'new',
    host: 'mapstage-ws.caiso.com',
    docAttach: true,
    printed: 'https://mapstage-ws.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach',
    availability: 'Available permanently since 5/18/23',
    date: '2023-05-18',
    page: 21,
  },
  {
    environment: 'Production',
    column: 'Old',
    generation: 'old',
    host: 'ws.caiso.com',
    docAttach: false,
    printed: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'Available now on existing infrastructure',
    date: null,
    page: 21,
  },
  {
    environment: 'Production',
    column: 'Old',
    generation: 'old',
    host: 'ws.caiso.com',
    docAttach: true,
    printed: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach',
    availability: 'Available now on existing infrastructure',
    date: null,
    page: 21,
  },
  {
    environment: 'Production',
    column: 'New URL & Infrastructure',
    generation: 'new',
    host: 'ws.prod.caiso.com',
    docAttach: false,
    printed: 'https://ws.prod.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'Available now as of 11/15/23 on new infrastructure ready for customers to transition to',
    date: '2023-11-15',
    page: 21,
  },
  {
    environment: 'Production',
    column: 'New URL & Infrastructure',
    generation: 'new',
    host: 'ws.prod.caiso.com',
    docAttach: true,
    printed: 'https://ws.prod.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach',
    availability: 'Available now as of 11/15/23 on new infrastructure ready for customers to transition to',
    date: '2023-11-15',
    page: 21,
  },
  {
    environment: 'Production',
    column: 'New',
    generation: 'old address moved to new infrastructure',
    host: 'ws.caiso.com',
    docAttach: false,
    printed: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'Original URLs to be cut-over to new infrastructure at a future date target 2/19/24',
    date: '2024-02-19',
    page: 21,
  },
  {
    environment: 'Production',
    column: 'New',
    generation: 'old address moved to new infrastructure',
    host: 'ws.caiso.com',
    docAttach: true,
    printed: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach',
    availability: 'Original URLs to be cut-over to new infrastructure at a future date target 2/19/24',
    date: '2024-02-19',
    page: 21,
  },
  {
    environment: 'MAPSTAGE',
    column: 'Old',
    generation: 'old',
    host: 'wsmap.caiso.com',
    docAttach: false,
    printed: 'https://wsmap.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'Deprecated & no longer available as of 9/21/23',
    date: '2023-09-21',
    page: 22,
  },
  {
    environment: 'MAPSTAGE',
    column: 'Old',
    generation: 'old',
    host: 'wsmap.caiso.com',
    docAttach: true,
    printed: 'https://wsmap.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach',
    availability: 'Deprecated & no longer available as of 9/21/23',
    date: '2023-09-21',
    page: 22,
  },
  {
    environment: 'MAPSTAGE',
    column: 'New URL & Infrastructure',
    generation: 'none',
    host: null,
    docAttach: false,
    printed: 'NA',
    availability: null,
    date: null,
    page: 22,
  },
  {
    environment: 'MAPSTAGE',
    column: 'New',
    generation: 'new',
    host: 'mapstage-ws.caiso.com',
    docAttach: false,
    printed: 'https://mapstage-ws.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'Available permanently since 5/18/23',
    date: '2023-05-18',
    page: 22,
  },
  {
    environment: 'MAPSTAGE',
    column: 'New',
    generation: 'new',
    host: 'mapstage-ws.caiso.com',
    docAttach: true,
    printed: 'https://mapstage-ws.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach',
    availability: 'Available permanently since 5/18/23',
    date: '2023-05-18',
    page: 22,
  },
  {
    environment: 'Production',
    column: 'Old',
    generation: 'old',
    host: 'ws.caiso.com',
    docAttach: false,
    printed: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'Available now on existing infrastructure',
    date: null,
    page: 22,
  },
  {
    environment: 'Production',
    column: 'Old',
    generation: 'old',
    host: 'ws.caiso.com',
    docAttach: true,
    printed: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach',
    availability: 'Available now on existing infrastructure',
    date: null,
    page: 22,
  },
  {
    environment: 'Production',
    column: 'New URL & Infrastructure',
    generation: 'new',
    host: 'ws.prod.caiso.com',
    docAttach: false,
    printed: 'https://ws.prod.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'Available now as of 11/15/23 on new infrastructure ready for customers to transition to',
    date: '2023-11-15',
    page: 22,
  },
  {
    environment: 'Production',
    column: 'New URL & Infrastructure',
    generation: 'new',
    host: 'ws.prod.caiso.com',
    docAttach: true,
    printed: 'https://ws.prod.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach',
    availability: 'Available now as of 11/15/23 on new infrastructure ready for customers to transition to',
    date: '2023-11-15',
    page: 22,
  },
  {
    environment: 'Production',
    column: 'New',
    generation: 'old address moved to new infrastructure',
    host: 'ws.caiso.com',
    docAttach: false,
    printed: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>',
    availability: 'Original URLs to be cut-over to new infrastructure at a future date target 2/19/24',
    date: '2024-02-19',
    page: 22,
  },
] as const satisfies readonly AddressForm[];

/** Where the hyperlinks behind the two form tables lead (page 21 and 22), `%3c` and `%3e` decoded. */
export const addressFormLinkTargets = [
  { position: 1, target: 'https://wsmap.caiso.com/sst/<SYSTEM>/<SERVICE>', page: 21 },
  { position: 2, target: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach', page: 21 },
  { position: 3, target: 'https://mapstage-ws.caiso.com/sst/drrs/<SERVICE>', page: 21 },
  { position: 4, target: 'https://ws.prod.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach', page: 21 },
  { position: 5, target: 'https://ws.caiso.com/sst/drrs/<SERVICE>', page: 21 },
  { position: 6, target: 'https://ws.caiso.com/sst/drrs/<SERVICE>_DocAttach', page: 21 },
  { position: 7, target: 'https://ws.prod.caiso.com/sst/drrs/<SERVICE>', page: 21 },
  { position: 8, target: 'https://ws.prod.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach', page: 21 },
  { position: 9, target: 'https://ws.caiso.com/sst/drrs/<SERVICE>', page: 21 },
  { position: 10, target: 'https://ws.caiso.com/sst/drrs/<SERVICE>_DocAttach', page: 21 },
  { position: 1, target: 'https://wsmap.caiso.com/sst/<SYSTEM>/<SERVICE>', page: 22 },
  { position: 2, target: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach', page: 22 },
  { position: 3, target: 'https://mapstage-ws.caiso.com/sst/drrs/<SERVICE>', page: 22 },
  { position: 4, target: 'https://ws.prod.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach', page: 22 },
  { position: 5, target: 'https://ws.caiso.com/sst/drrs/<SERVICE>', page: 22 },
  { position: 6, target: 'https://ws.caiso.com/sst/drrs/<SERVICE>_DocAttach', page: 22 },
  { position: 7, target: 'https://ws.prod.caiso.com/sst/drrs/<SERVICE>', page: 22 },
  { position: 8, target: 'https://ws.prod.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach', page: 22 },
  { position: 9, target: 'https://ws.caiso.com/sst/drrs/<SERVICE>', page: 22 },
  { position: 10, target: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach', page: 22 },
] as const satisfies readonly LinkTarget[];

/** Page 26, headers "Applications & Environments", "Deployment Start Dates", "New User Interface (UI) URLs". */
export const uiTable = [
  {
    application: 'Balancing Area Authority Operations Portal (BAAOP)',
    abbreviation: 'BAAOP',
    covers: ['BAAOP'],
    environment: 'MAP Stage',
    weekdayPrinted: 'Fri',
    datePrinted: '7/28/23',
    iso: '2023-07-28',
    weekdayComputed: 'Fri',
    done: false,
    urls: ['https://mapstage-baaop.caiso.com'],
    page: 26,
  },
  {
    application: 'Balancing Area Authority Operations Portal (BAAOP)',
    abbreviation: 'BAAOP',
    covers: ['BAAOP'],
    environment: 'Production',
    weekdayPrinted: 'Wed',
    datePrinted: '9/20/23',
    iso: '2023-09-20',
    weekdayComputed: 'Wed',
    done: false,
    urls: ['https://baaop.caiso.com'],
    page: 26,
  },
  {
    application: 'Base Schedule Aggregation Portal (BSAP)',
    abbreviation: 'BSAP',
    covers: ['BSAP'],
    environment: 'MAP Stage',
    weekdayPrinted: 'Fri',
    datePrinted: '7/28/23',
    iso: '2023-07-28',
    weekdayComputed: 'Fri',
    done: false,
    urls: ['https://mapstage-bsap.caiso.com'],
    page: 26,
  },
  {
    application: 'Base Schedule Aggregation Portal (BSAP)',
    abbreviation: 'BSAP',
    covers: ['BSAP'],
    environment: 'Production',
    weekdayPrinted: 'Mon',
    datePrinted: '10/16/23',
    iso: '2023-10-16',
    weekdayComputed: 'Mon',
    done: false,
    urls: ['https://bsap.caiso.com'],
    page: 26,
  },
  {
    application: 'Reliability Coordinator Base Schedule Aggregation Portal (RCBSAP)',
    abbreviation: 'RCBSAP',
    covers: ['RCBSAP'],
    environment: 'MAP Stage',
    weekdayPrinted: 'Fri',
    datePrinted: '7/28/23',
    iso: '2023-07-28',
    weekdayComputed: 'Fri',
    done: false,
    urls: ['https://mapstage-rcbsap.caiso.com'],
    page: 26,
  },
  {
    application: 'Reliability Coordinator Base Schedule Aggregation Portal (RCBSAP)',
    abbreviation: 'RCBSAP',
    covers: ['RCBSAP'],
    environment: 'Production',
    weekdayPrinted: 'Tue',
    datePrinted: '10/26/23',
    iso: '2023-10-26',
    weekdayComputed: 'Thu',
    done: false,
    urls: ['https://rcbsap.caiso.com'],
    page: 26,
  },
  {
    application: 'Schedule Infrastructure & Business Rules (SIBR)',
    abbreviation: 'SIBR',
    covers: ['SIBR'],
    environment: 'MAP Stage',
    weekdayPrinted: 'Fri',
    datePrinted: '7/28/23',
    iso: '2023-07-28',
    weekdayComputed: 'Fri',
    done: false,
    urls: ['https://mapstage-sibr.caiso.com'],
    page: 26,
  },
  {
    application: 'Schedule Infrastructure & Business Rules (SIBR)',
    abbreviation: 'SIBR',
    covers: ['SIBR'],
    environment: 'Production',
    weekdayPrinted: 'Mon',
    datePrinted: '10/16/23',
    iso: '2023-10-16',
    weekdayComputed: 'Mon',
    done: false,
    urls: ['https://sibr.caiso.com'],
    page: 26,
  },
  {
    application: 'Reporting (Includes SIBR Reports, Transmission Registry, RIMS, Master File, and FSP folder)',
    abbreviation: null,
    covers: ['SIBR Reports', 'Transmission Registry', 'RIMS', 'Master File', 'FSP folder'],
    environment: 'MAP Stage',
    weekdayPrinted: 'Mon',
    datePrinted: '7/31/23',
    iso: '2023-07-31',
    weekdayComputed: 'Mon',
    done: false,
    urls: ['https://mapstage-reporting.caiso.com'],
    page: 26,
  },
  {
    application: 'Reporting (Includes SIBR Reports, Transmission Registry, RIMS, Master File, and FSP folder)',
    abbreviation: null,
    covers: ['SIBR Reports', 'Transmission Registry', 'RIMS', 'Master File', 'FSP folder'],
    environment: 'Production',
    weekdayPrinted: 'Tue',
    datePrinted: '12/5/23',
    iso: '2023-12-05',
    weekdayComputed: 'Tue',
    done: false,
    urls: ['https://reporting.caiso.com'],
    page: 26,
  },
  {
    application: 'Market Participant Portal (MPP)',
    abbreviation: 'MPP',
    covers: ['MPP'],
    environment: 'MAP Stage',
    weekdayPrinted: 'Thu',
    datePrinted: '01/11/24',
    iso: '2024-01-11',
    weekdayComputed: 'Thu',
    done: false,
    urls: ['https://mapstage-mpp.caiso.com'],
    page: 26,
  },
  {
    application: 'Market Participant Portal (MPP)',
    abbreviation: 'MPP',
    covers: ['MPP'],
    environment: 'Production',
    weekdayPrinted: 'Tue',
    datePrinted: '02/06/24',
    iso: '2024-02-06',
    weekdayComputed: 'Tue',
    done: false,
    urls: ['https://mpp.caiso.com'],
    page: 26,
  },
  {
    application: 'Customer Market Results Interface (CMRI)',
    abbreviation: 'CMRI',
    covers: ['CMRI'],
    environment: 'MAP Stage',
    weekdayPrinted: 'Thu',
    datePrinted: '8/3/23',
    iso: '2023-08-03',
    weekdayComputed: 'Thu',
    done: false,
    urls: ['https://mapstage-cmri.caiso.com'],
    page: 26,
  },
  {
    application: 'Customer Market Results Interface (CMRI)',
    abbreviation: 'CMRI',
    covers: ['CMRI'],
    environment: 'Production',
    weekdayPrinted: 'Thu',
    datePrinted: '10/19/23',
    iso: '2023-10-19',
    weekdayComputed: 'Thu',
    done: false,
    urls: ['https://cmri.caiso.com'],
    page: 26,
  },
  {
    application: 'Congestion Revenue Rights (CRR)',
    abbreviation: 'CRR',
    covers: ['CRR'],
    environment: 'MAP Stage',
    weekdayPrinted: 'Mon',
    datePrinted: '8/7/23',
    iso: '2023-08-07',
    weekdayComputed: 'Mon',
    done: false,
    urls: ['https://mapstage-crr.caiso.com'],
    page: 26,
  },
  {
    application: 'Congestion Revenue Rights (CRR)',
    abbreviation: 'CRR',
    covers: ['CRR'],
    environment: 'Production',
    weekdayPrinted: 'Thu',
    datePrinted: '10/19/23',
    iso: '2023-10-19',
    weekdayComputed: 'Thu',
    done: false,
    urls: ['https://crr.caiso.com'],
    page: 26,
  },
  {
    application: 'WEIM Portal',
    abbreviation: null,
    covers: ['WEIM Portal'],
    environment: 'MAP Stage',
    weekdayPrinted: null,
    datePrinted: 'Done',
    iso: null,
    weekdayComputed: null,
    done: true,
    urls: ['https://mapstage-weim.caiso.com'],
    page: 26,
  },
  {
    application: 'WEIM Portal',
    abbreviation: null,
    covers: ['WEIM Portal'],
    environment: 'Production',
    weekdayPrinted: null,
    datePrinted: 'Done',
    iso: null,
    weekdayComputed: null,
    done: true,
    urls: ['https://weim.caiso.com'],
    page: 26,
  },
  {
    application: 'Master File (MF)',
    abbreviation: 'MF',
    covers: ['MF'],
    environment: 'MAP Stage',
    weekdayPrinted: 'Wed',
    datePrinted: '8/9/23',
    iso: '2023-08-09',
    weekdayComputed: 'Wed',
    done: false,
    urls: ['https://mapstage-mf.caiso.com'],
    page: 26,
  },
  {
    application: 'Master File (MF)',
    abbreviation: 'MF',
    covers: ['MF'],
    environment: 'Production',
    weekdayPrinted: 'Thu',
    datePrinted: '10/19/23',
    iso: '2023-10-19',
    weekdayComputed: 'Thu',
    done: false,
    urls: ['https://mf.caiso.com'],
    page: 26,
  },
  {
    application: 'Transmission Registry (TR)',
    abbreviation: 'TR',
    covers: ['TR'],
    environment: 'MAP Stage',
    weekdayPrinted: 'Tue',
    datePrinted: '9/5/23',
    iso: '2023-09-05',
    weekdayComputed: 'Tue',
    done: false,
    urls: ['https://mapstage-tr.caiso.com/'],
    page: 26,
  },
  {
    application: 'Transmission Registry (TR)',
    abbreviation: 'TR',
    covers: ['TR'],
    environment: 'Production',
    weekdayPrinted: 'Tue',
    datePrinted: '2/27/24',
    iso: '2024-02-27',
    weekdayComputed: 'Tue',
    done: false,
    urls: ['https://tr.caiso.com'],
    page: 26,
  },
  {
    application: 'Path Limit Calculator (PLC)',
    abbreviation: 'PLC',
    covers: ['PLC'],
    environment: 'Production',
    weekdayPrinted: 'Thu',
    datePrinted: '10/19/23',
    iso: '2023-10-19',
    weekdayComputed: 'Thu',
    done: false,
    urls: ['https://plc.caiso.com/'],
    page: 26,
  },
  {
    application: 'Hosted Advanced Network Applications (HANA) Base / HANA Study',
    abbreviation: 'HANA',
    covers: ['HANA Base', 'HANA Study'],
    environment: 'Production',
    weekdayPrinted: 'Tue',
    datePrinted: '10/26/23',
    iso: '2023-10-26',
    weekdayComputed: 'Thu',
    done: false,
    urls: ['https://hana.caiso.com/', 'https://hanastudy.caiso.com/'],
    page: 26,
  },
] as const satisfies readonly UiRow[];

/** The hyperlinks behind page 26's table: 25, as many as `uiTable` has addresses, and in the same order. */
export const uiTableLinkTargets = [
  { position: 1, target: 'https://mapstage-baaop.caiso.com/', page: 26 },
  { position: 2, target: 'https://baaop.caiso.com/', page: 26 },
  { position: 3, target: 'https://mapstage-bsap.caiso.com/', page: 26 },
  { position: 4, target: 'https://bsap.caiso.com/', page: 26 },
  { position: 5, target: 'https://mapstage-rcbsap.caiso.com/', page: 26 },
  { position: 6, target: 'https://rcbsap.caiso.com/', page: 26 },
  { position: 7, target: 'https://mapstage-sibr.caiso.com/', page: 26 },
  { position: 8, target: 'https://mapstage-sibr.caiso.com/', page: 26 },
  { position: 9, target: 'https://mapstage-reporting.caiso.com/', page: 26 },
  { position: 10, target: 'https://mapstage-reporting.caiso.com/', page: 26 },
  { position: 11, target: 'https://mapstage-mpp.caiso.com/', page: 26 },
  { position: 12, target: 'https://mapstage-mpp.caiso.com/', page: 26 },
  { position: 13, target: 'https://mapstage-cmri.caiso.com/', page: 26 },
  { position: 14, target: 'https://mapstage-cmri.caiso.com/', page: 26 },
  { position: 15, target: 'https://mapstage-crr.caiso.com/', page: 26 },
  { position: 16, target: 'https://mapstage-crr.caiso.com/', page: 26 },
  { position: 17, target: 'https://mapstage-weim.caiso.com/', page: 26 },
  { position: 18, target: 'https://mapstage-weim.caiso.com/', page: 26 },
  { position: 19, target: 'https://mapstage-mf.caiso.com/', page: 26 },
  { position: 20, target: 'https://mapstage-mf.caiso.com/', page: 26 },
  { position: 21, target: 'https://mapstage-tr.caiso.com/', page: 26 },
  { position: 22, target: 'https://tr.caiso.com/', page: 26 },
  { position: 23, target: 'https://plc.caiso.com/', page: 26 },
  { position: 24, target: 'https://hana.caiso.com/', page: 26 },
  { position: 25, target: 'https://hanastudy.caiso.com/', page: 26 },
] as const satisfies readonly LinkTarget[];

/**
 * Every announced or moved date, in page order, one row per place where it is printed (page 26's table included; its
 * two undated `Done` rows are in `uiTable` only). The dates of remarks on known issues are in `knownIssues`.
 */
export const announcements = [
  {
    subject: 'ADR forum',
    environment: null,
    event: 'forum starts',
    printed: 'Weekly on Wednesdays 1400-1500 PT starting, January 24, 2024',
    date: { on: '2024-01-24', from: '14:00', to: '15:00', zone: 'PT' },
    yearPrinted: true,
    weekdayPrinted: 'Wed',
    weekdayComputed: 'Wed',
    page: 3,
  },
  {
    subject: 'MPP UI',
    environment: 'Production',
    event: 'cutover',
    printed: 'MPP Production cutover scheduled tomorrow, 2/22 1400-1500 PT',
    date: { on: '2024-02-22', from: '14:00', to: '15:00', zone: 'PT' },
    yearPrinted: false,
    page: 4,
  },
  {
    subject: 'old UI URLs except BAAOP and BSAP',
    environment: 'Production',
    event: 'decommission',
    printed: 'Old UI URLs decommissioned 2/6/24 except BAAOP/BSAP UIs',
    date: '2024-02-06',
    yearPrinted: true,
    page: 4,
  },
  {
    subject: 'old UI URLs of BAAOP and BSAP',
    environment: 'Production',
    event: 'decommission',
    printed: 'Old UI URLs for BAAOP/BSAP to be decommissioned Feb 2024',
    date: '2024-02',
    yearPrinted: true,
    page: 4,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed: 'Old API URLs to be cutover TBD (was 2/19/24 tentatively)',
    date: 'TBD',
    yearPrinted: true,
    replaces: '2024-02-19',
    page: 4,
  },
  {
    subject: 'UIs except BAAOP and BSAP',
    environment: 'Production',
    event: 'cutover complete',
    printed: 'UI cutover complete Feb 6, 2024, except BAAOP & BSAP UIs',
    date: '2024-02-06',
    yearPrinted: true,
    page: 8,
  },
  {
    subject: 'MPP UI',
    environment: 'Production',
    event: 'cutover',
    printed: 'MPP Production cutover scheduled tomorrow, 2/22 1400-1500 PT',
    date: { on: '2024-02-22', from: '14:00', to: '15:00', zone: 'PT' },
    yearPrinted: false,
    page: 8,
  },
  {
    subject: 'UIs of BAAOP and BSAP',
    environment: 'Production',
    event: 'cutover',
    printed: 'UI cutover for BAAOP & BSAP Feb 2024 1400 PT',
    date: { on: '2024-02', from: '14:00', to: null, zone: 'PT' },
    yearPrinted: true,
    note: 'An hour without a day.',
    page: 8,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed: 'Cutover TBD (target was for Feb 19, 2024)',
    date: 'TBD',
    yearPrinted: true,
    replaces: '2024-02-19',
    page: 10,
  },
  {
    subject: 'buffer size from 64KB to 1024KB',
    environment: 'MAPSTAGE',
    event: 'buffer increase',
    printed:
      'ISO will increase buffer size from 64KB to 1024KB – scheduled Monday 2/12/24 in MAPSTAGE & PRODUCTION for retests.',
    date: '2024-02-12',
    yearPrinted: true,
    weekdayPrinted: 'Mon',
    weekdayComputed: 'Mon',
    page: 11,
  },
  {
    subject: 'buffer size from 64KB to 1024KB',
    environment: 'Production',
    event: 'buffer increase',
    printed:
      'ISO will increase buffer size from 64KB to 1024KB – scheduled Monday 2/12/24 in MAPSTAGE & PRODUCTION for retests.',
    date: '2024-02-12',
    yearPrinted: true,
    weekdayPrinted: 'Mon',
    weekdayComputed: 'Mon',
    page: 11,
  },
  {
    subject: 'buffer size 1MB',
    environment: null,
    event: 'buffer increase',
    printed: '1MB buffer effective 2/12',
    date: '2024-02-12',
    yearPrinted: false,
    page: 11,
  },
  {
    subject: 'ADR forum',
    environment: null,
    event: 'forum edition',
    printed: 'Addressed on 1/24 call and presentation',
    date: '2024-01-24',
    yearPrinted: false,
    page: 14,
  },
  {
    subject: 'ADR forum',
    environment: null,
    event: 'forum next occurrence',
    printed: 'Next occurrence Wednesday, February 28, 2024 2PM PT',
    date: { on: '2024-02-28', from: '14:00', to: null, zone: 'PT' },
    yearPrinted: true,
    weekdayPrinted: 'Wed',
    weekdayComputed: 'Wed',
    page: 15,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'first phase complete',
    printed:
      'the first phase of the Production Application Programming Interface (API) Web Service (WS) Uniform Resource Locator (URL) cutovers is now completed as of for Nov. 15, 2023 and has made the new Production API WS URLs available',
    date: '2023-11-15',
    yearPrinted: true,
    note: 'The sentence is damaged: "as of  for".',
    page: 18,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed:
      'The next and final phase of the Production API WS URL cutovers is now scheduled for TBD (was Feb. 19, 2024) and will move the existing Production API WS URLs to new infrastructure.',
    date: 'TBD',
    yearPrinted: true,
    replaces: '2024-02-19',
    page: 18,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'first phase complete',
    printed: 'Phase 1 – Nov. 15, 2023 COMPLETE',
    date: '2023-11-15',
    yearPrinted: true,
    page: 18,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed: 'Phase 2 – TBD (was Feb. 19, 2024 tentatively)',
    date: 'TBD',
    yearPrinted: true,
    replaces: '2024-02-19',
    page: 18,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'available',
    printed: 'application-programming-interface-web-service-url-cutovers-moved-to-111523-and-1924.html',
    date: '2023-11-15',
    yearPrinted: true,
    note: 'Only in the name of a linked document: "moved-to-111523". What it was moved from is not said there.',
    page: 18,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed: 'application-programming-interface-web-service-url-cutovers-moved-to-111523-and-1924.html',
    date: '2024-01-09',
    yearPrinted: true,
    note: 'Only in the name of a linked document: "and-1924", read as 1/9/24. The date is nowhere in the text.',
    page: 18,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'soft cutover',
    printed: 'SOFT CUTOVER: Production new API URLs (ws.prod.caiso) as of Nov 15, 2023 to transition',
    date: '2023-11-15',
    yearPrinted: true,
    page: 19,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed:
      'Customers strongly encouraged to cut over to these permanent new API URLs as soon as possible to minimize impacts for the final hard cutover Feb 19, 2024.',
    date: '2024-02-19',
    yearPrinted: true,
    page: 19,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed: 'HARD CUTOVER: Production current/existing (ws.caiso) API URLs cutover TBD (target was Feb 19, 2024)',
    date: 'TBD',
    yearPrinted: true,
    replaces: '2024-02-19',
    page: 19,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'available',
    printed: 'The new APIs are available as of 11/15/23.',
    date: '2023-11-15',
    yearPrinted: true,
    page: 19,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'soft cutover',
    printed: 'Customers should cut over to the new URLs ws.prod.caiso.com starting 11/15/23',
    date: '2023-11-15',
    yearPrinted: true,
    page: 20,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'move-over asked before',
    printed: 'and as soon as possible before 2/19/24.',
    date: '2024-02-19',
    yearPrinted: true,
    page: 20,
  },
  {
    subject: 'old API URLs (wsmap.caiso.com)',
    environment: 'MAPSTAGE',
    event: 'no longer available',
    printed: 'Deprecated & no longer available as of 9/21/23',
    date: '2023-09-21',
    yearPrinted: true,
    page: 21,
  },
  {
    subject: 'new API URLs (mapstage-ws.caiso.com)',
    environment: 'MAPSTAGE',
    event: 'available',
    printed: 'Available permanently since 5/18/23',
    date: '2023-05-18',
    yearPrinted: true,
    page: 21,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'available',
    printed: 'Available now as of 11/15/23 on new infrastructure ready for customers to transition to',
    date: '2023-11-15',
    yearPrinted: true,
    page: 21,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed: 'Original URLs to be cut-over to new infrastructure at a future date target 2/19/24',
    date: '2024-02-19',
    yearPrinted: true,
    page: 21,
  },
  {
    subject: 'old API URLs (wsmap.caiso.com)',
    environment: 'MAPSTAGE',
    event: 'no longer available',
    printed: 'Deprecated & no longer available as of 9/21/23',
    date: '2023-09-21',
    yearPrinted: true,
    page: 22,
  },
  {
    subject: 'new API URLs (mapstage-ws.caiso.com)',
    environment: 'MAPSTAGE',
    event: 'available',
    printed: 'Available permanently since 5/18/23',
    date: '2023-05-18',
    yearPrinted: true,
    page: 22,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'available',
    printed: 'Available now as of 11/15/23 on new infrastructure ready for customers to transition to',
    date: '2023-11-15',
    yearPrinted: true,
    page: 22,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed: 'Original URLs to be cut-over to new infrastructure at a future date target 2/19/24',
    date: '2024-02-19',
    yearPrinted: true,
    page: 22,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'trust anchors needed before',
    printed: 'should be done prior to 11/9 to access the new Production API URLs (ws.prod.caiso',
    date: '2023-11-09',
    yearPrinted: false,
    page: 24,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'trust anchors needed no later than',
    printed: 'should be done NLT 12/20 to avoid impacts to Production API access on the existing API URLs (ws.caiso)',
    date: '2023-12-20',
    yearPrinted: false,
    page: 24,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'available',
    printed: '11/9/23 onwards for new URLs',
    date: '2023-11-09',
    yearPrinted: true,
    page: 24,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed: '12/21/23 onwards for existing URLs',
    date: '2023-12-21',
    yearPrinted: true,
    page: 24,
  },
  {
    subject: 'new API URLs (mapstage-ws.caiso.com)',
    environment: 'MAPSTAGE',
    event: 'transition deadline',
    printed:
      'Market Participants are required to validate access and transition to the new API URLs before August 15, 2023.',
    date: '2023-08-15',
    yearPrinted: true,
    page: 26,
  },
  {
    subject: 'old API URLs (wsmap.caiso.com)',
    environment: 'MAPSTAGE',
    event: 'no longer available',
    printed: 'The old API URLs in MAP Stage are no longer available as of September 1, 2023.',
    date: '2023-09-01',
    yearPrinted: true,
    page: 26,
  },
  {
    subject: 'new API URLs (ws.prod.caiso.com)',
    environment: 'Production',
    event: 'available',
    printed: 'For Production, the new permanent APIs are available as of 11/15/23',
    date: '2023-11-15',
    yearPrinted: true,
    page: 26,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed:
      'customers strongly encouraged to cut over to these permanent new API URLs as soon as possible to minimize impacts for the final hard cutover Feb 19, 2024.',
    date: '2024-02-19',
    yearPrinted: true,
    note: 'Under "Phase 1".',
    page: 26,
  },
  {
    subject: 'new UI URLs',
    environment: 'MAPSTAGE',
    event: 'testing starts',
    printed:
      'Starting on July, 27, 2023, some of the ISO applications will be available for testing starting in the MAP Stage environment and then Production.',
    date: '2023-07-27',
    yearPrinted: true,
    page: 26,
  },
  {
    subject: 'new UI URLs',
    environment: 'Production',
    event: 'transition deadline',
    printed:
      'Once the new UI URLs are deployed into Production, Market Participants have until Tuesday, February 6, 2024 to validate and transition to the new UI URLs.',
    date: '2024-02-06',
    yearPrinted: true,
    weekdayPrinted: 'Tue',
    weekdayComputed: 'Tue',
    page: 26,
  },
  {
    subject: 'old API URLs (ws.caiso.com)',
    environment: 'Production',
    event: 'hard cutover',
    printed:
      'For the APIs, customers strongly encouraged to cut over to these permanent new API URLs as soon as possible to minimize impacts for the final hard cutover Feb 19, 2024.',
    date: '2024-02-19',
    yearPrinted: true,
    note: 'Under "Action requested".',
    page: 26,
  },
  {
    subject: 'BAAOP UI',
    environment: 'MAPSTAGE',
    event: 'deployment start',
    printed: 'Fri 7/28/23',
    date: '2023-07-28',
    yearPrinted: true,
    weekdayPrinted: 'Fri',
    weekdayComputed: 'Fri',
    page: 26,
  },
  {
    subject: 'BAAOP UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Wed 9/20/23',
    date: '2023-09-20',
    yearPrinted: true,
    weekdayPrinted: 'Wed',
    weekdayComputed: 'Wed',
    page: 26,
  },
  {
    subject: 'BSAP UI',
    environment: 'MAPSTAGE',
    event: 'deployment start',
    printed: 'Fri 7/28/23',
    date: '2023-07-28',
    yearPrinted: true,
    weekdayPrinted: 'Fri',
    weekdayComputed: 'Fri',
    page: 26,
  },
  {
    subject: 'BSAP UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Mon 10/16/23',
    date: '2023-10-16',
    yearPrinted: true,
    weekdayPrinted: 'Mon',
    weekdayComputed: 'Mon',
    page: 26,
  },
  {
    subject: 'RCBSAP UI',
    environment: 'MAPSTAGE',
    event: 'deployment start',
    printed: 'Fri 7/28/23',
    date: '2023-07-28',
    yearPrinted: true,
    weekdayPrinted: 'Fri',
    weekdayComputed: 'Fri',
    page: 26,
  },
  {
    subject: 'RCBSAP UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Tue 10/26/23',
    date: '2023-10-26',
    yearPrinted: true,
    weekdayPrinted: 'Tue',
    weekdayComputed: 'Thu',
    page: 26,
  },
  {
    subject: 'SIBR UI',
    environment: 'MAPSTAGE',
    event: 'deployment start',
    printed: 'Fri 7/28/23',
    date: '2023-07-28',
    yearPrinted: true,
    weekdayPrinted: 'Fri',
    weekdayComputed: 'Fri',
    page: 26,
  },
  {
    subject: 'SIBR UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Mon 10/16/23',
    date: '2023-10-16',
    yearPrinted: true,
    weekdayPrinted: 'Mon',
    weekdayComputed: 'Mon',
    page: 26,
  },
  {
    subject: 'Reporting UI',
    environment: 'MAPSTAGE',
    event: 'deployment start',
    printed: 'Mon 7/31/23',
    date: '2023-07-31',
    yearPrinted: true,
    weekdayPrinted: 'Mon',
    weekdayComputed: 'Mon',
    page: 26,
  },
  {
    subject: 'Reporting UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Tue 12/5/23',
    date: '2023-12-05',
    yearPrinted: true,
    weekdayPrinted: 'Tue',
    weekdayComputed: 'Tue',
    page: 26,
  },
  {
    subject: 'MPP UI',
    environment: 'MAPSTAGE',
    event: 'deployment start',
    printed: 'Thu 01/11/24',
    date: '2024-01-11',
    yearPrinted: true,
    weekdayPrinted: 'Thu',
    weekdayComputed: 'Thu',
    page: 26,
  },
  {
    subject: 'MPP UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Tue 02/06/24',
    date: '2024-02-06',
    yearPrinted: true,
    weekdayPrinted: 'Tue',
    weekdayComputed: 'Tue',
    page: 26,
  },
  {
    subject: 'CMRI UI',
    environment: 'MAPSTAGE',
    event: 'deployment start',
    printed: 'Thu 8/3/23',
    date: '2023-08-03',
    yearPrinted: true,
    weekdayPrinted: 'Thu',
    weekdayComputed: 'Thu',
    page: 26,
  },
  {
    subject: 'CMRI UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Thu 10/19/23',
    date: '2023-10-19',
    yearPrinted: true,
    weekdayPrinted: 'Thu',
    weekdayComputed: 'Thu',
    page: 26,
  },
  {
    subject: 'CRR UI',
    environment: 'MAPSTAGE',
    event: 'deployment start',
    printed: 'Mon 8/7/23',
    date: '2023-08-07',
    yearPrinted: true,
    weekdayPrinted: 'Mon',
    weekdayComputed: 'Mon',
    page: 26,
  },
  {
    subject: 'CRR UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Thu 10/19/23',
    date: '2023-10-19',
    yearPrinted: true,
    weekdayPrinted: 'Thu',
    weekdayComputed: 'Thu',
    page: 26,
  },
  {
    subject: 'MF UI',
    environment: 'MAPSTAGE',
    event: 'deployment start',
    printed: 'Wed 8/9/23',
    date: '2023-08-09',
    yearPrinted: true,
    weekdayPrinted: 'Wed',
    weekdayComputed: 'Wed',
    page: 26,
  },
  {
    subject: 'MF UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Thu 10/19/23',
    date: '2023-10-19',
    yearPrinted: true,
    weekdayPrinted: 'Thu',
    weekdayComputed: 'Thu',
    page: 26,
  },
  {
    subject: 'TR UI',
    environment: 'MAPSTAGE',
    event: 'deployment start',
    printed: 'Tue 9/5/23',
    date: '2023-09-05',
    yearPrinted: true,
    weekdayPrinted: 'Tue',
    weekdayComputed: 'Tue',
    page: 26,
  },
  {
    subject: 'TR UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Tue 2/27/24',
    date: '2024-02-27',
    yearPrinted: true,
    weekdayPrinted: 'Tue',
    weekdayComputed: 'Tue',
    page: 26,
  },
  {
    subject: 'PLC UI',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Thu 10/19/23',
    date: '2023-10-19',
    yearPrinted: true,
    weekdayPrinted: 'Thu',
    weekdayComputed: 'Thu',
    page: 26,
  },
  {
    subject: 'HANA Base and HANA Study UIs',
    environment: 'Production',
    event: 'deployment start',
    printed: 'Tue 10/26/23',
    date: '2023-10-26',
    yearPrinted: true,
    weekdayPrinted: 'Tue',
    weekdayComputed: 'Thu',
    page: 26,
  },
] as const satisfies readonly Announcement[];

/** Every number of pages 13, 18 and 21. A `null` is a number, key or scope that the page does not give. */
export const limits = [
  {
    kind: 'global',
    namespace: 'WS',
    printed:
      '30 per second across all the WS below combined per TCP source supported on the WS endpoint (1800 connections per minute); this includes submits and retrieves for ws.prod.caiso APIs:',
    perSecond: 30,
    connectionsPerMinute: 1800,
    key: 'TCP source',
    endpoint: 'ws.prod.caiso',
    operations: ['submit', 'retrieve'],
    systems: [
      'BAAOP',
      'BSAP',
      'CIRA',
      'CMRI',
      'DRRS',
      'EIDE',
      'ALFS (& FDR)',
      'MF',
      'PISOA',
      'RCBSAP',
      'RCSERVICES (RCEIDE)',
      'SIBR',
      'STLMT',
      'OMS',
      'ECIC',
    ],
    page: 13,
  },
  {
    kind: 'namespaces',
    printed: 'The Global Rate Limit is enforced by namespace: WS (above), OASIS, and ADS',
    namespaces: ['WS', 'OASIS', 'ADS'],
    page: 13,
  },
  {
    kind: 'global',
    namespace: 'OASIS',
    printed: 'The Global Rate Limit is enforced by namespace: WS (above), OASIS, and ADS',
    perSecond: null,
    connectionsPerMinute: null,
    key: null,
    endpoint: null,
    operations: null,
    systems: null,
    page: 13,
  },
  {
    kind: 'global',
    namespace: 'ADS',
    printed: 'The Global Rate Limit is enforced by namespace: WS (above), OASIS, and ADS',
    perSecond: null,
    connectionsPerMinute: null,
    key: null,
    endpoint: null,
    operations: null,
    systems: null,
    page: 13,
  },
  {
    kind: 'aup',
    service: 'CMRI',
    operation: 'retrieve',
    scope: 'all CMRI services',
    periodSeconds: 5,
    quota: null,
    printed: 'retrieves will leverage a 5-second period for enforcement for all CMRI services',
    page: 13,
  },
  {
    kind: 'aup',
    service: 'CMRI',
    operation: 'submit',
    scope: null,
    periodSeconds: null,
    quota: null,
    printed: 'there are no CMRI submits',
    page: 13,
  },
  {
    kind: 'aup',
    service: 'DRRS',
    operation: 'submit',
    scope: 'all DRRS services',
    periodSeconds: 30,
    quota: null,
    printed: 'Both submits and retrieves will leverage a 30-second period for enforcement for all DRRS services',
    page: 13,
  },
  {
    kind: 'aup',
    service: 'DRRS',
    operation: 'retrieve',
    scope: 'all DRRS services',
    periodSeconds: 30,
    quota: null,
    printed: 'Both submits and retrieves will leverage a 30-second period for enforcement for all DRRS services',
    page: 13,
  },
  {
    kind: 'aup',
    service: 'MRI-S (STLMT)',
    operation: 'retrieve',
    scope: 'METER DATA',
    periodSeconds: 30,
    quota: null,
    printed: 'Retrieves of METER DATA will leverage a 30-second period for enforcement',
    page: 13,
  },
  {
    kind: 'aup',
    service: 'MRI-S (STLMT)',
    operation: 'submit',
    scope: null,
    periodSeconds: null,
    quota: null,
    printed: 'submits will not have any additional layer of protection other than the Global Rate Limit above',
    page: 13,
  },
  {
    kind: 'global',
    namespace: 'WS',
    printed:
      '30 per second across all the WS below combined per TCP source supported on the WS endpoint (1800 connections per minute); this includes submits and retrieves:',
    perSecond: 30,
    connectionsPerMinute: 1800,
    key: 'TCP source',
    endpoint: null,
    operations: ['submit', 'retrieve'],
    systems: [
      'BAAOP',
      'BSAP',
      'CIRA',
      'CMRI',
      'DRRS',
      'EIDE',
      'ALFS (& FDR)',
      'MF',
      'PISOA',
      'RCBSAP',
      'RCSERVICES (RCEIDE)',
      'SIBR',
      'STLMT',
      'OMS',
      'ECIC',
    ],
    page: 18,
  },
  {
    kind: 'aup',
    service: 'CMRI',
    operation: 'retrieve',
    scope: null,
    periodSeconds: 5,
    quota: null,
    printed: 'retrieves will leverage a 5-second period for enforcement',
    page: 18,
  },
  {
    kind: 'aup',
    service: 'CMRI',
    operation: 'submit',
    scope: null,
    periodSeconds: null,
    quota: null,
    printed: 'there are no CMRI submits',
    page: 18,
  },
  {
    kind: 'aup',
    service: 'DRRS',
    operation: 'submit',
    scope: null,
    periodSeconds: 30,
    quota: null,
    printed: 'Both submits and retrieves will leverage a 30-second period for enforcement',
    page: 18,
  },
  {
    kind: 'aup',
    service: 'DRRS',
    operation: 'retrieve',
    scope: null,
    periodSeconds: 30,
    quota: null,
    printed: 'Both submits and retrieves will leverage a 30-second period for enforcement',
    page: 18,
  },
  {
    kind: 'aup',
    service: 'MRI-S (STLMT)',
    operation: 'retrieve',
    scope: 'METER DATA',
    periodSeconds: 30,
    quota: null,
    printed: 'Retrieves of METER DATA will leverage a 30-second period for enforcement',
    page: 18,
  },
  {
    kind: 'aup',
    service: 'MRI-S (STLMT)',
    operation: 'submit',
    scope: null,
    periodSeconds: null,
    quota: null,
    printed: 'submits will not have any additional layer of protection other than the Global Rate Limit above',
    page: 18,
  },
  {
    kind: 'global',
    namespace: 'WS',
    printed:
      'In addition the existing global rate limit of 30 per second across all the apps combined supported on the WS endpoint (1800 connections per minute), here are additional protections within these apps on the new URLs',
    perSecond: 30,
    connectionsPerMinute: 1800,
    key: null,
    endpoint: null,
    operations: null,
    systems: null,
    page: 21,
  },
  {
    kind: 'fault',
    introduction: 'These will return a SOAP fault with AUP fails:',
    lines: [
      '<SOAP-ENV:Fault>',
      '<faultcode>SOAP-ENV:Server</faultcode>',
      '<faultstring xml:lang="en">429: CAISO Acceptable Use Policy Violation. Please retry your request after <n> seconds.</faultstring>',
      '<detail>',
    ],
    faultcode: 'SOAP-ENV:Server',
    faultstring: '429: CAISO Acceptable Use Policy Violation. Please retry your request after <n> seconds.',
    faultstringLang: 'en',
    apps: ['CMRI', 'DRRS', 'STLMT'],
    appliesTo: 'on the new URLs',
    page: 21,
  },
] as const satisfies readonly LimitRow[];

/** One network, printed on four pages (17, 18, 19, 21). */
export const addressRanges = [
  {
    cidr: '45.42.16.0/21',
    ports: [80, 443],
    printed: 'Please open the entire 45.42.16.0/21 network on ports 80 & 443 for our new IP space',
    page: 17,
  },
  {
    cidr: '45.42.16.0/21',
    ports: [80, 443],
    printed: 'Please open the entire 45.42.16.0/21 network on ports 80 & 443 for the new CAISO IP space',
    page: 18,
  },
  {
    cidr: '45.42.16.0/21',
    ports: [80, 443],
    printed:
      'Please open the entire 45.42.16.0/21 network on ports 80 & 443 for our new IP space to access new API URLs',
    page: 19,
  },
  {
    cidr: '45.42.16.0/21',
    ports: [80, 443],
    printed: 'Please open the entire 45.42.16.0/21 network on ports 80 & 443 for our new IP space',
    page: 21,
  },
] as const satisfies readonly AddressRange[];

/** Names as on page 23, download addresses as on page 25 without `?_gl=…`. Of the old authority only the name is said. */
export const trustAnchors = [
  {
    role: 'root',
    authority: 'Entrust',
    standing: 'new',
    name: 'Entrust Root Certification Authority – G2',
    nameInReferences: null,
    url: null,
    parentPage: null,
    page: 23,
  },
  {
    role: 'intermediate',
    authority: 'Entrust',
    standing: 'new',
    name: 'Entrust Certification Authority – L1M',
    nameInReferences: null,
    url: null,
    parentPage: null,
    page: 23,
  },
  {
    role: null,
    authority: 'Verizon',
    standing: 'previous',
    name: null,
    nameInReferences: null,
    url: null,
    parentPage: null,
    page: 23,
  },
  {
    role: 'intermediate',
    authority: 'Entrust',
    standing: 'new',
    name: null,
    nameInReferences: 'Entrust L1M Certificate Authority',
    url: 'http://web.entrust.com/subca-certificates/L1M-G2-Xcert_20141215.cer',
    parentPage: 'https://www.entrust.com/knowledgebase/ssl/entrust-certificate-services-subordinate-cas',
    page: 25,
  },
  {
    role: 'root',
    authority: 'Entrust',
    standing: 'new',
    name: null,
    nameInReferences: 'Entrust Root Certificate Authority',
    url: 'https://web.entrust.com/root-certificates/entrust_g2_ca.cer',
    parentPage: 'https://www.entrust.com/resources/certificate-solutions/tools/root-certificate-downloads',
    page: 25,
  },
] as const satisfies readonly TrustAnchor[];

/** Page 6, in printed order; the pre-requisites stand under the first point. */
export const actionsRequired = [
  { id: 'use-new-addresses', printed: 'Customers should be using new UI & API URLs now', page: 6 },
  { id: 'prerequisites', printed: 'Ensure pre-requisites are configured', page: 6 },
  { id: 'whitelist-addresses', printed: 'Whitelist ISO IPs', page: 6 },
  {
    id: 'install-trust-anchors',
    printed: 'For API, install Entrust Certificates to application server trust stores',
    page: 6,
  },
  {
    id: 'leave-old-addresses',
    printed:
      'Please ensure you are no longer using the old UI & API URLs as soon as possible to minimize access impacts when the final cutovers occur',
    page: 6,
  },
  { id: 'report-issues', printed: 'Report issues to CAISO via CIDI (guidance on next slide)', page: 6 },
] as const satisfies readonly Statement[];

/** Page 7, in printed order: what a report of an access error must say. */
export const supportInformation = [
  { appliesTo: 'all', printed: 'UI or API', page: 7 },
  { appliesTo: 'all', printed: 'URL', page: 7 },
  { appliesTo: 'all', printed: 'Certificate', page: 7 },
  { appliesTo: 'all', printed: 'Source IP', page: 7 },
  {
    appliesTo: 'all',
    printed: 'Observing lack of success accessing or intermittent errors/failures',
    page: 7,
  },
  {
    appliesTo: 'all',
    printed: 'Observing issue on new URL only, old URL only, or both new and old URLs',
    page: 7,
  },
  {
    appliesTo: 'all',
    printed:
      'Have you experienced the issue in the MAPSTAGE environment? Are you able to reproduce the issue in the MAPSTAGE environment?',
    page: 7,
  },
  { appliesTo: 'UI', printed: 'Browser(s)', page: 7 },
  { appliesTo: 'API', printed: 'Request', page: 7 },
  { appliesTo: 'API', printed: 'Response – Full response file', page: 7 },
  {
    appliesTo: 'API',
    printed: 'Have Entrust Certificates been added to your trust stores on your application servers',
    page: 7,
  },
  { appliesTo: 'API', printed: 'Are you using 3rd party software', page: 7 },
  { appliesTo: 'API', printed: 'Who is your vendor if applicable', page: 7 },
] as const satisfies readonly SupportFact[];

/** The CIDI tables of pages 9, 11, 12 and 14: six issues, thirteen case numbers. */
export const knownIssues = [
  {
    id: 'baaop-window-closure',
    area: 'UI',
    summary: 'BAAOP Automatic Window Closure',
    environment: null,
    systems: ['BAAOP'],
    operations: [],
    status: null,
    notes: [
      { date: '2024-02-21', datePrinted: '2/21/24', text: 'Customer working sessions targeted this week.' },
      {
        date: '2024-02-14',
        datePrinted: '2/14/24',
        text: 'Issue reported to ISO. ISO will work with customer to provide more details and will investigate further.',
      },
    ],
    cases: [{ number: '271919', state: null }],
    page: 9,
  },
  {
    id: 'mapstage-mpp-instability',
    area: 'UI',
    summary:
      'MAPSTAGE MPP instability – intermittent failures to load after selecting certificate, or after successfully loading will show “ISOError.html” after a few mins',
    environment: 'MAPSTAGE',
    systems: ['MPP'],
    operations: [],
    status: null,
    notes: [
      {
        date: '2024-02-21',
        datePrinted: '2/21/24',
        text: 'Published older pages to resolve. Pending customer re-test.',
      },
      {
        date: '2024-02-14',
        datePrinted: '2/14/24',
        text: 'Issue reported to ISO. ISO will work with customer to provide more details and will investigate further.',
      },
    ],
    cases: [{ number: '271984', state: null }],
    page: 9,
  },
  {
    id: 'connection-resets',
    area: 'API',
    summary: 'Intermittent Connection Resets (Submits & Retrieves on SIBR, BAAOP, BSAP, CMRI, DRRS, OMS)',
    environment: null,
    systems: ['SIBR', 'BAAOP', 'BSAP', 'CMRI', 'DRRS', 'OMS'],
    operations: ['submit', 'retrieve'],
    status: null,
    notes: [
      { date: '2024-02-21', datePrinted: '2/21/24', text: 'No failed retesting reported.' },
      {
        date: '2024-02-14',
        datePrinted: '2/14/24',
        text: '1MB buffer effective 2/12 and those that have retested have reported success with larger payloads in MAPSTAGE & PRODUCTION.',
      },
      {
        date: '2024-02-07',
        datePrinted: '2/7/24',
        text: 'ISO will increase buffer size from 64KB to 1024KB – scheduled Monday 2/12/24 in MAPSTAGE & PRODUCTION for retests.',
      },
      {
        date: '2024-01-31',
        datePrinted: '1/31/24',
        text: 'ISO working with customers to explore/test potential causes: - File size (larger ones failing) - Number of characters (similar to above) - Chunked versus streamed data (shift away from chunked)',
      },
      {
        date: null,
        datePrinted: null,
        text: 'ISO will schedule additional working sessions with customers as appropriate',
      },
      {
        date: null,
        datePrinted: null,
        text: 'ATTENTION: Now that the buffer is set to 1MB, the following are still key for all payloads to be successful going forward: BASE64 ENCODE GZIP COMPRESSION',
      },
    ],
    cases: [
      { number: '269278', state: 'Closed' },
      { number: '269418', state: 'Success in MAPSTAGE, working on testing Production' },
      { number: '270168', state: 'Success in MAPSTAGE, working on testing Production' },
      { number: '270431', state: 'Pending customer testing' },
      { number: '271384', state: 'Closed' },
    ],
    page: 11,
  },
  {
    id: 'big-ip-logout-page',
    area: 'API',
    summary: 'Intermittent HTML Response “BIG-IP logout page” (Submits & Retrieves on ADS, BSAP, SIBR, CMRI, ALFS)',
    environment: null,
    systems: ['ADS', 'BSAP', 'SIBR', 'CMRI', 'ALFS'],
    operations: ['submit', 'retrieve'],
    status: null,
    notes: [
      { date: '2024-02-21', datePrinted: '2/21/24', text: 'Under ISO review' },
      {
        date: '2024-02-14',
        datePrinted: '2/14/24',
        text: 'Customers have provided additional information that ISO is reviewing, including: number of MRHSessions (new or reused) and user certificate configuration',
      },
      {
        date: '2024-02-07',
        datePrinted: '2/7/24',
        text: 'ISO continuing to work with customers & ADR vendor to investigate further.',
      },
      {
        date: '2024-01-31',
        datePrinted: '1/31/24',
        text: 'ISO requesting customers to provide the full response files for further review',
      },
      {
        date: null,
        datePrinted: null,
        text: 'ISO will schedule additional working sessions with customers as appropriate',
      },
    ],
    cases: [
      { number: '269464', state: null },
      { number: '269347', state: null },
      { number: '269793', state: null },
      { number: '270088', state: null },
    ],
    page: 12,
  },
  {
    id: 'global-limit-clarification',
    area: 'Global Rate Limiting & Acceptable Use Policy',
    summary: 'Clarification on Global Rate Limit on WS',
    environment: null,
    systems: [],
    operations: [],
    status: 'Closed',
    notes: [{ date: null, datePrinted: null, text: 'Addressed on 1/24 call and presentation' }],
    cases: [{ number: '270195', state: 'Closed' }],
    page: 14,
  },
  {
    id: 'aup-key-scid',
    area: 'Global Rate Limiting & Acceptable Use Policy',
    summary: 'Enhancement Request: Application AUP – Consider including SCID in the key',
    environment: null,
    systems: [],
    operations: [],
    status: 'Under ISO review',
    notes: [],
    cases: [{ number: '271088', state: 'Under ISO review' }],
    page: 14,
  },
] as const satisfies readonly KnownIssue[];

/** Page 11's two conditions for every payload. */
export const payloadConditions = [
  { id: 'base64', printed: 'BASE64 ENCODE', page: 11 },
  { id: 'gzip', printed: 'GZIP COMPRESSION', page: 11 },
  { id: 'buffer-before', printed: '64KB', page: 11 },
  { id: 'buffer-after', printed: '1024KB', page: 11 },
  { id: 'buffer-after-in-words', printed: '1MB', page: 11 },
] as const satisfies readonly Statement[];

export const forum = {
  name: { printed: 'Application Delivery Resiliency Forum', page: 16 },
  schedule: {
    printed: 'Weekly on Wednesdays 1400-1500 PT starting, January 24, 2024',
    weekday: 'Wed',
    from: '14:00',
    to: '15:00',
    zone: 'PT',
    starts: '2024-01-24',
    page: 3,
  },
  purposes: [
    {
      printed:
        'Dedicated forum with increased focus on ADR to continue to engage with and support customers thru the Production Transition to new User Interface (UI) and Application Programming Interface (API) URLs, IP addresses, and infrastructure, including associated Acceptable Use Policy (AUP) updates',
      page: 3,
    },
    { printed: 'Increase awareness of ADR implementation/cutover status and timelines', page: 3 },
    { printed: 'Provide guidance for users on their transitions to the new URLs', page: 3 },
    { printed: 'Communicate known issues as applicable', page: 3 },
    { printed: 'Review user feedback', page: 3 },
  ],
  editions: [
    { date: '2024-01-24', basis: 'printed', printed: '1/24 call and presentation', page: 14 },
    { date: '2024-01-31', basis: 'dated notes only', printed: '1/31/24', page: 11 },
    { date: '2024-02-07', basis: 'dated notes only', printed: '2/7/24', page: 11 },
    { date: '2024-02-14', basis: 'dated notes only', printed: '2/14/24', page: 11 },
    {
      date: '2024-02-21',
      basis: 'the word tomorrow beside 2/22, and dated notes',
      printed: 'tomorrow, 2/22',
      page: 4,
    },
  ],
  next: {
    printed: 'Next occurrence Wednesday, February 28, 2024 2PM PT',
    date: '2024-02-28',
    from: '14:00',
    zone: 'PT',
    weekday: 'Wed',
    page: 15,
  },
  published: [
    {
      printed: 'https://www.caiso.com/informed/Pages/ReleasePlanning/Default.aspx#Independent2024',
      page: 3,
    },
    {
      printed:
        'www.caiso.com > Stay Informed > Release Planning > 2024 Releases > Independent 2024 > Application Delivery Resiliency',
      page: 15,
    },
  ],
} as const satisfies Forum;

export const f5Areas = [
  { product: 'Access Policy Manager', purpose: 'Application Authentication', page: 17 },
  { product: 'Local Traffic Manager', purpose: 'Load Balancing', page: 17 },
  { product: 'Application Security Manager', purpose: 'Web Application Firewall', page: 17 },
] as const satisfies readonly F5Area[];

/** The remaining statements of fact, which no table above carries. */
export const statements = [
  { id: 'new-uis-available', printed: 'All new UI URLs (except TR) available now', page: 4 },
  { id: 'new-apis-available', printed: 'All new API URLs available now', page: 4 },
  {
    id: 'ui-isolated-issues',
    printed: 'ISO will continue to review CIDI cases and work with customers on isolated issues if any',
    page: 8,
  },
  {
    id: 'api-isolated-issues',
    printed: 'ISO will continue to review CIDI cases and work with customers on isolated issues if any',
    page: 10,
  },
  {
    id: 'aup-is-additional',
    printed: 'In addition to the Global Rate Limit above, these systems will have an additional layer of protection',
    page: 13,
  },
  {
    id: 'aup-services',
    printed: 'Service-Level Acceptable Use Policy (AUP) for CMRI, DRRS, and MRI-S',
    page: 13,
  },
  { id: 'impact-ip-ranges', printed: 'New IP ranges requiring firewall changes', page: 17 },
  { id: 'impact-addresses', printed: 'New URLs for UIs and APIs requiring cutover', page: 17 },
  { id: 'impact-functionality', printed: 'No application functionality changes expected', page: 17 },
  { id: 'impact-provisioning', printed: 'No provisioning changes expected', page: 17 },
  {
    id: 'phase-1-access',
    printed:
      'Access to the new API WS URLs consist of the following that will require users to be configured per below',
    page: 18,
  },
  {
    id: 'phase-1-ca',
    printed:
      'New Certificate Authority (was Verizon and is now Entrust): Please add the two Entrust certificates to your application trust stores on your servers',
    page: 18,
  },
  {
    id: 'phase-2-access',
    printed:
      'Access to the existing API WS URLs will now also require users to be configured per below (same as above):',
    page: 18,
  },
  { id: 'phase-2-ips', printed: 'New IPs', page: 18 },
  { id: 'phase-2-ca', printed: 'New Certificate Authority (was Verizon and is now Entrust)', page: 18 },
  { id: 'phase-2-global-limit', printed: 'Global Rate Limit', page: 18 },
  {
    id: 'phase-2-aup',
    printed: 'Service-Level Acceptable Use Policy (AUP) for CMRI, DRRS, and MRI-S',
    page: 18,
  },
  { id: 'hard-cutover-infrastructure', printed: 'New infrastructure', page: 19 },
  { id: 'hard-cutover-ips', printed: 'New IPs', page: 19 },
  { id: 'hard-cutover-ca', printed: 'New Certificate Authority (Entrust)', page: 19 },
  { id: 'hard-cutover-aup', printed: 'Service-Level AUP for CMRI/DRRS/MRI-S', page: 19 },
  {
    id: 'new-apis-stay',
    printed:
      'Production new API URLs (ws.prod.caiso) will remain available indefinitely; users can continue using the new URLs',
    page: 19,
  },
  {
    id: 'production-differs',
    printed: 'The Production transition and cut-over will be different than how MAP-STAGE occurred.',
    page: 19,
  },
  { id: 'hosts-new', printed: 'New URLs: ws.prod.caiso.com', page: 20 },
  { id: 'hosts-existing', printed: 'Existing URLs: ws.caiso.com', page: 20 },
  {
    id: 'new-ca',
    printed: 'There is a new Certificate Authority for the new APIs (changed from Verizon to Entrust)',
    page: 21,
  },
  {
    id: 'ca-infrastructure',
    printed:
      'There is a new certificate authority for the new API URL infrastructure: It was Verizon and is now Entrust',
    page: 23,
  },
  {
    id: 'ca-add-both',
    printed:
      'Please add the two certificates to your application trust stores on your servers to access the new API URL infrastructure',
    page: 23,
  },
  {
    id: 'ca-different-chain',
    printed:
      'The new Production API URLs and existing Production API URLs after cutover have a different Root and Intermediate certificate:',
    page: 23,
  },
  {
    id: 'ca-what-to-do',
    printed: 'Add the two Entrust certificates to your application trust stores on your servers',
    page: 24,
  },
  {
    id: 'ca-is-an-addition',
    printed:
      'Yes, this is an addition of the two Entrust certificates to your trust store, but the existing Verizon certificates will still be there and work for the current Production API URLs pre-cutover',
    page: 24,
  },
  {
    id: 'ca-now-without-impact',
    printed: 'This can be done now without impacting Production API access (see above)',
    page: 24,
  },
  {
    id: 'user-certificates-unchanged',
    printed: 'No changes needed to user certificates for the Production API URL cutover',
    page: 24,
  },
  {
    id: 'user-certificates-renewal',
    printed:
      'User certificates are also changing from Verizon to Entrust as they expire and are renewed, but do not need to be on Entrust prior to the Production API URL cutover',
    page: 24,
  },
  {
    id: 'user-certificates-example',
    printed:
      'For example, if a user has an existing Verizon user certificate that expires mid-2024, that Verizon user certificate will still be able to access the new Production API URL infrastructure (11/9/23 onwards for new URLs, and 12/21/23 onwards for existing URLs)',
    page: 24,
  },
  {
    id: 'mapstage-soft-cutover',
    printed:
      'CAISO previously sent communications on the soft cutover for the new API URLs in the MAP Stage environment.',
    page: 26,
  },
  { id: 'ui-access', printed: "Application access is based on the user's provisioning.", page: 26 },
  { id: 'ui-down-time', printed: 'No application down time is expected.', page: 26 },
  {
    id: 'ui-remaining',
    printed: 'We will send additional communication for the remaining UI URLs once they are ready for validation.',
    page: 26,
  },
  {
    id: 'ui-parallel',
    printed:
      'Market Participants can begin accessing the new UI URLs in parallel with the current UI URLs for a window of time.',
    page: 26,
  },
  {
    id: 'ui-shorter-than-api',
    printed:
      'The timeline to validate access and transition to the new UI URLs for each environment is shorter than the API timeline; therefore, action is needed sooner.',
    page: 26,
  },
] as const satisfies readonly Statement[];

/** Documents and places that are named; `null` where the text gives a title without its address. */
export const references = [
  {
    printed: 'Presentations & Recordings',
    url: 'https://www.caiso.com/informed/Pages/ReleasePlanning/Default.aspx#Independent2024',
    page: 3,
  },
  {
    printed:
      'https://developer.caiso.com/Documents/Technical-Specification-Rate-Limits-and-AUP-Implementation-v3.0.pdf',
    url: 'https://developer.caiso.com/Documents/Technical-Specification-Rate-Limits-and-AUP-Implementation-v3.0.pdf',
    page: 13,
  },
  { printed: 'CMRI Tech Spec', url: null, page: 13 },
  { printed: 'DRRS Tech Spec', url: null, page: 13 },
  {
    printed: 'MRI-S (STLMT) Tech Spec',
    url: 'https://developerint.oa.caiso.com/pages/application.aspx?app=MRI-S',
    page: 13,
  },
  { printed: 'www.caiso.com', url: 'http://www.caiso.com/', page: 15 },
  { printed: 'https://developer.caiso.com', url: 'https://developer.caiso.com', page: 16 },
  { printed: 'Application Delivery Resiliency Forum Presentations', url: null, page: 16 },
  { printed: 'Technical User Group Presentations', url: null, page: 16 },
  {
    printed: 'Release User Group Presentations',
    url: 'https://www.caiso.com/informed/Pages/MeetingsEvents/UserGroupsRecurringMeetings/Default.aspx#RUG',
    page: 16,
  },
  {
    printed: 'Current API Notice',
    url: 'http://www.caiso.com/Documents/application-programming-interface-web-service-url-cutovers-moved-to-111523-and-1924.html',
    page: 18,
  },
] as const satisfies readonly Reference[];

/** The one list of places where the deck disagrees with itself or cannot be right as it stands. */
export const expectedDiscrepancies = [
  {
    id: 'mpp-production-date',
    kind: 'date',
    about: 'When the new MPP UI goes into Production',
    first: { statement: 'MPP Production cutover scheduled tomorrow, 2/22 1400-1500 PT', pages: [4, 8] },
    second: { statement: 'Market Participant Portal (MPP), Production: Tue 02/06/24', pages: [26] },
    page: 4,
  },
  {
    id: 'mpp-available-now',
    kind: 'status',
    about: 'Whether the new MPP UI is available on the day of the deck',
    first: { statement: 'All new UI URLs (except TR) available now', pages: [4] },
    second: { statement: 'MPP Production cutover scheduled tomorrow, 2/22 1400-1500 PT', pages: [4, 8] },
    page: 4,
  },
  {
    id: 'ui-cutover-complete',
    kind: 'status',
    about: 'Whether the UI cutover is complete but for BAAOP and BSAP, on one slide',
    first: { statement: 'UI cutover complete Feb 6, 2024, except BAAOP & BSAP UIs', pages: [8] },
    second: { statement: 'MPP Production cutover scheduled tomorrow, 2/22 1400-1500 PT', pages: [8] },
    page: 8,
  },
  {
    id: 'wsmap-end',
    kind: 'date',
    about: 'Since when the old MAPSTAGE API addresses are gone',
    first: { statement: 'Deprecated & no longer available as of 9/21/23', pages: [21, 22] },
    second: {
      statement: 'The old API URLs in MAP Stage are no longer available as of September 1, 2023.',
      pages: [26],
    },
    page: 21,
  },
  {
    id: 'new-api-availability',
    kind: 'date',
    about: 'Since when the new Production API addresses are available',
    first: { statement: '11/15/23', pages: [18, 19, 20, 21, 22, 26] },
    second: { statement: 'prior to 11/9; 11/9/23 onwards for new URLs', pages: [24] },
    page: 18,
  },
  {
    id: 'hard-cutover-date',
    kind: 'date',
    about: 'When the old Production API addresses move to the new infrastructure',
    first: { statement: 'TBD (was 2/19/24 tentatively; target was for Feb 19, 2024)', pages: [4, 10, 18, 19] },
    second: { statement: 'Feb 19, 2024, as a date or target that still stands', pages: [19, 20, 21, 22, 26] },
    others: [
      { statement: 'NLT 12/20 for the trust anchors; 12/21/23 onwards for existing URLs', pages: [24] },
      { statement: '"moved-to-111523-and-1924", read as 1/9/24', pages: [18] },
    ],
    page: 4,
  },
  {
    id: 'hard-cutover-same-slide',
    kind: 'date',
    about: 'The transition plan gives the hard cutover twice',
    first: { statement: 'the final hard cutover Feb 19, 2024', pages: [19] },
    second: { statement: 'HARD CUTOVER … TBD (target was Feb 19, 2024)', pages: [19] },
    page: 19,
  },
  {
    id: 'notice-link-date',
    kind: 'date',
    about: 'The current notice links a document whose name has an older date for the final phase',
    first: { statement: 'now scheduled for TBD (was Feb. 19, 2024)', pages: [18] },
    second: { statement: '…url-cutovers-moved-to-111523-and-1924.html', pages: [18] },
    page: 18,
  },
  {
    id: 'old-uis-except',
    kind: 'status',
    about: 'Which old UI addresses are left',
    first: { statement: 'Old UI URLs decommissioned 2/6/24 except BAAOP/BSAP UIs', pages: [4] },
    second: { statement: 'TR, UI - Old: https://portal.caiso.com/tr', pages: [5, 8] },
    others: [{ statement: 'UI cutover complete Feb 6, 2024, except BAAOP & BSAP UIs', pages: [8] }],
    page: 4,
  },
  {
    id: 'old-ui-baaop-bsap-empty',
    kind: 'status',
    about: 'The two old UIs that are said to be left have an empty cell, where others are marked done or NA',
    first: { statement: 'Old UI URLs for BAAOP/BSAP to be decommissioned Feb 2024', pages: [4] },
    second: { statement: 'BAAOP and BSAP, UI - Old: empty', pages: [5, 8] },
    others: [{ statement: 'UI cutover for BAAOP & BSAP Feb 2024 1400 PT', pages: [8] }],
    page: 4,
  },
  {
    id: 'tr-new-ui',
    kind: 'status',
    about: 'Whether the new TR UI exists: printed as an address like all others, available only later',
    first: { statement: 'TR, UI - New: https://tr.caiso.com', pages: [5, 8] },
    second: { statement: 'All new UI URLs (except TR) available now; TR Production Tue 2/27/24', pages: [4, 26] },
    page: 5,
  },
  {
    id: 'ui-deadline-before-deployment',
    kind: 'date',
    about: 'The deadline for moving to the new UIs lies on or before the deployment of two of them',
    first: {
      statement:
        'Once the new UI URLs are deployed into Production, Market Participants have until Tuesday, February 6, 2024',
      pages: [26],
    },
    second: { statement: 'MPP Production Tue 02/06/24; TR Production Tue 2/27/24', pages: [26] },
    page: 26,
  },
  {
    id: 'ui-testing-start',
    kind: 'date',
    about: 'When the first new UIs can be tested in MAP Stage',
    first: { statement: 'Starting on July, 27, 2023', pages: [26] },
    second: { statement: 'earliest dated row of the table: MAP Stage Fri 7/28/23', pages: [26] },
    page: 26,
  },
  {
    id: 'weekday-rcbsap',
    kind: 'weekday',
    about: 'RCBSAP, Production',
    first: { statement: 'Tue 10/26/23', pages: [26] },
    second: { statement: '26 October 2023 was a Thursday (computed)', pages: [26] },
    page: 26,
  },
  {
    id: 'weekday-hana',
    kind: 'weekday',
    about: 'HANA Base / HANA Study, Production',
    first: { statement: 'Tue 10/26/23', pages: [26] },
    second: { statement: '26 October 2023 was a Thursday (computed)', pages: [26] },
    page: 26,
  },
  {
    id: 'phase-meanings',
    kind: 'naming',
    about: '"Phase 1" and "Phase 2"',
    first: {
      statement: 'Phase 1 – Nov. 15, 2023: new API WS URLs available; Phase 2 – TBD: existing API WS URLs cutover',
      pages: [18],
    },
    second: {
      statement: 'Phase 1: Cutover for new API URLs; Phase 2: Cutover for new UI URLs',
      pages: [26],
    },
    page: 18,
  },
  {
    id: 'old-apis-already-cut-over',
    kind: 'status',
    about: 'Whether all old Production API addresses still wait for their cutover',
    first: { statement: 'Old API URLs to be cutover TBD (was 2/19/24 tentatively)', pages: [4] },
    second: { statement: 'ADS and OASIS, API - Old: NA - Cutover', pages: [5, 10] },
    others: [{ statement: 'Cutover TBD (target was for Feb 19, 2024)', pages: [10] }],
    page: 4,
  },
  {
    id: 'cutover-wording',
    kind: 'naming',
    about: 'One state of an old UI has two names, and the legend spells a third',
    first: { statement: 'NA - Cutover (CIRA, DRRS, STLMT, OMS, ADS, OASIS)', pages: [5, 8] },
    second: { statement: 'Cutover Complete (CMRI, MF, RCBSAP, SIBR, CRR, PLC)', pages: [5, 8] },
    others: [
      { statement: "legend: Cuotover complete; NA - Interface doesn't exist or already cutover", pages: [5, 8, 10] },
    ],
    page: 5,
  },
  {
    id: 'ui-lists-differ',
    kind: 'scope',
    about: 'Which new UIs there are',
    first: { statement: 'CIRA, DRRS, STLMT, OMS, ADS and OASIS have a new UI', pages: [5, 8] },
    second: {
      statement: 'the UI table has none of these, and has Reporting, MPP, WEIM Portal and HANA, which the matrix lacks',
      pages: [26],
    },
    page: 5,
  },
  {
    id: 'reporting-overlap',
    kind: 'scope',
    about: 'Transmission Registry and Master File stand in two rows of the same table',
    first: { statement: 'Reporting (Includes … Transmission Registry, … Master File, …)', pages: [26] },
    second: { statement: 'Master File (MF); Transmission Registry (TR)', pages: [26] },
    page: 26,
  },
  {
    id: 'global-limit-unit',
    kind: 'unit',
    about: 'What the global limit counts, and over which period',
    first: { statement: '30 per second … per TCP source', pages: [13, 18] },
    second: { statement: '1800 connections per minute', pages: [13, 18, 21] },
    page: 13,
  },
  {
    id: 'global-limit-key',
    kind: 'scope',
    about: 'Whether the global limit is per source',
    first: { statement: 'across all the WS below combined per TCP source', pages: [13, 18] },
    second: { statement: 'across all the apps combined supported on the WS endpoint', pages: [21] },
    page: 13,
  },
  {
    id: 'global-limit-reach',
    kind: 'scope',
    about: 'Whether the global limit already holds at the old addresses',
    first: { statement: 'the existing global rate limit', pages: [21] },
    second: {
      statement:
        'for ws.prod.caiso APIs; a condition of the new addresses, and from Phase 2 "now also" of the existing ones',
      pages: [13, 18],
    },
    page: 13,
  },
  {
    id: 'hard-cutover-changes',
    kind: 'scope',
    about: 'Whether the hard cutover brings the global limit to the old addresses',
    first: { statement: 'New IPs, New Certificate Authority, Global Rate Limit, Service-Level AUP', pages: [18] },
    second: {
      statement: 'New infrastructure, New IPs, New Certificate Authority, Service-Level AUP (no Global Rate Limit)',
      pages: [19],
    },
    page: 18,
  },
  {
    id: 'stlmt-name',
    kind: 'naming',
    about: 'One system is named in two ways',
    first: { statement: 'STLMT', pages: [5, 8, 10, 13, 18, 21, 22] },
    second: { statement: 'MRI-S, and MRI-S (STLMT)', pages: [13, 18, 19] },
    page: 13,
  },
  {
    id: 'stlmt-aup-scope',
    kind: 'scope',
    about: 'How much of STLMT has the additional protection',
    first: { statement: 'Retrieves of METER DATA only; submits have none', pages: [13, 18] },
    second: { statement: 'Apps: CMRI, DRRS, STLMT, without restriction', pages: [21] },
    page: 13,
  },
  {
    id: 'cmri-submits',
    kind: 'scope',
    about: 'Whether CMRI has submits',
    first: { statement: 'there are no CMRI submits', pages: [13, 18] },
    second: { statement: 'Submits & Retrieves on … CMRI …', pages: [11, 12] },
    page: 11,
  },
  {
    id: 'resets-tested-in-production',
    kind: 'status',
    about: 'Whether the larger buffer was retested in Production',
    first: {
      statement: 'those that have retested have reported success with larger payloads in MAPSTAGE & PRODUCTION',
      pages: [11],
    },
    second: {
      statement: '269418 and 270168: Success in MAPSTAGE, working on testing Production; 270431: Pending',
      pages: [11],
    },
    page: 11,
  },
  {
    id: 'doc-attach-missing',
    kind: 'scope',
    about: 'The form table is printed twice, the second time without one form of the addresses to be cut over',
    first: { statement: 'https://ws.caiso.com/sst/<SYSTEM>/<SERVICE>_DocAttach, in the last column', pages: [21] },
    second: { statement: 'last column without it (its hyperlink is still there)', pages: [22] },
    page: 21,
  },
  {
    id: 'form-links',
    kind: 'link',
    about:
      'The hyperlinks behind the form table lead elsewhere than the addresses printed (matched by order: 10 links for 10 addresses on page 21, for 9 on page 22)',
    first: {
      statement: 'wsmap.caiso.com…_DocAttach and mapstage-ws.caiso.com…_DocAttach; <SYSTEM> in every address',
      pages: [21, 22],
    },
    second: {
      statement:
        'ws.caiso.com…_DocAttach and ws.prod.caiso.com…_DocAttach, both Production; several with drrs for <SYSTEM>',
      pages: [21, 22],
    },
    page: 21,
  },
  {
    id: 'ui-links',
    kind: 'link',
    about:
      'The hyperlinks of seven Production UIs lead to MAP Stage (25 links for 25 addresses, matched by their order)',
    first: { statement: 'sibr, reporting, mpp, cmri, crr, weim, mf: https://<name>.caiso.com', pages: [26] },
    second: { statement: 'https://mapstage-<name>.caiso.com/ twice in the list of links', pages: [26] },
    page: 26,
  },
  {
    id: 'environment-name',
    kind: 'naming',
    about: 'The test environment is spelled in three ways',
    first: { statement: 'MAPSTAGE', pages: [7, 9, 11, 21, 22] },
    second: { statement: 'MAP Stage', pages: [26] },
    others: [{ statement: 'MAP-STAGE', pages: [19] }],
    page: 7,
  },
  {
    id: 'trust-anchor-names',
    kind: 'naming',
    about: 'The two certificates have other names in the references',
    first: {
      statement: 'Entrust Root Certification Authority – G2; Entrust Certification Authority – L1M',
      pages: [23],
    },
    second: { statement: 'Entrust Root Certificate Authority; Entrust L1M Certificate Authority', pages: [25] },
    page: 23,
  },
  {
    id: 'developer-host',
    kind: 'link',
    about: 'One specification is linked at another host than the rest of the developer site',
    first: { statement: 'https://developer.caiso.com', pages: [13, 16] },
    second: { statement: 'https://developerint.oa.caiso.com/pages/application.aspx?app=MRI-S', pages: [13] },
    page: 13,
  },
] as const satisfies readonly ExpectedDiscrepancy[];
