// Answers for a document about the gateway itself, at the place in the path where a system would be asked.
import { fields as fieldNames } from '@headgate/contract';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { Principal } from '../identity/identify.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { DocumentReply } from '../reply.ts';
import type { DocumentRoute } from '../route/select-route.ts';
import { type StandingSources, standingOf } from '../standing.ts';
import type { WrittenDocument } from '../written-documents.ts';

/** Tells a document, or that the caller has it already (RFC 9110 §13.1.2). */
export function tellDocument(
  exchange: Exchange,
  principal: Principal,
  route: DocumentRoute,
  gateway: Gateway,
): MaybePromise<DocumentReply> {
  const { documents } = exchange.serving;
  if (documents === null) throw new Error('a document was reached where there are none');
  switch (route.document) {
    case 'policy':
      return told(exchange, documents.policy);
    case 'keys':
      return told(exchange, documents.keys);
    case 'catalogue':
      return told(exchange, documents.catalogue(versionAsked(exchange.request.query)));
    case 'standing':
      return toldStanding(exchange, principal, route, gateway);
  }
}

/** `since=N`; null for anything else, which gets the whole. */
function versionAsked(query: string): number | null {
  const found = /(?:^|&)since=(\d{1,9})(?:&|$)/.exec(query);
  return found === null ? null : Number(found[1]);
}

function told({ request }: Exchange, { body, etag, signature }: WrittenDocument): DocumentReply {
  // It may be kept, and is asked for again each time: what changed is in force already.
  const fields = ['etag', etag, 'cache-control', 'no-cache'];
  if (signature !== null) fields.push(fieldNames.signature, signature);
  const known = (request.fields.get('if-none-match') ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return { kind: 'document', status: 304, fields, body: nothing };
  return withBody(fields, body);
}

function toldStanding(
  { serving, connection }: Exchange,
  principal: Principal,
  { environment }: DocumentRoute,
  { counters, recentRefusals, clock }: Gateway,
): MaybePromise<DocumentReply> {
  const standings: StandingSources['standings'] = (charges, nowMs) => counters.standings(charges, nowMs);
  const asker = { environment, source: connection.source, principal };
  const standing = standingOf(serving, asker, { standings, recentRefusals }, clock());
  // For its reader alone, and for this moment.
  const write = (facts: object): DocumentReply =>
    withBody(['cache-control', 'no-store'], Buffer.from(`${JSON.stringify(facts)}\n`));
  return standing instanceof Promise ? standing.then(write) : write(standing);
}

const nothing = Buffer.alloc(0);

function withBody(fields: readonly string[], body: Buffer): DocumentReply {
  const all = ['content-type', 'application/json', 'x-content-type-options', 'nosniff', ...fields];
  return { kind: 'document', status: 200, fields: all, body };
}
