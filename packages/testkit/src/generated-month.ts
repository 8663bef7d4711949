// A month of calls that nobody made: participants with their habits, the same for the same seed. Polls at the quarter of an hour, one
// call for each SCID; pollers at the edge of a limit; submits before the hour; a vendor who calls for several from one address; and
// a script that runs wild for one night.
import type { EvidenceRecord } from '@headgate/contract';

/** One call of a generated month. Systems as they are printed. */
export interface GeneratedCall {
  readonly atMs: number;
  readonly participant: string;
  /** Fingerprint of its certificate, and its subject. */
  readonly credential: string;
  readonly subject: string;
  readonly source: string;
  readonly scid: string;
  readonly system: 'CMRI' | 'SIBR' | 'STLMT';
  readonly service: string;
  readonly operation: 'retrieve' | 'submit';
  readonly durationMs: number;
}

/** What a month is made of. */
export interface GeneratedMonthOptions {
  readonly seed: number;
  /** Midnight UTC of its first day. */
  readonly startMs: number;
  readonly days: number;
  readonly participants: number;
  /** How long a poller at the edge of a limit polls, each day. */
  readonly edgeMinutes: number;
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export type Random = () => number;

/** Random numbers by a seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Party {
  readonly participant: string;
  readonly credential: string;
  readonly subject: string;
  readonly sources: readonly string[];
  readonly scids: readonly string[];
  readonly habits: readonly Habit[];
}

type Kind = Pick<GeneratedCall, 'system' | 'service' | 'operation'>;
type Habit = (party: Party, dayMs: number, day: number, random: Random) => readonly GeneratedCall[];

const dayMs = 86_400_000;

/** The calls of the month, day by day, each day in the order of its instants. */
export function* generateMonth(options: GeneratedMonthOptions): Generator<readonly GeneratedCall[]> {
  const random = seededRandom(options.seed);
  const parties = Array.from({ length: options.participants }, (_, at) => partyOf(at, options, random));
  for (let day = 0; day < options.days; day += 1) {
    const startMs = options.startMs + day * dayMs;
    const calls = parties.flatMap((party) => party.habits.flatMap((habit) => habit(party, startMs, day, random)));
    yield calls.filter(({ atMs }) => atMs >= startMs && atMs < startMs + dayMs).sort((a, b) => a.atMs - b.atMs);
  }
}

function partyOf(at: number, { edgeMinutes, days }: GeneratedMonthOptions, random: Random): Party {
  // Every fifth lets a vendor call: one certificate and one address for all of them.
  const isByVendor = at % 5 === 4;
  const name = isByVendor ? 'VENDORx0001' : `PARTY${at}x0001`;
  const scidCount = 1 + Math.floor(random() * 4);
  const own = Array.from({ length: 1 + (at % 3) }, (_, each) => `198.51.100.${(at * 3 + each) % 250}`);
  return {
    participant: `party-${at}`,
    credential: Buffer.from(name.padEnd(32, '.')).toString('hex'),
    subject: `CN=${name},OU=people,O=EXAMPLE,C=US`,
    sources: isByVendor ? ['203.0.113.9'] : own,
    scids: Array.from({ length: scidCount }, (_, each) => `EX${at}${String.fromCharCode(65 + each)}`),
    habits: [
      pollEachScid,
      ...(at % 3 === 0 ? [pollAtTheEdge(edgeMinutes)] : []),
      ...(at % 2 === 0 ? [submitBeforeTheHour] : []),
      ...(at === 1 ? [runWild(Math.floor(days / 2))] : []),
      readMeters,
    ],
  };
}

function callOf(party: Party, kind: Kind, scid: string, atMs: number, random: Random): GeneratedCall {
  const { participant, credential, subject, sources } = party;
  const source = sources[Math.floor(random() * sources.length)] ?? '198.51.100.1';
  const durationMs = 5 + Math.floor(random() ** 4 * 5_000);
  return { atMs: Math.floor(atMs), participant, credential, subject, source, scid, ...kind, durationMs };
}

const awards: Kind = { system: 'CMRI', service: 'RetrieveMarketAwards', operation: 'retrieve' };
const prices: Kind = { system: 'CMRI', service: 'RetrieveSchedulePrices', operation: 'retrieve' };
const bids: Kind = { system: 'SIBR', service: 'SubmitRawBidSet', operation: 'submit' };
const meters: Kind = { system: 'STLMT', service: 'RetrieveMeterData', operation: 'retrieve' };

/** The SCID question: one call for each of them, faster than one credential may. */
const pollEachScid: Habit = (party, startMs, _day, random) =>
  Array.from({ length: 96 }, (_, quarter) => startMs + quarter * 900_000 + random() * 20_000).flatMap((firstMs) =>
    party.scids.map((scid, at) => callOf(party, awards, scid, firstMs + at * (200 + random() * 2_000), random)),
  );

const pollAtTheEdge =
  (minutes: number): Habit =>
  (party, startMs, _day, random) =>
    Array.from({ length: minutes * 12 }, (_, at) =>
      callOf(party, prices, party.scids[0] ?? '', startMs + 28_800_000 + at * 5_000 + (random() - 0.5) * 80, random),
    );

const submitBeforeTheHour: Habit = (party, startMs, _day, random) =>
  [9, 10, 11].flatMap((hour) => {
    const firstMs = startMs + hour * 3_600_000 - 600_000 + random() * 60_000;
    const count = 10 + Math.floor(random() * 50);
    return Array.from({ length: count }, () =>
      callOf(party, bids, party.scids[0] ?? '', firstMs + random() * 1_500, random),
    );
  });

const runWild =
  (night: number): Habit =>
  (party, startMs, day, random) =>
    day === night
      ? Array.from({ length: 2_000 }, (_, at) =>
          callOf(party, awards, party.scids[0] ?? '', startMs + 7_200_000 + at * 15, random),
        )
      : [];

const readMeters: Habit = (party, startMs, day, random) =>
  Array.from({ length: 6 }, (_, at) =>
    callOf(
      party,
      meters,
      party.scids[0] ?? '',
      startMs + 43_200_000 + day * 1_000 + at * (8_000 + random() * 60_000),
      random,
    ),
  );

/** A call as a line of an arrivals file. */
export function arrivalLine(call: GeneratedCall): string {
  const { atMs, source, participant, credential, scid, system, service, operation } = call;
  return JSON.stringify({
    at: new Date(atMs).toISOString(),
    source,
    participant,
    credential,
    scid,
    system,
    service,
    operation,
  });
}

/** A call as a gateway would have recorded it. `admitted` is what it decided then. */
export function evidenceOfCall(call: GeneratedCall, sequence: number, admitted: boolean): EvidenceRecord {
  const exchange = `00000000-0000-4000-8000-${String(sequence).padStart(12, '0')}`;
  return {
    schemaVersion: 1,
    node: 'generated',
    boot: 'generated-2024-02-01T000000000Z-000000',
    thread: 0,
    sequence,
    exchange,
    snapshot: 1,
    listener: {
      listener: 'secure',
      source: call.source,
      sourcePort: 40_000 + (sequence % 20_000),
      receivedMs: call.atMs,
      serverName: 'ws.prod.caiso.com',
      tlsVersion: 'TLSv1.3',
      tlsResumed: true,
      method: 'POST',
      host: 'ws.prod.caiso.com',
      path: `/sst/${call.system.toLowerCase()}/${call.service}_${call.system}v4_AP`,
      contentType: 'text/xml; charset=utf-8',
      framing: 'content-length',
      contentEncoding: null,
      userAgent: 'Apache-HttpClient/4.5.14 (Java/17.0.9)',
      cookies: null,
    },
    identity: {
      subject: call.subject,
      issuer: 'CN=Headgate Test Current User Issuing,O=Headgate Test,C=US',
      serial: '5BC23497F1A20D',
      fingerprint: call.credential,
      notAfter: '2025-02-20T12:00:00.000Z',
      issuedBy: '90c1d2e7'.repeat(8),
      participant: call.participant,
      verdict: 'accepted',
    },
    route: {
      environment: 'production',
      channel: 'api',
      generation: 'new',
      infrastructure: 'current',
      namespace: 'ws',
      address: `https://ws.prod.caiso.com/sst/${call.system.toLowerCase()}`,
      system: call.system,
      service: call.service,
      operation: call.operation,
      docAttach: false,
      decidedBy: 'service-name',
    },
    admission: {
      admitted,
      permit: admitted ? exchange : null,
      participant: call.participant,
      endorsers: [],
      rules: ['ws-global'],
      decidedBy: admitted ? null : 'ws-global',
      decidedByKey: admitted ? null : ['source'],
      retryAfterMs: admitted ? null : 1_000,
      refused: admitted ? [] : [{ rule: 'ws-global', retryAfterMs: 1_000 }],
      shadow: [],
      breakGlass: [],
      candidate: null,
      session: null,
      scid: null,
    },
    inspection: null,
    forward: null,
    response: {
      status: admitted ? 200 : 500,
      format: admitted ? 'upstream' : 'soap-1.1',
      refusal: admitted ? null : 'admission.global_limit',
      detail: null,
      requestBytes: 1_200,
      responseBytes: 4_800,
      durationMs: call.durationMs,
      complete: true,
      defect: null,
    },
  };
}
