import assert from 'node:assert/strict';
import test from 'node:test';
import { treeOf } from './miniature.ts';
import { checkProblems } from './problems.ts';

const clean = {
  'packages/contract/src/problems.ts': `export const problems = {
  'route.not_found': problem({ status: 404, runbook: 'unknown-address' }),
  'gateway.defect': problem({ status: 500 }),
};`,
  'packages/gateway/src/route/select-route.ts': `throw new Refusal('route.not_found', {});`,
  'packages/gateway/src/response/reply-for.ts': `const code = 'gateway.defect';`,
  'packages/gateway/src/serve.test.ts': `assert.deepEqual(codes, ['route.not_found', 'gateway.defect']);`,
  'docs/reference/problems.md':
    '# Problems\n\n## `route.not_found`\n\n| code | status |\n|---|---|\n| `gateway.defect` | 500 |\n',
  'docs/runbooks/unknown-address.md': '',
};

function fault(changed: Readonly<Record<string, string>>): string {
  const findings = checkProblems(treeOf({ ...clean, ...changed }));
  assert.equal(findings.length, 1, JSON.stringify(findings));
  return `${findings[0]?.found}: ${findings[0]?.fix}`;
}

test('a catalogue in step with its page, its product and its tests has no finding', () => {
  assert.deepEqual(checkProblems(treeOf(clean)), []);
});

test('a code without a reference entry is found', () => {
  assert.match(
    fault({ 'docs/reference/problems.md': '| `gateway.defect` |' }),
    /route\.not_found has no reference entry/,
  );
});

test('a reference entry without a code is found', () => {
  const page = `${clean['docs/reference/problems.md']}\n## route.moved\n`;
  assert.match(fault({ 'docs/reference/problems.md': page }), /route\.moved is not in the catalogue/);
});

test('a code that nothing raises is found', () => {
  assert.match(fault({ 'packages/gateway/src/response/reply-for.ts': '' }), /gateway\.defect is raised nowhere/);
});

test('a code that no test provokes is found', () => {
  assert.match(
    fault({ 'packages/gateway/src/serve.test.ts': `'gateway.defect'` }),
    /route\.not_found is provoked by no test/,
  );
});

test('a test of the catalogue itself provokes nothing', () => {
  const moved = {
    'packages/gateway/src/serve.test.ts': '',
    'packages/contract/src/problems.test.ts': clean['packages/gateway/src/serve.test.ts'],
  };
  assert.equal(checkProblems(treeOf({ ...clean, ...moved })).length, 2);
});

test('a code raised but not in the catalogue is found', () => {
  assert.match(
    fault({ 'packages/gateway/src/forward/forward.ts': `refuse('forward.lost', {})` }),
    /forward\.lost is raised but not/,
  );
});

test('a runbook that is not written is found', () => {
  const { 'docs/runbooks/unknown-address.md': _gone, ...rest } = clean;
  assert.match(JSON.stringify(checkProblems(treeOf(rest))), /write docs\/runbooks\/unknown-address\.md/);
});

test('an empty catalogue is found', () => {
  assert.match(JSON.stringify(checkProblems(treeOf({}))), /no problem in the catalogue/);
});
