import assert from 'node:assert/strict';
import test from 'node:test';
import { checkLinks } from './links.ts';
import { treeOf } from './miniature.ts';

const clean = {
  'README.md':
    'See [operate](docs/guides/operate.md#start-it-twice), [docs](docs/), [top](#top) and [web](https://example.org/x).\n\n# Top\n',
  'docs/guides/operate.md':
    '# Operate\n\n## Start it, *twice*\n\n[back](../../README.md "home") and `[no](link.md)`\n\n```md\n[no](link.md)\n```\n',
  'ARCHITECTURE.md':
    'The map: `packages/gateway/src/serve.ts`, `packages/gateway/`, `packages/<name>/src`, `docs/**`.\n',
  'packages/gateway/src/serve.ts': '',
};

function fault(changed: Readonly<Record<string, string>>): string {
  const findings = checkLinks(treeOf({ ...clean, ...changed }));
  assert.equal(findings.length, 1, JSON.stringify(findings));
  return `${findings[0]?.file}:${findings[0]?.line} ${findings[0]?.found}: ${findings[0]?.fix}`;
}

test('links that lead somewhere have no finding', () => {
  assert.deepEqual(checkLinks(treeOf(clean)), []);
});

test('a link to a page that does not exist is found with its line', () => {
  assert.match(
    fault({ 'docs/guides/cut-over.md': '# C\n\n[x](plan.md)\n' }),
    /cut-over\.md:3 a link to plan\.md: docs\/guides\/plan\.md does not exist/,
  );
});

test('a reference link to a page that does not exist is found', () => {
  assert.match(fault({ 'docs/a.md': '[x]: gone.md\n' }), /docs\/gone\.md does not exist/);
});

test('an anchor without a heading is found', () => {
  assert.match(fault({ 'docs/a.md': '[x](guides/operate.md#stop-it)\n' }), /no heading with the anchor #stop-it/);
});

test('the second of two equal headings has a numbered anchor', () => {
  assert.deepEqual(checkLinks(treeOf({ 'a.md': '# Same\n# Same\n[x](#same-1)\n' })), []);
});

test('a path in the code map that does not exist is found', () => {
  assert.match(
    fault({ 'ARCHITECTURE.md': 'The map: `packages/gateway/src/advance.ts`.\n' }),
    /names packages\/gateway\/src\/advance\.ts/,
  );
});
