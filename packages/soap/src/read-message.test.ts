import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyEnvelope } from './index.ts';
import { readMessage } from './read-message.ts';

test('an ADS answer is read although its namespace is a relative URI, which canonical XML refuses', () => {
  const xml =
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body><a:getBatchStatusResponse xmlns:a="urn-com-caiso-ads-webservices-api"><result>1</result></a:getBatchStatusResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>';
  const reading = readMessage('text/xml', Buffer.from(xml));
  assert.ok(reading.ok);
  assert.equal(reading.message.bodyElement?.localName, 'getBatchStatusResponse');
  assert.equal(reading.message.bodyElementXml, null);
});

test('an envelope to be verified with a relative namespace URI in its signed body is refused, not thrown at', () => {
  const soap = 'xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"';
  const xml = `<S:Envelope ${soap}><S:Header/><S:Body Id="b"><x xmlns="relative"/></S:Body></S:Envelope>`;
  assert.equal(verifyEnvelope(xml).ok, false);
});
