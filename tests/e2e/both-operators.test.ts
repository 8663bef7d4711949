// One story for each operator whose catalogue is shipped: a real gateway before a real simulator, called by the client kit.
// What differs between operators is in the table of this file; everything else is the same code.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type CallInput,
  type ClientProblem,
  createSession,
  invoke,
  isClientProblem,
  type OpenCatalogue,
  openCatalogue,
  type Session,
  type SessionOptions,
} from '@headgate/client';
import type { EvidenceRecord, LimitRule } from '@headgate/contract';
import { type Simulator, startSimulator } from '@headgate/simulator';
import {
  caisoCatalogue,
  exampleCatalogue,
  type FakeClock,
  fakeClock,
  startTestGateway,
  type TestGateway,
} from '@headgate/testkit';

interface OneCall {
  /** `system/service`. */
  readonly name: string;
  readonly input: CallInput;
}

interface Story {
  readonly operator: string;
  readonly catalogue: string;
  readonly startMs: number;
  readonly hosts: readonly string[];
  /** Submits and the retrieves after them, each with a text that its answer holds. */
  readonly calls: readonly (OneCall & { readonly holds: RegExp })[];
  /** A retrieve with acceptable use, and its rule. */
  readonly limited: OneCall & { readonly rule: string };
}

const stories: readonly Story[] = [
  {
    operator: 'California ISO',
    catalogue: caisoCatalogue,
    startMs: Date.UTC(2024, 1, 21, 20),
    hosts: ['ws.prod.caiso.com', 'ws.caiso.com'],
    calls: [
      { name: 'sibr/SubmitRawBidSet', input: { sample: true }, holds: /SUCCESS/ },
      { name: 'sibr/RetrieveRawBidSet', input: {}, holds: /CEDAR_1_UNIT1/ },
      { name: 'cmri/RetrieveSchedulePrices', input: {}, holds: /LMP/ },
    ],
    limited: { name: 'cmri/RetrieveMarketAwards', input: {}, rule: 'cmri-retrieve' },
  },
  {
    operator: 'North Shore Grid',
    catalogue: exampleCatalogue,
    startMs: Date.UTC(2026, 2, 2, 12),
    hosts: ['api.grid.example.net', 'gate.grid.example.net'],
    calls: [
      {
        name: 'offers/SendOffers',
        input: { payload: '<OfferSet><Offer><unit>SKERRY-1</unit><price>31.5</price></Offer></OfferSet>' },
        holds: /SUCCESS/,
      },
      { name: 'offers/ReadOffers', input: {}, holds: /SKERRY-1.*31\.5/ },
      {
        name: 'meters/SendReadings',
        input: { payload: '<Readings><Reading><meter>M-7</meter><kWh>812</kWh></Reading></Readings>' },
        holds: /SUCCESS/,
      },
      { name: 'meters/ReadReadings', input: {}, holds: /M-7.*812/ },
      { name: 'outages/SendOutage', input: { content: { unit: 'SKERRY-1', mw: 12 } }, holds: /"number":\d/ },
    ],
    limited: { name: 'outages/ListOutages', input: {}, rule: 'outages-list' },
  },
];

for (const story of stories) describe(`a participant of ${story.operator}`, () => tellStory(story));

function tellStory({ catalogue, startMs, hosts, calls, limited }: Story): void {
  let clock: FakeClock;
  let simulator: Simulator;
  let gateway: TestGateway;
  let opened: OpenCatalogue;
  let rule: LimitRule;
  const sessions: Session[] = [];

  before(async () => {
    clock = fakeClock(startMs);
    opened = await openCatalogue(catalogue);
    const found = opened.policy.limits.find(({ name }) => name === limited.rule);
    assert.ok(found);
    rule = found;
    simulator = await startSimulator({
      host: '127.0.0.1',
      port: 0,
      seed: 'both',
      clock: () => clock.now(),
      catalogue: opened.index.catalogue,
    });
    const upstreams = [{ system: '*', environment: '*', infrastructure: '*', endpoints: [simulator.url] }];
    gateway = await startTestGateway({ catalogue, hosts, clock, upstreams });
  });
  after(async () => {
    for (const session of sessions) session.close();
    await gateway.close();
    await simulator.close();
  });

  const open = async (options: Partial<SessionOptions> = {}): Promise<Session> => {
    const { authority, user, port } = gateway;
    const session = await createSession({
      catalogue: opened,
      credential: { certificate: user.certificatePem, key: user.keyPem },
      anchorsPem: authority.trustBundlePem('current', 'server').anchorsPem,
      connectTo: { host: '127.0.0.1', port },
      pacing: false,
      now: () => clock.now(),
      ...options,
    });
    sessions.push(session);
    return session;
  };
  const refusal = async (call: OneCall, session: Session): Promise<ClientProblem> => {
    const problem: unknown = await invoke(call.name, call.input, session).catch((error: unknown) => error);
    assert.ok(isClientProblem(problem), JSON.stringify(problem));
    return problem;
  };
  const recordOf = async (exchange: string | null | undefined): Promise<EvidenceRecord> => {
    assert.ok(exchange);
    return gateway.recordOf({ status: 0, fields: { 'headgate-exchange': exchange }, body: '' });
  };

  for (const { name, input, holds } of calls)
    test(`calls ${name} and reads the system's answer`, async () => {
      clock.advanceMs(60_000);
      const decoded = await invoke(name, input, await open());
      assert.match(decoded.text, holds);
      const { route, forward, identity } = await recordOf(decoded.exchange);
      const operation = name.split('/')[1] ?? '';
      assert.equal(route?.service, operation);
      assert.deepEqual([forward?.forwarded, identity?.subject], ['yes', gateway.user.subject]);
    });

  test('is refused one call more than acceptable use admits, and admitted after the seconds it was promised', async () => {
    clock.advanceMs(60_000);
    const session = await open();
    for (let at = 0; at < rule.quota; at += 1) await invoke(limited.name, limited.input, session);
    clock.advanceMs(1_500);
    const problem = await refusal(limited, session);
    const seconds = Math.ceil((rule.windowMs - 1_500) / 1_000);
    assert.deepEqual(
      [problem.code, problem.refusedBy, problem.forwarded, problem.retryAfterSeconds],
      ['admission.acceptable_use', 'gateway', 'no', seconds],
    );
    assert.equal(problem.detail, rule.refusal.text.replaceAll('<n>', String(seconds)));
    assert.equal((await recordOf(problem.exchange)).admission?.decidedBy, rule.name);
    clock.advanceMs(seconds * 1_000);
    assert.equal((await invoke(limited.name, limited.input, session)).status, 200);
  });

  test('that paces itself by the catalogue is never refused', async () => {
    clock.advanceMs(60_000);
    const waitsMs: number[] = [];
    const sleep = async (ms: number) => {
      waitsMs.push(ms);
      clock.advanceMs(ms);
    };
    const session = await open({ pacing: true, sleep });
    for (let at = 0; at <= rule.quota; at += 1) await invoke(limited.name, limited.input, session);
    assert.equal(waitsMs.length, 1);
    assert.ok((waitsMs[0] ?? 0) >= rule.windowMs - 1_000);
  });

  for (const call of [calls[0], limited])
    test(`with an expired certificate is told so when it calls ${call?.name}, and nothing is forwarded`, async () => {
      assert.ok(call);
      const requests = simulator.requestCount();
      const user = await gateway.authority.expiredUser('current', { name: 'LATEx0001', organisation: 'Late' });
      const credential = { certificate: user.certificatePem, key: user.keyPem };
      assert.equal((await refusal(call, await open({ credential }))).code, 'credential.expired');
      const problem = await refusal(call, await open({ credential, allowExpired: true }));
      assert.deepEqual([problem.code, problem.refusedBy], ['identity.certificate_expired', 'gateway']);
      assert.match(problem.detail, /LATEx0001.*expired on/);
      assert.equal((await recordOf(problem.exchange)).identity?.verdict, 'refused');
      assert.equal(simulator.requestCount(), requests);
    });

  test('leaves one line of evidence for each exchange, in the words of the catalogue', async () => {
    const { length: recorded } = gateway.records;
    const lines = await writtenEvidence(join(gateway.folder, 'evidence'), recorded);
    assert.equal(lines.length, recorded);
    assert.equal(new Set(lines.map(({ exchange }) => exchange)).size, recorded);
    const { environments, infrastructures } = opened.index.catalogue;
    for (const { route } of lines) {
      if (route === null) continue;
      assert.equal(route.environment, environments[0]?.id);
      assert.ok(infrastructures.some(({ id }) => id === route.infrastructure));
    }
  });
}

/** Reads the evidence once so many lines have reached the disk. */
async function writtenEvidence(folder: string, count: number): Promise<readonly EvidenceRecord[]> {
  for (;;) {
    const files = (await readdir(folder)).filter((name) => name.endsWith('.ndjson'));
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
    const lines = texts.flatMap((text) => text.split('\n').slice(0, -1)); // The last may be half written.
    if (lines.length >= count) return lines.map((line) => JSON.parse(line) as EvidenceRecord);
  }
}
