import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Override, parsePolicy } from '@headgate/contract';
import { createBreakGlass } from './break-glass.ts';
import { readOverrides } from './break-glass-file.ts';

const policyText = `limits:
  - { name: aup, layer: acceptable-use, where: {}, key: [credential], unit: requests, quota: 1, windowMs: 5000, refusal: { text: 'No. <n>' }, evidence: assumed, source: test }
`;

test('an override that cannot come into force leaves the file as it was', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-break-glass-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'node.break-glass.json');
  const parsed = parsePolicy('policy.yaml', policyText);
  assert.ok(parsed.ok);
  let inForce: readonly Override[] = [];
  let fault: Error | null = null;
  const breakGlass = createBreakGlass({
    file,
    msMax: 86_400_000,
    clock: () => 1_000,
    policy: () => parsed.policy,
    overrides: () => inForce,
    async takeFile() {
      if (fault !== null) throw fault;
      inForce = await readOverrides(file, 1_000);
    },
    notice: () => undefined,
  });
  const ask = { rule: 'aup', scope: null, change: { kind: 'shadow' }, untilMs: 60_000, author: 'me', reason: 'a test' };
  const first = await breakGlass.begin(ask as Parameters<typeof breakGlass.begin>[0]);
  fault = new Error('a thread is gone');
  await assert.rejects(breakGlass.end(first.id, 'me'), fault);
  assert.deepEqual(await readOverrides(file, 1_000), [first]);
  assert.deepEqual(breakGlass.holding(), [first]);
});
