import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toSourceNetwork } from './source-network.ts';

const usual = { ipv4Bits: 24, ipv6Bits: 64 };

test('addresses of one network give the same text, and of two networks another', () => {
  const rows = [
    ['192.0.2.1', '192.0.2.0/24'],
    ['192.0.2.254', '192.0.2.0/24'],
    ['192.0.3.1', '192.0.3.0/24'],
    ['2001:db8::1', '2001:db8:0:0:0:0:0:0/64'],
    ['2001:DB8:0:0:ffff::', '2001:db8:0:0:0:0:0:0/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1:0:0:0:0/64'],
    ['::1', '0:0:0:0:0:0:0:0/64'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0:0:0:0:0/64'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:0/64'],
  ] as const;
  for (const [source, network] of rows) assert.equal(toSourceNetwork(source, usual), network, source);
});

test('a prefix that ends within a number keeps its leading bits alone', () => {
  assert.equal(toSourceNetwork('10.255.255.255', { ...usual, ipv4Bits: 9 }), '10.128.0.0/9');
  assert.equal(toSourceNetwork('2001:dbf:ffff::', { ...usual, ipv6Bits: 30 }), '2001:dbc:0:0:0:0:0:0/30');
  assert.equal(toSourceNetwork('192.0.2.7', { ...usual, ipv4Bits: 32 }), '192.0.2.7/32');
});

test('what is no address is a network of its own', () => {
  for (const source of ['unknown', '1.2.3', '1.2.3.256', '1::2::3', '1:2:3:4:5:6:7', '12345::', '1:2:3:4:5:6:7:8:9'])
    assert.equal(toSourceNetwork(source, usual), source);
});
