import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricIds } from './metrics.ts';
import { parseOptions } from './options.ts';
import { serverNames } from './servers.ts';

test('without words everything is measured in five rounds', () => {
  assert.deepEqual(parseOptions([]), {
    kind: 'options',
    options: { rounds: 5, quick: false, metrics: [...metricIds], servers: [...serverNames], publish: false },
  });
});

test('a quick run has one round unless more are asked for', () => {
  const roundsOf = (...words: string[]) => {
    const parsed = parseOptions(words);
    return parsed.kind === 'options' ? parsed.options.rounds : parsed.kind;
  };
  assert.equal(roundsOf('--quick'), 1);
  assert.equal(roundsOf('--quick', '--rounds', '3'), 3);
});

test('Headgate takes part whichever peers are chosen', () => {
  const parsed = parseOptions(['--peers', 'nginx', '--only', 'refusal,get']);
  assert.equal(parsed.kind, 'options');
  assert.deepEqual(parsed.kind === 'options' && parsed.options.servers, ['headgate', 'nginx']);
  assert.deepEqual(parsed.kind === 'options' && parsed.options.metrics, ['get', 'refusal']);
});

test('a word that is not known is refused with those that are', () => {
  for (const [words, expected] of [
    [['--only', 'speed'], /--only speed: give one or more of get, /],
    [['--peers', 'caddy'], /--peers caddy: give one or more of headgate, nginx, /],
    [['--only', ','], /--only: give one or more of/],
    [['--rounds', '0'], /--rounds 0: give a whole number from 1 to 50/],
    [['--rounds', '1.5'], /whole number/],
    [['--fast'], /--fast/],
    [['get'], /get/],
  ] as const) {
    const parsed = parseOptions(words);
    assert.equal(parsed.kind, 'refused', words.join(' '));
    assert.match(parsed.kind === 'refused' ? parsed.sentence : '', expected);
  }
});
