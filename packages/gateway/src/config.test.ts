import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from './config.ts';
import { endpointOf } from './config-upstreams.ts';

const good = `node: gateway
listeners:
  - name: ws
    port: 8443
    hosts:
      - { name: ws.example.net, certificate: a.pem, key: a.key }
catalogue: catalogues/example
trustBundles:
  - { name: users, anchors: anchors.pem }
upstreams:
  - { system: '*', endpoints: ['http://127.0.0.1:8080'] }
evidence: { folder: evidence }
`;
const findingsOf = (text: string) => {
  const parsed = parseConfig('gateway.yaml', text);
  return parsed.ok ? [] : parsed.findings;
};

test('a small file is enough, and every bound has a default', () => {
  const parsed = parseConfig('gateway.yaml', good);
  assert.ok(parsed.ok);
  assert.equal(parsed.config.path.bodyBytesMax, 1_048_576);
  assert.equal(parsed.config.listeners[0]?.address, '127.0.0.1');
});

test('an endpoint is an address, or a map with its weight', () => {
  const text = good
    .replace('[', "[{ url: 'https://b.example', weight: 3 }, ")
    .replace('] }', '], tls: { authorities: a.pem } }');
  const parsed = parseConfig('gateway.yaml', text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const [upstream] = parsed.config.upstreams;
  assert.deepEqual(upstream?.endpoints.map(endpointOf), [
    { url: 'https://b.example', weight: 3 },
    { url: 'http://127.0.0.1:8080', weight: 1 },
  ]);
});

describe('a wrong file names its line, what was found and what was expected', () => {
  for (const [what, from, to, line, path, said] of [
    ['an unknown key', 'node: gateway', 'nodes: gateway', 1, '', /nodes/],
    ['a port out of bounds', '8443', '99999', 4, 'listeners.0.port', /99999/],
    ['an upper-case host', 'ws.example.net', 'WS.example.net', 6, 'listeners.0.hosts.0.name', /WS\.example\.net/],
    ['a wildcard host', 'ws.example.net', "'*.example.net'", 6, 'listeners.0.hosts.0.name', /\*/],
    ['a TLS host without key', ', key: a.key', '', 6, 'listeners.0.hosts.0', /without certificate or key/],
    [
      'a trust bundle that is not declared',
      'key: a.key }',
      'key: a.key, clientCertificate: requested, trust: others }',
      6,
      'listeners.0.hosts.0.trust',
      /"others"/,
    ],
    [
      'plain HTTP with certificates',
      'key: a.key }',
      'key: a.key, clientCertificate: requested }\n    tls: false',
      6,
      'listeners.0.hosts.0',
      /plain HTTP/,
    ],
    [
      'an identity field of another use',
      'catalogue:',
      'identityFields: [{ name: Content_Type, value: subject }]\ncatalogue:',
      7,
      'identityFields.0.name',
      /"Content_Type"/,
    ],
    [
      'an identity field twice, in two spellings',
      'catalogue:',
      'identityFields: [{ name: X-User, value: subject }, { name: x_user, value: serial }]\ncatalogue:',
      7,
      'identityFields.1.name',
      /"x_user" again/,
    ],
    ['an upstream over https without tls', 'http://127', 'https://127', 11, 'upstreams.0.endpoints.0', /without tls/],
    ['an upstream over ftp', 'http://127', 'ftp://127', 11, 'upstreams.0.endpoints.0', /ftp/],
    ['an upstream with a path', ':8080', ':8080/sst', 11, 'upstreams.0.endpoints.0', /sst/],
    ['an endpoint twice', "0.1:8080'", "0.1:8080', 'http://127.0.0.1:8080'", 11, 'upstreams.0.endpoints.1', /a second/],
    [
      'an endpoint with an unknown key',
      "'http://127.0.0.1:8080'",
      "{ url: 'http://127.0.0.1:8080', wieght: 2 }",
      11,
      'upstreams.0.endpoints.0.wieght',
      /unknown key/,
    ],
    [
      'an endpoint without weight',
      "'http://127.0.0.1:8080'",
      "{ url: 'http://127.0.0.1:8080', weight: 0 }",
      11,
      'upstreams.0.endpoints.0.weight',
      /0/,
    ],
    ['tls for plain HTTP', ":8080'] }", ":8080'], tls: { authorities: a.pem } }", 11, 'upstreams.0.tls', /http:/],
    [
      'a key without its certificate',
      "'http://127.0.0.1:8080'] }",
      "'https://127.0.0.1:8080'], tls: { authorities: a.pem, key: b.key } }",
      11,
      'upstreams.0.tls',
      /one of/,
    ],
    ['a check of TLS without it', ":8080'] }", ":8080'], check: { kind: tls } }", 11, 'upstreams.0.check.kind', /tls/],
    ['a check of nothing', ":8080'] }", ":8080'], check: {} }", 11, 'upstreams.0.check.kind', /nothing/],
    [
      'ejections that end before they began',
      ":8080'] }",
      ":8080'], ejection: { baseMs: 5000, maxMs: 4000 } }",
      11,
      'upstreams.0.ejection',
      /below/,
    ],
    ['no upstream', "  - { system: '*', endpoints: ['http://127.0.0.1:8080'] }", '  []', 11, 'upstreams', /./],
    ['YAML that is none', 'node: gateway', 'node: [', 2, '', /./],
    ['a key twice', 'node: gateway', 'node: gateway\nnode: gateway', 2, '', /./],
  ] as const)
    test(what, () => {
      assert.ok(good.includes(from));
      const [finding] = findingsOf(good.replace(from, to));
      assert.ok(finding);
      assert.equal(finding.file, 'gateway.yaml');
      assert.equal(finding.line, line, JSON.stringify(finding));
      assert.equal(finding.path.startsWith(path), true, finding.path);
      assert.match(`${finding.found} ${finding.path}`, said);
      assert.notEqual(finding.expected, '');
    });
});

test('lists are fetched by http as it is, and by https from a server that is certified by whom the configuration names', () => {
  const found = (list: string) => {
    const parsed = parseConfig(
      'gateway.yaml',
      `listeners: [{ name: a, port: 1, hosts: [{ name: ui.example.org, certificate: c, key: k }] }]\ncatalogue: c\n` +
        `trustBundles: [{ name: users, anchors: a, crlUrls: [${list}] }]\n` +
        'upstreams: [{ system: "*", endpoints: ["http://127.0.0.1:1"] }]\nevidence: { folder: e }\n',
    );
    return parsed.ok ? [] : parsed.findings.map(({ found, expected }) => `${found}: ${expected}`);
  };
  assert.deepEqual(found('{ url: "http://crl.example.org/a.crl" }'), []);
  assert.deepEqual(found('{ url: "https://crl.example.org/a.crl", authorities: a.pem }'), []);
  assert.deepEqual(found('{ url: "https://crl.example.org/a.crl" }'), [
    'https without authorities: `authorities`, whom the server is certified by',
  ]);
  assert.deepEqual(found('{ url: "http://crl.example.org/a.crl", authorities: a.pem }'), [
    'http with authorities: https, or no `authorities`',
  ]);
  for (const url of ['ldap://crl.example.org', 'http://a:b@crl.example.org/', 'http://crl.example.org/#a', 'a.crl'])
    assert.match(found(`{ url: "${url}" }`)[0] ?? '', /an http or https URL/, url);
});

test('what control publishes is not said in the file too, but for revocation lists', () => {
  const own = good.replace(/^catalogue: .*\n/m, '').replace(/trustBundles:[\s\S]*?(?=\n\w)/, 'trustBundles: []');
  const control = `snapshot: control
control: { url: 'https://control.example.net:9443', certificate: a.pem, key: a.key, trust: control.pem }
`;
  const paths = (text: string) => findingsOf(text).map(({ path }) => path);
  assert.deepEqual(paths(own + control), []);
  assert.deepEqual(paths(`${own}snapshot: control\n`), ['snapshot']);
  const more = {
    catalogue: 'somewhere',
    policy: 'p.yaml',
    shadowPolicy: 's.yaml',
    provisioning: 'p.yaml',
    trust: 't.yaml',
    positions: '{ a.example: current }',
    chainPositions: '{ a.example: current }',
  };
  for (const [name, value] of Object.entries(more))
    assert.deepEqual(paths(`${own}${control}${name}: ${value}\n`), [name], name);
  const withBundle = (bundle: string) =>
    paths((own + control).replace('trustBundles: []', `trustBundles: [${bundle}]`));
  assert.deepEqual(withBundle('{ name: users, crls: [users.crl] }'), []);
  assert.deepEqual(withBundle('{ name: users, anchors: a.pem }'), ['trustBundles.0']);
});

test('no upstream leads to control, however its address is written', () => {
  const files = 'certificate: a.pem, key: a.key, trust: control.pem';
  const paths = (endpoint: string, url: string) =>
    findingsOf(`${good.replace('http://127.0.0.1:8080', endpoint)}control: { url: '${url}', ${files} }\n`)
      .filter(({ found }) => found.includes('where control is'))
      .map(({ path }) => path);
  assert.deepEqual(paths('http://127.0.0.1:9443', 'https://localhost:9443'), ['upstreams.0.endpoints.0']);
  assert.deepEqual(paths('https://Control.Example.net', 'https://control.example.net:443'), [
    'upstreams.0.endpoints.0',
  ]);
  assert.deepEqual(paths('http://control.example.net:443', 'https://control.example.net'), ['upstreams.0.endpoints.0']);
  assert.deepEqual(paths('http://control.example.net', 'https://control.example.net'), []);
  assert.deepEqual(paths('http://127.0.0.1:9444', 'https://127.0.0.1:9443'), []);
});

test('control is a whole section: an https address without path, and the files of both sides', () => {
  const found = (control: string) =>
    findingsOf(`${good}control: ${control}\n`).map(({ path, line }) => `${line} ${path}`);
  const files = 'certificate: a.pem, key: a.key, trust: control.pem';
  assert.deepEqual(found(`{ url: 'https://control.example.net:9443', ${files} }`), []);
  assert.deepEqual(found(`{ url: 'https://127.0.0.1:9443', ${files}, serverName: control.example.net }`), []);
  for (const url of [
    'http://control.example.net',
    'https://control.example.net/v1',
    'https://a:b@c.example',
    'control',
  ])
    assert.deepEqual(found(`{ url: '${url}', ${files} }`), ['13 control.url'], url);
  assert.deepEqual(found(`{ url: 'https://control.example.net:9443', certificate: a.pem, key: a.key }`), [
    '13 control.trust',
  ]);
});

test('sessions that could not belong to a certificate, or not be announced, are found', () => {
  const found = (host: string) => {
    const parsed = parseConfig(
      'gateway.yaml',
      `listeners: [{ name: a, port: 1, hosts: [{ name: ui.example.org, certificate: c, key: k, ${host} }] }]\ncatalogue: c\n` +
        'trustBundles: [{ name: users, anchors: a }]\nupstreams: [{ system: "*", endpoints: ["http://127.0.0.1:1"] }]\nevidence: { folder: e }\n',
    );
    return parsed.ok ? [] : parsed.findings.map(({ found, expected }) => `${found}: ${expected}`);
  };
  assert.deepEqual(found('uiSession: {}'), []);
  assert.deepEqual(found('clientCertificate: none, uiSession: {}'), [
    'sessions at ui.example.org without client certificates: clientCertificate: required',
  ]);
  assert.deepEqual(found('uiSession: { idleMs: 86400000 }'), ['idleMs 86400000: at most absoluteMs, 43200000']);
  assert.deepEqual(found('uiSession: { idleMs: 300000 }'), ['announceMs 300000: less than idleMs, 300000']);
});
