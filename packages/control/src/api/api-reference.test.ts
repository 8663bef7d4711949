// The published description is what the code does: compared route by route, and kept as files that show every change of it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { withPart } from '@headgate/contract';
import { startControlFixture, type TestRunningControl } from '../start-control.fixture.ts';
import type { RouteEntry } from './route-table.ts';

const folder = new URL('../../../../docs/reference/', import.meta.url);
const rewrite = 'UPDATE_REFERENCE=1 node --test packages/control/src/api/api-reference.test.ts';

interface Operation {
  readonly summary?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly content?: object }>>;
}

interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

let control: TestRunningControl;
let description: Description;
let text = '';

before(async () => {
  control = await startControlFixture();
  const answer = await control.ask('operator', '/v1/openapi.json');
  description = answer.json<Description>();
  text = `${JSON.stringify(description, null, 2)}\n`;
});

after(() => control.close());

/** Routes without those that only repeat another one: HEAD stands beside every GET. */
function routes(): readonly RouteEntry[] {
  return control.running.routes.filter(({ method }) => method !== 'HEAD');
}

function operationOf({ method, url }: RouteEntry): Operation | undefined {
  return description.paths[url.replaceAll(/:([^/]+)/g, '{$1}')]?.[method.toLowerCase()];
}

test('the description has every route and nothing else, with who may call it', () => {
  for (const route of routes()) {
    const operation = operationOf(route);
    const name = `${route.method} ${route.url}`;
    assert.ok(operation !== undefined, `${name} is not described`);
    assert.ok((operation.summary ?? '') !== '', `${name} has no summary in its schema`);
    assert.equal(operation.security?.length, route.access.roles === 'anyone' ? 0 : 2, name);
    const parameters = [...route.url.matchAll(/:([^/]+)/g)].map(([, parameter]) => parameter);
    const described = (operation.parameters ?? []).filter((each) => each.in === 'path').map((each) => each.name);
    assert.deepEqual(described, parameters, `${name} does not describe its parameters: give its schema params`);
  }
  const described = Object.values(description.paths).flatMap((path) => Object.keys(path));
  assert.equal(described.length, routes().length);
});

test('every operation says what it answers, in a schema where it has a body, and that a refusal is a Problem', () => {
  for (const route of routes()) {
    const responses = operationOf(route)?.responses ?? {};
    const name = `${route.method} ${route.url}`;
    const good = Object.keys(responses).filter((status) => /^[23]/.test(status));
    assert.ok(good.length > 0, `${name} has no successful answer in its schema`);
    for (const status of good) {
      const { content, description: words } = responses[status] ?? {};
      assert.ok(content !== undefined || /^(?:204|303)$/.test(status), `${name}: ${status} has no schema`);
      assert.ok(words !== undefined, `${name}: ${status} has no description`);
    }
    assert.match(JSON.stringify(responses.default), /"application\/problem\+json".*#\/components\/schemas\/Problem"/);
  }
});

test('no reference in the description leads nowhere, and no schema is described that nothing uses', () => {
  const used = [...text.matchAll(/"\$ref": "#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? '');
  const all = [...text.matchAll(/"\$ref": "/g)];
  assert.equal(used.length, all.length, 'a reference leads out of the schemas');
  const { schemas } = description.components;
  assert.deepEqual([...new Set(used)].toSorted(), Object.keys(schemas).toSorted());
});

test('docs/reference/control-api.json is the description as it is served', () => {
  const file = new URL('control-api.json', folder);
  if (process.env.UPDATE_REFERENCE !== undefined) writeFileSync(file, text);
  else assert.ok(readFileSync(file, 'utf8') === text, `the file is not up to date; run: ${rewrite}`);
});

test('docs/reference/control-api.md has every route with who may call it', () => {
  const file = new URL('control-api.md', folder);
  const page = readFileSync(file, 'utf8');
  const rows = routes()
    .toSorted((one, other) => one.url.localeCompare(other.url) || one.method.localeCompare(other.method))
    .map((route) => `| \`${route.method} ${route.url}\` | ${operationOf(route)?.summary ?? ''} | ${whoMay(route)} |`);
  const current = withPart(page, 'routes', ['| route | what | who |', '|---|---|---|', ...rows, ''].join('\n'));
  if (process.env.UPDATE_REFERENCE !== undefined) writeFileSync(file, current);
  else assert.ok(page === current, `the page is not up to date; run: ${rewrite}`);
});

function whoMay({ access: { roles, participant, node } }: RouteEntry): string {
  if (roles === 'anyone') return 'anyone';
  const own = [
    ...(participant === undefined ? [] : ['participants: their own']),
    ...(node === undefined ? [] : ['a node: its own']),
  ];
  return [roles.join(', '), ...own].join('; ');
}
