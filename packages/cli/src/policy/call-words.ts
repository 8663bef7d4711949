// A call in the words of a person: a URL, names of the catalogue in any order, and `name=value` where a name alone says too little.
import { type CatalogueIndex, type LimitSubject, nearest } from '@headgate/contract';
import { placeOf, type SaidPlace } from '../backtest/call-place.ts';

/** What may be said as `name=value`. */
const names = [
  'url',
  'environment',
  'channel',
  'generation',
  'infrastructure',
  'namespace',
  'system',
  'service',
  'operation',
  'source',
  'credential',
  'participant',
  'scid',
] as const;
type Name = (typeof names)[number];

/** A call, or what is wrong with its words. */
export type SaidCall =
  | { readonly ok: true; readonly subject: LimitSubject }
  | { readonly ok: false; readonly sentence: string };

/** Where nobody says where a call comes from (RFC 5737). */
const sourceDefault = '192.0.2.1';

/** Reads words as a call. A word without `=` is looked up in the catalogue; one that is an address is the source. */
export function callOf(index: CatalogueIndex, words: readonly string[]): SaidCall {
  const said = new Map<Name, string>();
  for (const word of words) {
    const found = meaningOf(index, word, said);
    if (typeof found === 'string') return { ok: false, sentence: found };
    if (said.has(found.name))
      return {
        ok: false,
        sentence: `"${word.slice(0, 80)}" is a second ${found.name}: ${said.get(found.name)} was said before`,
      };
    said.set(found.name, found.value);
  }
  const place = placeOf(index, Object.fromEntries(said) as SaidPlace);
  if (!place.ok) return place;
  const who = (['credential', 'participant', 'scid'] as const).flatMap((name) => {
    const value = said.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const { source: _source, credential: _c, participant: _p, scid: _s, ...where } = place.place as LimitSubject;
  return {
    ok: true,
    subject: { ...where, source: said.get('source') ?? sourceDefault, ...Object.fromEntries(who) },
  };
}

/** The name and value that a word says, or the sentence that tells why it says nothing. */
function meaningOf(
  index: CatalogueIndex,
  word: string,
  said: ReadonlyMap<Name, string>,
): { name: Name; value: string } | string {
  const equals = word.indexOf('=');
  if (/^https?:\/\//i.test(word)) return { name: 'url', value: word };
  if (equals > 0) {
    const name = word.slice(0, equals);
    if ((names as readonly string[]).includes(name)) return { name: name as Name, value: word.slice(equals + 1) };
    return `"${name.slice(0, 80)}" is none of ${names.join(', ')}`;
  }
  if (isAddress(word)) return { name: 'source', value: word };
  const { catalogue } = index;
  const lower = word.toLowerCase();
  const fixed: readonly (readonly [Name, readonly string[]])[] = [
    ['operation', ['retrieve', 'submit']],
    ['generation', ['new', 'old']],
    ['channel', ['api', 'ui']],
    ['environment', catalogue.environments.map(({ id }) => id)],
    ['infrastructure', catalogue.infrastructures.map(({ id }) => id)],
  ];
  for (const [name, values] of fixed) if (values.includes(lower)) return { name, value: lower };
  const system = catalogue.systems.find(({ id, name }) => id === lower || name.toLowerCase() === lower);
  if (system !== undefined && !said.has('system')) return { name: 'system', value: system.id };
  if (/^[A-Z]/.test(word) && word.length > 3 && !said.has('service')) return { name: 'service', value: word };
  const known = [...fixed.flatMap(([, values]) => values), ...catalogue.systems.map(({ id }) => id)];
  const near = nearest(word, known);
  return `"${word.slice(0, 80)}" says nothing that the catalogue knows${near === null ? '' : `; the nearest is ${near}`}; as name=value it may be ${names.join(', ')}`;
}

function isAddress(word: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(word) || /^[0-9a-f:]*:[0-9a-f:]+$/i.test(word);
}
