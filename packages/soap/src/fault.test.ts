import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FaultFields, readFault, writeFault } from './fault.ts';
import { readHead } from './head.ts';
import { problemNamespace, soap11Namespace, soap12Namespace, standardOutputNamespace } from './namespaces.ts';
import { readXml } from './xml-document.ts';

const sentence = '429: wait 5 seconds & try <again>';
const fault = (over: Partial<FaultFields> = {}): FaultFields => ({
  version: '1.1',
  side: 'server',
  text: sentence,
  createdMs: Date.UTC(2026, 0, 1),
  fields: [
    ['code', 'admission.acceptable_use'],
    ['exchange', 'x-1'],
    ['retryAfterSeconds', 5],
  ],
  ...over,
});

test('a SOAP 1.1 fault has exactly this shape', () => {
  assert.equal(
    writeFault(
      fault({
        text: 'No.',
        fields: [
          ['code', 'a.b'],
          ['by', 'gateway'],
        ],
      }),
    ),
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${soap11Namespace}"><SOAP-ENV:Body><SOAP-ENV:Fault>` +
      '<faultcode>SOAP-ENV:Server</faultcode><faultstring xml:lang="en">No.</faultstring><detail>' +
      `<ns1:outputDataType xmlns:ns1="${standardOutputNamespace}"><ns1:EventLog><ns1:Event>` +
      '<ns1:result>a.b</ns1:result><ns1:id>1</ns1:id><ns1:name>refusal</ns1:name><ns1:description>No.</ns1:description>' +
      '<ns1:creationTime>2026-01-01T00:00:00.000Z</ns1:creationTime><ns1:severity>ERROR</ns1:severity>' +
      '<ns1:eventType>REFUSAL</ns1:eventType></ns1:Event></ns1:EventLog></ns1:outputDataType>' +
      `<problem xmlns="${problemNamespace}"><code>a.b</code><by>gateway</by></problem></detail>` +
      '</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>',
  );
});

test('libxml2 finds the sentence where each known client looks for it', () => {
  const found = readXml(writeFault(fault()), (root) => {
    const namespaces = { s: soap11Namespace, ns1: standardOutputNamespace };
    const at = (path: string) => root.get(path, namespaces)?.content;
    return [
      at('/s:Envelope/s:Body/s:Fault/faultstring'),
      at('/s:Envelope/s:Body/s:Fault/detail/ns1:outputDataType/ns1:EventLog/ns1:Event/ns1:description'),
    ];
  });
  assert.deepEqual(found, { ok: true, value: [sentence, sentence] });
});

test('a fault of either version reads back, with either prefix and side', () => {
  for (const version of ['1.1', '1.2'] as const) {
    for (const side of ['client', 'server'] as const) {
      for (const prefix of ['SOAP-ENV', 'soapenv'] as const) {
        const xml = writeFault(fault({ version, side, prefix }));
        const read = readFault(xml);
        assert.equal(read?.version, version);
        assert.equal(read?.side, side);
        assert.equal(read?.text, sentence);
        assert.equal(read?.description, sentence);
        assert.equal(read?.problem.retryAfterSeconds, '5');
        assert.ok(xml.endsWith(`</${prefix}:Envelope>`));
      }
    }
  }
});

test('a fault of either version is a SOAP message with a Fault for its operation', () => {
  for (const [version, namespace] of [
    ['1.1', soap11Namespace],
    ['1.2', soap12Namespace],
  ] as const) {
    const head = readHead(Buffer.from(writeFault(fault({ version }))));
    assert.deepEqual(head, {
      kind: 'soap',
      version,
      bodyElement: { namespace, localName: 'Fault' },
      complete: true,
    });
  }
});

test('whatever the text, a fault is one line of well-formed XML that says it twice', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, value) => {
      const xml = writeFault(fault({ text, fields: [['fix', value]] }));
      assert.doesNotMatch(xml, /[\r\n]/);
      const read = readFault(xml);
      assert.ok(read);
      assert.equal(read.text, read.description);
    }),
  );
});

test('a problem field whose name is no element name is a defect', () => {
  assert.throws(() => writeFault(fault({ fields: [['a b', 'x']] })), TypeError);
});

const layouts: ReadonlyArray<readonly [title: string, detail: string]> = [
  [
    'outputDataType',
    `<n:outputDataType xmlns:n="${standardOutputNamespace}"><n:EventLog><n:Event><n:description>said</n:description></n:Event></n:EventLog></n:outputDataType>`,
  ],
  [
    'StandardOutput without a namespace',
    '<StandardOutput><MessagePayload><EventLog><Event><description>said</description></Event></EventLog></MessagePayload></StandardOutput>',
  ],
  [
    'returnData',
    `<returnData><EventLog xmlns="${standardOutputNamespace}"><Event><description>said</description></Event></EventLog></returnData>`,
  ],
];
for (const [title, detail] of layouts) {
  test(`the description is read in the layout of ${title}`, () => {
    const read = readFault(
      `<e:Envelope xmlns:e="${soap11Namespace}"><e:Header/><e:Body><e:Fault><faultcode>e:Client.Authentication</faultcode>` +
        `<faultstring>Signature validation status: false</faultstring><detail>${detail}</detail></e:Fault></e:Body></e:Envelope>`,
    );
    assert.deepEqual(read, {
      version: '1.1',
      side: 'client',
      code: 'Client.Authentication',
      text: 'Signature validation status: false',
      description: 'said',
      problem: {},
    });
  });
}

test('what is no fault reads as none', () => {
  for (const xml of [
    '',
    'text',
    '<html/>',
    `<e:Envelope xmlns:e="${soap11Namespace}"><e:Body><a/></e:Body></e:Envelope>`,
  ]) {
    assert.equal(readFault(xml), null);
  }
});
