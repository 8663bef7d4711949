// An operation and its input become one request for the wire: built, signed, packed, and of a known length. Pure but
// for the clock and the ids, which the session passes in.
import {
  adsRpcNamespace,
  encodeAttachment,
  nonceAt,
  type OutgoingMessage,
  type RequestFields,
  readElements,
  signEnvelope,
  toBodyXml,
  writeEnvelope,
  writeRetrieve,
  writeSubmitDocAttach,
  writeSubmitPlain,
  xmlContentType,
} from '@headgate/soap';
import type { Operation } from '../catalogue/look-up.ts';
import { clientProblem } from '../client-problem.ts';
import type { Credential } from '../credential/load-credential.ts';
import type { WireRequest } from '../wire-request.ts';
import { toNodes, writeDocument } from './document.ts';
import { jsonDocument } from './json-document.ts';
import { queryParameters, retrieveDocument, submitDocument } from './request-document.ts';
import { assertNames } from './value-names.ts';

/** What a call is asked. Nothing is required: retrieves have defaults, submits can be samples. */
export interface CallInput {
  /** The whole document as text, XML or JSON as the system speaks: a submit's payload or a retrieve's request. At most 64 MiB. */
  readonly payload?: string | undefined;
  /** Values by name for the document, the RPC parameters or the query. */
  readonly values?: Readonly<Record<string, string>> | undefined;
  /** Structured content of a submit: a list of bids, or the document of a JSON system. */
  readonly content?: unknown;
  /** Send the built-in sample of a submit. */
  readonly sample?: boolean | undefined;
}

/** What encoding takes from outside. */
export interface EncodeOptions {
  /** Now, in ms since 1970 UTC: the Created, Nonce and Expires of the message. */
  readonly nowMs: number;
  /** Gives a fresh text of letters, digits and hyphens for each call. */
  readonly nextId: () => string;
}

/** Largest payload encoded, in UTF-16 code units (64 Mi). */
export const payloadCharsMax = 64 * 1024 * 1024;

/** A message stops being valid 900 seconds after creation, as the market's own tool says. */
const messageLifeMs = 900_000;
const userAgent = 'headgate/0.1.0';
const jsonAccept = 'application/json, application/problem+json';

/** Builds the request; raises `encode.invalid_input` or `encode.too_large`, and `credential.*` for a key that cannot sign. */
export function encode(
  operation: Operation,
  input: CallInput,
  credential: Credential | null,
  options: EncodeOptions,
): WireRequest {
  const values = input.values ?? {};
  const built = { values, content: input.content, sample: input.sample ?? false, nowMs: options.nowMs };
  if ((input.payload?.length ?? 0) > payloadCharsMax) {
    throw clientProblem('encode.too_large', { bytes: input.payload?.length ?? 0, bytesMax: payloadCharsMax });
  }
  switch (operation.shape) {
    case 'query': {
      const url = new URL(operation.url);
      url.search = queryParameters(operation, built).toString();
      return { method: 'GET', url, headers: commonFields('*/*'), body: null, repeatable: true };
    }
    case 'json-retrieve': {
      const url = new URL(operation.url);
      url.search = new URLSearchParams(values).toString();
      return { method: 'GET', url, headers: commonFields(jsonAccept), body: null, repeatable: true };
    }
    case 'json-submit': {
      const headers = [['Content-Type', 'application/json'] as const, ...commonFields(jsonAccept)];
      const body = Buffer.from(jsonDocument(input, payloadCharsMax));
      return { method: 'POST', url: operation.url, headers, body, repeatable: false };
    }
    case 'rpc':
      return post(operation, rpcMessage(operation, input));
    case 'retrieve-plain':
    case 'retrieve-doc-attach': {
      const requestXml = xmlOf(input.payload ?? retrieveDocument(operation, built));
      return post(operation, writeRetrieve({ ...signed(operation, credential, options), requestXml }));
    }
    case 'submit-plain': {
      const attachment = encodeAttachment(payloadOf(input.payload ?? submitDocument(operation, built)));
      const boundary = `=_Part_${options.nextId()}`;
      return post(operation, writeSubmitPlain({ ...signed(operation, credential, options), attachment, boundary }));
    }
    case 'submit-doc-attach': {
      const attachment = encodeAttachment(payloadOf(input.payload ?? submitDocument(operation, built)));
      return post(operation, writeSubmitDocAttach({ ...signed(operation, credential, options), attachment }));
    }
  }
}

function post({ url, kind }: Operation, message: OutgoingMessage): WireRequest {
  const headers: (readonly [string, string])[] = [
    ['Content-Type', message.contentType],
    ...(message.soapActionHeader === undefined ? [] : [['SOAPAction', message.soapActionHeader] as const]),
    ['MIME-Version', '1.0'],
    ...commonFields('text/xml, multipart/related, application/problem+json'),
  ];
  return { method: 'POST', url, headers, body: message.body, repeatable: kind === 'retrieve' };
}

function commonFields(accept: string): (readonly [string, string])[] {
  return [
    ['Accept', accept],
    // An answer is small already: its payload is packed. Without this field a server may pick any coding.
    ['Accept-Encoding', 'identity'],
    ['User-Agent', userAgent],
  ];
}

function rpcMessage(operation: Operation, input: CallInput): OutgoingMessage {
  // The submits of this interface have parameters that no public material shows.
  if (input.payload === undefined && !/^submit/i.test(operation.service)) assertNames(input.values ?? {}, ['batchUID']);
  const values = { ...(needsBatch(operation) ? { batchUID: '-1' } : {}), ...input.values };
  const parameters = toNodes(Object.entries(values))
    .map((node) => writeDocument(node))
    .join('');
  const name = operation.requestRoot;
  // The parameter has no namespace, so the element's own must be a prefixed one.
  const body = input.payload ?? `<a:${name} xmlns:a="${adsRpcNamespace}">${parameters}</a:${name}>`;
  const envelope = writeEnvelope([], xmlOf(body));
  return { contentType: xmlContentType, body: Buffer.from(envelope), soapActionHeader: '""' };
}

function needsBatch({ service }: Operation): boolean {
  return !/^(?:submit|isNew)/i.test(service);
}

/** A type as Node prints it, in a sentence. */
function sayKeyType(keyType: string | undefined): string {
  if (keyType === 'ec') return 'elliptic';
  return keyType ?? 'of an unknown type';
}

function signed(operation: Operation, credential: Credential | null, options: EncodeOptions): RequestFields {
  if (credential === null) {
    throw clientProblem('credential.missing', { what: 'a client certificate', needs: operation.system });
  }
  const { nowMs: createdMs, nextId } = options;
  const nonce = nonceAt(createdMs);
  const { username, keyPem, certificateDer, keyType } = credential;
  if (keyType !== 'rsa') {
    throw clientProblem('credential.key_cannot_sign', { subject: username, keyType: sayKeyType(keyType) });
  }
  return {
    caisoHeader: {
      username,
      createdMs,
      nonce,
      messageId: nonce,
      expiresMs: createdMs + messageLifeMs,
    },
    soapAction: operation.soapAction,
    sign: (envelope) => signEnvelope(envelope, { keyPem, certificateDer, ids: () => `id-${nextId()}` }),
  };
}

function xmlOf(documentXml: string): string {
  try {
    return toBodyXml(documentXml);
  } catch (cause) {
    throw clientProblem(
      'encode.invalid_input',
      { field: 'payload', found: reasonOf(cause), expected: 'one well-formed XML document without a DOCTYPE' },
      { cause },
    );
  }
}

function payloadOf(xml: string): string {
  const reading = readElements(xml, { charsMax: payloadCharsMax, elementsMax: 5_000_000 });
  if (reading.ok) return xml;
  const found = `${reading.reason.replaceAll('_', ' ')} at character ${reading.at}`;
  const expected = 'one well-formed XML document without a DOCTYPE';
  throw clientProblem('encode.invalid_input', { field: 'payload', found, expected });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/^The body document was refused: |\.$/g, '') : 'no XML';
}
