// One evidence record as a line of JSON, byte for byte as JSON.stringify would write it. It is made for every call, and most
// calls repeat one that was: the bytes of the last lines are kept, and only the numbers and ids that change are written anew.
import type { EvidenceRecord, EvidenceSink, Likeness } from '@headgate/contract';
import { lastingBytes, lastingPieces } from '../lasting-bytes.ts';

/** What every record of one sink begins with; for `RecordLines`. */
export function originText(origin: Pick<EvidenceRecord, 'schemaVersion' | 'node' | 'boot' | 'thread'>): string {
  return `${JSON.stringify(origin).slice(0, -1)},"sequence":`;
}

/** A record as a stage hands it over. */
type Handed = Parameters<EvidenceSink['append']>[0];

/** The lines of one sink. */
export class RecordLines {
  readonly #origin: string;
  #desk = Buffer.allocUnsafeSlow(16 * 1024);

  constructor(origin: string) {
    this.#origin = origin;
  }

  /**
   * The record as JSON without a line break, keys in the order of the type. The bytes are overwritten by the next line. What
   * lines of one likeness share is kept with it.
   */
  write(sequence: number, record: Handed, likeness: Likeness | undefined): Uint8Array {
    if (likeness === undefined) return this.#writeAnew(sequence, record);
    const caller = callerPieces(record, likeness.caller);
    const forms = (likeness.head.sink as Form[] | undefined) ?? [];
    likeness.head.sink = forms;
    for (const form of forms) if (hasForm(record, form.of)) return this.#fill(form, sequence, record, caller);
    const whole = this.#writeAnew(sequence, record);
    const form = formOf(this.#origin, record);
    // A section whose keys stand in another order would have its values in the wrong places.
    if (this.#fill(form, sequence, record, caller).compare(whole) === 0 && forms.push(form) > formsMax) forms.shift();
    return whole;
  }

  #writeAnew(sequence: number, record: Handed): Buffer {
    return Buffer.from(`${this.#origin}${sequence},${JSON.stringify(record).slice(1)}`);
  }

  #fill(form: Form, sequence: number, record: Handed, caller: CallerPieces): Buffer {
    const room = form.bytes + caller.bytes;
    if (room > this.#desk.byteLength) this.#desk = Buffer.allocUnsafeSlow(room);
    const bytes = fill(this.#desk, form, valuesOf(sequence, record, caller));
    return bytes === -1 ? this.#writeAnew(sequence, record) : this.#desk.subarray(0, bytes);
  }
}

/** Forms kept of one likeness: admitted and refused, with and without an answer. */
const formsMax = 4;

/** Most bytes of a whole number, or of an id. */
const valueBytesMax = 64;

/** The lines that one form of record takes: the bytes between what changes, and a record that has the form. */
interface Form {
  readonly of: Handed;
  readonly pieces: readonly Buffer[];
  /** Room for a line, without what it says of its caller. */
  readonly bytes: number;
}

/** What a line says of its caller: members of the listener section before the port and after the instant, and the identity. */
interface CallerPieces {
  readonly start: Buffer;
  readonly middle: Buffer;
  readonly identity: Handed['identity'];
  readonly identityText: Buffer;
  readonly bytes: number;
}

function callerPieces({ listener, identity }: Handed, caller: Likeness['caller']): CallerPieces {
  const known = caller.sink as CallerPieces | undefined;
  if (known !== undefined && known.identity === identity) return known;
  const { listener: name, source, serverName, tlsVersion, tlsResumed } = listener;
  const start = known?.start ?? membersOf({ listener: name, source });
  const middle = known?.middle ?? membersOf({ serverName, tlsVersion, tlsResumed });
  const identityText = lastingBytes(JSON.stringify(identity));
  const bytes = start.byteLength + middle.byteLength + identityText.byteLength;
  const fresh = { start, middle, identity, identityText, bytes };
  caller.sink = fresh;
  return fresh;
}

function membersOf(section: object): Buffer {
  return lastingBytes(JSON.stringify(section).slice(1, -1));
}

/**
 * Whether sections of two records differ in nothing but values, which are written anew in each line. All members of a section stand
 * in its comparison, the values as well: a member that is new does not compile until somebody has said which it is.
 */
type Compared<Section, Members extends string> = Exclude<keyof Section, Members> extends never ? true : never;

function hasAdmissionForm(it: Handed['admission'], of: Handed['admission']): boolean {
  if (it === null || of === null) return it === of;
  const isWhole: Compared<
    typeof it,
    | 'admitted'
    | 'participant'
    | 'endorsers'
    | 'rules'
    | 'refused'
    | 'decidedBy'
    | 'decidedByKey'
    | 'shadow'
    | 'breakGlass'
    | 'candidate'
    | 'session'
    | 'scid'
    | Values
  > = true;
  return (
    isWhole &&
    it.admitted === of.admitted &&
    (it.permit === null) === (of.permit === null) &&
    it.participant === of.participant &&
    isSameList(it.endorsers, of.endorsers) &&
    isSameList(it.rules, of.rules) &&
    isAlikeWaits(it.refused, of.refused) &&
    it.decidedBy === of.decidedBy &&
    it.decidedByKey === of.decidedByKey &&
    (it.retryAfterMs === null) === (of.retryAfterMs === null) &&
    isAlikeWaits(it.shadow, of.shadow) &&
    isSameList(it.breakGlass, of.breakGlass) &&
    it.candidate === of.candidate &&
    it.session === of.session &&
    it.scid === of.scid
  );
}

function hasForwardForm(it: Handed['forward'], of: Handed['forward']): boolean {
  if (it === null || of === null) return it === of;
  const isWhole: Compared<
    typeof it,
    'upstream' | 'endpoint' | 'attempts' | 'retryWithheld' | 'forwarded' | 'reusedConnection' | 'status' | Values
  > = true;
  return (
    isWhole &&
    it.upstream === of.upstream &&
    it.endpoint === of.endpoint &&
    it.attempts === of.attempts &&
    it.retryWithheld === of.retryWithheld &&
    it.forwarded === of.forwarded &&
    it.reusedConnection === of.reusedConnection &&
    it.status === of.status &&
    (it.firstByteMs === null) === (of.firstByteMs === null)
  );
}

function hasResponseForm(it: Handed['response'], of: Handed['response']): boolean {
  const isWhole: Compared<typeof it, 'status' | 'format' | 'refusal' | 'detail' | 'complete' | 'defect' | Values> =
    true;
  return (
    isWhole &&
    it.status === of.status &&
    it.format === of.format &&
    it.refusal === of.refusal &&
    it.detail === of.detail &&
    it.complete === of.complete &&
    it.defect === of.defect
  );
}

/** Whether a record of the same likeness differs from another in nothing but values. */
function hasForm(it: Handed, of: Handed): boolean {
  return (
    it.listener.cookies === of.listener.cookies &&
    it.route === of.route &&
    it.inspection === of.inspection &&
    hasAdmissionForm(it.admission, of.admission) &&
    hasForwardForm(it.forward, of.forward) &&
    hasResponseForm(it.response, of.response)
  );
}

/** Rules that had no room, and how long each has none: null for ever. */
type Waits = NonNullable<Handed['admission']>['refused'];

/** The same rules in the same order; their waits are values. */
function isAlikeWaits(it: Waits, of: Waits): boolean {
  if (it === of) return true;
  if (it.length !== of.length) return false;
  for (let at = 0; at < it.length; at += 1) {
    const one = it[at];
    const other = of[at];
    if (one?.rule !== other?.rule || (one?.retryAfterMs === null) !== (other?.retryAfterMs === null)) return false;
  }
  return true;
}

function isSameList(list: readonly unknown[], other: readonly unknown[]): boolean {
  if (list === other) return true;
  if (list.length !== other.length) return false;
  for (let at = 0; at < list.length; at += 1) if (list[at] !== other[at]) return false;
  return true;
}

/** What lines of one form do not share, in the order in which it stands in them. */
function valuesOf(
  sequence: number,
  { exchange, listener, admission, forward, response }: Handed,
  { start, middle, identityText }: CallerPieces,
): Value[] {
  const values: Value[] = [sequence, exchange, start, listener.sourcePort, listener.receivedMs, middle, identityText];
  if (admission !== null) {
    if (admission.permit !== null) values.push(admission.permit);
    for (const { retryAfterMs } of admission.refused) if (retryAfterMs !== null) values.push(retryAfterMs);
    if (admission.retryAfterMs !== null) values.push(admission.retryAfterMs);
    for (const { retryAfterMs } of admission.shadow) if (retryAfterMs !== null) values.push(retryAfterMs);
  }
  if (forward !== null && forward.firstByteMs !== null) values.push(forward.firstByteMs);
  values.push(response.requestBytes, response.responseBytes, response.durationMs);
  return values;
}

/** A number, an id, or bytes as they are. */
type Value = number | string | Uint8Array;

/** The members that are values, where a section has them. */
type Values = 'permit' | 'retryAfterMs' | 'firstByteMs' | 'requestBytes' | 'responseBytes' | 'durationMs';

/** What stands for a value of `valuesOf` while a form is made: no JSON holds this character. */
const gap = '\0';

/** Members of the listener section that come with the head; `callerPieces` and the values are the others. */
const ofHead = [
  'method',
  'host',
  'path',
  'contentType',
  'framing',
  'contentEncoding',
  'userAgent',
  'cookies',
  'count',
  'reused',
];

function formOf(origin: string, of: Handed): Form {
  const { snapshot, listener, route, admission, inspection, forward, response } = of;
  const text =
    `${origin}${gap},"exchange":"${gap}","snapshot":${snapshot},"listener":{${gap},"sourcePort":${gap},"receivedMs":${gap},` +
    `${gap},${JSON.stringify(listener, ofHead).slice(1)},"identity":${gap},"route":${JSON.stringify(route)},` +
    `"admission":${withGaps(admission, ['permit', 'refused', 'retryAfterMs', 'shadow'])},"inspection":${JSON.stringify(inspection)},` +
    `"forward":${withGaps(forward, ['firstByteMs'])},` +
    `"response":${withGaps(response, ['requestBytes', 'responseBytes', 'durationMs'])}}`;
  const pieces = lastingPieces(text.split(gap));
  return { of, pieces, bytes: Buffer.byteLength(text) + pieces.length * valueBytesMax };
}

/** A section as JSON, with gaps for the values of these keys where they are not null. */
function withGaps<Section extends object>(section: Section | null, keys: readonly (keyof Section)[]): string {
  if (section === null) return 'null';
  const members = Object.entries(section).map(([key, value]) => {
    if (value === null || !keys.some((each) => each === key)) return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
    return `${JSON.stringify(key)}:${Array.isArray(value) ? waitsWithGaps(value) : typeof value === 'string' ? `"${gap}"` : gap}`;
  });
  return `{${members.join(',')}}`;
}

function waitsWithGaps(waits: Waits): string {
  const texts = waits.map(({ rule, retryAfterMs }) =>
    retryAfterMs === null
      ? JSON.stringify({ rule, retryAfterMs })
      : `{"rule":${JSON.stringify(rule)},"retryAfterMs":${gap}}`,
  );
  return `[${texts.join(',')}]`;
}

/** Writes a form with its values; returns how many bytes, or -1 for a value that cannot be written so. */
function fill(place: Buffer, { pieces }: Form, values: readonly Value[]): number {
  let end = 0;
  for (let at = 0; at < pieces.length; at += 1) {
    const piece = pieces[at];
    if (piece === undefined) return -1;
    end = writeBytes(place, end, piece);
    const value = values[at];
    if (value === undefined) continue;
    end = writeValue(place, end, value);
    if (end === -1) return -1;
  }
  return end;
}

function writeValue(place: Buffer, from: number, value: Value): number {
  if (typeof value === 'number') return writeNumber(place, from, value);
  if (typeof value === 'string') return writeId(place, from, value);
  return writeBytes(place, from, value);
}

/** For a few bytes a loop is faster than a call out of JavaScript. */
const loopedBytesMax = 32;

function writeBytes(place: Buffer, from: number, bytes: Uint8Array): number {
  const { byteLength } = bytes;
  if (byteLength > loopedBytesMax) place.set(bytes, from);
  else for (let at = 0; at < byteLength; at += 1) place[from + at] = bytes[at] as number;
  return from + byteLength;
}

const powers = [1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16];

/** Decimal digits of a whole number from 0; the offset behind them, or -1 for any other number. */
function writeNumber(place: Buffer, from: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) return -1;
  let digits = 1;
  while (value >= (powers[digits - 1] ?? Number.POSITIVE_INFINITY)) digits += 1;
  let rest = value;
  // Numbers of 31 bits are divided far faster.
  let at = from + digits - 1;
  for (; rest > 0x3fff_ffff; at -= 1) {
    const tenth = Math.floor(rest / 10);
    place[at] = 0x30 + (rest - tenth * 10);
    rest = tenth;
  }
  for (let small = rest | 0; at >= from; at -= 1) {
    const tenth = (small / 10) | 0;
    place[at] = 0x30 + (small - tenth * 10);
    small = tenth;
  }
  return from + digits;
}

/** An id of letters, digits and hyphens; the offset behind it, or -1 for any other text. */
function writeId(place: Buffer, from: number, id: string): number {
  if (id.length > valueBytesMax) return -1;
  for (let at = 0; at < id.length; at += 1) {
    const code = id.charCodeAt(at);
    if (isPlain[code] !== 1) return -1;
    place[from + at] = code;
  }
  return from + id.length;
}

const isPlain = new Uint8Array(128);
for (const character of '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-')
  isPlain[character.charCodeAt(0)] = 1;
