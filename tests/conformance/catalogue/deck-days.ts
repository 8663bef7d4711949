/**
 * When each date of the deck was said and when it was said to have come true, typed from its text beside
 * `deck-table.ts`, which is frozen. `said` and `cameTrue` are days of the deck itself: that of a dated note (p. 11), or of
 * the edition where a page speaks in the present tense. `null` is a day that no page prints.
 */

type Day = `${number}-${number}-${number}`;

export interface DayRow {
  readonly id: string;
  readonly event: 'available' | 'hard-cutover' | 'decommission' | 'testing-opens' | 'change';
  /** As the catalogue writes dates. */
  readonly date: string;
  readonly said: Day | null;
  readonly cameTrue: Day | null;
  readonly replaces: string | null;
  /** The words that say when it was said or that it came true; else those of the date. */
  readonly printed: string;
  readonly page: number;
}

const bufferNotes =
  '2/7/24: ISO will increase buffer size from 64KB to 1024KB – scheduled Monday 2/12/24 … 2/14/24: 1MB buffer effective 2/12 and those that have retested have reported success';

/** Every date but the deployment start dates of the table on p. 26. */
export const dayRows: readonly DayRow[] = [
  {
    id: 'api-new-2023-11-09',
    event: 'available',
    date: '2023-11-09',
    said: null,
    cameTrue: null,
    replaces: null,
    printed: '11/9/23 onwards for new URLs',
    page: 24,
  },
  {
    id: 'api-new-2023-11-15',
    event: 'available',
    date: '2023-11-15',
    said: null,
    cameTrue: '2024-02-21',
    replaces: 'api-new-2023-11-09',
    printed: 'Phase 1 – Nov. 15, 2023 COMPLETE',
    page: 18,
  },
  {
    id: 'api-all-new-available',
    event: 'available',
    date: 'done',
    said: '2024-02-21',
    cameTrue: null,
    replaces: null,
    printed: 'All new API URLs available now',
    page: 4,
  },
  {
    id: 'api-hard-cutover-2023-12-21',
    event: 'hard-cutover',
    date: '2023-12-21',
    said: null,
    cameTrue: null,
    replaces: null,
    printed: '12/21/23 onwards for existing URLs',
    page: 24,
  },
  {
    id: 'api-hard-cutover-2024-01-09',
    event: 'hard-cutover',
    date: '2024-01-09',
    said: null,
    cameTrue: null,
    replaces: 'api-hard-cutover-2023-12-21',
    printed: 'moved-to-111523-and-1924',
    page: 18,
  },
  {
    id: 'api-hard-cutover-2024-02-19',
    event: 'hard-cutover',
    date: '2024-02-19',
    said: null,
    cameTrue: null,
    replaces: 'api-hard-cutover-2024-01-09',
    printed: 'was 2/19/24 tentatively',
    page: 4,
  },
  {
    id: 'api-hard-cutover-tbd',
    event: 'hard-cutover',
    date: 'tbd',
    // Printed in this edition, but not as new: no page says since when.
    said: null,
    cameTrue: null,
    replaces: 'api-hard-cutover-2024-02-19',
    printed: 'Old API URLs to be cutover TBD (was 2/19/24 tentatively)',
    page: 4,
  },
  {
    id: 'map-stage-api-new-2023-05-18',
    event: 'available',
    date: '2023-05-18',
    said: null,
    cameTrue: '2024-02-21',
    replaces: null,
    printed: 'Available permanently since 5/18/23',
    page: 21,
  },
  {
    id: 'wsmap-end-2023-09-01',
    event: 'decommission',
    date: '2023-09-01',
    said: null,
    cameTrue: '2024-02-21',
    replaces: null,
    printed: 'The old API URLs in MAP Stage are no longer available as of September 1, 2023.',
    page: 26,
  },
  {
    id: 'wsmap-end-2023-09-21',
    event: 'decommission',
    date: '2023-09-21',
    said: null,
    cameTrue: '2024-02-21',
    replaces: null,
    printed: 'Deprecated & no longer available as of 9/21/23',
    page: 21,
  },
  {
    id: 'ui-map-stage-testing',
    event: 'testing-opens',
    date: '2023-07-27',
    said: null,
    cameTrue: null,
    replaces: null,
    printed: 'Starting on July, 27, 2023, some of the ISO applications will be available for testing',
    page: 26,
  },
  {
    id: 'ui-all-new-available',
    event: 'available',
    date: 'done',
    said: '2024-02-21',
    cameTrue: null,
    replaces: null,
    printed: 'All new UI URLs (except TR) available now',
    page: 4,
  },
  {
    id: 'ui-old-end-2024-02-06',
    event: 'decommission',
    date: '2024-02-06',
    said: null,
    cameTrue: '2024-02-21',
    replaces: null,
    printed: 'Old UI URLs decommissioned 2/6/24 except BAAOP/BSAP UIs',
    page: 4,
  },
  {
    id: 'ui-old-end-baaop-bsap',
    event: 'decommission',
    date: '2024-02 14:00 America/Los_Angeles',
    said: null,
    cameTrue: null,
    replaces: null,
    printed: 'UI cutover for BAAOP & BSAP Feb 2024 1400 PT',
    page: 8,
  },
  {
    id: 'mpp-production-cutover',
    event: 'hard-cutover',
    date: '2024-02-22 14:00-15:00 America/Los_Angeles',
    // "tomorrow" is said on one day only.
    said: '2024-02-21',
    cameTrue: null,
    replaces: null,
    printed: 'MPP Production cutover scheduled tomorrow, 2/22 1400-1500 PT',
    page: 4,
  },
  {
    id: 'body-buffer-map-stage',
    event: 'change',
    date: '2024-02-12',
    said: '2024-02-07',
    cameTrue: '2024-02-14',
    replaces: null,
    printed: bufferNotes,
    page: 11,
  },
  {
    id: 'body-buffer-production',
    event: 'change',
    date: '2024-02-12',
    said: '2024-02-07',
    cameTrue: '2024-02-14',
    replaces: null,
    printed: bufferNotes,
    page: 11,
  },
];
