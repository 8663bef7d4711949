// The little of XML Schema 1.0 that the descriptions use.
import { element, type XmlContent, type XmlNode } from '../wire/xml.ts';

/** How often an element may stand: once, at most once, or any number of times. */
export type Occurs = 'once' | 'optional' | 'any';

/** An element with a type of XML Schema. */
export function simple(name: string, type: string, occurs: Occurs = 'once'): XmlNode {
  return element('xsd:element', [], { name, type: `xsd:${type}`, ...bounds(occurs) });
}

/** An element that holds others, in order. */
export function complex(name: string, children: readonly XmlNode[], occurs: Occurs = 'once'): XmlNode {
  return element('xsd:element', [element('xsd:complexType', [element('xsd:sequence', children)])], {
    name,
    ...bounds(occurs),
  });
}

/** A header element: it may carry the `wsu:Id` that a signature refers to. */
export function identifiable(name: string, children: readonly XmlNode[]): XmlNode {
  const content: XmlContent = [
    element('xsd:sequence', children),
    element('xsd:anyAttribute', [], { namespace: '##other', processContents: 'lax' }),
  ];
  return element('xsd:element', [element('xsd:complexType', content)], { name });
}

/** Any elements, of any namespace. */
export function anything(): XmlNode {
  return element('xsd:any', [], { namespace: '##any', processContents: 'lax', minOccurs: '0', maxOccurs: 'unbounded' });
}

/** A schema with qualified elements, as every document of this market has. */
export function schema(targetNamespace: string, elements: readonly XmlNode[]): XmlNode {
  return element('xsd:schema', elements, { targetNamespace, elementFormDefault: 'qualified' });
}

function bounds(occurs: Occurs): Record<string, string> {
  if (occurs === 'once') return {};
  return occurs === 'optional' ? { minOccurs: '0' } : { minOccurs: '0', maxOccurs: 'unbounded' };
}
