import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestStages } from '@headgate/contract';
import { soapRequest, startTestGateway } from '@headgate/testkit';

test('a call with an accepted certificate reaches the system and comes back, and its record names every stage', async (t) => {
  const gateway = await startTestGateway();
  t.after(() => gateway.close());
  const answer = await gateway.call();
  assert.equal(answer.status, 200);
  assert.match(answer.body, /<ok\/>/);
  assert.equal(gateway.upstream.received[0]?.body.toString(), soapRequest);

  const record = await gateway.recordOf(answer);
  const sections = Object.keys(record).filter((name) => requestStages.some(({ noun }) => noun === name));
  assert.deepEqual(
    sections,
    requestStages.map(({ noun }) => noun).filter((noun) => noun !== 'evidence'),
  );
  assert.equal(record.identity?.verdict, 'accepted');
  assert.equal(record.route?.service, 'RetrieveMarketAwards');
  assert.deepEqual(record.admission?.rules, ['ws-global', 'cmri-retrieve']);
  assert.equal(record.forward?.forwarded, 'yes');
  assert.equal(record.response.complete, true);
  assert.equal(gateway.upstream.received[0]?.fields['headgate-exchange'], record.exchange);
});
