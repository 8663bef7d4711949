import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Incoming } from '../wire/message.ts';
import { callerOrigin } from './caller-origin.ts';

const asked = (fields: Incoming['fields']): Incoming => ({
  method: 'GET',
  path: '/',
  query: new URLSearchParams('wsdl'),
  fields,
  body: Buffer.alloc(0),
  ownAuthority: '127.0.0.1:8080',
});

const cases = [
  {
    says: 'a gateway that forwarded',
    fields: { host: 'a.example.org', forwarded: 'for=192.0.2.1;host="b.example.org";proto=https' },
    origin: 'https://b.example.org',
  },
  {
    says: 'the nearest of two gateways',
    fields: { host: 'c', forwarded: 'host=a;proto=http, host=b;proto=https' },
    origin: 'https://b',
  },
  {
    says: 'a gateway that names the scheme alone',
    fields: { host: 'ws.example.org', 'x-forwarded-proto': 'https' },
    origin: 'https://ws.example.org',
  },
  {
    says: 'Host, port included, when nobody forwarded',
    fields: { host: 'sim.example.org:8080' },
    origin: 'http://sim.example.org:8080',
  },
  { says: 'its own address when no host was named', fields: {}, origin: 'http://127.0.0.1:8080' },
  { says: 'its own address for a host that is none', fields: { host: '"/><evil' }, origin: 'http://127.0.0.1:8080' },
  { says: 'its own address for a host that no URL can have', fields: { host: '.0' }, origin: 'http://127.0.0.1:8080' },
] as const;

for (const { says, fields, origin } of cases) {
  test(`a description points to what is said by ${says}`, () => {
    assert.equal(callerOrigin(asked(fields)), origin);
  });
}

test('whatever the fields say, the origin is a URL of http or https without a path', () => {
  const field = fc.oneof(
    fc.string(),
    fc.tuple(fc.string(), fc.string()).map(([host, proto]) => `host="${host}";proto=${proto}`),
  );
  fc.assert(
    fc.property(field, field, (host, forwarded) => {
      const { origin, pathname, protocol } = new URL(callerOrigin(asked({ host, forwarded })));
      assert.match(protocol, /^https?:$/);
      assert.equal(pathname, '/');
      assert.notEqual(origin, 'null');
    }),
    { numRuns: 300 },
  );
});
