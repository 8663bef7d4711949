import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type OptionSchema, sayFinding, withPart } from '@headgate/contract';
import { controlOptions, controlReference, exampleControlConfig } from './config-reference.ts';
import { type ControlConfig, parseControlConfig } from './control-config.ts';

const page = new URL('../../../../docs/reference/control-configuration.md', import.meta.url);
const rewrite = 'UPDATE_REFERENCE=1 node --test packages/control/src/config/config-reference.test.ts';

function configOf(text: string): ControlConfig {
  const parsed = parseControlConfig('control.yaml', text);
  if (!parsed.ok) assert.fail(parsed.findings.map(sayFinding).join('\n'));
  return parsed.config;
}

test('docs/reference/control-configuration.md has every option with the meaning, default and bounds of the schema', () => {
  const text = readFileSync(page, 'utf8');
  const current = withPart(text, 'options', controlReference());
  if (process.env.UPDATE_REFERENCE === undefined)
    assert.ok(text === current, `the page is not up to date; run: ${rewrite}`);
  else writeFileSync(page, current);
});

test('every single option has a meaning', () => {
  const look = (path: string, options: OptionSchema): void => {
    for (const [name, option] of Object.entries(options.properties ?? {})) {
      const inner = option.items ?? option;
      if (inner.properties !== undefined) look(`${path}${name}.`, inner);
      else assert.ok((option.description ?? '') !== '', `${path}${name} has no description in its schema`);
    }
  };
  look('', controlOptions());
});

test('the example is a configuration as printed, and with every option taken in', () => {
  const printed = configOf(exampleControlConfig());
  const full = configOf(exampleControlConfig().replaceAll(/^( *)#(?=\S)/gm, '$1'));
  assert.equal(printed.nodes[0]?.name, 'gateway-1');
  assert.equal(full.accounts[0]?.fingerprints.length, 1);
  assert.equal(full.snapshot?.trustBundles[0]?.name, 'users');
  const filled = { accounts: [], url: '', trust: null, snapshot: null };
  assert.deepEqual({ ...full, ...filled }, { ...printed, ...filled });
});

test('the example names every section, and no line of it is longer than a terminal is wide', () => {
  const text = exampleControlConfig();
  for (const name of Object.keys(controlOptions().properties ?? {})) assert.match(text, new RegExp(`^#?${name}:`, 'm'));
  for (const line of text.split('\n')) assert.ok(line.length <= 120, line);
});
