import assert from 'node:assert/strict';
import { createHash, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { SignedXml } from 'xml-crypto';
import { attachmentHash, encodeAttachment } from './attachment.ts';
import { nonceAt, readCaisoHeader, writeCaisoHeader } from './caiso-header.ts';
import { writeAttachmentHash, writeAttachmentInfor, writeEnvelope } from './envelope.ts';
import {
  caisoHeaderNamespace,
  dsNamespace,
  exclusiveC14n,
  inclusiveC14n,
  rsaSha1,
  rsaSha256,
  sha1Digest,
  sha256Digest,
  soap11Namespace,
  wsseNamespace,
  wsuNamespace,
} from './namespaces.ts';
import { readMessage } from './read-message.ts';
import { signEnvelope } from './sign-envelope.ts';
import { makeTestKey } from './signing-key.fixture.ts';
import { type Verification, verifyEnvelope } from './verify-envelope.ts';
import { writeRetrieveAnswerDocAttach, writeRetrieveAnswerPlain, writeSubmitAnswer } from './write-answer.ts';
import { writeSubmitPlain } from './write-request.ts';

const key = makeTestKey();
const createdMs = Date.UTC(2026, 0, 1);
const caisoHeader = { username: 'CN=EXAMPLEx0000', createdMs, nonce: nonceAt(createdMs) };
const attachment = encodeAttachment('<a/>');
const headers = [writeAttachmentInfor('gzip'), writeAttachmentHash(attachment), writeCaisoHeader(caisoHeader)];
const request = '<r:Request xmlns:r="urn:r"><r:scid>ABCD</r:scid></r:Request>';
const signed = signEnvelope(writeEnvelope(headers, request), key);
const outcomeOf = (verification: Verification): string => (verification.ok ? 'ok' : verification.reason);
const outcome = (xml: string): string => outcomeOf(verifyEnvelope(xml));

/** The element with this qualified name as it stands in the signed envelope. */
const elementOf = (name: string, xml = signed): string =>
  new RegExp(`<${name}[ >].*?</${name}>`, 's').exec(xml)?.[0] ?? assert.fail(`no ${name}`);

test('a signed envelope verifies, and its parts come back as they were hashed', () => {
  const verification = verifyEnvelope(signed);
  assert.ok(verification.ok);
  assert.ok(verification.certificateDer.equals(key.certificateDer));
  assert.equal(verification.signatureHash, 'sha1');
  assert.match(verification.signed.Body ?? '', /<r:scid>ABCD<\/r:scid>/);
  assert.equal(readCaisoHeader(verification.signed.CAISOWSHeader ?? '')?.username, 'CN=EXAMPLEx0000');
  assert.ok(verification.signed.attachmentHash?.includes(attachmentHash(attachment.base64)));
  assert.ok(verification.signed.standardAttachmentInfor);
});

test('a large text outside ASCII keeps every character through signing and verifying', () => {
  for (const text of ['é'.repeat(50_001), `a${'€'.repeat(50_001)}`, `ab${'𝄞'.repeat(50_001)}`]) {
    const xml = signEnvelope(writeEnvelope(headers, `<r a="${text.slice(0, 20_000)}">${text}</r>`), key);
    assert.ok(xml.includes(`<r a="${text.slice(0, 20_000)}">${text}</r>`));
    const verification = verifyEnvelope(xml);
    assert.ok(verification.ok);
    assert.ok(verification.signed.Body?.includes(`<r a="${text.slice(0, 20_000)}">${text}</r>`));
  }
});

test('a certificate with any one byte changed verifies nothing, and throws nothing', () => {
  const token = key.certificateDer.toString('base64');
  fc.assert(
    fc.property(fc.nat(key.certificateDer.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const der = Buffer.from(key.certificateDer);
      der[at] = (der[at] ?? 0) ^ change;
      assert.notEqual(outcome(signed.replace(token, der.toString('base64'))), 'ok');
    }),
    { numRuns: 200 },
  );
});

test('signed answers of every shape verify', () => {
  const sign = (xml: string) => signEnvelope(xml, key);
  const events = [{ result: 'SCSS0001', id: '1', name: 'n', description: 'a: b', severity: 'INFO', eventType: 'x' }];
  const answers = [
    writeSubmitAnswer({ layout: 'standardOutputV1', service: 'submitX', events, createdMs, sign }),
    writeSubmitAnswer({ layout: 'returnData', service: 'submitX', events, createdMs, sign }),
    writeRetrieveAnswerPlain({ attachment, boundary: 'b', bodyXml: '<r>\r\n a: b</r>', sign }),
    writeRetrieveAnswerDocAttach({ attachment, sign }),
  ];
  for (const { contentType, body: bytes } of answers) {
    const read = readMessage(contentType, bytes);
    assert.ok(read.ok);
    assert.equal(outcomeOf(verifyEnvelope(read.message.envelopeXml, { requireSigned: ['Body'] })), 'ok');
  }
});

test('the Security header stands first: token, then signature, references in the market order', () => {
  const names = [...signed.matchAll(/<([\w-]+:[\w]+)[ />]/g)].map(([, name]) => name);
  assert.deepEqual(names.slice(0, 6), [
    'SOAP-ENV:Envelope',
    'SOAP-ENV:Header',
    'wsse:Security',
    'wsse:BinarySecurityToken',
    'ds:Signature',
    'ds:SignedInfo',
  ]);
  const idOf = (name: string) => new RegExp(`<${name} [^>]*wsu:Id="([^"]+)"`).exec(signed)?.[1];
  const expected = [
    'SOAP-ENV:Body',
    'wsse:BinarySecurityToken',
    'h:CAISOWSHeader',
    'att:attachmentHash',
    'infor:standardAttachmentInfor',
  ];
  const references = [...signed.matchAll(/<ds:Reference URI="#([^"]+)"/g)].map(([, id]) => id);
  assert.deepEqual(references, expected.map(idOf));
  assert.match(
    signed,
    /<ds:KeyInfo><wsse:SecurityTokenReference wsse:TokenType="[^"]*#X509v3"><wsse:Reference URI="#[^"]+" ValueType="[^"]*#X509v3"\/>/,
  );
  assert.doesNotMatch(signed, /<\?xml|[\r\n]/);
});

test('an envelope signed with SHA-256 verifies and says so', () => {
  const verification = verifyEnvelope(signEnvelope(writeEnvelope(headers, request), makeTestKey('sha', 'sha256')));
  assert.equal(verification.ok && verification.signatureHash, 'sha256');
});

test('a signed submit verifies after its trip through MIME', () => {
  const message = writeSubmitPlain({
    caisoHeader,
    attachment,
    boundary: 'b',
    sign: (xml) => signEnvelope(xml, makeTestKey()),
  });
  const read = readMessage(message.contentType, message.body);
  assert.ok(read.ok);
  assert.equal(outcome(read.message.envelopeXml), 'ok');
});

test('whatever the text in it, a signed envelope verifies', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (username) => {
      const envelope = writeEnvelope([writeCaisoHeader({ ...caisoHeader, username })], request);
      const verification = verifyEnvelope(signEnvelope(envelope, key));
      assert.ok(verification.ok);
    }),
    { numRuns: 25 },
  );
});

test('changing any one character of the signed envelope changes the outcome, or leaves every signed text as it was', () => {
  const original = verifyEnvelope(signed);
  assert.ok(original.ok);
  fc.assert(
    fc.property(fc.nat(signed.length - 1), fc.constantFrom('A', 'b', '9', ' ', '<', '"'), (at, character) => {
      const changed = verifyEnvelope(signed.slice(0, at) + character + signed.slice(at + 1));
      if (changed.ok) assert.deepEqual(changed.signed, original.signed);
    }),
    { numRuns: 300 },
  );
});

const tampered: ReadonlyArray<readonly [title: string, xml: string, outcome: string]> = [
  ['the Body', signed.replace('ABCD', 'WXYZ'), 'digest_mismatch'],
  ['the name in the header', signed.replace('CN=EXAMPLEx0000', 'CN=EXAMPLEx0001'), 'digest_mismatch'],
  ['the attachment hash', signed.replace(attachment.hash, attachmentHash('AAAA')), 'digest_mismatch'],
  ['the packing', signed.replace('>gzip<', '>none<'), 'digest_mismatch'],
  ['a digest', signed.replace(/<ds:DigestValue>.../, '<ds:DigestValue>AAA'), 'signature_invalid'],
  ['the signature', signed.replace(/<ds:SignatureValue>.../, '<ds:SignatureValue>AAA'), 'signature_invalid'],
  [
    'the certificate',
    signed.replace(key.certificateDer.toString('base64'), makeTestKey('thief').certificateDer.toString('base64')),
    'signature_invalid',
  ],
  ['a certificate that is none', signed.replace(key.certificateDer.toString('base64'), 'AAAA'), 'no_certificate'],
  ['the name of the token', signed.replace(/(<wsse:Reference URI=")#[^"]+/, '$1#id-1-none'), 'malformed'],
  ['the signature method', signed.replace(rsaSha1, rsaSha256), 'signature_invalid'],
  ['HMAC', signed.replace(rsaSha1, 'http://www.w3.org/2000/09/xmldsig#hmac-sha1'), 'unsupported_algorithm'],
  [
    'canonicalization with comments',
    signed.replace(exclusiveC14n, `${exclusiveC14n}WithComments`),
    'unsupported_algorithm',
  ],
  ['no signature', signed.replace(elementOf('ds:Signature'), ''), 'no_signature'],
  ['no Security', signed.replace(elementOf('wsse:Security'), ''), 'no_signature'],
  ['no Header', signed.replace(elementOf('SOAP-ENV:Header'), ''), 'no_signature'],
  ['no reference', signed.replace(/<ds:Reference.*<\/ds:Reference>/, ''), 'signature_invalid'],
  ['no CAISOWSHeader', signed.replace(elementOf('h:CAISOWSHeader'), ''), 'malformed'],
  [
    'an unsigned attachment header',
    signEnvelope(writeEnvelope([writeCaisoHeader(caisoHeader)], request), makeTestKey()).replace(
      '<h:CAISOWSHeader',
      `${headers[1]}<h:CAISOWSHeader`,
    ),
    'required_part_not_signed',
  ],
  ['a DOCTYPE', `<!DOCTYPE a>${signed}`, 'malformed'],
  ['a processing instruction', signed.replace('<SOAP-ENV:Body', '<?x y?><SOAP-ENV:Body'), 'malformed'],
  ['bare text', 'hello', 'malformed'],
];
for (const [title, xml, expected] of tampered) {
  test(`an envelope tampered with (${title}) is refused as ${expected}`, () => {
    assert.equal(outcome(xml), expected);
  });
}

test('a comment inside a signed text is not part of it, nor of what comes back', () => {
  const verification = verifyEnvelope(signed.replace('ABCD', 'AB<!-- x -->CD'));
  assert.ok(verification.ok);
  assert.match(verification.signed.Body ?? '', /<r:scid>ABCD<\/r:scid>/);
});

const body = elementOf('SOAP-ENV:Body');
const bodyId = /wsu:Id="([^"]+)"/.exec(body)?.[1] ?? '';
const evil = body.replace('ABCD', 'EVIL');
const evilWithoutId = evil.replace(/ wsu:Id="[^"]+"/, '');
const identity = elementOf('h:CAISOWSHeader');
const evilIdentity = identity.replace('CN=EXAMPLEx0000', 'CN=EVIL');
const wrappings: ReadonlyArray<readonly [title: string, xml: string, outcome: string]> = [
  [
    'the signed Body moved into a header, an own one in its place',
    signed.replace(body, evilWithoutId).replace('</SOAP-ENV:Header>', `<x>${body}</x></SOAP-ENV:Header>`),
    'wrapped',
  ],
  [
    'the same with the same id',
    signed.replace(body, evil).replace('</SOAP-ENV:Header>', `<x>${body}</x></SOAP-ENV:Header>`),
    'wrapped',
  ],
  ['a second Body before the signed one', signed.replace(body, evil + body), 'malformed'],
  ['a second Body after the signed one', signed.replace(body, body + evilWithoutId), 'malformed'],
  ['the signed Body inside an own Body', signed.replace(body, `<SOAP-ENV:Body>${body}</SOAP-ENV:Body>`), 'wrapped'],
  [
    'an own envelope around the signed one',
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${soap11Namespace}"><SOAP-ENV:Header/><SOAP-ENV:Body>${signed}</SOAP-ENV:Body></SOAP-ENV:Envelope>`,
    'wrapped',
  ],
  [
    'an own Envelope with the signed Security, the rest inside a header',
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${soap11Namespace}"><SOAP-ENV:Header>${elementOf('wsse:Security')}<x>${signed.replace(elementOf('wsse:Security'), '')}</x></SOAP-ENV:Header><SOAP-ENV:Body/></SOAP-ENV:Envelope>`,
    'wrapped',
  ],
  [
    'the signed header under another element, an own one in its place',
    signed.replace(identity, `<x>${identity}</x>${evilIdentity.replace(/ wsu:Id="[^"]+"/, '')}`),
    'wrapped',
  ],
  [
    'the signed header under another element, none in its place',
    signed.replace(identity, `<x>${identity}</x>`),
    'wrapped',
  ],
  [
    'the signed header inside Security',
    signed.replace(identity, '').replace('</wsse:Security>', `${identity}</wsse:Security>`),
    'wrapped',
  ],
  [
    'an own header beside the signed one',
    signed.replace(identity, evilIdentity.replace(/ wsu:Id="[^"]+"/, '') + identity),
    'wrapped',
  ],
  [
    'an own header inside the Body beside the signed one',
    signed.replace('<wsse:Security', `<x>${evilIdentity.replace(/ wsu:Id="[^"]+"/, '')}</x><wsse:Security`),
    'wrapped',
  ],
  [
    'another element with the same wsu:Id',
    signed.replace('<wsse:Security', `<x xmlns:wsu="${wsuNamespace}" wsu:Id="${bodyId}"/><wsse:Security`),
    'wrapped',
  ],
  [
    'another element with the same Id without a namespace',
    signed.replace('<wsse:Security', `<x Id="${bodyId}"/><wsse:Security`),
    'wrapped',
  ],
  [
    'another element with the same ID',
    signed.replace('<wsse:Security', `<x ID="${bodyId}"/><wsse:Security`),
    'wrapped',
  ],
  [
    'another element with the same xml:id',
    signed.replace('<wsse:Security', `<x xml:id="${bodyId}"/><wsse:Security`),
    'wrapped',
  ],
  [
    'the signed wsu:Id renamed to Id on a copy',
    signed
      .replace(body, evil.replace('wsu:Id', 'Id'))
      .replace('</SOAP-ENV:Header>', `<x>${body}</x></SOAP-ENV:Header>`),
    'wrapped',
  ],
  [
    'a second Security header',
    signed.replace('</wsse:Security>', `</wsse:Security><wsse:Security xmlns:wsse="${wsseNamespace}"/>`),
    'wrapped',
  ],
  [
    'a second signature',
    signed.replace(
      '</wsse:Security>',
      `${elementOf('ds:Signature').replace('<ds:Signature', `<ds:Signature xmlns:ds="${dsNamespace}"`).replace(` xmlns:ds="${dsNamespace}" xmlns:ds="${dsNamespace}"`, ` xmlns:ds="${dsNamespace}"`)}</wsse:Security>`,
    ),
    'malformed',
  ],
  ['a second SignedInfo', signed.replace('<ds:SignedInfo>', '<ds:SignedInfo/><ds:SignedInfo>'), 'malformed'],
];
for (const [title, xml, expected] of wrappings) {
  test(`signature wrapping (${title}) is refused as ${expected}`, () => {
    assert.notEqual(xml, signed);
    assert.equal(outcome(xml), expected);
  });
}

/** Signs a hand-written SignedInfo with a good key, so that only the verifier's policy can refuse it. */
function signedBy(signedInfoContent: string, token = key.certificateDer.toString('base64')): string {
  const info = `<ds:SignedInfo xmlns:ds="${dsNamespace}">${signedInfoContent}</ds:SignedInfo>`;
  const value = sign('RSA-SHA1', Buffer.from(info), key.keyPem).toString('base64');
  return (
    `<S:Envelope xmlns:S="${soap11Namespace}"><S:Header><wsse:Security xmlns:wsse="${wsseNamespace}">` +
    `<wsse:BinarySecurityToken>${token}</wsse:BinarySecurityToken><ds:Signature xmlns:ds="${dsNamespace}">${info}` +
    `<ds:SignatureValue>${value}</ds:SignatureValue></ds:Signature></wsse:Security></S:Header>` +
    `<S:Body Id="b"></S:Body></S:Envelope>`
  );
}
const methods = `<ds:CanonicalizationMethod Algorithm="${exclusiveC14n}"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="${rsaSha1}"></ds:SignatureMethod>`;
const bodyDigest = createHash('sha1').update(`<S:Body xmlns:S="${soap11Namespace}" Id="b"></S:Body>`).digest('base64');
const reference = (uri: string, transforms: string, digest = sha1Digest): string =>
  `<ds:Reference URI="${uri}"><ds:Transforms>${transforms}</ds:Transforms><ds:DigestMethod Algorithm="${digest}"></ds:DigestMethod>` +
  `<ds:DigestValue>${bodyDigest}</ds:DigestValue></ds:Reference>`;
const transform = (algorithm: string): string => `<ds:Transform Algorithm="${algorithm}"></ds:Transform>`;
const exclusive = transform(exclusiveC14n);
const requireBody = { requireSigned: ['Body'] } as const;

test('a Body named by an Id without a namespace verifies, by the only token there is', () => {
  assert.equal(outcomeOf(verifyEnvelope(signedBy(methods + reference('#b', exclusive)), requireBody)), 'ok');
});

const policies: ReadonlyArray<readonly [title: string, info: string, outcome: string]> = [
  ['the empty URI', methods + reference('', exclusive), 'unsupported_algorithm'],
  ['an external URI', methods + reference('http://example.org/', exclusive), 'unsupported_algorithm'],
  ['a file', methods + reference('file:///etc/hostname', exclusive), 'unsupported_algorithm'],
  ['XPointer', methods + reference("#xpointer(id('b'))", exclusive), 'unsupported_algorithm'],
  ['an id with quotes', methods + reference("#b' or '1'='1", exclusive), 'malformed'],
  ['an id that nothing has', methods + reference('#none', exclusive), 'malformed'],
  [
    'an XPath transform',
    methods + reference('#b', transform('http://www.w3.org/TR/1999/REC-xpath-19991116') + exclusive),
    'unsupported_algorithm',
  ],
  [
    'an XSLT transform',
    methods + reference('#b', transform('http://www.w3.org/TR/1999/REC-xslt-19991116')),
    'unsupported_algorithm',
  ],
  ['two canonicalizations', methods + reference('#b', exclusive + exclusive), 'unsupported_algorithm'],
  [
    'an unknown digest',
    methods + reference('#b', exclusive, 'http://www.w3.org/2001/04/xmldsig-more#md5'),
    'unsupported_algorithm',
  ],
  ['no reference', methods, 'required_part_not_signed'],
  ['thirteen references', methods + reference('#b', exclusive).repeat(13), 'malformed'],
];
for (const [title, info, expected] of policies) {
  test(`a valid signature over ${title} is refused as ${expected}`, () => {
    assert.equal(outcomeOf(verifyEnvelope(signedBy(info), requireBody)), expected);
  });
}

test('an envelope without a CAISOWSHeader passes only where none is required', () => {
  const xml = signedBy(methods + reference('#b', exclusive));
  assert.equal(outcome(xml), 'required_part_not_signed');
});

/** An envelope in the way of a Java client, signed by xml-crypto: Body, CAISOWSHeader and attachment headers only. */
function signedByXmlCrypto(options: { signature: string; digest: string; c14n: string; prefixes?: string[] }): string {
  const ids = `xmlns:wsu="${wsuNamespace}"`;
  const unsigned =
    `<soapenv:Envelope xmlns:soapenv="${soap11Namespace}" xmlns:unused="urn:unused" ${ids}><soapenv:Header>` +
    `<h:CAISOWSHeader xmlns:h="${caisoHeaderNamespace}" wsu:Id="_1"><h:CAISOUsernameToken><h:Username>CN=x &amp; é</h:Username>` +
    '</h:CAISOUsernameToken></h:CAISOWSHeader>' +
    `<wsse:Security xmlns:wsse="${wsseNamespace}"><wsse:BinarySecurityToken wsu:Id="_t">${key.certificateDer.toString('base64')}` +
    '</wsse:BinarySecurityToken></wsse:Security></soapenv:Header>\n' +
    '<soapenv:Body wsu:Id="_0"><r:R xmlns:r="urn:r" a="1&#10;2" xml:lang="en">\r\n<![CDATA[<x>]]><e/></r:R></soapenv:Body></soapenv:Envelope>';
  const signer = new SignedXml({
    privateKey: key.keyPem,
    signatureAlgorithm: options.signature,
    canonicalizationAlgorithm: options.c14n,
    idMode: 'wssecurity',
    getKeyInfoContent: () => '<wsse:SecurityTokenReference><wsse:Reference URI="#_t"/></wsse:SecurityTokenReference>',
  });
  for (const name of ['Body', 'CAISOWSHeader']) {
    signer.addReference({
      xpath: `//*[local-name(.)='${name}']`,
      transforms: [options.c14n],
      digestAlgorithm: options.digest,
      ...(options.prefixes === undefined ? {} : { inclusiveNamespacesPrefixList: options.prefixes }),
    });
  }
  signer.computeSignature(unsigned, {
    prefix: 'ds',
    location: { reference: "//*[local-name(.)='Security']", action: 'append' },
    existingPrefixes: { wsse: wsseNamespace },
  });
  return signer.getSignedXml();
}

const oracle: ReadonlyArray<readonly [title: string, options: Parameters<typeof signedByXmlCrypto>[0]]> = [
  ['RSA-SHA1, SHA-1, exclusive C14N', { signature: rsaSha1, digest: sha1Digest, c14n: exclusiveC14n }],
  ['RSA-SHA256, SHA-256, exclusive C14N', { signature: rsaSha256, digest: sha256Digest, c14n: exclusiveC14n }],
  [
    'an InclusiveNamespaces prefix list',
    { signature: rsaSha256, digest: sha1Digest, c14n: exclusiveC14n, prefixes: ['unused', 'wsu'] },
  ],
  ['inclusive C14N 1.0', { signature: rsaSha1, digest: sha1Digest, c14n: inclusiveC14n }],
];
for (const [title, options] of oracle) {
  test(`a message signed by xml-crypto verifies: ${title}`, () => {
    const xml = signedByXmlCrypto(options);
    assert.equal(outcome(xml), 'ok');
    assert.equal(outcome(xml.replace('<e/>', '<e>1</e>')), 'digest_mismatch');
  });
}

test('xml-crypto verifies a message signed here', () => {
  for (const signingKey of [key, makeTestKey('sha', 'sha256')]) {
    const xml = signEnvelope(writeEnvelope(headers, request), signingKey);
    const checker = new SignedXml({
      publicCert: signingKey.certificatePem,
      idMode: 'wssecurity',
      getCertFromKeyInfo: () => null,
    });
    checker.loadSignature(
      elementOf('ds:Signature', xml).replace('<ds:KeyInfo>', `<ds:KeyInfo xmlns:wsse="${wsseNamespace}">`),
    );
    assert.equal(checker.checkSignature(xml), true);
    const ours = verifyEnvelope(xml);
    assert.ok(ours.ok);
    assert.equal(checker.getSignedReferences()[0], ours.signed.Body);
  }
});

test('a message signed by the soap package verifies', async () => {
  const { WSSecurityCert } = await import('soap');
  const security = new WSSecurityCert(key.keyPem, key.certificatePem, '', {
    signatureAlgorithm: rsaSha256,
    additionalReferences: ['h:CAISOWSHeader'],
    hasTimeStamp: true,
  });
  const unsigned = `<soap:Envelope xmlns:soap="${soap11Namespace}"><soap:Header>${writeCaisoHeader(caisoHeader)}</soap:Header><soap:Body>${request}</soap:Body></soap:Envelope>`;
  const verification = verifyEnvelope(security.postProcess(unsigned, 'soap'));
  assert.equal(outcomeOf(verification), 'ok');
});

test('a token without a certificate in it is refused', () => {
  const token = elementOf('wsse:BinarySecurityToken');
  assert.equal(outcome(signed.replace(token, token.replace(/>[^<]+</, '><'))), 'no_certificate');
});

test('an element that cannot be signed is a defect', () => {
  for (const xml of ['<a/>', '<a', writeEnvelope([], request), signed]) {
    assert.throws(() => signEnvelope(xml, key), TypeError);
  }
});

test('verifying leaves no document behind', () => {
  // A document that was not freed stays in WebAssembly memory, which only grows: 300 of these would pass 100 MiB.
  const large = signEnvelope(writeEnvelope(headers, `<r>${'x'.repeat(200_000)}</r>`), key);
  assert.equal(outcome(large), 'ok');
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
  for (let n = 0; n < 300; n += 1) verifyEnvelope(large.replace('xxx', n % 2 === 0 ? 'xxx' : 'yyy'));
  const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().external - before;
  assert.ok(grown < 48 * 1024 * 1024, `${grown} bytes more`);
});
