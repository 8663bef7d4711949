// Faults on demand, for tests of whatever stands in front: a system that is slow, broken, gone, or answers with a page.

/** What goes wrong with every request until it is changed. Without any, the simulator behaves. */
export interface Faults {
  /** Waits this long before an answer, in ms, at most 600,000. */
  readonly delayMs?: number;
  /** Answers with the log-out page of the appliance that guarded the market: status 200, HTML, nothing done. */
  readonly html?: boolean;
  /** Reads the request, then closes the connection without an answer; the request is not carried out. */
  readonly closeBeforeAnswer?: boolean;
  /** Carries the request out, sends the head and half of the body, then closes the connection. */
  readonly closeMidAnswer?: boolean;
  /** Answers with bytes that are not HTTP. */
  readonly garbage?: boolean;
  /** Does not listen at all, and closes what is open, so that connecting is refused. */
  readonly refuse?: boolean;
}

/** The longest delay, in ms. */
export const delayMsMax = 600_000;

/** The page: literal title, and the sentence that the page is known by. */
export const logoutPage =
  '<html><head><title>BIG-IP logout page</title></head><body><p>Thank you for using BIG-IP.</p></body></html>';

/** The names of the faults that are on. */
export function namesOf(faults: Faults): string[] {
  return Object.entries(faults)
    .filter(([, value]) => value !== undefined && value !== false && value !== 0)
    .map(([name, value]) => (name === 'delayMs' ? `delayMs ${value}` : name));
}
