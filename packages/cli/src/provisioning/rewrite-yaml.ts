// A YAML text that says something else and otherwise stays as it was: comments, order and spacing. Pure. Only what differs between
// the value of the text and the wanted one is touched.
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parse,
  parseDocument,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

/** What makes two items of a list the same thing, so that one becomes the other in place; null for those that only equality tells. */
export type SameThing = (item: unknown) => string | null;

/** Rewrites a text. Throws where it holds no map. */
export function rewriteYaml(text: string, wanted: unknown, sameThing: SameThing): string {
  const document = parseDocument(text);
  const { contents } = document;
  if (!isMap(contents)) throw new TypeError('the text holds no map');
  if (isSame(document.toJS({ maxAliasCount: 0 }), wanted)) return text;
  becomeMap(document, contents, wanted as Readonly<Record<string, unknown>>, sameThing);
  const written = document.toString({ lineWidth: 0 });
  const spaced = withSpacingOf(text, written);
  // Brackets may also stand in a quoted text, where a space means something.
  return isSame(parse(spaced, { maxAliasCount: 0 }), document.toJS({ maxAliasCount: 0 })) ? spaced : written;
}

type Plain = Readonly<Record<string, unknown>>;

function becomeMap(document: Document, map: YAMLMap, wanted: Plain, sameThing: SameThing): void {
  const names = map.items.map(({ key }) => (isScalar(key) ? String(key.value) : String(key)));
  for (const name of names) if (wanted[name] === undefined) map.delete(name);
  for (const [name, value] of Object.entries(wanted)) {
    if (value === undefined) continue;
    const node = map.get(name, true) as Node | undefined;
    if (node === undefined) map.add(document.createPair(name, nodeOf(document, value)));
    else if (!become(document, node, value, sameThing)) map.set(name, nodeOf(document, value));
  }
}

/** Makes a node say a value; false where it is another kind of node. */
function become(document: Document, node: Node, wanted: unknown, sameThing: SameThing): boolean {
  if (isSame(node.toJS(document), wanted)) return true;
  if (isScalar(node) && (typeof wanted !== 'object' || wanted === null)) {
    node.value = wanted;
    return true;
  }
  if (isMap(node) && isPlain(wanted)) {
    becomeMap(document, node, wanted, sameThing);
    return true;
  }
  if (isSeq(node) && Array.isArray(wanted)) {
    becomeList(document, node, wanted, sameThing);
    return true;
  }
  return false;
}

interface Item {
  readonly node: Node;
  readonly value: unknown;
}

function becomeList(document: Document, list: YAMLSeq, wanted: readonly unknown[], sameThing: SameThing): void {
  const olds = list.items.map(
    (item): Item => ({ node: item as Node, value: (item as Node).toJS(document) as unknown }),
  );
  const wasEmpty = olds.length === 0;
  // What is equal first: of two things with one name, the one that nobody changes must stay.
  const equal = takers(olds, canonical);
  const taken = wanted.map((value) => equal(canonical(value)));
  const kept = new Set(taken);
  const alike = takers(
    olds.filter(({ node }) => !kept.has(node)),
    sameThing,
  );
  list.items = wanted.map((value, index) => {
    const node = taken[index] ?? alike(sameThing(value));
    return node !== null && become(document, node, value, sameThing) ? node : nodeOf(document, value);
  });
  if (wasEmpty && wanted.some(isPlain)) list.flow = false;
}

/** Gives each node once, the first of its name first. */
function takers(items: readonly Item[], nameOf: SameThing): (name: string | null) => Node | null {
  const queues = new Map<string, Node[]>();
  for (const { node, value } of items) {
    const name = nameOf(value);
    if (name === null) continue;
    const queue = queues.get(name) ?? [];
    queues.set(name, queue);
    queue.push(node);
  }
  return (name) => (name === null ? null : (queues.get(name)?.shift() ?? null));
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSame(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

/** JSON with keys in one order: a file may have them in another. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isPlain(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

/** A new node: lists of words and maps of such stand on one line. */
function nodeOf(document: Document, value: unknown): Node {
  const node = document.createNode(withoutUndefined(value)) as Node;
  visit(node, {
    Collection(_key, collection) {
      if (isShort(collection)) collection.flow = true;
    },
  });
  return node;
}

function withoutUndefined(value: unknown): unknown {
  return value === undefined ? value : JSON.parse(JSON.stringify(value));
}

/** Lists of words, and maps of words and of such lists. */
function isShort(node: YAMLMap | YAMLSeq): boolean {
  if (isSeq(node)) return node.items.every(isScalar);
  return node.items.every(({ value }) => isScalar(value) || (isSeq(value) && value.items.length > 0 && isShort(value)));
}

/** Lines that differ from one of the source in spaces inside brackets alone are written as there. */
function withSpacingOf(source: string, written: string): string {
  const known = new Map<string, string>();
  for (const line of source.split('\n')) if (!known.has(tight(line))) known.set(tight(line), line);
  return written
    .split('\n')
    .map((line) => known.get(tight(line)) ?? tidy(line))
    .join('\n');
}

/** A line without the spaces that only please the eye: inside brackets, before a comment, at its end. */
function tight(line: string): string {
  return line
    .replaceAll(/([[{])[ ]+/g, '$1')
    .replaceAll(/[ ]+([\]}])/g, '$1')
    .replace(/[ ]+#/, ' #')
    .trimEnd();
}

/** New lines write lists as the files of this repository do: `[a, b]` in `{ k: v }`. */
function tidy(line: string): string {
  return line.replaceAll(/\[ ([^[\]"']*) \]/g, '[$1]');
}
