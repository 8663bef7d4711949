
test('an ADS answer is read although its namespace is a relative URI, which canonical XML refuses', () => {
  const xml =
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body><a:getBatchStatusResponse xmlns:a="urn-com-caiso-ads-webservices-api"><result>1</result></a:getBatchStatusResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>';
  const reading = readMessage('text/xml', Buffer.from(xml));
  assert.ok(reading.ok);
  assert.equal(reading.message.bodyElement?.localName, 'getBatchStatusResponse');
  assert.equal(reading.message.bodyElementXml, null);
});
