// Where limits meet sockets: whose connection it is, what the head of a request says, and the answer to one that is refused.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { fields as fieldNames } from '@headgate/contract';
import { type CertificateFacts, readCertificate, UnreadableCertificate } from '@headgate/pki';
import { callerFormat } from '@headgate/rules';
import { certificateFieldOf } from '../wire/client-certificate.ts';
import { noAccessReply, type Reply } from '../wire/message.ts';
import type { CallHead, CoveredCall } from './covered-call.ts';
import type { LimitsTold, MarketLimits } from './market-limits.ts';
import type { Personality } from './personalities.ts';
import { recordedOasisReply, refusalReply } from './refusal-reply.ts';

/** What came of a request at the door. */
export type Judged =
  | { readonly reply: Reply }
  | {
      /** What the answer says of limits. */
      readonly fields: Readonly<Record<string, string>>;
      /** To be called once the answer has ended. */
      readonly settle: (requestBytes: number) => void;
    };

/** The door of a simulator that counts. */
export interface Door {
  admitConnection(socket: Socket): boolean;
  /** Judges a request by its head, or once its body is there where that tells more. Null: the caller broke off. */
  judge(request: IncomingMessage, arriving: Promise<Buffer | 'too_large' | 'broken'>): Promise<Judged | null>;
}

/** Puts limits at a door. `nextNumber` makes the exchange ids. */
export function createDoor(
  limits: MarketLimits,
  personality: Personality,
  clock: () => number,
  nextNumber: () => number,
): Door {
  return {
    admitConnection: (socket) => limits.admitConnection(sourceOf(socket), clock()),
    async judge(request, arriving) {
      const exchange = `simulator-${nextNumber()}`;
      const own = { [fieldNames.exchange]: exchange };
      if (!isVouchedFor(request.socket)) return { reply: withFields(noAccessReply, own) };
      const call = callHeadOf(request);
      const covered = limits.cover(call);
      if (covered === null) return { fields: own, settle: () => undefined };
      const body = limits.needsBody(call, covered) ? await arriving : null;
      if (body === 'broken') return null;
      // A body over every bound is refused behind the door.
      if (body === 'too_large') return { fields: own, settle: () => undefined };
      const judged = await limits.judge(call, covered, body, clock);
      if (judged.kind === 'uncounted') return { fields: own, settle: () => undefined };
      const isRecorded = personality === 'oasis-as-recorded';
      const recorded = isRecorded && judged.kind === 'refused' ? recordedOasisReply(judged.refusal) : null;
      if (recorded !== null) return { reply: withFields(recorded, own) };
      const fields = { ...own, ...(isRecorded ? {} : toldFields(judged.told)) };
      if (judged.kind === 'admitted') return { fields, settle: judged.settle };
      const words = { format: formatOf(call, covered), exchange, atMs: clock() };
      return { reply: withFields(refusalReply(judged.refusal, words), fields) };
    },
  };
}

function withFields(reply: Reply, fields: Readonly<Record<string, string>>): Reply {
  return { ...reply, fields: { ...reply.fields, ...fields } };
}

function toldFields(told: LimitsTold | null): Record<string, string> {
  return told === null ? {} : { [fieldNames.rateLimitPolicy]: told.policy, [fieldNames.rateLimit]: told.left };
}

function formatOf({ method, field }: CallHead, { match, speaksSoap }: CoveredCall) {
  return callerFormat({ method, fields: { get: field }, channel: match.channel, speaksSoap });
}

function callHeadOf(request: IncomingMessage): CallHead {
  const { headers, method = '', url = '', socket } = request;
  const [path = '', query = ''] = url.split('?', 2);
  const field = (name: string): string | null => {
    const value = headers[name];
    return Array.isArray(value) ? (value[0] ?? null) : (value ?? null);
  };
  const length = field('content-length');
  return {
    method,
    host: (headers.host ?? '').replace(/:\d+$/, '').toLowerCase(),
    path,
    asksDescription: method === 'GET' && /^wsdl\b/i.test(query),
    field,
    source: sourceOf(socket),
    certificate: factsOf(clientCertificateOf(request)),
    declaredBytes: length === null ? (headers['transfer-encoding'] === undefined ? 0 : null) : Number(length),
  };
}

/** IPv4-mapped IPv6 addresses are the same source as their IPv4 form. */
function sourceOf({ remoteAddress = 'unknown' }: Socket): string {
  return remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
}

/** The certificate of a caller, DER: of the connection, or behind a gateway as that forwards it. Null without one. */
export function clientCertificateOf({ socket, headers }: IncomingMessage): Buffer | null {
  if (isSecure(socket)) return socket.getPeerX509Certificate()?.raw ?? null;
  return certificateFieldOf({ fields: headers });
}

/** Whether a connection is TLS. */
export function isSecure(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket;
}

/** A certificate that no authority of ours stands for opens nothing. */
function isVouchedFor(socket: Socket): boolean {
  return !isSecure(socket) || socket.authorized || socket.getPeerX509Certificate() === undefined;
}

function factsOf(der: Buffer | null): CertificateFacts | null {
  if (der === null || der.byteLength === 0) return null;
  try {
    return readCertificate(der);
  } catch (fault) {
    if (fault instanceof UnreadableCertificate) return null;
    throw fault;
  }
}
