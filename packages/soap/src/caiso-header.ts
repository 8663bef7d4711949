// The CAISOWSHeader: who calls and when. Written in the order the market's own tool uses, read in any prefix.
import type { XmlElement } from 'libxml2-wasm';
import { caisoHeaderNamespace } from './namespaces.ts';
import { childByLocalName, isNamed, readXml } from './xml-document.ts';
import { escapeText } from './xml-text.ts';

/** What a writer puts into a CAISOWSHeader. Instants in milliseconds since 1970 UTC. */
export interface CaisoHeaderFields {
  /** The full distinguished name of the caller's certificate. */
  readonly username: string;
  /** When the call was made. */
  readonly createdMs: number;
  /** Base64 text; the market's tool encodes the creation time, see `nonceAt`. */
  readonly nonce: string;
  /** Usually the nonce. Without it CAISOMessageInfo is left out, as Java clients do. */
  readonly messageId?: string;
  /** When the call stops being valid; clients say 900 seconds after creation. Needs `messageId`. */
  readonly expiresMs?: number;
}

/** What a CAISOWSHeader says, as written: nothing is judged, and an instant keeps its own spelling. */
export interface CaisoHeader {
  readonly username: string;
  readonly nonce: string;
  readonly created: string;
  readonly messageId: string | null;
  readonly expires: string | null;
}

/** The nonce of the market's own tool: base64 of the UTC time as yyyymmddHHMMSSmmm. */
export function nonceAt(createdMs: number): string {
  const digits = new Date(createdMs).toISOString().replace(/\D/g, '');
  return Buffer.from(digits, 'ascii').toString('base64');
}

/** Writes a CAISOWSHeader element without line breaks. Throws RangeError for an instant outside the calendar. */
export function writeCaisoHeader(fields: CaisoHeaderFields): string {
  const created = new Date(fields.createdMs).toISOString();
  const token =
    `<h:CAISOUsernameToken><h:Username>${escapeText(fields.username)}</h:Username>` +
    `<h:Nonce>${escapeText(fields.nonce)}</h:Nonce><h:Created>${created}</h:Created></h:CAISOUsernameToken>`;
  return `<h:CAISOWSHeader xmlns:h="${caisoHeaderNamespace}">${token}${messageInfo(fields, created)}</h:CAISOWSHeader>`;
}

/** Reads a CAISOWSHeader element, such as the signed text that `verifyEnvelope` returns; null when it is none. */
export function readCaisoHeader(xml: string): CaisoHeader | null {
  const reading = readXml(xml, (root) => caisoHeaderOf(root));
  return reading.ok ? reading.value : null;
}

/** Reads a CAISOWSHeader out of a parsed document; null when the element is another one or has no username. */
export function caisoHeaderOf(element: XmlElement): CaisoHeader | null {
  if (!isNamed(element, caisoHeaderNamespace, 'CAISOWSHeader')) return null;
  const token = childByLocalName(element, 'CAISOUsernameToken');
  const username = token && childByLocalName(token, 'Username');
  if (!token || !username) return null;
  const info = childByLocalName(element, 'CAISOMessageInfo');
  const timestamp = info && childByLocalName(info, 'Timestamp');
  return {
    username: username.content.trim(),
    nonce: textOf(token, 'Nonce') ?? '',
    created: textOf(token, 'Created') ?? '',
    messageId: info && textOf(info, 'MessageID'),
    expires: timestamp && textOf(timestamp, 'Expires'),
  };
}

function messageInfo(fields: CaisoHeaderFields, created: string): string {
  if (fields.messageId === undefined) return '';
  const expires =
    fields.expiresMs === undefined ? '' : `<h:Expires>${new Date(fields.expiresMs).toISOString()}</h:Expires>`;
  return (
    `<h:CAISOMessageInfo><h:MessageID>${escapeText(fields.messageId)}</h:MessageID>` +
    `<h:Timestamp><h:Created>${created}</h:Created>${expires}</h:Timestamp></h:CAISOMessageInfo>`
  );
}

function textOf(parent: XmlElement, localName: string): string | null {
  return childByLocalName(parent, localName)?.content.trim() ?? null;
}
