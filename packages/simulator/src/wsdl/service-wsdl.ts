// The description of one `/sst/` service in one of its two forms: document style, literal, with the identity header and the
// attachment headers as SOAP header parts. The plain form is multipart wherever a payload travels.
import {
  attachmentHashNamespace,
  attachmentInforNamespace,
  caisoHeaderNamespace,
  isoAttachmentNamespace,
  standardOutputV1Namespace,
} from '@headgate/soap';
import { lowerNameOf, type ServicePath, wireNameOf } from '../wire/service.ts';
import { element, type XmlNode } from '../wire/xml.ts';
import { acknowledgementSchema, requestNamespace, requestSchema } from './request-documents.ts';
import { part, type WsdlDescription, type WsdlMessage } from './wsdl-document.ts';
import { complex, identifiable, schema, simple } from './xml-schema.ts';

/** The description of a service for callers who reach it at `location`. */
export function serviceDescription({ service, isDocAttach }: ServicePath, location: string): WsdlDescription {
  const lower = lowerNameOf(service);
  const name = wireNameOf(service);
  const attach = isDocAttach ? '_docattach' : '';
  const sides =
    service.operation === 'submit' ? submitSides(isDocAttach) : retrieveSides(isDocAttach, service.requestRoot);
  return {
    service: `${name}_Service`,
    portType: name,
    port: `${lower}ServicePort`,
    targetNamespace: `http://www.caiso.com/soa/${lower}${attach}_v${service.version}.wsdl`,
    prefixes: {
      header: caisoHeaderNamespace,
      infor: attachmentInforNamespace,
      hash: attachmentHashNamespace,
      iso: isoAttachmentNamespace,
      out: standardOutputV1Namespace,
      req: requestNamespace(service),
    },
    style: 'document',
    documentation: [service.note, isDocAttach ? docAttachWords : plainWords].filter(Boolean).join(' '),
    schemas: [
      ...headerSchemas,
      schema(isoAttachmentNamespace, [complex('ISOAttachment', [simple('AttachmentValue', 'base64Binary')])]),
      ...(service.operation === 'submit'
        ? [acknowledgementSchema(standardOutputV1Namespace)]
        : [requestSchema(service)]),
    ],
    messages: [
      { name: `${name}Request`, parts: sides.input.parts },
      { name: `${name}Response`, parts: sides.output.parts },
      ...headerMessages,
    ],
    operations: [
      {
        name,
        input: `${name}Request`,
        output: `${name}Response`,
        boundInput: sides.input.bound,
        boundOutput: sides.output.bound,
      },
    ],
    location,
  };
}

const signedWords = 'Body and the described headers are signed (WS-Security 1.0, X.509 token).';
const docAttachWords = `A payload is gzipped XML in ISOAttachment/AttachmentValue. ${signedWords}`;
const plainWords = `A payload is a second MIME part with the base64 text of gzipped XML; attachmentHash is the SHA-1 of that text. ${signedWords}`;

/** One direction of an operation: the parts of its message, and how they are bound. */
interface Side {
  readonly parts: readonly XmlNode[];
  readonly bound: readonly XmlNode[];
}

interface Sides {
  readonly input: Side;
  readonly output: Side;
}

function retrieveSides(isDocAttach: boolean, requestRoot: string): Sides {
  return {
    input: whole([part('request', { element: `req:${requestRoot}` })], ['CAISOWSHeader']),
    output: isDocAttach ? whole([isoAttachmentPart()], []) : multipart(['attachmentHash']),
  };
}

function submitSides(isDocAttach: boolean): Sides {
  return {
    input: isDocAttach
      ? whole([isoAttachmentPart()], ['standardAttachmentInfor', 'CAISOWSHeader'])
      : multipart(['standardAttachmentInfor', 'attachmentHash', 'CAISOWSHeader']),
    output: whole([part('acknowledgement', { element: 'out:StandardOutput' })], []),
  };
}

function isoAttachmentPart(): XmlNode {
  return part('attachment', { element: 'iso:ISOAttachment' });
}

/** A message that is one envelope. */
function whole(parts: readonly XmlNode[], headers: readonly HeaderName[]): Side {
  return { parts, bound: [...headers.map(headerBinding), element('soap:body', [], { use: 'literal' })] };
}

/** An envelope with an empty Body, and the attachment beside it (WSDL 1.1 section 5.3). */
function multipart(headers: readonly HeaderName[]): Side {
  const envelope = [element('soap:body', [], { parts: '', use: 'literal' }), ...headers.map(headerBinding)];
  const content = element('mime:content', [], { part: 'attachment', type: 'application/octet-stream' });
  return {
    parts: [part('attachment', { type: 'xsd:base64Binary' })],
    bound: [element('mime:multipartRelated', [element('mime:part', envelope), element('mime:part', [content])])],
  };
}

type HeaderName = 'CAISOWSHeader' | 'standardAttachmentInfor' | 'attachmentHash';

const headerPrefixes: Readonly<Record<HeaderName, string>> = {
  CAISOWSHeader: 'header',
  standardAttachmentInfor: 'infor',
  attachmentHash: 'hash',
};

const headerMessages: readonly WsdlMessage[] = Object.entries(headerPrefixes).map(([name, prefix]) => ({
  name,
  parts: [part(name, { element: `${prefix}:${name}` })],
}));

function headerBinding(name: HeaderName): XmlNode {
  return element('soap:header', [], { message: `tns:${name}`, part: name, use: 'literal' });
}

const headerSchemas: readonly XmlNode[] = [
  schema(caisoHeaderNamespace, [
    identifiable('CAISOWSHeader', [
      complex('CAISOUsernameToken', [
        simple('Username', 'string'),
        simple('Nonce', 'string'),
        simple('Created', 'string'),
      ]),
      complex(
        'CAISOMessageInfo',
        [
          simple('MessageID', 'string'),
          complex('Timestamp', [simple('Created', 'string'), simple('Expires', 'string', 'optional')]),
        ],
        'optional',
      ),
    ]),
  ]),
  schema(attachmentInforNamespace, [
    identifiable('standardAttachmentInfor', [
      complex(
        'Attachment',
        [
          // `ID` in the operator's own tool, `id` in Java clients: both are taken.
          simple('ID', 'string', 'optional'),
          simple('id', 'string', 'optional'),
          simple('compressFlag', 'string', 'optional'),
          simple('compressMethod', 'string', 'optional'),
        ],
        'any',
      ),
    ]),
  ]),
  schema(attachmentHashNamespace, [identifiable('attachmentHash', [simple('hashValue', 'string')])]),
];
