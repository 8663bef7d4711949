import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OptionSchema, sayFinding } from '@headgate/contract';
import { parse } from 'yaml';
import { type Config, parseConfig } from './config.ts';
import { exampleConfig } from './config-example.ts';
import { configOptions } from './config-reference.ts';

/** The example with every option that is left out taken in. */
function exampleInFull(): string {
  const full = exampleConfig().replaceAll(/^( *)#(?=\S)/gm, '$1');
  return full.replace('http://127.0.0.1:9000', 'https://127.0.0.1:9000'); // With `tls`, which needs it.
}

function configOf(text: string): Config {
  const parsed = parseConfig('example.yaml', text);
  if (!parsed.ok) assert.fail(parsed.findings.map(sayFinding).join('\n'));
  return parsed.config;
}

/** Names of every option, `listeners[].hosts[].name` for one in lists. */
function namesIn(options: OptionSchema, path = ''): string[] {
  return Object.entries(options.properties ?? {}).flatMap(([name, option]) => {
    const own = `${path}${name}`;
    const inner = option.items ?? option;
    return [own, ...namesIn(inner, `${own}${option.items === undefined ? '.' : '[].'}`)];
  });
}

function namesSet(value: unknown, options: OptionSchema, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => namesSet(each, options.items ?? {}, `${path}[]`));
  if (typeof value !== 'object' || value === null || options.properties === undefined) return [];
  return Object.entries(value).flatMap(([name, each]) => {
    const own = path === '' ? name : `${path}.${name}`;
    return [own, ...namesSet(each, options.properties?.[name] ?? {}, own)];
  });
}

test('the example is a configuration as printed', () => {
  assert.equal(configOf(exampleConfig()).node, 'gateway-1');
});

test('the example is a configuration with every option taken in', () => {
  assert.deepEqual(configOf(exampleInFull()).positions, { 'ws.caiso.com': 'current' });
});

test('the example names every option of the schema', () => {
  const named = new Set(namesSet(parse(exampleInFull()), configOptions()));
  assert.deepEqual(
    namesIn(configOptions()).filter((name) => !named.has(name)),
    [],
  );
});

test('the bounds of the path stand in the example at their defaults', () => {
  assert.deepEqual(configOf(exampleInFull()).path, configOf(exampleConfig()).path);
});

test('no line of the example is longer than a terminal is wide', () => {
  for (const line of exampleConfig().split('\n')) assert.ok(line.length <= 120, line);
});
