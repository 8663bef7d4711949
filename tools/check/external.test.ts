import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import test, { type TestContext } from 'node:test';
import { externalTools, runTool, type ToolVerdict } from './external.ts';

const root = resolve(import.meta.dirname, '..', '..');
const configurations = ['package.json', 'tsconfig.json', 'biome.json', '.oxlintrc.json', 'knip.json', '.gitignore'];

/** A folder with our configuration and the given files, gone after the test. */
function repository(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-check-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of configurations) copyFileSync(join(root, name), join(folder, name));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function run(name: string, folder: string): Promise<ToolVerdict> {
  const tool = externalTools.find((each) => each.name === name);
  assert.ok(tool);
  return runTool(tool, folder);
}

const faults: readonly (readonly [name: string, title: string, text: string, output: RegExp])[] = [
  ['format', 'the formatter finds double quotes', 'export const a = "b";\n', /Formatter would have printed/],
  [
    'lint',
    'the linter finds a promise that nobody waits for',
    'const a = async () => 1;\na();\n',
    /no-floating-promises/,
  ],
  [
    'lint',
    'the linter finds a switch with a gap',
    "export function a(b: 'c' | 'd'): number {\n  switch (b) {\n    case 'c':\n      return 1;\n  }\n  return 2;\n}\n",
    /switch-exhaustiveness-check/,
  ],
  [
    'types-fast',
    'TypeScript 7 finds an index that may be missing',
    'export const a = (b: string[]): string => b[0];\n',
    /TS2322/,
  ],
  [
    'types',
    'TypeScript 6 finds an index that may be missing',
    'export const a = (b: string[]): string => b[0];\n',
    /TS2322/,
  ],
  [
    'dead-code',
    'the dead-code check finds a file that nothing imports',
    'export const a = 1;\n',
    /Unused files[\s\S]*tools\/check\/unused\.ts/,
  ],
];

for (const [name, title, text, output] of faults) {
  test(title, async (t) => {
    const verdict = await run(name, repository(t, { 'tools/check/unused.ts': text }));
    assert.equal(verdict.passed, false);
    assert.match(verdict.output, output);
  });
}

test('the dead-code check finds an import that the package does not list', async (t) => {
  const manifest = JSON.stringify({ name: '@headgate/soap', type: 'module', exports: { '.': './src/index.ts' } });
  const files = {
    'packages/soap/package.json': manifest,
    'packages/soap/src/index.ts': "export { parse } from 'yaml';\n",
  };
  const verdict = await run('dead-code', repository(t, files));
  assert.match(verdict.output, /Unlisted dependencies[\s\S]*yaml/);
});

test('the dead-code check finds an export that nothing uses', async (t) => {
  const files = {
    'tools/check/main.ts': "import { used } from './beside.ts';\nconsole.log(used);\n",
    'tools/check/beside.ts': 'export const used = 1;\nexport const spare = 2;\n',
  };
  const verdict = await run('dead-code', repository(t, files));
  assert.equal(verdict.passed, false);
  assert.match(verdict.output, /Unused exports[\s\S]*spare[\s\S]*tools\/check\/beside\.ts/);
  assert.doesNotMatch(verdict.output, /\bused\b.*beside/);
});

test('format, lint and types are content with a clean file', async (t) => {
  const folder = repository(t, { 'tools/check/clean.ts': 'export const a = 1;\n' });
  for (const name of ['format', 'lint', 'types-fast', 'types']) {
    const verdict = await run(name, folder);
    assert.equal(verdict.passed, true, verdict.output);
  }
});
