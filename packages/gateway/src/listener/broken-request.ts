// Answers what never became an exchange: bytes that are not a request, or a head that two readers could read differently.
// The caller's format is guessed from what did arrive, and a record is kept as for every exchange.
import { fields as fieldNames, problems, type Refusal } from '@headgate/contract';
import { callerFormat } from '@headgate/rules';
import type { Connection, Fields } from '../exchange.ts';
import { refusalBody } from '../refusal-body.ts';
import { refusalFields } from '../refusal-fields.ts';
import { fieldsOf } from './framing.ts';
import type { ListenerOptions } from './listener-options.ts';

/** A request that could not be read. */
export interface BrokenRequest {
  readonly connection: Connection;
  readonly head?: undefined | { readonly method: string; readonly target: string; readonly fields: Fields };
  /** What the parser had in hand when it gave up; sniffed for the caller's format, never recorded. */
  readonly rawPacket?: Buffer | undefined;
  readonly refusal: Refusal;
  /** Hands bytes to the caller; the connection is ended by who calls. False when the caller is gone. */
  write(bytes: Buffer): boolean;
}

/** Writes the refusal and records it. */
export function answerBroken(request: BrokenRequest, options: ListenerOptions): void {
  const { connection, refusal } = request;
  const exchange = options.newId();
  const receivedMs = options.clock();
  const head = request.head ?? { method: '', target: '', fields: sniffedFields(request.rawPacket) };
  const named = connection.serverName ?? head.fields.get('host')?.toLowerCase() ?? '';
  const signs = options.serving().signsOf(named, head.target.split('?', 1)[0] ?? '');
  const format = callerFormat({ method: head.method, fields: head.fields, ...signs });
  const written = refusalBody(refusal, { format, exchange, forwarded: 'no', atMs: receivedMs });
  const { status, body } = written;
  const sent = [...refusalFields(refusal, written, null), fieldNames.exchange, exchange];
  const answer = [
    `HTTP/1.1 ${status} ${problems[refusal.code].title}`,
    ...sent.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${sent[at + 1]}`] : [])),
    `date: ${new Date(receivedMs).toUTCString()}`,
    'connection: close',
    '',
    '',
  ].join('\r\n');
  const complete = request.write(Buffer.concat([Buffer.from(answer, 'latin1'), body]));
  options.evidence.append({
    exchange,
    snapshot: options.serving().snapshot.number,
    listener: {
      listener: options.name,
      source: connection.source,
      sourcePort: connection.sourcePort,
      receivedMs,
      serverName: connection.serverName,
      tlsVersion: connection.tlsVersion,
      tlsResumed: connection.tlsResumed,
      method: head.method,
      host: head.fields.get('host')?.slice(0, 253) ?? '',
      path: head.target.split('?', 1)[0]?.slice(0, 2_048) ?? '',
      contentType: head.fields.get('content-type')?.slice(0, 200) ?? null,
      framing: 'none',
      contentEncoding: null,
      userAgent: head.fields.get('user-agent')?.slice(0, 200) ?? null,
      cookies: null,
    },
    identity: null,
    route: null,
    admission: null,
    inspection: null,
    forward: null,
    response: {
      status,
      format,
      refusal: refusal.code,
      detail: refusal.detail,
      requestBytes: 0,
      responseBytes: body.byteLength,
      durationMs: options.clock() - receivedMs,
      complete,
      defect: null,
    },
  });
}

/** Only the three fields that tell the caller's format, and only to answer in it. */
function sniffedFields(rawPacket: Buffer | undefined): Fields {
  const text = rawPacket?.subarray(0, 16_384).toString('latin1') ?? '';
  const pairs = ['content-type', 'accept', 'soapaction'].flatMap((name) => {
    const value = new RegExp(`^${name}:[ \\t]*([^\\r\\n]*)`, 'im').exec(text)?.[1];
    return value === undefined ? [] : [name, value];
  });
  return fieldsOf(pairs);
}
