// A payload as a plain tree of elements, for readers that pick values by name. Bounded before it is built; keeps no
// comments and no processing instructions, and joins an element's text.
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { defaultXmlBounds, measureXml, type XmlBounds, type XmlRefusal } from './xml-bounds.ts';

/** One element of a payload: its name, attributes without a namespace prefix by local name, own text, and children. */
export interface PayloadElement {
  readonly namespace: string;
  readonly localName: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The element's own character data, untrimmed, without that of its children. */
  readonly text: string;
  readonly children: readonly PayloadElement[];
}

/** The root of a payload, or why it was not read. */
export type ElementsReading = { readonly ok: true; readonly root: PayloadElement } | XmlRefusal;

/** The bounds that hold where a caller names none: 64 deep and 200,000 elements, the rest as for envelopes. */
const defaultElementsBounds: XmlBounds = { ...defaultXmlBounds, elementsMax: 200_000 };

type Growing = { -readonly [Key in keyof PayloadElement]: PayloadElement[Key] } & { children: PayloadElement[] };

/** Reads a document into a tree of elements within bounds. A DOCTYPE or a processing instruction is refused. Never throws. */
export function readElements(xml: string, bounds: Partial<XmlBounds> = {}): ElementsReading {
  const refusal = measureXml(xml, { ...defaultElementsBounds, ...bounds });
  if (refusal !== null) return refusal;

  const parser = new SaxesParser({ xmlns: true as const, position: false });
  const open: Growing[] = [];
  let root: PayloadElement | null = null;
  let isWellFormed = true;
  parser.on('error', () => {
    isWellFormed = false;
  });
  parser.on('opentag', (tag) => {
    const grown = growingFrom(tag);
    open.at(-1)?.children.push(grown);
    root ??= grown;
    open.push(grown);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  const addText = (text: string) => {
    const parent = open.at(-1);
    if (parent !== undefined) parent.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(xml).close();
  return isWellFormed && root !== null ? { ok: true, root } : { ok: false, reason: 'not_well_formed', at: 0 };
}

function growingFrom(tag: SaxesTagNS): Growing {
  const attributes: Record<string, string> = Object.create(null);
  for (const { prefix, local, value } of Object.values(tag.attributes)) {
    if (prefix === '') attributes[local] = value;
  }
  return { namespace: tag.uri, localName: tag.local, attributes, text: '', children: [] };
}
