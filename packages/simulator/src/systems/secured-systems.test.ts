import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { findService, pathOf } from '../wire/service.ts';
import { services } from './secured-systems.ts';

test('every service is found by its two canonical paths, and the reference lists its path and its request', async () => {
  const reference = await readFile(new URL('../../../../docs/reference/simulator.md', import.meta.url), 'utf8');
  for (const service of services) {
    assert.deepEqual(findService(services, pathOf(service)), { service, isDocAttach: false });
    assert.deepEqual(findService(services, pathOf(service, true)), { service, isDocAttach: true });
    assert.ok(reference.includes(`| \`${pathOf(service)}\` | \`${service.requestRoot}\` |`), pathOf(service));
  }
});

test('the reference lists no service that is not simulated', async () => {
  const reference = await readFile(new URL('../../../../docs/reference/simulator.md', import.meta.url), 'utf8');
  const listed = [...reference.matchAll(/^\| `(\/sst\/[^`]+)`/gm)].map(([, path]) => path ?? '');
  assert.equal(listed.length, services.length);
  for (const path of listed) assert.notEqual(findService(services, path), null, path);
});
