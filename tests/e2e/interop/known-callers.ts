// How two clients of this market that are in use read an answer, trap by trap: the operator's own Python tool for `/sst/`, and
// a public Go client for the dispatch system. The rules are told, not copied; they are what an answer must survive.
import { type PayloadElement, readElements } from '@headgate/soap';

/** An answer as it arrived. */
export interface ArrivedAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

const soap = 'http://schemas.xmlsoap.org/soap/envelope/';
const standardOutput = 'http://www.caiso.com/soa/2006-06-13/StandardOutput.xsd';

/**
 * What the Python tool makes of a plain retrieve with status 200. It cuts the whole text at CRLF and passes over every piece
 * that holds a colon and a space (it takes it for a MIME field), the boundary, or fewer than three characters. The piece that
 * mentions the envelope's prefix is the envelope, and any piece after it is the payload. Throws where the tool would.
 */
export function toolReadsPlainRetrieve({ contentType, text }: ArrivedAnswer): {
  readonly envelope: PayloadElement | null;
  readonly attachment: string | null;
  readonly hash: string | null;
} {
  const parameter = contentType.split(';').find((each) => each.includes('boundary='));
  if (parameter === undefined) throw new Error('CAISO-813: there is no boundary');
  const boundary = `--${(parameter.split('boundary=')[1] ?? '').replaceAll('"', '')}`;
  let xml: string | null = null;
  let attachment: string | null = null;
  for (const piece of text.split('\r\n')) {
    if (piece.includes(': ') || piece.includes(boundary) || piece.length < 3) continue;
    if (/SOAP-ENV|soapenv/.test(piece)) xml = piece;
    else if (xml !== null) attachment = piece;
  }
  if (xml === null) return { envelope: null, attachment, hash: null };
  const envelope = treeOf(xml);
  const att = 'http://www.caiso.com/mrtu/soa/schemas/2005/09/attachmenthash';
  const hash = elementAt(envelope, [soap, 'Envelope'], [soap, 'Header'], [att, 'attachmentHash'], [att, 'hashValue']);
  return { envelope, attachment, hash: hash?.text ?? null };
}

/**
 * What the Python tool makes of a DocAttach retrieve with status 200: the base64 text, or null. It hands its XML library a
 * text, not bytes, and the library throws where such a text declares an encoding.
 */
export function toolReadsDocAttach({ text }: ArrivedAnswer): string | null {
  if (/^<\?xml[^>]*encoding/.test(text)) throw new Error('Unicode strings with encoding declaration are not supported');
  const iso = 'http://www.caiso.com/soa/2006-10-26/ISOAttachment.xsd';
  const value = elementAt(
    treeOf(text),
    [soap, 'Envelope'],
    [soap, 'Body'],
    [iso, 'ISOAttachment'],
    [iso, 'AttachmentValue'],
  );
  return value?.text ?? null;
}

/** The sentence that the Python tool shows its user, or null: it looks at two places, and only when the status is 500. */
export function toolShowsSentence({ status, text }: ArrivedAnswer): string | null {
  if (status !== 500) return null;
  const root = treeOf(text);
  const fault: Step[] = [
    [soap, 'Envelope'],
    [soap, 'Body'],
    [soap, 'Fault'],
    ['', 'detail'],
  ];
  const inNamespace = ['outputDataType', 'EventLog', 'Event', 'description'].map(
    (name): Step => [standardOutput, name],
  );
  const bare = ['StandardOutput', 'MessagePayload', 'EventLog', 'Event', 'description'].map((name): Step => ['', name]);
  const found = elementAt(root, ...fault, ...bare) ?? elementAt(root, ...fault, ...inNamespace);
  return found?.text ?? null;
}

/**
 * What the Go client makes of an answer of the dispatch system: its `result` element. It reads until the very text
 * `</SOAP-ENV:Envelope>`, undoes every character reference in the whole message, and only then reads it as XML.
 */
export function goClientReads({ status, text }: ArrivedAnswer): PayloadElement {
  if (status !== 200) throw new Error(`unsuccessful status code: ${status}`);
  const end = '</SOAP-ENV:Envelope>';
  const at = text.indexOf(end);
  if (at === -1) throw new Error('Failed to read complete WSDL response from ISO');
  const references: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
  const message = text
    .slice(0, at + end.length)
    .replace(/&(lt|gt|amp|quot|apos);/g, (_, name) => references[name] ?? '');
  const [response] = treeOf(message).children.find(({ localName }) => localName === 'Body')?.children ?? [];
  const result = response?.children.find(({ localName }) => localName === 'result');
  if (result === undefined) throw new Error('failed to parse <result> element from response');
  return result;
}

/** A document as a tree; throws for what is none. */
export function treeOf(xml: string): PayloadElement {
  const reading = readElements(xml);
  if (!reading.ok) throw new Error(`not XML: ${reading.reason}`);
  return reading.root;
}

type Step = readonly [namespace: string, localName: string];

/** The first element at an absolute path of names, namespaces compared. */
function elementAt(root: PayloadElement, ...path: readonly Step[]): PayloadElement | null {
  let level: readonly PayloadElement[] = [root];
  let found: PayloadElement | undefined;
  for (const [namespace, name] of path) {
    found = level.find((element) => element.localName === name && (element.namespace ?? '') === namespace);
    if (found === undefined) return null;
    level = found.children;
  }
  return found ?? null;
}
