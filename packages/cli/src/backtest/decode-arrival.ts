// One line of a recording becomes an arrival: a record of evidence, a JSON object of the documented members, or a row of CSV.
import type { CatalogueIndex, EvidenceRecord, LimitSubject } from '@headgate/contract';
import type { Arrival } from '@headgate/rules';
import { parseCsv } from '../provisioning/csv.ts';
import { type CallPlace, type FoundPlace, placeOf, systemNamed } from './call-place.ts';

/** What a line is. */
export type Decoded =
  | { readonly kind: 'arrival'; readonly arrival: Arrival }
  /** A call that no limit was asked about: `why` is a problem code, or words. */
  | { readonly kind: 'no-arrival'; readonly atMs: number; readonly why: string }
  | { readonly kind: 'gap' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Reads the lines of one file in their order. */
export type Decode = (line: string) => Decoded;

/** Members of an arrival in a file, and columns of its CSV. */
const arrivalMembers = [
  'at',
  'source',
  'participant',
  'credential',
  'scid',
  'url',
  'environment',
  'channel',
  'generation',
  'infrastructure',
  'namespace',
  'system',
  'service',
  'operation',
  'admitted',
  'requestBytes',
  'durationMs',
] as const;
type ArrivalMember = (typeof arrivalMembers)[number];
type SaidArrival = Readonly<Partial<Record<ArrivalMember, string>>>;

/** Kinds of calls that share one subject; past it they are made anew. */
const subjectsMax = 100_000;

/** Decoders that share what they learnt, for all files of one recording. */
export function createDecoders(index: CatalogueIndex): {
  readonly evidence: () => Decode;
  readonly json: () => Decode;
  readonly csv: () => Decode;
} {
  const systemIds = new Map<string, string>();
  let subjects = new Map<string, LimitSubject>();
  let places = new Map<string, FoundPlace>();

  /** One object for calls that are alike, so that the rules match it once. */
  function shared(subject: LimitSubject): LimitSubject {
    const key = JSON.stringify(subject);
    const found = subjects.get(key);
    if (found !== undefined) return found;
    if (subjects.size >= subjectsMax) subjects = new Map();
    subjects.set(key, subject);
    return subject;
  }

  /** Records name systems as they are printed; rules name them by id. */
  function systemId(name: string): string {
    const found = systemIds.get(name);
    if (found !== undefined) return found;
    const id = systemNamed(index, name)?.id ?? name;
    if (systemIds.size < subjectsMax) systemIds.set(name, id);
    return id;
  }

  function fromEvidence(record: EvidenceRecord): Decoded {
    const { listener, route, admission, response } = record;
    const atMs = listener.receivedMs;
    if (!Number.isSafeInteger(atMs) || typeof listener.source !== 'string')
      return { kind: 'unreadable', why: 'a record without receivedMs or source' };
    if (route === null || admission === null)
      return { kind: 'no-arrival', atMs, why: response.refusal ?? 'ended before any limit was asked' };
    const subject = subjectOf(record, route, admission);
    const caller = admission.participant ?? record.identity?.subject ?? listener.source;
    const { requestBytes, durationMs } = response;
    const size = { requestBytes: toCountOrNull(requestBytes), durationMs: toCountOrNull(durationMs) };
    return { kind: 'arrival', arrival: { atMs, subject, caller, ...size, wasAdmitted: admission.admitted } };
  }

  function subjectOf(
    { listener, identity }: EvidenceRecord,
    route: NonNullable<EvidenceRecord['route']>,
    { participant, scid }: NonNullable<EvidenceRecord['admission']>,
  ): LimitSubject {
    // Logs of other tiers often have the subject alone; records of a gateway have both.
    const credential = identity?.verdict === 'accepted' ? (identity.fingerprint ?? identity.subject) : null;
    return shared({
      environment: route.environment,
      infrastructure: route.infrastructure,
      namespace: route.namespace,
      channel: route.channel,
      generation: route.generation,
      system: systemId(route.system),
      source: listener.source,
      ...(route.service === null ? {} : { service: route.service }),
      ...(route.operation === null ? {} : { operation: route.operation }),
      ...(credential === null ? {} : { credential }),
      ...(participant === null ? {} : { participant }),
      // Only where a limit counted over SCIDs, and not in records of before any could.
      ...(scid?.outcome === 'proven' && scid.value !== null ? { scid: scid.value } : {}),
    });
  }

  function fromSaid(said: SaidArrival): Decoded {
    const atMs = toInstant(said.at ?? '');
    if (atMs === null) return unreadable('at', said.at, 'an instant as 2024-02-21T12:00:00.250Z, or milliseconds');
    if (said.source === undefined) return unreadable('source', undefined, 'an address');
    const wasAdmitted = toBoolean(said.admitted);
    if (wasAdmitted === undefined) return unreadable('admitted', said.admitted, 'true, false or nothing');
    const size = { requestBytes: toSaidCount(said.requestBytes), durationMs: toSaidCount(said.durationMs) };
    for (const [member, count] of Object.entries(size))
      if (count === undefined)
        return unreadable(member as ArrivalMember, said[member as ArrivalMember], 'a whole number');
    const { requestBytes = null, durationMs = null } = size;
    const found = knownPlace(said);
    if (!found.ok) return { kind: 'unreadable', why: found.sentence };
    const { participant, credential, scid, source } = said;
    const subject = shared({ ...found.place, ...present({ source, credential, participant, scid }) } as LimitSubject);
    const caller = participant ?? credential ?? source;
    return { kind: 'arrival', arrival: { atMs, subject, caller, requestBytes, durationMs, wasAdmitted } };
  }

  function knownPlace(all: SaidArrival): FoundPlace {
    const { at: _at, source: _source, participant: _p, credential: _c, scid: _s, admitted: _a, ...sized } = all;
    const { requestBytes: _r, durationMs: _d, ...said } = sized;
    const key = JSON.stringify(said);
    const found = places.get(key);
    if (found !== undefined) return found;
    const place = placeOf(index, said);
    if (places.size >= subjectsMax) places = new Map();
    places.set(key, place);
    return place;
  }

  return {
    evidence: () => (line) => {
      const value = objectOf(line);
      if (value === null) return { kind: 'unreadable', why: 'no JSON object' };
      if ('gap' in value) return { kind: 'gap' };
      if (!isSection(value, 'listener') || !isSection(value, 'response'))
        return { kind: 'unreadable', why: 'no record of evidence' };
      return fromEvidence(value as unknown as EvidenceRecord);
    },
    json: () => (line) => {
      const value = objectOf(line);
      if (value === null) return { kind: 'unreadable', why: 'no JSON object' };
      const unknown = Object.keys(value).find((name) => !isMember(name));
      if (unknown !== undefined) return { kind: 'unreadable', why: unknownMember(unknown) };
      const said = Object.entries(value).flatMap(([name, member]) =>
        member === null || member === '' ? [] : [[name, typeof member === 'string' ? member : JSON.stringify(member)]],
      );
      return fromSaid(Object.fromEntries(said) as SaidArrival);
    },
    csv: () => csvDecode(fromSaid),
  };
}

/** Column by column, by the names of the first row. */
function csvDecode(fromSaid: (said: SaidArrival) => Decoded): Decode {
  let columns: readonly string[] | null = null;
  return (line) => {
    const cells = cellsOf(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (cells === null) return { kind: 'unreadable', why: 'no row of CSV' };
    if (columns === null) {
      columns = cells.map((cell) => cell.replace(/^\uFEFF/, ''));
      const unknown = columns.find((name) => !isMember(name));
      return unknown === undefined ? { kind: 'nothing' } : { kind: 'unreadable', why: unknownMember(unknown) };
    }
    if (cells.length > columns.length)
      return { kind: 'unreadable', why: `${cells.length} cells under ${columns.length} columns` };
    const said = columns.flatMap((name, at) =>
      cells[at] === undefined || cells[at] === '' ? [] : [[name, cells[at]]],
    );
    return fromSaid(Object.fromEntries(said) as SaidArrival);
  };
}

/** Most rows have no quotes. One that spans lines is none here: every row stands on its own line. */
function cellsOf(line: string): readonly string[] | null {
  if (!line.includes('"')) return line.split(',').map((cell) => cell.trim());
  const { rows, findings } = parseCsv('', Buffer.from(line));
  const [row] = rows;
  return row === undefined || rows.length > 1 || findings.length > 0 ? null : row.fields.map(({ text }) => text);
}

function objectOf(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch (fault) {
    if (fault instanceof SyntaxError) return null;
    throw fault;
  }
}

function isSection(value: Readonly<Record<string, unknown>>, name: string): boolean {
  return typeof value[name] === 'object' && value[name] !== null;
}

function isMember(name: string): name is ArrivalMember {
  return (arrivalMembers as readonly string[]).includes(name);
}

function unknownMember(name: string): string {
  return `"${name.slice(0, 80)}" is none of ${arrivalMembers.join(', ')}`;
}

function unreadable(member: ArrivalMember, found: string | undefined, expected: string): Decoded {
  return {
    kind: 'unreadable',
    why: `${member} is ${found === undefined ? 'missing' : `"${found.slice(0, 80)}"`}; expected ${expected}`,
  };
}

/** Null for what is no instant. */
function toInstant(text: string): number | null {
  if (/^\d{10,15}$/.test(text)) return Number(text);
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : atMs;
}

/** A count of a record; records of other tiers may lack it. */
function toCountOrNull(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? Math.ceil(value) : null;
}

/** Null for nothing said, undefined for what is no count. */
function toSaidCount(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Undefined for what is neither. */
function toBoolean(text: string | undefined): boolean | null | undefined {
  if (text === undefined) return null;
  if (text === 'true') return true;
  return text === 'false' ? false : undefined;
}

function present(values: Readonly<Record<string, string | undefined>>): Partial<CallPlace> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
