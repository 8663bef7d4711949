import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateRefusal } from '@headgate/contract';
import fc from 'fast-check';
import { refusalBody } from '../refusal-body.ts';
import { rememberRefusal, writeAgain } from './known-refusal.ts';

const formats = fc.constantFrom('soap-1.1', 'soap-1.2', 'problem+json', 'html');
const instant = fc.integer({ min: 0, max: Date.UTC(2100, 0) });

const limit = {
  rule: 'r',
  text: 'no',
  key: 'source=192.0.2.7',
  unit: 'requests',
  quota: 1,
  windowMs: 1_000,
  violated: ['r'],
} as const;

test('a refusal written again is what it would be written anew for that exchange and instant, whatever its sentence quotes', () => {
  fc.assert(
    fc.property(
      formats,
      fc.tuple(fc.uuid(), fc.uuid()),
      fc.tuple(instant, instant),
      fc.string({ unit: 'grapheme' }),
      (format, [first, second], [firstMs, secondMs], said) => {
        const text = `${said} ${new Date(firstMs).toISOString()}`;
        const refusal = stateRefusal('admission.global_limit', { ...limit, text }, { retryAfterMs: 1 });
        const at = (exchange: string, atMs: number) =>
          refusalBody(refusal, { format, exchange, forwarded: 'no', atMs });
        const known = rememberRefusal(at(first, firstMs), first, firstMs);
        assert.ok(known);
        const again = writeAgain(known, second, secondMs).toString();
        assert.equal(again, at(second, secondMs).body.toString());
      },
    ),
  );
});

test('a refusal to an exchange with another kind of id is not remembered', () => {
  const refusal = stateRefusal('admission.global_limit', limit, { retryAfterMs: 1 });
  const body = refusalBody(refusal, { format: 'html', exchange: 'short', forwarded: 'no', atMs: 0 });
  assert.equal(rememberRefusal(body, 'short', 0), null);
});
