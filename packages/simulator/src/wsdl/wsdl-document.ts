// What every description has in common: WSDL 1.1 (W3C Note, 15 March 2001) with a SOAP 1.1 binding over HTTP, one operation
// after another, and the word that it is ours.
import type { Incoming, Reply } from '../wire/message.ts';
import { xmlReply } from '../wire/message.ts';
import { element, writeXml, type XmlNode } from '../wire/xml.ts';

/** One message: its name and its parts. */
export interface WsdlMessage {
  readonly name: string;
  readonly parts: readonly XmlNode[];
}

/** One operation: which messages it exchanges and how they are bound. */
export interface WsdlOperation {
  readonly name: string;
  readonly input: string;
  readonly output: string;
  readonly boundInput: readonly XmlNode[];
  readonly boundOutput: readonly XmlNode[];
}

/** A description to be written. */
export interface WsdlDescription {
  readonly service: string;
  readonly portType: string;
  readonly port: string;
  readonly targetNamespace: string;
  /** Prefixes beside `wsdl`, `soap`, `mime`, `xsd` and `tns`. */
  readonly prefixes: Readonly<Record<string, string>>;
  readonly style: 'rpc' | 'document';
  readonly documentation: string;
  readonly schemas: readonly XmlNode[];
  readonly messages: readonly WsdlMessage[];
  readonly operations: readonly WsdlOperation[];
  readonly location: string;
}

const wsdlNamespace = 'http://schemas.xmlsoap.org/wsdl/';
const wsdlSoapNamespace = 'http://schemas.xmlsoap.org/wsdl/soap/';
const wsdlMimeNamespace = 'http://schemas.xmlsoap.org/wsdl/mime/';
const xsdNamespace = 'http://www.w3.org/2001/XMLSchema';
const httpTransport = 'http://schemas.xmlsoap.org/soap/http';

/** Said in every description. */
const disclaimer =
  'Written by the Headgate simulator from public client code and documents. It is not a description by the market operator.';

/** Whether a request asks for a description: `GET …?wsdl`, in any letter case, as SOAP libraries ask. */
export function asksForWsdl({ method, query }: Incoming): boolean {
  return method === 'GET' && [...query.keys()].some((name) => name.toLowerCase() === 'wsdl');
}

/** The description as an answer. */
export function wsdlReply(description: WsdlDescription): Reply {
  return xmlReply(200, writeXml(definitions(description)));
}

/** A message part that is an element, or a value of a type. */
export function part(name: string, what: { readonly element: string } | { readonly type: string }): XmlNode {
  return element('wsdl:part', [], { name, ...what });
}

function definitions(description: WsdlDescription): XmlNode {
  const { documentation, messages, operations, portType, prefixes, schemas, targetNamespace } = description;
  return element(
    'wsdl:definitions',
    [
      element('wsdl:documentation', `${disclaimer} ${documentation}`),
      element('wsdl:types', schemas),
      ...messages.map(({ name, parts }) => element('wsdl:message', parts, { name })),
      element('wsdl:portType', operations.map(abstractOperation), { name: portType }),
      binding(description),
      service(description),
    ],
    {
      'xmlns:wsdl': wsdlNamespace,
      'xmlns:soap': wsdlSoapNamespace,
      'xmlns:mime': wsdlMimeNamespace,
      'xmlns:xsd': xsdNamespace,
      'xmlns:tns': targetNamespace,
      ...Object.fromEntries(Object.entries(prefixes).map(([prefix, uri]) => [`xmlns:${prefix}`, uri])),
      targetNamespace,
    },
  );
}

function abstractOperation({ name, input, output }: WsdlOperation): XmlNode {
  return element(
    'wsdl:operation',
    [element('wsdl:input', [], { message: `tns:${input}` }), element('wsdl:output', [], { message: `tns:${output}` })],
    { name },
  );
}

function binding({ operations, portType, style }: WsdlDescription): XmlNode {
  return element(
    'wsdl:binding',
    [
      element('soap:binding', [], { style, transport: httpTransport }),
      ...operations.map(({ name, boundInput, boundOutput }) =>
        element(
          'wsdl:operation',
          [
            // No action is public for the `/sst` services, and the dispatch system's is empty.
            element('soap:operation', [], { soapAction: '', style }),
            element('wsdl:input', boundInput),
            element('wsdl:output', boundOutput),
          ],
          { name },
        ),
      ),
    ],
    { name: `${portType}Binding`, type: `tns:${portType}` },
  );
}

function service({ location, port, portType, service: name }: WsdlDescription): XmlNode {
  const address = element('soap:address', [], { location });
  return element('wsdl:service', [element('wsdl:port', [address], { name: port, binding: `tns:${portType}Binding` })], {
    name,
  });
}
