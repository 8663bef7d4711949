// One evidence record as a line of JSON, as JSON.stringify would write it. It is made for every call, so sections that calls
// share are turned into text once, and so are the texts that come again and again.
import type { EvidenceRecord, EvidenceSink } from '@headgate/contract';

/** What every record of one sink begins with; for `recordLine`. */
export function originText(origin: Pick<EvidenceRecord, 'schemaVersion' | 'node' | 'boot' | 'thread'>): string {
  return `${JSON.stringify(origin).slice(0, -1)},"sequence":`;
}

/** A record as a stage hands it over. */
type Handed = Parameters<EvidenceSink['append']>[0];

/**
 * The record as JSON without a line break, keys in the order of the type. `likeness` is that of `EvidenceSink.append`: the text
 * of what such records share is kept with it.
 */
export function recordLine(origin: string, sequence: number, record: Handed, likeness?: object): string {
  const { listener, admission, response } = record;
  const same = sharedText(record, likeness);
  return (
    `${origin}${sequence},"exchange":"${record.exchange}"${same.start}${listener.sourcePort},"receivedMs":` +
    `${listener.receivedMs}${same.middle}${admissionText(admission)},"inspection":${shared(record.inspection)},` +
    `"forward":${forwardText(record.forward)},"response":${responseText(response)}}`
  );
}

/** The parts of a line that are the same for every record of one likeness. */
interface SharedText {
  readonly start: string;
  readonly middle: string;
  readonly cookies: Handed['listener']['cookies'];
  readonly identity: Handed['identity'];
  readonly route: Handed['route'];
}

const sharedTexts = new WeakMap<object, SharedText>();

function sharedText(record: Handed, likeness: object | undefined): SharedText {
  const known = likeness && sharedTexts.get(likeness);
  const { listener: it, identity, route } = record;
  // What is taken from the memo while nothing changed is new when something did: the clock, the trust, cookies that came again.
  if (known !== undefined && known.identity === identity && known.route === route && known.cookies === it.cookies)
    return known;
  const fresh = {
    start: `,"snapshot":${record.snapshot},"listener":{"listener":${quoted(it.listener)},"source":${quoted(it.source)},"sourcePort":`,
    middle:
      `,"serverName":${quoted(it.serverName)},"tlsVersion":${quoted(it.tlsVersion)},` +
      `"tlsResumed":${it.tlsResumed},"method":${quoted(it.method)},"host":${quoted(it.host)},"path":${quoted(it.path)},` +
      `"contentType":${quoted(it.contentType)},"framing":"${it.framing}","contentEncoding":${quoted(it.contentEncoding)},` +
      `"userAgent":${quoted(it.userAgent)},"cookies":${shared(it.cookies)}},` +
      `"identity":${shared(identity)},"route":${shared(route)},"admission":`,
    cookies: it.cookies,
    identity,
    route,
  };
  if (likeness !== undefined) sharedTexts.set(likeness, fresh);
  return fresh;
}

function admissionText(it: EvidenceRecord['admission']): string {
  if (it === null) return 'null';
  return (
    `{"admitted":${it.admitted},"permit":${it.permit === null ? 'null' : `"${it.permit}"`},` +
    `"participant":${quoted(it.participant)},"endorsers":${it.endorsers.length === 0 ? '[]' : shared(it.endorsers)},"rules":${shared(it.rules)},` +
    `"decidedBy":${quoted(it.decidedBy)},"decidedByKey":${shared(it.decidedByKey)},"retryAfterMs":${it.retryAfterMs},` +
    `"shadow":${it.shadow.length === 0 ? '[]' : JSON.stringify(it.shadow)},"session":${it.session === null ? 'null' : `"${it.session}"`}}`
  );
}

function forwardText(it: EvidenceRecord['forward']): string {
  if (it === null) return 'null';
  return (
    `{"upstream":${quoted(it.upstream)},"endpoint":${quoted(it.endpoint)},"attempts":${it.attempts},` +
    `"retryWithheld":${it.retryWithheld},"forwarded":"${it.forwarded}","reusedConnection":${it.reusedConnection},"status":${it.status},` +
    `"firstByteMs":${it.firstByteMs}}`
  );
}

function responseText(it: EvidenceRecord['response']): string {
  return (
    `{"status":${it.status},"format":"${it.format}","refusal":${quoted(it.refusal)},"detail":${quoted(it.detail)},` +
    `"requestBytes":${it.requestBytes},"responseBytes":${it.responseBytes},"durationMs":${it.durationMs},` +
    `"complete":${it.complete},"defect":${quoted(it.defect)}}`
  );
}

const written = new WeakMap<object, string>();

/** Sections that a stage takes from its memo are the same object again, and are never changed. */
function shared(section: object | null): string {
  if (section === null) return 'null';
  const known = written.get(section);
  if (known !== undefined) return known;
  const text = JSON.stringify(section);
  written.set(section, text);
  return text;
}

/** Texts remembered at once; callers can bring new ones without end, so that all are forgotten past it. */
const quotedMax = 4_096;
const quotes = new Map<string, string>();

/** A text as JSON writes it: quoted, with what must be escaped. */
function quoted(text: string | null): string {
  if (text === null) return 'null';
  const known = quotes.get(text);
  if (known !== undefined) return known;
  if (quotes.size >= quotedMax) quotes.clear();
  const quote = JSON.stringify(text);
  quotes.set(text, quote);
  return quote;
}
