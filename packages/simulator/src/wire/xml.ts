// XML on its way out: elements as plain values, escaped once, written without a declaration and on one line.
import { escapeAttribute, escapeText } from '@headgate/soap';

/** An element to be written. Children are elements, or one text. */
export interface XmlNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[] | string;
}

/** An element's content: text or a number, children of which `null` ones are left out, or nothing. */
export type XmlContent = string | number | boolean | readonly (XmlNode | null)[];

/** One element with its content. Names come from code, never from a request. */
export function element(name: string, content: XmlContent = [], attributes: Record<string, string> = {}): XmlNode {
  const children = typeof content === 'object' ? content.filter((child) => child !== null) : String(content);
  return { name, attributes, children };
}

/** An element that names something by its `mRID`. */
export function reference(name: string, mrid: string): XmlNode {
  return element(name, [element('mRID', mrid)]);
}

/** Writes an element and all below it, without an XML declaration. */
export function writeXml(node: XmlNode): string {
  const pieces: string[] = [];
  writeInto(pieces, node);
  return pieces.join('');
}

function writeInto(pieces: string[], { name, attributes, children }: XmlNode): void {
  pieces.push('<', name);
  for (const [attribute, value] of Object.entries(attributes)) pieces.push(` ${attribute}="${escapeAttribute(value)}"`);
  if (children.length === 0) {
    pieces.push('/>');
    return;
  }
  pieces.push('>');
  if (typeof children === 'string') pieces.push(escapeText(children));
  else for (const child of children) writeInto(pieces, child);
  pieces.push('</', name, '>');
}
