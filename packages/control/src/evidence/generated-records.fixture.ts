// Records that gateways might have written, the same for the same seed, with what they sum up to counted by hand beside them.
import { createHash } from 'node:crypto';
import { type EvidenceRecord, evidenceSchemaVersion } from '@headgate/contract';
import { type Random, seededRandom } from '@headgate/testkit';

/** What records are made of. */
export interface Making {
  readonly seed: number;
  readonly count: number;
  readonly node?: string;
  readonly threads?: number;
  readonly participants?: number;
  readonly startMs?: number;
  readonly spanMs?: number;
}

/** 21 February 2024, 12:00 UTC. */
export const generatedStartMs = 1_708_516_800_000;

const systems = ['CMRI', 'SIBR', 'OASIS'];
const services: Readonly<Record<string, string>> = { CMRI: 'RetrieveMarketAwards', SIBR: 'SubmitRawBidSet', OASIS: '' };
const refusals = ['admission.acceptable_use', 'identity.certificate_expired', 'route.not_found'];
const agents = ['Apache-HttpClient/4.5.14', 'python-requests/2.31', null];

/** Records of one node in the order in which their exchanges ended, numbered by thread. */
export function generateRecords(making: Making): readonly EvidenceRecord[] {
  const random = seededRandom(making.seed);
  const sequences = new Map<number, number>();
  return Array.from({ length: making.count }, (_, at) => {
    const thread = Math.floor(random() * (making.threads ?? 2));
    const sequence = (sequences.get(thread) ?? 0) + 1;
    sequences.set(thread, sequence);
    const startMs = making.startMs ?? generatedStartMs;
    const receivedMs = startMs + Math.floor((at / making.count) * (making.spanMs ?? 7_200_000) + random() * 1_000);
    return generateRecord({ ...making, random, thread, sequence, receivedMs });
  });
}

/** One record; what is not named is as the seed has it. */
export interface Place {
  readonly seed?: number;
  readonly node?: string;
  readonly participants?: number;
  readonly thread?: number;
  readonly sequence: number;
  readonly receivedMs?: number;
  readonly random?: Random;
}

function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[Math.floor(random() * values.length)] as Value;
}

/** Makes one record. */
export function generateRecord(place: Place): EvidenceRecord {
  const { seed = 1, node = 'gateway-1', thread = 0, sequence, receivedMs = generatedStartMs } = place;
  const random = place.random ?? seededRandom(seed);
  const party = Math.floor(random() * (place.participants ?? 12));
  const system = pick(random, systems);
  const generation = random() < 0.4 ? 'old' : 'new';
  const refusal = random() < 0.2 ? pick(random, refusals) : null;
  const isUnknown = refusal === 'route.not_found';
  const chunked = random() < 0.3;
  const digest = createHash('sha256').update(`${seed} ${node} ${thread} ${sequence}`).digest('hex');
  const exchange = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
  return {
    schemaVersion: evidenceSchemaVersion,
    node,
    boot: `${node}-boot-1`,
    thread,
    sequence,
    exchange,
    snapshot: 1,
    listener: {
      listener: 'secure',
      source: `192.0.2.${1 + (party % 40)}`,
      sourcePort: 40_000 + party,
      receivedMs,
      serverName: null,
      tlsVersion: 'TLSv1.3',
      tlsResumed: random() < 0.5,
      method: 'POST',
      host: generation === 'old' ? 'ws.caiso.com' : 'ws.prod.caiso.com',
      path: `/sst/${system.toLowerCase()}`,
      contentType: 'text/xml',
      framing: chunked ? 'chunked' : 'content-length',
      contentEncoding: random() < 0.2 ? 'gzip' : null,
      userAgent: pick(random, agents),
      cookies: random() < 0.1 ? { count: 2, reused: 1 } : null,
    },
    identity: {
      subject: `CN=PARTY${party}x0001,O=EXAMPLE,C=US`,
      issuer: 'CN=Example Issuing,C=US',
      serial: `5BC2${party}`,
      fingerprint: createHash('sha256').update(`party ${party}`).digest('hex'),
      notAfter: '2025-02-20T12:00:00.000Z',
      issuedBy: '90c1d2e7'.repeat(8),
      participant: `party-${party}`,
      verdict: refusal === 'identity.certificate_expired' ? 'refused' : 'accepted',
    },
    route: isUnknown ? null : routeOf(system, generation),
    admission: {
      admitted: refusal === null,
      permit: null,
      participant: `party-${party}`,
      endorsers: [],
      rules: ['ws-global'],
      refused: [],
      decidedBy: refusal === 'admission.acceptable_use' ? 'ws-global' : null,
      decidedByKey: null,
      retryAfterMs: null,
      shadow: [],
      breakGlass: [],
      candidate: null,
      session: null,
      scid:
        random() < 0.5
          ? { outcome: 'proven', value: `EX${party}A`, where: 'body', reason: null, participant: `party-${party}` }
          : null,
    },
    inspection: {
      checks: ['size'],
      uninspected: [],
      bodyBytesLimit: 1_048_576,
      payloadEncoding: random() < 0.5 ? 'gzip+base64' : 'none',
      username: null,
    },
    forward: null,
    response: {
      status: refusal === null ? pick(random, [200, 200, 200, 503]) : 500,
      format: 'upstream',
      refusal: refusal as EvidenceRecord['response']['refusal'],
      detail: null,
      requestBytes: Math.floor(random() * 30_000),
      responseBytes: Math.floor(random() * 90_000),
      durationMs: Math.floor(random() * 400),
      complete: random() < 0.95,
      defect: null,
    },
  };
}

function routeOf(system: string, generation: 'old' | 'new'): EvidenceRecord['route'] {
  const host = generation === 'old' ? 'ws.caiso.com' : 'ws.prod.caiso.com';
  return {
    environment: 'production',
    channel: 'api',
    generation,
    infrastructure: generation === 'old' ? 'legacy' : 'current',
    namespace: 'ws',
    address: `https://${host}/sst/${system.toLowerCase()}`,
    system,
    service: services[system] === '' ? null : (services[system] ?? null),
    operation: system === 'SIBR' ? 'submit' : 'retrieve',
    docAttach: false,
    decidedBy: 'service-name',
  };
}

/** Records as a node sends them. */
export function bodyOf(records: readonly unknown[]): Buffer {
  return Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

/** One row of a count by hand. */
export interface NaiveSum {
  calls: number;
  refused: number;
  chunked: number;
  requestBytes: number;
  responseBytes: number;
  lastMs: number;
}

/** Counts records by a key, one at a time, as plainly as it can be done. */
export function naiveSums(
  records: readonly EvidenceRecord[],
  keyOf: (record: EvidenceRecord) => string,
): ReadonlyMap<string, NaiveSum> {
  const sums = new Map<string, NaiveSum>();
  for (const record of records) {
    const key = keyOf(record);
    const sum = sums.get(key) ?? { calls: 0, refused: 0, chunked: 0, requestBytes: 0, responseBytes: 0, lastMs: 0 };
    sum.calls += 1;
    if (record.response.refusal !== null) sum.refused += 1;
    if (record.listener.framing === 'chunked') sum.chunked += 1;
    sum.requestBytes += record.response.requestBytes;
    sum.responseBytes += record.response.responseBytes;
    sum.lastMs = Math.max(sum.lastMs, record.listener.receivedMs);
    sums.set(key, sum);
  }
  return sums;
}
