// What was seen, in bytes: JSON, or elements for a SOAP caller. Never a page, whoever asks: text of the caller stands in it.

import type { RefusalFormat } from '@headgate/rules';
import { escapeText, soap11Namespace, soap12Namespace } from '@headgate/soap';
import type { Seen } from './seen.ts';

/** An echo ready to send. */
export interface EchoBody {
  readonly format: 'soap-1.1' | 'soap-1.2' | 'json';
  readonly contentType: string;
  readonly body: Buffer;
}

const echoNamespace = 'urn:headgate:echo:1';

/** Writes an echo for a caller that reads refusals in `format`. */
export function echoBody(seen: Seen, exchange: string, format: RefusalFormat): EchoBody {
  if (format !== 'soap-1.1' && format !== 'soap-1.2') {
    const body = Buffer.from(`${JSON.stringify({ exchange, ...seen }, null, 2)}\n`);
    return { format: 'json', contentType: 'application/json', body };
  }
  const namespace = format === 'soap-1.1' ? soap11Namespace : soap12Namespace;
  const text =
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${namespace}"><SOAP-ENV:Body><echo xmlns="${echoNamespace}">` +
    `${elements({ exchange, ...seen })}</echo></SOAP-ENV:Body></SOAP-ENV:Envelope>`;
  const contentType = `${format === 'soap-1.1' ? 'text/xml' : 'application/soap+xml'}; charset=utf-8`;
  return { format, contentType, body: Buffer.from(text) };
}

/** What was seen as flat fields for the `problem` of a fault: `seen.source.address` and so on; what was not there is left out. */
export function seenFields(seen: Seen): [name: string, value: string | number | boolean][] {
  return Object.entries(seen).flatMap(([group, told]) => {
    if (told === null) return [];
    if (Array.isArray(told)) return told.length === 0 ? [] : [[`seen.${group}`, told.join(' ')]];
    return Object.entries(told as object).flatMap(([name, value]: [string, string | number | boolean | null]) =>
      value === null ? [] : [[`seen.${group}.${name}`, value] as [string, string | number | boolean]],
    );
  });
}

/** Names are ours alone, so that only values are escaped; a null has no element, a list one for each entry. */
function elements(told: Readonly<Record<string, unknown>>): string {
  return Object.entries(told).map(element).join('');
}

function element([name, value]: [string, unknown]): string {
  if (value === null) return '';
  if (Array.isArray(value)) return value.map((each: unknown) => element([name, each])).join('');
  if (isGroup(value)) return `<${name}>${elements(value)}</${name}>`;
  return `<${name}>${escapeText(typeof value === 'string' ? value : JSON.stringify(value))}</${name}>`;
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
