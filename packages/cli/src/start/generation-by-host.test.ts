import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCatalogue } from '@headgate/client';
import { compileCatalogue } from '@headgate/contract';
import { workspaceRoot } from '../cli.fixture.ts';
import { generationByHost } from './generation-by-host.ts';

const { index } = await openCatalogue(join(workspaceRoot, 'catalogues', 'caiso'));

test('a host whose addresses are all of one generation tells it', () => {
  const known = generationByHost(index);
  const hosts = ['ws.caiso.com', 'wsmap.caiso.com', 'ws.prod.caiso.com', 'mapstage-ws.caiso.com', 'example.org'];
  assert.deepEqual(
    hosts.map((host) => known.get(host)),
    ['old', 'old', 'new', 'new', undefined],
  );
});

test('a host with addresses of both generations tells nothing', () => {
  const systems = index.catalogue.systems.map((system) => {
    const url = 'https://ws.caiso.com/sst/renewed';
    const production = { ...system.addresses.production, api: { new: { url, pages: [5] } } };
    return system.id === 'crr' ? { ...system, addresses: { ...system.addresses, production } } : system;
  });
  const known = generationByHost(compileCatalogue({ ...index.catalogue, systems }));
  assert.deepEqual([known.get('ws.caiso.com'), known.get('wsmap.caiso.com')], [undefined, 'old']);
});
