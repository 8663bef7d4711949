// An answer becomes its document and its rows: signature and hash are checked before a byte of the payload is used.
import { fields } from '@headgate/contract';
import { decodeAttachment, type PayloadElement, readElements, readMessage, verifyEnvelope } from '@headgate/soap';
import type { Answer } from '../call/call.ts';
import type { Operation } from '../catalogue/look-up.ts';
import { clientProblem } from '../client-problem.ts';
import { toJsonTable } from './json-rows.ts';
import { parseCsv, type Table, toTable } from './rows.ts';
import { unzip } from './unzip.ts';

/** A decoded answer. */
export interface Decoded {
  readonly status: number;
  /** The gateway's exchange id; null where the answer has none. */
  readonly exchange: string | null;
  /** `verified` when the answer was signed and holds; many answers of this market are unsigned. */
  readonly signature: 'verified' | 'unsigned';
  /** The answer's document as XML, CSV or JSON text. */
  readonly text: string;
  /** Its repeated records as plain rows. */
  readonly table: Table;
}

/** Largest unpacked payload, in bytes (64 MiB). */
const payloadBytesMax = 64 * 1024 * 1024;
const payloadElementsMax = 5_000_000;

/** Reads an answer that `diagnose` found no fault with; raises `diagnose.*` for one that cannot be used. */
export function decode(answer: Answer, operation: Operation): Decoded {
  const { text, signature } = contentOf(answer, operation);
  const table = isJson(operation)
    ? toJsonTable(jsonOf(text, answer))
    : text.startsWith('<')
      ? tableOf(text, answer, operation)
      : parseCsv(text);
  return { status: answer.status, exchange: answer.headers[fields.exchange] ?? null, signature, text, table };
}

function isJson({ shape }: Operation): boolean {
  return shape === 'json-retrieve' || shape === 'json-submit';
}

function jsonOf(text: string, answer: Answer): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(answer, 'no JSON document');
  }
}

interface Content {
  readonly text: string;
  readonly signature: 'verified' | 'unsigned';
}

function contentOf(answer: Answer, operation: Operation): Content {
  if (operation.shape === 'query') return { text: unzipped(answer), signature: 'unsigned' };
  if (operation.shape === 'rpc') return { text: rpcResult(answer), signature: 'unsigned' };
  if (isJson(operation))
    return {
      text: answer.body
        .toString('utf8')
        .replace(/^\ufeff/, '')
        .trim(),
      signature: 'unsigned',
    };
  const reading = readMessage(answer.headers['content-type'] ?? '', answer.body);
  if (!reading.ok) throw unreadable(answer, reading.reason.replaceAll('_', ' '));
  const { message } = reading;
  const verification = verifyEnvelope(message.envelopeXml, { requireSigned: ['Body'] });
  if (!verification.ok && verification.reason !== 'no_signature') {
    const found = verification.reason.replaceAll('_', ' ');
    throw clientProblem('diagnose.signature_invalid', { found }, seen(answer));
  }
  const signature = verification.ok ? 'verified' : 'unsigned';
  if (message.attachmentBase64 === null) {
    if (operation.kind === 'retrieve' && message.bodyElementXml === null) throw unreadable(answer, 'no attachment');
    return { text: message.bodyElementXml ?? '', signature };
  }
  if (message.isHashRight === false) {
    const expected = message.attachmentHash ?? '';
    throw clientProblem('diagnose.hash_mismatch', { expected, found: 'another' }, seen(answer));
  }
  return { text: unpacked(message.attachmentBase64, answer), signature };
}

function unpacked(base64: string, answer: Answer): string {
  const attachment = decodeAttachment(base64, { bytesMax: payloadBytesMax });
  if (attachment.ok) return withoutDeclaration(attachment.xml);
  throw unreadable(answer, `its attachment is ${attachment.reason.replaceAll('_', ' ')}`);
}

function rpcResult(answer: Answer): string {
  const envelope = elementsOf(withoutDeclaration(answer.body.toString('utf8')), answer);
  const body = envelope.children.find(
    ({ localName, namespace }) => localName === 'Body' && namespace === envelope.namespace,
  );
  const response = body?.children[0];
  if (envelope.localName !== 'Envelope' || response === undefined)
    throw unreadable(answer, 'no SOAP envelope with a body');
  const result = response.children.find(({ localName }) => localName === 'result')?.text.trim();
  // An operation without a result, as validateDispatchBatch, answers with an empty element.
  if (result === undefined) return `<${response.localName}/>`;
  // The longest results are base64(gzip(xml)); lists are XML as text; the rest is one word.
  if (result.startsWith('H4sI')) return unpacked(result, answer);
  return result.startsWith('<') ? withoutDeclaration(result) : `result\n${result}`;
}

function unzipped(answer: Answer): string {
  const files = unzip(answer.body, payloadBytesMax);
  if (typeof files === 'string') throw unreadable(answer, files);
  const [file, ...others] = files;
  if (file === undefined) throw unreadable(answer, 'an empty archive');
  const first = withoutDeclaration(file.text);
  if (others.length === 0 || first.startsWith('<')) return first;
  // A group answers with several CSV files of one form: one header, then all lines.
  return [first.trimEnd(), ...others.map(({ text }) => text.slice(text.indexOf('\n') + 1).trimEnd())].join('\n');
}

function tableOf(text: string, answer: Answer, operation: Operation): Table {
  const root = elementsOf(text, answer);
  const error = errorIn(root);
  if (error !== null) {
    const facts = { system: operation.system, text: error.text, result: error.result };
    throw clientProblem('diagnose.system_error', facts, { ...seen(answer), faultText: error.text });
  }
  return toTable(root);
}

function elementsOf(xml: string, answer: Answer): PayloadElement {
  const reading = readElements(xml, { charsMax: payloadBytesMax, elementsMax: payloadElementsMax });
  if (!reading.ok) throw unreadable(answer, `its document is ${reading.reason.replaceAll('_', ' ')}`);
  return reading.root;
}

/** The error that stands for data: an event of severity ERROR without one of success, or an OASIS error code. */
function errorIn(root: PayloadElement): { readonly text: string; readonly result: string } | null {
  const oasis = find(root, 'ERROR');
  if (oasis !== null && find(oasis, 'ERR_CODE') !== null) {
    return { result: textIn(oasis, 'ERR_CODE'), text: textIn(oasis, 'ERR_DESC') };
  }
  if (!/^(?:outputDataType|StandardOutput)$|Response$/.test(root.localName)) return null;
  const events = findAll(root, 'Event');
  const errors = events.filter((event) => /^(?:ERROR|FATAL)$/i.test(textIn(event, 'severity')));
  const [first] = errors;
  // A submit of many that took some is a success that says which were refused.
  if (first === undefined || errors.length < events.length) return null;
  const text = errors.map((event) => textIn(event, 'description')).filter((line) => line !== '');
  return { result: textIn(first, 'result'), text: text.slice(0, 5).join(' ') || 'an error without a description' };
}

function find(root: PayloadElement, localName: string): PayloadElement | null {
  return findAll(root, localName)[0] ?? null;
}

function findAll(root: PayloadElement, localName: string): PayloadElement[] {
  const found: PayloadElement[] = [];
  const waiting = [root];
  for (let element = waiting.pop(); element !== undefined; element = waiting.pop()) {
    if (element.localName === localName) found.push(element);
    else for (const child of element.children.toReversed()) waiting.push(child);
  }
  return found;
}

function textIn(parent: PayloadElement, localName: string): string {
  return parent.children.find((child) => child.localName === localName)?.text.trim() ?? '';
}

function withoutDeclaration(xml: string): string {
  return xml.replace(/^\ufeff?\s*<\?xml\s[^>]*\?>\s*/, '').replace(/^\ufeff/, '');
}

function unreadable(answer: Answer, found: string) {
  const contentType = answer.headers['content-type'] ?? 'no content type';
  return clientProblem('diagnose.unreadable_answer', { status: answer.status, contentType, found }, seen(answer));
}

function seen({ status, headers }: Answer) {
  return { status, exchange: headers[fields.exchange] };
}
