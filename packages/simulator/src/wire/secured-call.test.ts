import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeAttachment, readFault, readMessage, verifyEnvelope } from '@headgate/soap';
import {
  type Answer,
  otherUser,
  post,
  retrieveMessage,
  send,
  startMs,
  startTestSimulator,
  submitDocAttachMessage,
  submitMessage,
  user,
} from '../simulator.fixture.ts';

const path = '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP';
const request =
  '<RequestMarketAwards><dateTimeStart>2026-07-20T07:00:00Z</dateTimeStart><dateTimeEnd>2026-07-20T09:00:00Z</dateTimeEnd><marketType>DAM</marketType><executionType>IFM</executionType></RequestMarketAwards>';
const bidPath = '/sst/sibr/SubmitRawBidSet_SIBRv4_AP';

function assertFault(answer: Answer, text: string | RegExp): void {
  assert.equal(answer.status, 500);
  const fault = readFault(answer.body.toString('utf8'));
  assert.ok(fault);
  if (typeof text === 'string') assert.equal(fault.text, text);
  else assert.match(fault.text, text);
  // The only place where the market's own tool shows a sentence to its user.
  assert.equal(fault.description, fault.text);
}

const replaced = (body: Buffer, from: string, to: string) => {
  const text = body.toString('utf8');
  assert.ok(text.includes(from));
  return Buffer.from(text.replace(from, to));
};

test('a message changed after it was signed gets the sentence of the market', async (t) => {
  const simulator = await startTestSimulator(t);
  const message = retrieveMessage(request);
  const tampered = { ...message, body: replaced(message.body, 'DAM', 'RTM') };
  assertFault(await post(simulator, path, tampered), 'Signature validation status: false');
});

test('an unsigned message gets the same sentence', async (t) => {
  const simulator = await startTestSimulator(t);
  const message = retrieveMessage(request);
  const body = Buffer.from(message.body.toString('utf8').replace(/<wsse:Security.*<\/wsse:Security>/, ''));
  assertFault(await post(simulator, path, { ...message, body }), 'Signature validation status: false');
});

test('a username that is not the subject of the signing certificate is refused', async (t) => {
  const simulator = await startTestSimulator(t);
  const message = retrieveMessage(request, { username: otherUser.subject });
  assertFault(await post(simulator, path, message), 'CAISOUsernameToken Validation Error.');
});

for (const username of [user.subject.replaceAll(',', ', '), user.subject.split(',').toReversed().join(',')]) {
  test(`a username spelt another way is accepted: ${username}`, async (t) => {
    const simulator = await startTestSimulator(t);
    assert.equal((await post(simulator, path, retrieveMessage(request, { username }))).status, 200);
  });
}

test('the certificate that signs must be the one that connected, where a gateway says which that is', async (t) => {
  const simulator = await startTestSimulator(t);
  const forwarded = (der: Uint8Array) => ({ 'client-cert': `:${Buffer.from(der).toString('base64')}:` });
  const message = retrieveMessage(request);
  assert.equal((await post(simulator, path, message, forwarded(user.certificateDer))).status, 200);
  const answer = await post(simulator, path, message, forwarded(otherUser.certificateDer));
  assertFault(answer, 'CAISOUsernameToken Validation Error.');
  assertFault(
    await post(simulator, path, message, { 'client-cert': 'nonsense' }),
    'CAISOUsernameToken Validation Error.',
  );
});

test('a certificate without any right gets the page that clients look for', async (t) => {
  const simulator = await startTestSimulator(t, { provisions: [{ subject: otherUser.subject, scids: ['EXC3'] }] });
  const answer = await post(simulator, path, retrieveMessage(request));
  assert.equal(answer.status, 403);
  assert.match(answer.body.toString('utf8'), /You are not authorized to access this page\./);
});

test('a wrong hash over the attachment is a fault, though the signature holds', async (t) => {
  const simulator = await startTestSimulator(t);
  const message = submitMessage('<RawBidSet/>');
  const other = encodeAttachment('<RawBidSet><other/></RawBidSet>').base64;
  const swapped = { ...message, body: replaced(message.body, encodeAttachment('<RawBidSet/>').base64, other) };
  assertFault(await post(simulator, bidPath, swapped), 'Attachment hash validation status: false');
});

test('an attachment that would unpack past all proportion is refused', async (t) => {
  const simulator = await startTestSimulator(t);
  const message = submitDocAttachMessage(`<RawBidSet>${' '.repeat(12_000_000)}</RawBidSet>`);
  assertFault(
    await post(simulator, '/sst/sibr/SubmitRawBidSet_SIBRv4_DocAttach_AP', message),
    /cannot be unpacked: bomb/,
  );
});

test('a payload with a document type declaration is refused', async (t) => {
  const simulator = await startTestSimulator(t);
  const message = submitMessage(
    '<!DOCTYPE RawBidSet [<!ENTITY e SYSTEM "file:///etc/hostname">]><RawBidSet>&e;</RawBidSet>',
  );
  assertFault(await post(simulator, bidPath, message), /doctype/);
});

for (const [title, contentType, body] of [
  ['bytes that are no XML', 'text/xml', Buffer.from([0x00, 0xff, 0x13, 0x37])],
  ['another content type', 'application/json', Buffer.from('{}')],
  ['no content type', '', Buffer.from('<x/>')],
  ['XML that is no envelope', 'text/xml', Buffer.from('<x/>')],
  ['an empty body', 'text/xml', Buffer.alloc(0)],
] as const) {
  test(`${title} get a fault that says so`, async (t) => {
    const simulator = await startTestSimulator(t);
    const fields = contentType === '' ? {} : { 'content-type': contentType };
    assertFault(await send(`${simulator.url}${path}`, 'POST', fields, body), /cannot be read/);
  });
}

for (const unknown of [
  '/sst/cmri/RetrieveNothing_CMRIv1_AP',
  '/sst/cmri/RetrieveMarketAwards_CMRIv3_AP',
  '/sst/sibr/RetrieveMarketAwards_CMRIv4_AP',
  '/sst/cmri/RetrieveMarketAwards_CMRIv4_DocAttach_AP_DocAttach',
  '/sst/constructor/constructor',
  '/elsewhere',
]) {
  test(`a wrong path is not found: ${unknown}`, async (t) => {
    const simulator = await startTestSimulator(t);
    assert.equal((await post(simulator, unknown, retrieveMessage(request))).status, 404);
  });
}

test('a request document of another service is refused', async (t) => {
  const simulator = await startTestSimulator(t);
  assertFault(
    await post(simulator, path, retrieveMessage('<RequestSchedulePrices/>')),
    /RequestMarketAwards was expected/,
  );
});

test('a value without end is refused', async (t) => {
  const simulator = await startTestSimulator(t);
  const long = `<RequestMarketAwards><marketType>${'D'.repeat(1_001)}</marketType></RequestMarketAwards>`;
  assertFault(await post(simulator, path, retrieveMessage(long)), /more than 1000 characters/);
});

test('answers are signed when the simulator was given a credential', async (t) => {
  const simulator = await startTestSimulator(t, {
    answerCredential: { keyPem: otherUser.keyPem, certificateDer: otherUser.certificateDer },
  });
  for (const service of ['RetrieveMarketAwards_CMRIv4_AP', 'RetrieveMarketAwards_CMRIv4_DocAttach_AP']) {
    const answer = await post(simulator, `/sst/cmri/${service}`, retrieveMessage(request));
    const reading = readMessage(answer.fields['content-type'] ?? '', answer.body);
    assert.ok(reading.ok);
    const verification = verifyEnvelope(reading.message.envelopeXml, { requireSigned: ['Body'] });
    assert.ok(verification.ok);
    assert.deepEqual(verification.certificateDer, Buffer.from(otherUser.certificateDer));
  }
});

test('the same seed, clock and requests give the same bytes', async (t) => {
  const answers = await Promise.all(
    [1, 2].map(async () => {
      const simulator = await startTestSimulator(t);
      const first = await post(simulator, path, retrieveMessage(request));
      const submit = await post(simulator, bidPath, submitMessage('<RawBidSet/>', { nowMs: startMs }));
      return [first.fields, first.body, submit.fields, submit.body];
    }),
  );
  assert.deepEqual(answers[0], answers[1]);
});

test('another seed gives other awards', async (t) => {
  const [one, other] = await Promise.all(
    ['one', 'other'].map(async (seed) => {
      const simulator = await startTestSimulator(t, { seed });
      return post(simulator, path, retrieveMessage(request));
    }),
  );
  assert.notDeepEqual(one?.body, other?.body);
});
