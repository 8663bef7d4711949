// What callers of old addresses are told: Deprecation (RFC 9745), Sunset (RFC 8594) and the successor's address, as announced.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { fakeClock, startTestGateway, type TestCall, type TestGateway } from '@headgate/testkit';
import { noLimits } from './calls.ts';
import { gatewayOf, type Operator, operators } from './operators.ts';
import { codeOf } from './told.ts';

interface Told {
  readonly deprecation: string;
  /** Undefined where no end is announced: the old address stays. */
  readonly sunset?: string;
  readonly link: string;
}

/** By the name of the operator: what is announced of the old address of its retrieve, and of the one that goes. */
const announced: Readonly<Record<string, { readonly old: Told; readonly going: Told }>> = {
  'California ISO': {
    old: {
      deprecation: `@${Date.UTC(2023, 10, 15, 8) / 1_000}`,
      link: '<https://ws.prod.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP>; rel="successor-version"',
    },
    going: {
      deprecation: `@${Date.UTC(2023, 4, 18, 7) / 1_000}`,
      sunset: 'Fri, 01 Sep 2023 07:00:00 GMT',
      link: '<https://mapstage-ws.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP>; rel="successor-version"',
    },
  },
  'North Shore Grid': {
    old: {
      deprecation: `@${Date.UTC(2026, 0, 14, 23) / 1_000}`,
      link: '<https://api.grid.example.net/v2/offers/ReadOffers>; rel="successor-version"',
    },
    going: {
      deprecation: `@${Date.UTC(2026, 2, 1, 23) / 1_000}`,
      sunset: 'Mon, 09 Mar 2026 08:00:00 GMT',
      link: '<https://desk.grid.example.net/offers>; rel="successor-version"',
    },
  },
};

for (const operator of operators) describe(`at ${operator.name}`, () => tellsSuccessionAt(operator));

function tellsSuccessionAt(operator: Operator): void {
  const { old, retrieve, decommissioned } = operator;
  const expected = announced[operator.name];
  assert.ok(expected, `what ${operator.name} announces`);
  const start = (startMs: number, more: object = {}) =>
    startTestGateway({ ...gatewayOf(operator), policy: noLimits, clock: fakeClock(startMs), ...more });
  const toldTo = async (gateway: TestGateway, call: TestCall) => {
    const { status, fields } = await gateway.call(call);
    const { deprecation, sunset, link } = fields;
    return { status, told: { deprecation, ...(sunset === undefined ? {} : { sunset }), link } };
  };
  let gateway: TestGateway;
  before(async () => {
    gateway = await start(operator.startMs);
  });
  after(() => gateway.close());

  test('an answer at an old address tells since when it has a successor, and where the same call is made there', async () => {
    for (let repeat = 0; repeat < 3; repeat += 1)
      assert.deepEqual(await toldTo(gateway, old.call), { status: 200, told: expected.old });
  });

  test('an answer at a new address tells nothing of the kind', async () => {
    const { fields } = await gateway.call(retrieve.call);
    assert.deepEqual([fields.deprecation, fields.sunset, fields.link], [undefined, undefined, undefined]);
  });

  test('a refusal at an old address tells it too', async () => {
    const answer = await gateway.call({ ...old.call, method: 'DELETE' });
    assert.equal(codeOf(answer), 'route.method_not_allowed');
    assert.deepEqual((await toldTo(gateway, { ...old.call, method: 'DELETE' })).told, expected.old);
  });

  test('an address that will go says when, and its refusal says so when it is gone', async (t) => {
    const still = await start(decommissioned.stillServedMs);
    t.after(() => still.close());
    assert.deepEqual(await toldTo(still, decommissioned.call), { status: 200, told: expected.going });
    const gone = await start(decommissioned.goneMs);
    t.after(() => gone.close());
    const answer = await gone.call(decommissioned.call);
    assert.equal(codeOf(answer), 'route.decommissioned');
    assert.deepEqual((await toldTo(gone, decommissioned.call)).told, expected.going);
  });

  test('what a system says of its end stands only where the operator says nothing', async (t) => {
    const speaking = await start(operator.startMs, {
      answer: (_request: IncomingMessage, response: ServerResponse) => {
        const own = {
          Deprecation: '@1',
          Sunset: 'Thu, 01 Jan 1970 00:00:01 GMT',
          Link: '<https://x.example>; rel="help"',
        };
        response.writeHead(200, own);
        response.end('ok');
      },
    });
    t.after(() => speaking.close());
    const [atOld, atNew] = [await speaking.call(old.call), await speaking.call(retrieve.call)];
    assert.equal(atOld.fields.deprecation, expected.old.deprecation);
    assert.equal(atOld.fields.sunset, undefined);
    assert.equal(atOld.fields.link, `<https://x.example>; rel="help", ${expected.old.link}`);
    assert.equal(atNew.fields.deprecation, '@1');
    assert.equal(atNew.fields.link, '<https://x.example>; rel="help"');
  });
}
