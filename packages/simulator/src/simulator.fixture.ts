// For tests: a simulator at a fixed instant, users with real certificates, and calls over a real socket.
import { type IncomingHttpHeaders, request } from 'node:http';
import type { TestContext } from 'node:test';
import { createTestAuthority, type TestUser } from '@headgate/pki';
import {
  decodeAttachment,
  encodeAttachment,
  nonceAt,
  type OutgoingMessage,
  type PayloadElement,
  readElements,
  readMessage,
  signEnvelope,
  writeRetrieve,
  writeSubmitDocAttach,
  writeSubmitPlain,
} from '@headgate/soap';
import { type Simulator, type SimulatorOptions, startSimulator } from './start-simulator.ts';

/** Monday 20 July 2026, 11:00 in Los Angeles. */
export const startMs = Date.UTC(2026, 6, 20, 18);

const authority = await createTestAuthority({ nowMs: startMs });

/** A user whom the tests send as, and another one. */
export const user = await authority.user('current', { name: 'HARBORx0001', organisation: 'EXAMPLE' });
export const otherUser = await authority.user('current', { name: 'MESAx0002', organisation: 'EXAMPLE' });

/** A simulator under test, with a clock that a test can turn. */
export interface SimulatorUnderTest extends Simulator {
  turnTo(instantMs: number): void;
}

/** Starts a simulator that is closed when the test ends. */
export async function startTestSimulator(
  t: TestContext,
  options: Partial<SimulatorOptions> = {},
): Promise<SimulatorUnderTest> {
  let nowMs = startMs;
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, seed: 'test', clock: () => nowMs, ...options });
  t.after(() => simulator.close());
  return {
    ...simulator,
    turnTo: (instantMs) => {
      nowMs = instantMs;
    },
  };
}

/** An answer as it arrived. */
export interface Answer {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends one request on a connection of its own. */
export function send(
  url: string,
  method: string,
  fields: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: fields, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, fields: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends a SOAP message as a client does. */
export function post(
  simulator: Simulator,
  path: string,
  message: OutgoingMessage,
  fields: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(`${simulator.url}${path}`, 'POST', { 'content-type': message.contentType, ...fields }, message.body);
}

/** What a test may change about a call. */
export interface CallOptions {
  readonly sender?: TestUser;
  readonly username?: string;
  readonly nowMs?: number;
}

function callFields({ sender = user, username = sender.subject, nowMs = startMs }: CallOptions) {
  const nonce = nonceAt(nowMs);
  let id = 0;
  const ids = () => {
    id += 1;
    return `id-${id}`;
  };
  return {
    caisoHeader: { username, createdMs: nowMs, nonce, messageId: nonce, expiresMs: nowMs + 900_000 },
    sign: (envelope: string) =>
      signEnvelope(envelope, { keyPem: sender.keyPem, certificateDer: sender.certificateDer, ids }),
  };
}

/** A signed retrieve around a request document. */
export function retrieveMessage(requestXml: string, options: CallOptions = {}): OutgoingMessage {
  return writeRetrieve({ ...callFields(options), requestXml });
}

/** A signed submit with its payload as a MIME part. */
export function submitMessage(payloadXml: string, options: CallOptions = {}): OutgoingMessage {
  return writeSubmitPlain({
    ...callFields(options),
    attachment: encodeAttachment(payloadXml),
    boundary: '=_Part_1',
    soapAction: '',
  });
}

/** A signed submit with its payload in the body. */
export function submitDocAttachMessage(payloadXml: string, options: CallOptions = {}): OutgoingMessage {
  return writeSubmitDocAttach({ ...callFields(options), attachment: encodeAttachment(payloadXml) });
}

/** The unpacked attachment of a retrieve's answer, whose hash must hold where there is one. */
export function payloadOf(answer: Answer): PayloadElement {
  const reading = readMessage(answer.fields['content-type'] ?? '', answer.body);
  if (!reading.ok) throw new Error(`The answer is no message: ${reading.reason}: ${answer.body.toString('utf8')}`);
  if (reading.message.isHashRight === false) throw new Error('The hash of the answer is wrong.');
  const attachment = decodeAttachment(reading.message.attachmentBase64 ?? '');
  if (!attachment.ok) throw new Error(`The answer has no attachment: ${attachment.reason}`);
  return treeOf(attachment.xml);
}

/** A document as a tree. */
export function treeOf(xml: string): PayloadElement {
  const reading = readElements(xml);
  if (!reading.ok) throw new Error(`The document cannot be read: ${reading.reason}`);
  return reading.root;
}
