// Faults: written so that every known client shows the sentence, read in every layout that a market system uses.
import type { XmlElement } from 'libxml2-wasm';
import {
  problemNamespace,
  soap11Namespace,
  soap12Namespace,
  soapVersionOf,
  standardOutputNamespace,
} from './namespaces.ts';
import type { XmlBounds } from './xml-bounds.ts';
import { attributeOf, childByLocalName, childrenNamed, elementsOf, readXml } from './xml-document.ts';
import { escapeLine, isElementName } from './xml-text.ts';

/** Which side a fault blames: SOAP 1.1 `Client` or `Server`, SOAP 1.2 `Sender` or `Receiver`. */
export type FaultSide = 'client' | 'server';

/** What `writeFault` is told. */
export interface FaultFields {
  readonly version: '1.1' | '1.2';
  /** Envelope prefix. Default `SOAP-ENV`: a public ADS client reads until the literal `</SOAP-ENV:Envelope>`. */
  readonly prefix?: 'SOAP-ENV' | 'soapenv';
  readonly side: FaultSide;
  /** The sentence, in English. */
  readonly text: string;
  /** When the refusal was decided, in milliseconds since 1970 UTC. */
  readonly createdMs: number;
  /** Our own fields for the `problem` element, in this order; names are ASCII element names. */
  readonly fields: ReadonlyArray<readonly [name: string, value: string | number | boolean]>;
}

/** A fault as read. */
export interface Fault {
  readonly version: '1.1' | '1.2';
  readonly side: FaultSide | null;
  /** The local name of the fault code, such as `Server` or `Receiver`. */
  readonly code: string;
  /** `faultstring`, or the first Reason text. */
  readonly text: string;
  /** The description of the first event in the detail, in whichever of the known layouts; null without one. */
  readonly description: string | null;
  /** Our own fields by name; empty when the fault is not ours. */
  readonly problem: Readonly<Record<string, string>>;
}

/**
 * Writes a fault on one line, without an XML declaration (one crashes the market's own tool).
 * The sentence stands twice: as the fault's text, and as `outputDataType/EventLog/Event/description`, the only place
 * where that tool shows it to its user. Throws TypeError for a field name that is no element name.
 */
export function writeFault(fault: FaultFields): string {
  const prefix = fault.prefix ?? 'SOAP-ENV';
  const namespace = fault.version === '1.1' ? soap11Namespace : soap12Namespace;
  const content = fault.version === '1.1' ? fault11(fault, prefix) : fault12(fault, prefix);
  return (
    `<${prefix}:Envelope xmlns:${prefix}="${namespace}"><${prefix}:Body><${prefix}:Fault>${content}` +
    `</${prefix}:Fault></${prefix}:Body></${prefix}:Envelope>`
  );
}

/** Reads the fault in an envelope; null when the text is no envelope within bounds or carries no fault. */
export function readFault(xml: string, bounds?: XmlBounds): Fault | null {
  const reading = readXml(xml, (root) => faultOf(root), bounds);
  return reading.ok ? reading.value : null;
}

function fault11(fault: FaultFields, prefix: string): string {
  const code = fault.side === 'client' ? 'Client' : 'Server';
  return (
    `<faultcode>${prefix}:${code}</faultcode>` +
    `<faultstring xml:lang="en">${escapeLine(fault.text)}</faultstring><detail>${detail(fault)}</detail>`
  );
}

function fault12(fault: FaultFields, prefix: string): string {
  const code = fault.side === 'client' ? 'Sender' : 'Receiver';
  return (
    `<${prefix}:Code><${prefix}:Value>${prefix}:${code}</${prefix}:Value></${prefix}:Code>` +
    `<${prefix}:Reason><${prefix}:Text xml:lang="en">${escapeLine(fault.text)}</${prefix}:Text></${prefix}:Reason>` +
    `<${prefix}:Detail>${detail(fault)}</${prefix}:Detail>`
  );
}

function detail({ text, createdMs, fields }: FaultFields): string {
  let result = 'FAILURE';
  let id = '1';
  let problem = '';
  for (const [name, value] of fields) {
    if (name === 'code') result = String(value);
    else if (name === 'exchange') id = String(value);
    problem += problemField(name, value);
  }
  return (
    `<ns1:outputDataType xmlns:ns1="${standardOutputNamespace}"><ns1:EventLog><ns1:Event>` +
    `<ns1:result>${escapeLine(result)}</ns1:result><ns1:id>${escapeLine(id)}</ns1:id><ns1:name>refusal</ns1:name>` +
    `<ns1:description>${escapeLine(text)}</ns1:description>` +
    `<ns1:creationTime>${new Date(createdMs).toISOString()}</ns1:creationTime>` +
    `<ns1:severity>ERROR</ns1:severity><ns1:eventType>REFUSAL</ns1:eventType>` +
    `</ns1:Event></ns1:EventLog></ns1:outputDataType><problem xmlns="${problemNamespace}">${problem}</problem>`
  );
}

function problemField(name: string, value: string | number | boolean): string {
  if (!isElementName(name)) throw new TypeError(`"${name}" cannot name an element of a problem.`);
  return `<${name}>${escapeLine(String(value))}</${name}>`;
}

function faultOf(root: XmlElement): Fault | null {
  const version = soapVersionOf(root.namespaceUri);
  if (version === null || root.name !== 'Envelope') return null;
  const body = childrenNamed(root, root.namespaceUri, 'Body')[0];
  const fault = body && childrenNamed(body, root.namespaceUri, 'Fault')[0];
  if (fault === undefined) return null;
  const code = localPart(codeOf(fault));
  // Some stacks put the children of a 1.1 fault in the envelope's namespace, so local names decide.
  const detailElement = childByLocalName(fault, 'detail', 'Detail');
  return {
    version,
    side: sideOf(code),
    code,
    text: textOf(fault),
    description: detailElement && descriptionIn(detailElement),
    problem: detailElement === null ? {} : problemIn(detailElement),
  };
}

function codeOf(fault: XmlElement): string {
  const code = childByLocalName(fault, 'faultcode', 'Code');
  if (code === null) return '';
  return (childByLocalName(code, 'Value') ?? code).content.trim();
}

function localPart(code: string): string {
  return code.slice(code.lastIndexOf(':') + 1);
}

function sideOf(code: string): FaultSide | null {
  // SOAP 1.1 section 4.4.1: a code may be refined after a dot, as in Client.Authentication.
  if (/^(Client|Sender)(\.|$)/.test(code)) return 'client';
  return /^(Server|Receiver)(\.|$)/.test(code) ? 'server' : null;
}

function textOf(fault: XmlElement): string {
  const reason = childByLocalName(fault, 'faultstring', 'Reason');
  if (reason === null) return '';
  const texts = elementsOf(reason);
  const english = texts.find((text) =>
    /^en/i.test(attributeOf(text, 'lang', 'http://www.w3.org/XML/1998/namespace') ?? ''),
  );
  return (english ?? texts[0] ?? reason).content.trim();
}

// outputDataType/EventLog, StandardOutput/MessagePayload/EventLog and returnData/EventLog, with or without a namespace.
function descriptionIn(detailElement: XmlElement): string | null {
  const found = detailElement.get(
    "(.//*[local-name()='EventLog']/*[local-name()='Event']/*[local-name()='description'])[1]",
  );
  return found?.content.trim() ?? null;
}

function problemIn(detailElement: XmlElement): Record<string, string> {
  const problem = childrenNamed(detailElement, problemNamespace, 'problem')[0];
  if (problem === undefined) return {};
  return Object.fromEntries(elementsOf(problem).map((field) => [field.name, field.content]));
}
