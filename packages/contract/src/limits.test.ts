import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicy } from './limits.ts';

const usual = `
    layer: global
    where: { namespace: ws }
    key: [source]
    unit: requests
    quota: 30
    windowMs: 1000
    refusal: { text: Wait <n> seconds. }
    evidence: assumed
    source: test`;

/** A policy of one rule in which lines were changed, and others added. */
function ruleOf(changes: Readonly<Record<string, string | null>>): string {
  const lines = usual.split('\n').filter((line) => !Object.keys(changes).some((key) => line.startsWith(`    ${key}:`)));
  const added = Object.entries(changes).flatMap(([key, value]) => (value === null ? [] : [`    ${key}: ${value}`]));
  return `limits:\n  - name: one${[...lines, ...added].join('\n')}\n`;
}

function findingsOf(text: string): readonly string[] {
  const parsed = parsePolicy('policy.yaml', text);
  return parsed.ok
    ? []
    : parsed.findings.map(({ line, path, found, expected }) => `${line} ${path}: ${found}; ${expected}`);
}

test('a rule that leaves out what it need not say is whole', () => {
  const parsed = parsePolicy('policy.yaml', ruleOf({}));
  assert.ok(parsed.ok);
  const [rule] = parsed.policy.limits;
  assert.deepEqual([rule?.algorithm, rule?.mode, rule?.counts], ['exact-sliding-window', 'enforce', 'admitted']);
  assert.deepEqual(parsed.notices, []);
});

test('parts of a rule that do not go together are found with their line', () => {
  const rows = [
    [{ key: '[source, source]' }, '9 limits.0.key.1: source again; each part once'],
    [{ withoutScid: 'source' }, '12 limits.0.withoutScid: "source"; nothing, without scid in the key'],
    [
      { sourceNetwork: '{ ipv4Bits: 16 }' },
      '12 limits.0.sourceNetwork: a map; nothing, without source-network in the key',
    ],
    [{ windowMs: null }, '2 limits.0.windowMs: nothing; the window of requests'],
    [{ refusal: null }, '2 limits.0.refusal: nothing; how a rule over requests says no'],
  ] as const;
  for (const [changes, expected] of rows) {
    const [found] = findingsOf(ruleOf(changes));
    assert.equal(found?.replace(/^\d+ /, ''), expected.replace(/^\d+ /, ''));
  }
});

test('a name that another rule has is found', () => {
  const twice = `${ruleOf({})}${ruleOf({}).replace('limits:\n', '')}`;
  assert.match(findingsOf(twice).join(), /limits\.1\.name: a name again; a name that no other rule has/);
});

test('a quota past what is counted exactly is told in a notice with its line', () => {
  const exact = parsePolicy('policy.yaml', ruleOf({ quota: '4096' }));
  assert.ok(exact.ok);
  assert.deepEqual(exact.notices, []);
  const parsed = parsePolicy('policy.yaml', ruleOf({ quota: '4097' }));
  assert.ok(parsed.ok);
  assert.deepEqual(
    parsed.notices.map(({ level, path, said }) => [level, path, said]),
    [
      [
        'notice',
        'limits.0.quota',
        '4097 requests are counted in parts of 8 ms: room may come back that much late, never early',
      ],
    ],
  );
});
