// What differs between two parsed texts, whatever they are about: nothing differs and is not found. Pure.
import { credentialKey } from '@headgate/contract';

/** A difference at one place. Lists of things with a name are compared thing by thing, all other lists of things as sets. */
export interface TreeDifference {
  /** Keys, and names of things in lists. */
  readonly path: readonly string[];
  /** `order`: the same things, one after the other otherwise. */
  readonly kind: 'added' | 'ended' | 'changed' | 'order';
  readonly before: unknown;
  readonly next: unknown;
}

/** Every difference, in the order of the texts. */
export function treeDifferences(before: unknown, next: unknown, path: readonly string[] = []): TreeDifference[] {
  if (isSameValue(before, next)) return [];
  if (isList(before, next)) return listDifferences((before ?? []) as List, (next ?? []) as List, path);
  if (isMap(before) && isMap(next)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(next)]);
    return [...keys].flatMap((key) => treeDifferences(before[key], next[key], [...path, key]));
  }
  return [{ path, kind: kindOf(before, next), before, next }];
}

type List = readonly unknown[];

/** A list that was not there is an empty one, unless it is one now. */
function isList(before: unknown, next: unknown): boolean {
  const lists = [before, next].filter(Array.isArray);
  if (lists.length === 2) return true;
  return lists.length === 1 && lists[0]?.length !== 0 && (before === undefined || next === undefined);
}

function kindOf(before: unknown, next: unknown): TreeDifference['kind'] {
  if (before === undefined) return 'added';
  return next === undefined ? 'ended' : 'changed';
}

function listDifferences(before: readonly unknown[], next: readonly unknown[], path: readonly string[]) {
  const isOfThings = [...before, ...next].some(isMap);
  if (!isOfThings) return isSame(before, next) ? [] : [{ path, kind: 'changed' as const, before, next }];
  const [namesBefore, namesNext] = [before.map(nameOf), next.map(nameOf)];
  const isNamed = isEachOnce(namesBefore) && isEachOnce(namesNext);
  return isNamed
    ? namedDifferences({ things: before, names: namesBefore }, { things: next, names: namesNext }, path)
    : setDifferences(before, next, path);
}

interface Named {
  readonly things: readonly unknown[];
  readonly names: readonly string[];
}

function namedDifferences(before: Named, next: Named, path: readonly string[]): TreeDifference[] {
  const [byBefore, byNext] = [byName(before), byName(next)];
  const found = [...new Set([...before.names, ...next.names])].flatMap((name) =>
    treeDifferences(byBefore.get(name), byNext.get(name), [...path, name]),
  );
  const [keptBefore, keptNext] = [
    before.names.filter((name) => byNext.has(name)),
    next.names.filter((name) => byBefore.has(name)),
  ];
  return isSame(keptBefore, keptNext)
    ? found
    : [...found, { path, kind: 'order', before: before.names, next: next.names }];
}

function byName({ things, names }: Named): ReadonlyMap<string, unknown> {
  return new Map(names.map((name, at) => [name, things[at]]));
}

function setDifferences(before: readonly unknown[], next: readonly unknown[], path: readonly string[]) {
  const texts = next.map((thing) => JSON.stringify(thing));
  const left = new Map<string, number[]>();
  for (const [at, text] of texts.entries()) left.set(text, [...(left.get(text) ?? []), at]);
  const found: TreeDifference[] = [];
  for (const thing of before) {
    const same = left.get(JSON.stringify(thing));
    if (same === undefined || same.length === 0) found.push({ path, kind: 'ended', before: thing, next: undefined });
    else same.shift();
  }
  const added = [...left.values()].flat().toSorted((one, other) => one - other);
  for (const at of added) found.push({ path, kind: 'added', before: undefined, next: next[at] });
  if (
    found.length === 0 &&
    !isSame(
      before.map((thing) => JSON.stringify(thing)),
      texts,
    )
  )
    found.push({ path, kind: 'order', before, next });
  return found;
}

/** What a thing in a list is called: people say "the rule ws-global", not "the third rule". */
function nameOf(thing: unknown): string {
  if (!isMap(thing)) return '';
  const { id, name, by, words, environment, infrastructure } = thing;
  if (typeof id === 'string') return id;
  if (Array.isArray(thing.environments) && Array.isArray(thing.rights)) return credentialKey(thing);
  if (typeof name === 'string') return typeof thing.version === 'number' ? `${name} v${thing.version}` : name;
  return [by, words, environment, infrastructure].find((each) => typeof each === 'string') ?? '';
}

function isEachOnce(names: readonly string[]): boolean {
  return !names.includes('') && new Set(names).size === names.length;
}

function isSame(before: readonly unknown[], next: readonly unknown[]): boolean {
  return before.length === next.length && before.every((each, at) => isSameValue(each, next[at]));
}

type PlainMap = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isDate(value as PlainMap);
}

/** Whether two values that are compared whole are the same. */
function isSameValue(before: unknown, next: unknown): boolean {
  if (Object.is(before, next)) return true;
  const areDates = [before, next].every(
    (each) => typeof each === 'object' && each !== null && !Array.isArray(each) && !isMap(each),
  );
  return areDates && JSON.stringify(before) === JSON.stringify(next);
}

/** A published date is one value, however many words it takes. */
function isDate({ kind }: PlainMap): boolean {
  return typeof kind === 'string' && /^(?:day|month|window|done|tbd)$/.test(kind);
}
