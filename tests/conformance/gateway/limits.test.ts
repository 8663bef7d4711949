// The deck's limits over the whole path, with a clock that moves only when told.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { TestUser } from '@headgate/pki';
import { readFault } from '@headgate/soap';
import { fakeClock, startTestGateway, type TestAnswer, type TestGateway } from '@headgate/testkit';

const clock = fakeClock();
let gateway: TestGateway;
let other: TestUser;
before(async () => {
  gateway = await startTestGateway({ clock });
  other = await gateway.authority.user('current', { name: 'BETAx0002', organisation: 'CAISO' });
});
after(() => gateway.close());
beforeEach(() => clock.advanceMs(60_000)); // Every window is empty again.

const codeOf = (answer: TestAnswer) => readFault(answer.body)?.problem.code;
const drrs = '/sst/drrs/SubmitDRLocations_DRRSv1_AP';

describe('a second CMRI retrieve within five seconds', () => {
  test('is refused with the sentence of the deck and the seconds that remain', async () => {
    const received = gateway.upstream.received.length;
    assert.equal((await gateway.call()).status, 200);
    clock.advanceMs(1_500);
    const refused = await gateway.call();
    const sentence = '429: CAISO Acceptable Use Policy Violation. Please retry your request after 4 seconds.';
    assert.equal(refused.status, 500);
    assert.match(
      refused.body,
      new RegExp(`<faultcode>SOAP-ENV:Server</faultcode><faultstring xml:lang="en">${sentence}<`),
    );
    assert.match(refused.body, new RegExp(`<ns1:description>${sentence}</ns1:description>`));
    assert.equal(refused.fields['retry-after'], '4');
    assert.equal(codeOf(refused), 'admission.acceptable_use');
    assert.equal(readFault(refused.body)?.problem.retryAfterSeconds, '4');
    assert.equal(gateway.upstream.received.length, received + 1);
    const record = await gateway.recordOf(refused);
    assert.equal(record.admission?.decidedBy, 'cmri-retrieve');
    assert.equal(record.admission?.retryAfterMs, 3_500);
    assert.equal(record.admission?.permit, null);
  });

  test('is admitted at exactly five seconds, and not a millisecond before', async () => {
    assert.equal((await gateway.call()).status, 200);
    clock.advanceMs(4_999);
    const refused = await gateway.call();
    assert.equal(codeOf(refused), 'admission.acceptable_use');
    assert.equal(refused.fields['retry-after'], '1');
    clock.advanceMs(1);
    assert.equal((await gateway.call()).status, 200);
  });

  test('is admitted after the seconds it was told, and a refusal restarts nothing', async () => {
    await gateway.call();
    for (let at = 0; at < 4; at += 1) {
      clock.advanceMs(700);
      assert.equal(codeOf(await gateway.call()), 'admission.acceptable_use');
    }
    const told = Number((await gateway.call()).fields['retry-after']);
    clock.advanceMs(told * 1_000);
    assert.equal((await gateway.call()).status, 200);
  });

  test('is told 429 and the same sentence when it speaks JSON', async () => {
    await gateway.call();
    const refused = await gateway.call({ fields: { 'content-type': 'application/json' } });
    assert.equal(refused.status, 429);
    assert.equal(JSON.parse(refused.body).retryAfterSeconds, 5);
  });

  test('is another matter for another certificate, another service, and the same service with attachments is the same', async () => {
    assert.equal((await gateway.call()).status, 200);
    assert.equal((await gateway.call({ user: other })).status, 200);
    assert.equal((await gateway.call({ path: '/sst/cmri/RetrieveSchedulePrices_CMRIv3_AP' })).status, 200);
    const attached = await gateway.call({ path: '/sst/cmri/RetrieveMarketAwards_CMRIv4_DocAttach_AP' });
    assert.equal(codeOf(attached), 'admission.acceptable_use');
  });

  for (const [trick, path] of [
    ['in other letter case', '/sst/cmri/retrievemarketawards_cmriv4_ap'],
    ['in another version', '/sst/cmri/RetrieveMarketAwards_CMRIv3_AP'],
    ['with an encoded letter', '/sst/cmri/RetrieveMarketAward%73_CMRIv4_AP'],
    ['with a path parameter', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP;x=1'],
    ['with a slash at its end', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP/'],
    ['with a segment behind it', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP/x'],
    ['with an encoded space', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP%20'],
  ] as const)
    test(`is never admitted because its service is written ${trick} and SOAPAction names another`, async () => {
      assert.equal((await gateway.call()).status, 200);
      const received = gateway.upstream.received.length;
      const tricked = await gateway.call({ path, fields: { soapaction: '"RetrieveSchedulePrices_CMRIv3_AP"' } });
      assert.notEqual(tricked.status, 200);
      assert.equal(gateway.upstream.received.length, received);
    });
});

describe('DRRS', () => {
  test('admits one submit in thirty seconds per service, and names the seconds', async () => {
    assert.equal((await gateway.call({ path: drrs })).status, 200);
    clock.advanceMs(29_999);
    const refused = await gateway.call({ path: drrs });
    assert.match(readFault(refused.body)?.text ?? '', /after 1 seconds\.$/);
    clock.advanceMs(1);
    assert.equal((await gateway.call({ path: drrs })).status, 200);
  });
});

describe('MRI-S', () => {
  test('limits retrieves of meter data, and neither submits nor other retrieves', async () => {
    const meter = { path: '/sst/stlmt/RetrieveMeterData_STLMTv1_AP' };
    const first = await gateway.call(meter);
    assert.equal(first.status, 200, first.body);
    assert.equal(codeOf(await gateway.call(meter)), 'admission.acceptable_use');
    for (const path of ['/sst/stlmt/SubmitMeterData_STLMTv1_AP', '/sst/stlmt/RetrieveStatements_STLMTv1_AP'])
      for (let at = 0; at < 2; at += 1) assert.equal((await gateway.call({ path })).status, 200, path);
  });
});

describe('thirty calls in a second from one source', () => {
  test('are admitted over several systems and certificates, the next is not, and another source never notices', async () => {
    const source = '127.0.4.1';
    const paths = [
      drrs,
      '/sst/sibr/SubmitBids_SIBRv1_AP',
      '/sst/baaop/RetrieveThings_BAAOPv1_AP',
      '/sst/weboms/RetrieveOutages_OMSv1_AP',
    ];
    const calls = Array.from({ length: 40 }, (_, at) => {
      const path = paths[1 + (at % 3)];
      assert.ok(path);
      return gateway.call({ source, path, ...(at % 2 === 0 ? {} : { user: other }) });
    });
    const answers = await Promise.all(calls);
    const admitted = answers.filter(({ status }) => status === 200);
    const refused = answers.filter((answer) => codeOf(answer) === 'admission.global_limit');
    assert.deepEqual([admitted.length, refused.length], [30, 10]);
    assert.match(readFault(refused[0]?.body ?? '')?.text ?? '', /^Global rate limit exceeded.*after 1 seconds\.$/);
    assert.doesNotMatch(refused[0]?.body ?? '', /Acceptable Use/);
    assert.equal((await gateway.call({ source: '127.0.4.2', path: drrs })).status, 200);
    clock.advanceMs(999);
    assert.equal(codeOf(await gateway.call({ source, path: drrs })), 'admission.global_limit');
    clock.advanceMs(1);
    assert.equal((await gateway.call({ source, path: drrs, user: other })).status, 200);
  });

  test('do not use up the pool of ADS', async () => {
    const source = '127.0.4.3';
    const path = '/sst/sibr/SubmitBids_SIBRv1_AP';
    await Promise.all(Array.from({ length: 30 }, () => gateway.call({ source, path })));
    assert.equal(codeOf(await gateway.call({ source, path })), 'admission.global_limit');
    const ads = await gateway.call({
      source,
      host: 'adsws.prod.caiso.com',
      path: '/ADS/APIWebService/v8',
      fields: { soapaction: '""' },
      body: '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><q:getDispatchBatch xmlns:q="urn-com-caiso-ads-webservices-api"/></soapenv:Body></soapenv:Envelope>',
    });
    assert.equal(ads.status, 200, ads.body);
  });

  test('that are refused by acceptable use cost the global limit nothing', async () => {
    const source = '127.0.4.4';
    await gateway.call({ source });
    for (let at = 0; at < 40; at += 1) assert.equal(codeOf(await gateway.call({ source })), 'admission.acceptable_use');
    assert.equal((await gateway.call({ source, path: drrs })).status, 200);
  });

  test('that are refused before admission cost nothing', async () => {
    const source = '127.0.4.5';
    for (let at = 0; at < 40; at += 1) await gateway.call({ source, user: null });
    assert.equal((await gateway.call({ source })).status, 200);
  });
});

describe('OASIS', () => {
  test('is a pool of its own, and its refusal is never a page to a program', async () => {
    const call = {
      plain: true,
      host: 'oasis.caiso.com',
      path: '/oasisapi/SingleZip?queryname=X',
      method: 'GET',
    } as const;
    assert.equal((await gateway.call(call)).status, 200);
    const refused = await gateway.call({
      ...call,
      fields: { accept: 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2' },
    });
    assert.equal(refused.status, 429);
    assert.equal(refused.fields['retry-after'], '5');
    assert.match(String(refused.fields['content-type']), /^application\/problem\+json/);
    clock.advanceMs(5_000);
    assert.equal((await gateway.call(call)).status, 200);
  });
});

describe('an old address', () => {
  test('has no acceptable use while the legacy infrastructure serves it, and the global limit all the same', async () => {
    const call = { host: 'ws.caiso.com', source: '127.0.4.6' };
    const answers = await Promise.all(Array.from({ length: 31 }, () => gateway.call(call)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 30);
    assert.deepEqual((await gateway.recordOf(answers[0] as TestAnswer)).admission?.rules, ['ws-global']);
  });

  test('shares the pool of the new one', async () => {
    const source = '127.0.4.7';
    await Promise.all(Array.from({ length: 30 }, () => gateway.call({ host: 'ws.caiso.com', source })));
    assert.equal(codeOf(await gateway.call({ source })), 'admission.global_limit');
  });

  test('has acceptable use once it is served by the current infrastructure', async (t) => {
    const moved = await startTestGateway({ clock, positions: { 'ws.caiso.com': 'current' } });
    t.after(() => moved.close());
    assert.equal((await moved.call({ host: 'ws.caiso.com' })).status, 200);
    assert.equal(codeOf(await moved.call({ host: 'ws.caiso.com' })), 'admission.acceptable_use');
    // One allowance over both addresses: the same service with the same certificate.
    assert.equal(codeOf(await moved.call()), 'admission.acceptable_use');
  });
});

describe('a rule in shadow mode', () => {
  const rule = (mode: string) => `limits:
  - name: tight
    layer: acceptable-use
    where: { system: cmri }
    key: [credential]
    unit: requests
    quota: 1
    windowMs: 5000
    algorithm: exact-sliding-window
    mode: ${mode}
    refusal: { text: 'Wait <n> seconds.', status: 429 }
    evidence: assumed
    source: this test
`;
  test('refuses nobody and records whom it would have refused', async (t) => {
    const shadow = await startTestGateway({ clock, policy: rule('shadow') });
    t.after(() => shadow.close());
    await shadow.call();
    clock.advanceMs(1_000);
    const second = await shadow.call();
    assert.equal(second.status, 200);
    assert.deepEqual((await shadow.recordOf(second)).admission?.shadow, [{ rule: 'tight', retryAfterMs: 4_000 }]);
  });

  test('when enforced carries the status that its policy names', async (t) => {
    const enforced = await startTestGateway({ clock, policy: rule('enforce') });
    t.after(() => enforced.close());
    await enforced.call();
    const second = await enforced.call();
    assert.equal(second.status, 429);
    assert.equal(readFault(second.body)?.text, 'Wait 5 seconds.');
  });
});
