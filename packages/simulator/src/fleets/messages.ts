// What a member puts on the wire for one call: method, fields and body, as its profile writes them.
import { gzipSync } from 'node:zlib';
import {
  adsRpcNamespace,
  attachmentHash,
  type EncodedAttachment,
  encodeAttachment,
  nonceAt,
  type OutgoingMessage,
  type SignHook,
  signEnvelope,
  writeEnvelope,
  writeRetrieve,
  writeSubmitPlain,
} from '@headgate/soap';
import { jsonDocument, requestDocument } from './documents.ts';
import type { FleetMember, Habit } from './plan-fleet.ts';
import { profiles } from './profiles.ts';

/** With whose certificate a message is made. */
export interface MessageSigner {
  readonly subject: string;
  readonly keyPem: string;
  readonly certificateDer: Uint8Array;
}

/** What a message is written from. */
export interface MessageOptions {
  readonly member: FleetMember;
  readonly habit: Habit;
  /** Id of a submit, told in `Idempotency-Key` and in the document; empty for a retrieve. */
  readonly id: string;
  readonly nowMs: number;
  readonly signer: MessageSigner;
  /** Whether WS-Security is signed, which takes an RSA key and about a millisecond. */
  readonly signs: boolean;
}

/** A request but for its target, host and framing. */
export interface FleetMessage {
  readonly method: 'GET' | 'POST';
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/** The field that carries the id of a submit (draft-ietf-httpapi-idempotency-key-header). */
export const submitIdField = 'idempotency-key';

/** Writes the message of one call. */
export function writeMessage(options: MessageOptions): FleetMessage {
  const { habit, id } = options;
  const ids: FleetMessage['fields'] = id === '' ? [] : [[submitIdField, `"${id}"`]];
  const bytes = profiles[options.member.profile].submitBytes;
  switch (habit.protocol) {
    case 'json': {
      if (habit.operation === 'retrieve') return { method: 'GET', fields: [], body: Buffer.alloc(0) };
      const body = Buffer.from(jsonDocument({ ...options, bytes }));
      return { method: 'POST', fields: [['content-type', 'application/json'], ...ids], body };
    }
    case 'zip':
      return { method: 'GET', fields: [], body: Buffer.alloc(0) };
    case 'soap-rpc':
      return posted(rpcMessage(habit), ids);
    case 'soap':
      return posted(soapMessage(options, bytes), ids);
  }
}

function posted(
  { contentType, soapActionHeader = '""', body }: OutgoingMessage,
  ids: FleetMessage['fields'],
): FleetMessage {
  return {
    method: 'POST',
    fields: [['content-type', contentType], ['soapaction', soapActionHeader], ...ids],
    body: Buffer.from(body),
  };
}

function rpcMessage({ service }: Habit): OutgoingMessage {
  const body = `<a:${service} xmlns:a="${adsRpcNamespace}"><batchUID>-1</batchUID></a:${service}>`;
  return { contentType: 'text/xml; charset=utf-8', body: Buffer.from(writeEnvelope([], body)) };
}

function soapMessage(options: MessageOptions, bytes: number): OutgoingMessage {
  const { habit, member, nowMs, signer } = options;
  const document = requestDocument({ ...options, bytes });
  const nonce = nonceAt(nowMs);
  const shared = {
    caisoHeader: { username: signer.subject, createdMs: nowMs, nonce, messageId: nonce, expiresMs: nowMs + 900_000 },
    ...(options.signs ? { sign: signing(signer) } : {}),
  };
  if (habit.operation === 'retrieve') return writeRetrieve({ ...shared, requestXml: document });
  const attachment = profiles[member.profile].packs ? encodeAttachment(document) : unpacked(document);
  return writeSubmitPlain({ ...shared, attachment, boundary: '=_Fleet_1', soapAction: '' });
}

/** Valid gzip that saves nothing: what a program sends that was told to pack and does not. */
function unpacked(document: string): EncodedAttachment {
  const base64 = gzipSync(document, { level: 0 }).toString('base64');
  return { base64, hash: attachmentHash(base64) };
}

function signing({ keyPem, certificateDer }: MessageSigner): SignHook {
  let count = 0;
  const ids = () => {
    count += 1;
    return `id-${count}`;
  };
  return (envelope) => signEnvelope(envelope, { keyPem, certificateDer, ids });
}
