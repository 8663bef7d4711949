// For what? Shared paths, common endpoints, gone addresses, rights, two hosts on one listener, and another operator's catalogue.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { readFault } from '@headgate/soap';
import {
  caisoCatalogue,
  exampleCatalogue,
  fakeClock,
  openRawCaller,
  rawPost,
  startTestGateway,
  type TestAnswer,
  type TestCall,
  type TestGateway,
} from '@headgate/testkit';

const codeOf = (answer: Pick<TestAnswer, 'body'>) => readFault(answer.body)?.problem.code;
const envelope = (element: string) =>
  `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/><e:Body>${element}</e:Body></e:Envelope>`;

let gateway: TestGateway;
const clock = fakeClock();
before(async () => {
  gateway = await startTestGateway({ clock });
});
after(() => gateway.close());

const routeOf = async (call: TestCall) => {
  clock.advanceMs(60_000);
  const answer = await gateway.call(call);
  assert.equal(answer.status, 200, answer.body);
  const { route } = await gateway.recordOf(answer);
  assert.ok(route);
  return route;
};

describe('the shared path runtime.asvc', () => {
  const shared = '/sst/runtime.asvc';
  for (const [clue, call, system, by] of [
    ['the name in the path', { path: `${shared}/RetrieveThings_PISOAv1_AP` }, 'PISOA', 'naming-rule'],
    ['SOAPAction', { path: shared, fields: { soapaction: '"SubmitForecast_MFv1"' } }, 'MF', 'soap-action'],
    [
      'SOAPAction before the body',
      { path: shared, fields: { soapaction: 'urn:x/RetrieveThings_PISOAv2' }, body: envelope('<SubmitX/>') },
      'PISOA',
      'soap-action',
    ],
  ] as readonly (readonly [string, TestCall, string, string])[])
    test(`is decided by ${clue}`, async () => {
      const route = await routeOf(call);
      assert.equal(route.system, system);
      assert.equal(route.decidedBy, by);
    });

  test('that nothing decides is refused with the systems that may be meant', async () => {
    const answer = await gateway.call({ path: shared, body: envelope('<Whatever/>') });
    assert.equal(codeOf(answer), 'route.undecided_service');
    assert.match(readFault(answer.body)?.text ?? '', /ALFS.*MF.*PISOA/);
    assert.equal((await gateway.recordOf(answer)).admission, null);
  });

  test('that nothing decides is refused as well without any body', async () => {
    const answer = await gateway.call({ path: shared, body: '' });
    assert.equal(codeOf(answer), 'route.undecided_service');
  });
});

describe('ADS, whose every call goes to one endpoint with an empty SOAPAction', () => {
  test('is told by the first element of the body', async () => {
    const route = await routeOf({
      host: 'adsws.prod.caiso.com',
      path: '/ADS/APIWebService/v8',
      fields: { soapaction: '""' },
      body: envelope('<q:getDispatchBatch xmlns:q="urn-com-caiso-ads-webservices-api"/>'),
    });
    assert.equal(route.system, 'ADS');
    assert.equal(route.namespace, 'ads');
  });
});

describe('a description (?wsdl)', () => {
  test('is read with GET, pays the global limit alone, and is no operation', async () => {
    const answer = await gateway.call({ method: 'GET', path: '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP?WSDL' });
    assert.equal(answer.status, 200);
    const record = await gateway.recordOf(answer);
    assert.deepEqual(record.admission?.rules, ['ws-global']);
    assert.equal(record.route?.operation, null);
  });
});

describe('a path or host that is not served', () => {
  for (const [what, call, code] of [
    ['a path that no address covers', { path: '/elsewhere' }, 'route.not_found'],
    ['a system token with more letters', { path: '/sst/cmrix/RetrieveMarketAwards_CMRIv4_AP' }, 'route.not_found'],
    [
      'a host of the catalogue that this listener does not serve',
      { host: 'drrs.caiso.com', serverName: 'drrs.caiso.com' },
      'route.unknown_host',
    ],
    [
      'a host under a served one',
      { host: 'x.ws.prod.caiso.com', serverName: 'x.ws.prod.caiso.com' },
      'route.unknown_host',
    ],
    ['an IP address as host', { host: '127.0.0.1', serverName: '' }, 'route.unknown_host'],
    ['an IPv6 address as host', { host: '[::1]', serverName: '' }, 'route.unknown_host'],
    ['a wildcard', { host: 'ws.prod.caiso.com', serverName: 'wsmap.caiso.com' }, 'identity.host_mismatch'],
  ] as readonly (readonly [string, TestCall, string])[])
    test(`${what} is refused with ${code}`, async () => {
      const answer = await gateway.call(call);
      assert.equal(codeOf(answer), code, answer.body);
    });

  test('a decommissioned address is refused with its replacement', async (t) => {
    const later = await startTestGateway({ clock: fakeClock(Date.UTC(2024, 5, 1)) });
    t.after(() => later.close());
    const answer = await later.call({ host: 'wsmap.caiso.com' });
    assert.equal(codeOf(answer), 'route.decommissioned');
    assert.match(readFault(answer.body)?.text ?? '', /mapstage-ws\.caiso\.com/);
  });

  test('a system without an upstream is refused with route.not_served', async (t) => {
    const bare = await startTestGateway({
      upstreams: [{ system: 'sibr', environment: '*', infrastructure: '*', endpoints: ['http://127.0.0.1:9'] }],
    });
    t.after(() => bare.close());
    assert.equal(codeOf(await bare.call()), 'route.not_served');
  });
});

describe('two hosts on one listener', () => {
  test('are two connections: a second Host on a kept-alive one is refused, and the connection lives on', async () => {
    clock.advanceMs(60_000);
    const caller = await openRawCaller(gateway);
    caller.write(rawPost(envelope('<a/>')));
    assert.equal((await caller.answer()).status, 200);
    caller.write(rawPost(envelope('<a/>'), { fields: { Host: 'ws.caiso.com' } }));
    assert.equal(codeOf(await caller.answer()), 'identity.host_mismatch');
    caller.write(
      rawPost(envelope('<a/>'), { path: '/sst/sibr/SubmitBids_SIBRv1_AP', fields: { Host: 'WS.PROD.CAISO.COM:443' } }),
    );
    assert.equal((await caller.answer()).status, 200);
    caller.destroy();
  });

  test('are told by Host alone when the handshake names none', async () => {
    clock.advanceMs(60_000);
    const caller = await openRawCaller(gateway, { serverName: null });
    caller.write(rawPost(envelope('<a/>'), { fields: { Host: 'ws.caiso.com' } }));
    assert.equal((await caller.answer()).status, 200);
    caller.destroy();
    assert.equal(gateway.records.at(-1)?.route?.infrastructure, 'legacy');
  });
});

describe('provisioning', () => {
  test('admits whom it knows for what it grants, and nobody else', async (t) => {
    const text = `format: 1
participants:
  - id: alpha
    name: Alpha
    scids: [A1]
    credentials:
      - subject: CN=ALPHAx0001,OU=people,O=CAISO,C=US
        environments: [production]
        rights:
          - { system: cmri, environment: production, channels: [api], operations: [retrieve], scids: all }
`;
    const provisioned = await startTestGateway({ provisioning: text, policy: 'limits: []\n' });
    t.after(() => provisioned.close());
    const granted = await provisioned.call();
    assert.equal(granted.status, 200, granted.body);
    assert.equal((await provisioned.recordOf(granted)).identity?.participant, 'alpha');
    const elsewhere = await provisioned.call({ path: '/sst/sibr/SubmitBids_SIBRv1_AP' });
    assert.equal(codeOf(elsewhere), 'admission.not_permitted');
    const test = await provisioned.call({ host: 'mapstage-ws.caiso.com' });
    assert.equal(codeOf(test), 'admission.not_permitted');
    const stranger = await provisioned.authority.user('current', { name: 'BETAx0002', organisation: 'CAISO' });
    assert.equal(codeOf(await provisioned.call({ user: stranger })), 'identity.not_enrolled');
    assert.equal(provisioned.upstream.received.length, 1);
  });
});

describe("another operator's catalogue", () => {
  let north: TestGateway;
  const northClock = fakeClock(Date.UTC(2026, 2, 2, 12));
  before(async () => {
    north = await startTestGateway({
      clock: northClock,
      catalogue: exampleCatalogue,
      hosts: ['api.grid.example.net', 'gate.grid.example.net', 'desk.grid.example.net', 'data.grid.example.net'],
      plainHosts: ['data.grid.example.net'],
    });
  });
  after(() => north.close());
  const json = { 'content-type': 'application/json' };
  const api = { host: 'api.grid.example.net' };

  test('serves SOAP and JSON by its own names', async () => {
    for (const [call, system] of [
      [{ ...api, path: '/v2/offers/ReadOffers' }, 'Offers'],
      [{ ...api, path: '/v2/outages/ListOutages', method: 'GET' }, 'Outages'],
      [{ ...api, path: '/v2/outages/SendOutage', fields: json, body: '{}' }, 'Outages'],
      [{ ...api, path: '/v2/exchange/ReadReadings' }, 'Meters'],
      [{ host: 'desk.grid.example.net', path: '/offers', method: 'GET' }, 'Offers'],
    ] as readonly (readonly [TestCall, string])[]) {
      northClock.advanceMs(120_000);
      const answer = await north.call(call);
      assert.equal(answer.status, 200, `${call.path} ${answer.body}`);
      assert.equal((await north.recordOf(answer)).route?.system, system);
    }
  });

  test('refuses in the words of its own addresses, and in JSON where it speaks JSON', async () => {
    const unknown = await north.call({ ...api, path: '/v2/outages/Dance', method: 'GET', fields: { accept: '*/*' } });
    assert.equal(unknown.status, 404);
    assert.equal(JSON.parse(unknown.body).code, 'route.unknown_service');
    const foreign = await north.call({ ...api, path: '/v2/offers/Dance' });
    assert.equal(codeOf(foreign), 'route.unknown_service');
    assert.match(foreign.body, /Offers/);
  });

  test('counts by its own limits', async () => {
    const limited = await readFile(`${exampleCatalogue}/policy.yaml`, 'utf8');
    assert.notEqual(limited, await readFile(`${caisoCatalogue}/policy.yaml`, 'utf8'));
    northClock.advanceMs(120_000);
    const answers: TestAnswer[] = [];
    while (answers.at(-1)?.status !== 429 && answers.length < 200) {
      answers.push(await north.call({ ...api, path: '/v2/outages/ListOutages', method: 'GET' }));
    }
    const refused = answers.at(-1);
    assert.equal(refused?.status, 429);
    northClock.advanceMs(Number(refused.fields['retry-after']) * 1_000);
    assert.equal((await north.call({ ...api, path: '/v2/outages/ListOutages', method: 'GET' })).status, 200);
  });
});
