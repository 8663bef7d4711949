// node-soap, unchanged: a participant's Node program reads the description, signs, calls, and reads rows or the refusal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attachmentHash,
  caisoHeaderNamespace,
  decodeAttachment,
  nonceAt,
  type PayloadElement,
  readElements,
} from '@headgate/soap';
import { type Client, createClientAsync, type ISecurity, WSSecurityCert } from 'soap';
import { type Market, marketAgent, startMarket, yesterdaysHours } from './interop/market.ts';

const service = 'https://ws.prod.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4';
const docAttach = `${service}_DocAttach_AP`;
const plain = `${service}_AP`;

const sha1 = {
  signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
  digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1',
};

interface Signing {
  readonly signatureAlgorithm?: string;
  readonly digestAlgorithm?: string;
  readonly additionalReferences?: string[];
}

async function connect(market: Market, url: string, signing: Signing = {}): Promise<Client> {
  const { user } = market.gateway;
  const client = await createClientAsync(`${url}?wsdl`, {
    // Its cache knows a description by its URL alone, over all agents of the process.
    disableCache: true,
    parseResponseAttachments: true,
    wsdl_options: { httpsAgent: marketAgent(market) },
  });
  const token = {
    Username: user.subject,
    Nonce: nonceAt(market.nowMs),
    Created: new Date(market.nowMs).toISOString(),
  };
  client.addSoapHeader({ CAISOWSHeader: { CAISOUsernameToken: token } }, '', 'h', caisoHeaderNamespace);
  const security: ISecurity = new WSSecurityCert(user.keyPem, user.certificatePem, '', {
    additionalReferences: ['h:CAISOWSHeader'],
    ...signing,
  });
  client.setSecurity(security);
  return client;
}

/** What `retrieveMarketAwards_v4` gives: the Body's element in the DocAttach form, header and Body in the plain one. */
interface Awards {
  readonly AttachmentValue?: string;
  readonly Header?: { readonly attachmentHash: { readonly hashValue: string } };
}

type Operation = (request: object, options: object) => Promise<[Awards]>;

async function retrieve(client: Client, market: Market): Promise<Awards> {
  const record = { ...yesterdaysHours(market), marketType: 'DAM', executionType: 'IFM' };
  const operation: Operation = client.retrieveMarketAwards_v4Async;
  const [result] = await operation(
    { MessagePayload: { RequestMarketAwardsRecord: record } },
    { httpsAgent: marketAgent(market) },
  );
  return result;
}

function rowsOf(base64: string): readonly PayloadElement[] {
  const attachment = decodeAttachment(base64);
  assert.ok(attachment.ok);
  const reading = readElements(attachment.xml);
  assert.ok(reading.ok);
  return reading.root.children.find(({ localName }) => localName === 'MessagePayload')?.children ?? [];
}

function assertAwards(rows: readonly PayloadElement[], market: Market): void {
  const { dateTimeStart } = yesterdaysHours(market);
  assert.ok(rows.length > 0);
  for (const row of rows) assert.equal(row.localName, 'MarketAward');
  const starts = rows[0]?.children.find(({ localName }) => localName === 'intervalStartTime')?.text ?? '';
  assert.equal(Date.parse(starts), Date.parse(dateTimeStart));
}

for (const [name, signing, uri] of [
  ['SHA-1', sha1, sha1.signatureAlgorithm],
  ['SHA-256', {}, 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'],
] as const) {
  test(`node-soap retrieves market awards over mutual TLS, signed with RSA and ${name}`, async (t) => {
    const market = await startMarket(t);
    const client = await connect(market, docAttach, signing);
    const { AttachmentValue = '' } = await retrieve(client, market);
    assertAwards(rowsOf(AttachmentValue), market);
    assert.equal(client.lastEndpoint, docAttach, 'the description names the address by which it was asked for');
    assert.ok(client.lastRequest?.includes(`<SignatureMethod Algorithm="${uri}"`));
  });
}

test('node-soap reads the plain form too: the hash in the header, the payload among its attachments', async (t) => {
  const market = await startMarket(t);
  const client = await connect(market, plain);
  const { Header } = await retrieve(client, market);
  const [part] = client.lastResponseAttachments.parts;
  const base64 = part?.body.toString('latin1') ?? '';
  assert.equal(Header?.attachmentHash.hashValue, attachmentHash(base64));
  assertAwards(rowsOf(base64), market);
});

/** What node-soap's own error carries beside its message. */
interface FaultError extends Error {
  readonly response: { readonly status: number };
  readonly root: { readonly Envelope: { readonly Body: { readonly Fault: SoapFault } } };
}

interface SoapFault {
  readonly faultcode: string;
  readonly faultstring: { readonly $value: string };
  readonly detail: { readonly problem: Readonly<Record<string, string>> };
}

async function faultOf(call: Promise<unknown>): Promise<{ error: FaultError; fault: SoapFault }> {
  const error = await call.then(
    () => assert.fail('the call was answered'),
    (thrown: unknown) => thrown as FaultError,
  );
  return { error, fault: error.root.Envelope.Body.Fault };
}

test("an acceptable-use refusal is node-soap's fault error, with the sentence and the seconds", async (t) => {
  const market = await startMarket(t);
  const client = await connect(market, docAttach);
  await retrieve(client, market);
  const { error, fault } = await faultOf(retrieve(client, market));
  const sentence = '429: CAISO Acceptable Use Policy Violation. Please retry your request after 5 seconds.';
  assert.equal(error.response.status, 500);
  assert.ok(error.message.includes(sentence), error.message);
  assert.equal(fault.faultcode, 'SOAP-ENV:Server');
  assert.equal(fault.faultstring.$value, sentence);
  assert.equal(fault.detail.problem.retryAfterSeconds, '5');
  assert.equal(fault.detail.problem.forwarded, 'no');

  market.gateway.clock.advanceMs(5_000);
  assertAwards(rowsOf((await retrieve(client, market)).AttachmentValue ?? ''), market);
});

test("a header that node-soap was not told to sign is the market's own fault", async (t) => {
  const market = await startMarket(t);
  const client = await connect(market, docAttach, { additionalReferences: [] });
  const { fault } = await faultOf(retrieve(client, market));
  assert.equal(fault.faultstring.$value, 'Signature validation status: false');
});

test('a certificate of an unknown issuer is told so already when node-soap asks for the description', async (t) => {
  const market = await startMarket(t);
  const stranger = await market.gateway.authority.strangerUser({ name: 'ALPHAx0001', organisation: 'CAISO' });
  const asking = createClientAsync(`${docAttach}?wsdl`, {
    disableCache: true,
    wsdl_options: { httpsAgent: marketAgent(market, stranger) },
  });
  await assert.rejects(asking, /Code: 500[\s\S]*ALPHAx0001.* which is not accepted here/);
});
