import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type OptionSchema, withPart } from '@headgate/contract';
import { configOptions, configReference } from './config-reference.ts';

const page = new URL('../../../docs/reference/gateway-configuration.md', import.meta.url);
const rewrite = 'UPDATE_REFERENCE=1 node --test packages/gateway/src/config-reference.test.ts';

test('docs/reference/gateway-configuration.md has every option with the meaning, default and bounds of the schema', () => {
  const text = readFileSync(page, 'utf8');
  const current = withPart(text, 'options', configReference());
  if (process.env.UPDATE_REFERENCE === undefined)
    assert.ok(text === current, `the page is not up to date; run: ${rewrite}`);
  else writeFileSync(page, current);
});

test('every single option has a meaning', () => {
  const look = (path: string, options: OptionSchema): void => {
    for (const [name, option] of Object.entries(options.properties ?? {})) {
      const inner = option.items ?? option;
      if (inner.properties !== undefined) look(`${path}${name}.`, inner);
      else assert.ok((option.description ?? '') !== '', `${path}${name} has no description in config.ts`);
    }
  };
  look('', configOptions());
});
