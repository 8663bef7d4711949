// Reads a service name as seen in a path or a SOAPAction: verb and thing, the system's tail, version, attachment mark.
import type { Operation, ServiceNaming } from './model.ts';

/** Longest service name that is read, in characters. */
const serviceNameLengthMax = 200;

/** The parts of a service name. */
export interface ServiceName {
  /** Verb and thing, as written, without tail and suffixes: `RetrieveMarketAwards`. */
  readonly base: string;
  /** The system in the tail, as written: `CMRI` of `_CMRIv4`; `null` where there is none. */
  readonly tag: string | null;
  readonly version: number | null;
  readonly docAttach: boolean;
}

const tagged = /^(.+)_([a-z][a-z0-9-]*?)v(\d{1,3})$/i;
const versioned = /^(.+)_v(\d{1,3})$/i;
const plainName = /^[A-Za-z][A-Za-z0-9_.-]*$/;

/**
 * Reads the four forms: `<Verb><Thing>_<SYS>v<N>[_DocAttach]_AP`, `…_AP_DocAttach`, `<Verb><Thing>_DocAttach` and
 * `<Verb><Thing>[_v<N>]` (deck p. 21 puts the mark last, paths seen in working code put it before `_AP`).
 * `null` when the text is no such name, or carries the mark twice.
 */
export function readServiceName(text: string, naming: ServiceNaming): ServiceName | null {
  if (text.length > serviceNameLengthMax || !plainName.test(text)) return null;
  const mark = naming.attachmentSuffix;
  const last = withoutSuffix(text, mark);
  const ended = withoutSuffix(last.rest, naming.endSuffix);
  const before = withoutSuffix(ended.rest, mark);
  if (last.cut && before.cut) return null;
  const rest = before.rest;
  if (rest === '') return null;
  const docAttach = last.cut || before.cut;
  const [, taggedBase, tag, taggedVersion] = tagged.exec(rest) ?? [];
  if (taggedBase !== undefined && tag !== undefined)
    return { base: taggedBase, tag, version: Number(taggedVersion), docAttach };
  const [, base, version] = versioned.exec(rest) ?? [];
  if (base !== undefined) return { base, tag: null, version: Number(version), docAttach };
  return { base: rest, tag: null, version: null, docAttach };
}

function withoutSuffix(text: string, suffix: string | undefined): { readonly rest: string; readonly cut: boolean } {
  if (suffix === undefined || !text.toLowerCase().endsWith(suffix.toLowerCase())) return { rest: text, cut: false };
  return { rest: text.slice(0, -suffix.length), cut: true };
}

/** The class of a service by the verb its name begins with; `null` when the rule knows no such verb. */
export function operationByVerb(base: string, naming: ServiceNaming): Operation | null {
  const lower = base.toLowerCase();
  return naming.verbs.find(({ prefix }) => lower.startsWith(prefix.toLowerCase()))?.operation ?? null;
}
