import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { rewriteYaml } from './rewrite-yaml.ts';

const named = (item: unknown) =>
  typeof item === 'object' && item !== null
    ? `thing ${'id' in item ? String(item.id) : JSON.stringify(item).slice(0, 16)}`
    : null;

const source = `# Who may do what.
format: 1

things:
  - id: a # the first
    tags: [x, y]
    rights:
      - { system: one, on: [p] }   # kept
      # about two
      - { system: two, on: [p, q] }

  # before b
  - id: b
    tags: []
    rights: []
`;

test('what says the same already is left to the last space', () => {
  assert.equal(rewriteYaml(source, parse(source), named), source);
});

test('a change touches its own lines, and comments stay where they are', () => {
  const wanted = parse(source);
  wanted.things[0].rights[1] = { system: 'two', on: ['q'] };
  wanted.things[1].tags = ['z'];
  wanted.things[1].rights.push({ system: 'three', on: ['p', 'q'] });
  wanted.things.push({ id: 'c', tags: ['x'], rights: [{ system: 'one', on: ['p'] }] });
  assert.equal(
    rewriteYaml(source, wanted, named),
    source
      .replace('- { system: two, on: [p, q] }', '- { system: two, on: [q] }')
      .replace('tags: []', 'tags: [z]')
      .replace('rights: []\n', 'rights:\n      - { system: three, on: [p, q] }\n')
      .concat('  - id: c\n    tags: [x]\n    rights:\n      - { system: one, on: [p] }\n'),
  );
});

test('what is taken out takes its line along, and nothing of the others', () => {
  const wanted = parse(source);
  wanted.things[0].rights.shift();
  delete wanted.things[1].tags;
  assert.equal(
    rewriteYaml(source, wanted, named),
    source.replace('      - { system: one, on: [p] }   # kept\n', '').replace('    tags: []\n', ''),
  );
});

test('the written text says exactly what is wanted, whatever it said before, and saying it again changes nothing', () => {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  const word = fc.string({ unit: 'grapheme', maxLength: 12 });
  const thing = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    tags: fc.array(fc.oneof(word, fc.constantFrom('[ a ]', '{ b }', ' # c', '- d', '5', 'null', 'yes')), {
      maxLength: 3,
    }),
    rights: fc.array(fc.record({ system: word, on: fc.array(word, { maxLength: 2 }) }), { maxLength: 3 }),
  });
  const file = fc.record({
    format: fc.integer(),
    things: fc.uniqueArray(thing, { maxLength: 4, selector: ({ id }) => id }),
  });
  fc.assert(
    fc.property(file.map(plain), file.map(plain), (before, after) => {
      const first = rewriteYaml(source, before, named);
      assert.deepEqual(parse(first), before);
      const second = rewriteYaml(first, after, named);
      assert.deepEqual(parse(second), after);
      assert.equal(rewriteYaml(second, after, named), second);
    }),
  );
});
