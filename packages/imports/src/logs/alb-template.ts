// Access logs of AWS Application Load Balancers ("Access log entries", docs.aws.amazon.com/elasticloadbalancing/latest/application).
// Fields are added at the end from time to time, and whoever reads is asked to pass over those.
import type { LogField } from './log-fields.ts';
import type { TemplatePiece } from './template.ts';

/** The fields in their order; quoted ones in quotes. Times of processing are seconds, -1 where nobody answered. */
const order: readonly (readonly [name: string, field: LogField | null])[] = [
  ['type', 'scheme'],
  ['time', null],
  ['elb', 'listener'],
  ['client:port', 'sourceAndPort'],
  ['target:port', 'endpoint'],
  ['request_processing_time', null],
  ['target_processing_time', 'firstByteS'],
  ['response_processing_time', null],
  ['elb_status_code', 'status'],
  ['target_status_code', 'upstreamStatus'],
  ['received_bytes', 'requestBytes'],
  ['sent_bytes', 'responseBytes'],
  ['"request"', 'request'],
  ['"user_agent"', 'userAgent'],
  ['ssl_cipher', 'cipher'],
  ['ssl_protocol', 'tlsVersion'],
  ['target_group_arn', 'upstream'],
  ['"trace_id"', null],
  ['"domain_name"', 'serverName'],
  ['"chosen_cert_arn"', null],
  ['matched_rule_priority', null],
  ['request_creation_time', 'timeStart'],
  ['"actions_executed"', null],
  ['"redirect_url"', null],
  ['"error_reason"', 'error'],
];

/** Their pieces; the response is written at `time`, which with the creation of the request says how long it took. */
export function albPieces(): readonly TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let literal = '';
  for (const [name, field] of order) {
    const isQuoted = name.startsWith('"');
    literal += isQuoted ? '"' : '';
    if (literal !== '') pieces.push({ literal });
    pieces.push({ name, field: name === 'time' ? 'time' : field });
    literal = `${isQuoted ? '"' : ''} `;
  }
  // The last one is quoted; what may follow it is passed over.
  pieces.push({ literal: '"' });
  return pieces;
}
