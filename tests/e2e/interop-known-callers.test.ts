// Clients that are in use, and what trips them: every answer that comes through the gateway passes their parsers' rules.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { TestUser } from '@headgate/pki';
import { adsPath } from '@headgate/simulator';
import { attachmentHash, decodeAttachment, nonceAt, signEnvelope, writeRetrieve } from '@headgate/soap';
import {
  type ArrivedAnswer,
  goClientReads,
  toolReadsDocAttach,
  toolReadsPlainRetrieve,
  toolShowsSentence,
  treeOf,
} from './interop/known-callers.ts';
import { type Market, startMarket, yesterdaysHours } from './interop/market.ts';

const awards = '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP';
const awardsDocAttach = '/sst/cmri/RetrieveMarketAwards_CMRIv4_DocAttach_AP';

function awardsRequest(market: Market): string {
  const { dateTimeStart, dateTimeEnd } = yesterdaysHours(market);
  const span = `<dateTimeStart>${dateTimeStart}</dateTimeStart><dateTimeEnd>${dateTimeEnd}</dateTimeEnd>`;
  return `<RequestMarketAwards xmlns="http://www.caiso.com/soa/RequestMarketAwards_v4.xsd#"><MessagePayload><RequestMarketAwardsRecord>${span}<marketType>DAM</marketType><executionType>IFM</executionType></RequestMarketAwardsRecord></MessagePayload></RequestMarketAwards>`;
}

/** A call as the operator's Python tool makes it: one connection, an identity field of its own, a signed envelope. */
async function callAsTool(
  { gateway, nowMs }: Market,
  path: string,
  requestXml: string,
  user: TestUser = gateway.user,
  signer: TestUser = user,
): Promise<ArrivedAnswer> {
  const nonce = nonceAt(nowMs);
  const { body, contentType } = writeRetrieve({
    caisoHeader: { username: user.subject, createdMs: nowMs, nonce, messageId: nonce, expiresMs: nowMs + 900_000 },
    requestXml,
    sign: (envelope) =>
      signEnvelope(envelope, {
        keyPem: signer.keyPem,
        certificateDer: signer.certificateDer,
        ids: () => `id-${randomUUID()}`,
      }),
  });
  const answer = await gateway.call({
    path,
    body,
    user,
    fields: { 'content-type': contentType, soapaction: 'retrieve', 'ct-remote-user': user.subject },
  });
  return { status: answer.status, contentType: String(answer.fields['content-type']), text: answer.body };
}

test("the operator's tool finds envelope, hash and rows in a plain retrieve", async (t) => {
  const market = await startMarket(t);
  const answer = await callAsTool(market, awards, awardsRequest(market));
  assert.equal(answer.status, 200);
  const { attachment, envelope, hash } = toolReadsPlainRetrieve(answer);
  assert.ok(envelope !== null, 'the envelope is one piece without a colon and a space');
  assert.equal(hash, attachmentHash(attachment ?? ''));
  const payload = decodeAttachment(attachment ?? '');
  assert.ok(payload.ok);
  assert.equal(treeOf(payload.xml).localName, 'MarketAwards');
});

test("the operator's tool reads a DocAttach retrieve, which declares no encoding", async (t) => {
  const market = await startMarket(t);
  const answer = await callAsTool(market, awardsDocAttach, awardsRequest(market));
  const payload = decodeAttachment(toolReadsDocAttach(answer) ?? '');
  assert.ok(payload.ok);
  assert.equal(treeOf(payload.xml).localName, 'MarketAwards');
});

test("the operator's tool shows its user the acceptable-use sentence", async (t) => {
  const market = await startMarket(t);
  await callAsTool(market, awards, awardsRequest(market));
  const refused = await callAsTool(market, awards, awardsRequest(market));
  assert.equal(
    toolShowsSentence(refused),
    '429: CAISO Acceptable Use Policy Violation. Please retry your request after 5 seconds.',
  );
});

test("the operator's tool shows its user why a certificate was refused", async (t) => {
  const market = await startMarket(t);
  const stranger = await market.gateway.authority.strangerUser({ name: 'ALPHAx0001', organisation: 'CAISO' });
  const refused = await callAsTool(market, awards, awardsRequest(market), stranger);
  assert.match(toolShowsSentence(refused) ?? '', /^The certificate CN=ALPHAx0001,.* which is not accepted here\./);
});

test("the operator's tool shows its user the sentence of a fault from a system behind, in either layout", async (t) => {
  const market = await startMarket(t);
  const wrongRoot = await callAsTool(market, awards, '<RequestNothing/>');
  assert.equal(toolShowsSentence(wrongRoot), 'RequestMarketAwards was expected, not RequestNothing.');
  market.gateway.clock.advanceMs(5_000); // Both forms are one service to the acceptable-use limit.
  const { user, authority } = market.gateway;
  const other = await authority.user('current', { name: 'OTHERx0002', organisation: 'CAISO' });
  const otherSigner = await callAsTool(market, awardsDocAttach, awardsRequest(market), user, other);
  assert.equal(toolShowsSentence(otherSigner), 'CAISOUsernameToken Validation Error.');
});

test("the operator's tool shows its user that a message names somebody else than the certificate", async (t) => {
  const market = await startMarket(t);
  const subject = 'CN=OTHERx0002,OU=people,O=CAISO,C=US';
  const refused = await callAsTool(market, awards, awardsRequest(market), { ...market.gateway.user, subject });
  assert.match(
    toolShowsSentence(refused) ?? '',
    /is from CN=OTHERx0002,.* which is not the subject of the certificate \(CN=ALPHAx0001,/,
  );
});

/** A call as the Go client makes it: no SOAPAction, and the operation written into a fixed envelope. */
async function callAsGoClient({ gateway }: Market, operation: string, batchUid: string): Promise<ArrivedAnswer> {
  const answer = await gateway.call({
    host: 'adsws.prod.caiso.com',
    path: adsPath,
    body: `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn-com-caiso-ads-webservices-api"><soapenv:Header/><soapenv:Body><urn:${operation}><batchUID>${batchUid}</batchUID></urn:${operation}></soapenv:Body></soapenv:Envelope>`,
  });
  return { status: answer.status, contentType: String(answer.fields['content-type']), text: answer.body };
}

test('a public Go client lists dispatch batches and unpacks one', async (t) => {
  const market = await startMarket(t);
  const listed = await callAsGoClient(market, 'getDispatchBatchesSinceUID', '-1');
  const batches = goClientReads(listed).children[0]?.children[0]?.children ?? [];
  const uid = Object.values(batches[0]?.attributes ?? {})[0] ?? ''; // It takes whichever attribute comes first.
  assert.match(uid, /^DISP-/);

  const packed = goClientReads(await callAsGoClient(market, 'getDispatchBatch', uid)).text;
  const batch = treeOf(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8'));
  assert.equal(batch.localName, 'DispatchBatch');
  assert.match(batch.children.find(({ localName }) => localName === 'batchType')?.text ?? '', /^\d+$/);
});

test('a refusal on the dispatch system ends in the text until which a public Go client reads', async (t) => {
  const market = await startMarket(t);
  const { gateway } = market;
  const answer = await gateway.call({ host: 'adsws.prod.caiso.com', path: adsPath, user: null });
  assert.equal(answer.status, 500);
  assert.ok(answer.body.endsWith('</SOAP-ENV:Envelope>'), answer.body.slice(-60));
});
