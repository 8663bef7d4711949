// Picking values out of a request document. Lenient about namespaces and letter case, as the market's systems are.
import type { PayloadElement } from '@headgate/soap';
import { parseInstant, type Span } from '../state/market-time.ts';

/** Every element below `root`, at any depth, with a local name; letter case is ignored. */
export function elementsNamed(root: PayloadElement, localName: string): PayloadElement[] {
  const wanted = localName.toLowerCase();
  const found: PayloadElement[] = [];
  const visit = (element: PayloadElement) => {
    for (const child of element.children) {
      if (child.localName.toLowerCase() === wanted) found.push(child);
      visit(child);
    }
  };
  visit(root);
  return found;
}

/** The children of an element with a local name; letter case is ignored. */
export function childrenNamed(parent: PayloadElement, localName: string): PayloadElement[] {
  const wanted = localName.toLowerCase();
  return parent.children.filter((child) => child.localName.toLowerCase() === wanted);
}

/** The trimmed text at a path of children, or null where an element is missing or empty. */
export function textAt(parent: PayloadElement, ...path: readonly string[]): string | null {
  let element: PayloadElement | undefined = parent;
  for (const name of path) element = element && childrenNamed(element, name)[0];
  const text = element?.text.trim() ?? '';
  return text === '' ? null : text;
}

/** The text of the first element with one of these names anywhere below, its own or that of its `mRID`, or null. */
export function valueNamed(root: PayloadElement, ...names: readonly string[]): string | null {
  return valuesNamed(root, ...names)[0] ?? null;
}

/** The texts of all elements with one of these names anywhere below, their own or those of their `mRID`. */
export function valuesNamed(root: PayloadElement, ...names: readonly string[]): string[] {
  return names
    .flatMap((name) => elementsNamed(root, name))
    .map((element) => element.text.trim() || (textAt(element, 'mRID') ?? ''))
    .filter((text) => text !== '');
}

/** A span of time asked for: two instants in order, or a sentence that says what is wrong with them. */
export function spanNamed(root: PayloadElement, startName: string, endName: string): Span | string {
  const start = valueNamed(root, startName);
  const end = valueNamed(root, endName);
  if (start === null || end === null) return `${startName} and ${endName} are required.`;
  const startMs = parseInstant(start);
  const endMs = parseInstant(end);
  if (startMs === null || endMs === null) return `${startName} and ${endName} must be dateTime values.`;
  return startMs < endMs ? { startMs, endMs } : `${endName} must be later than ${startName}.`;
}
