import assert from 'node:assert/strict';
import test from 'node:test';
import { runLine } from '../cli.fixture.ts';

interface PrintedMatrix {
  readonly environment: string;
  readonly asOf: string;
  readonly rows: readonly { readonly system: string; readonly ui: object; readonly api: object }[];
}

const awards = 'https://ws.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP';

test('the matrix as JSON has exactly environment, day and rows of two pairs of cells', async () => {
  const { code, stdout, stderr } = await runLine(['catalogue', 'show', '--json', '--as-of', '2024-02-21']);
  const matrix = JSON.parse(stdout) as PrintedMatrix;
  assert.deepEqual([code, stderr, Object.keys(matrix)], [0, '', ['environment', 'asOf', 'rows']]);
  assert.deepEqual([matrix.environment, matrix.asOf, matrix.rows.length], ['production', '2024-02-21', 20]);
  for (const { system, ui, api, ...rest } of matrix.rows) {
    assert.deepEqual([typeof system, rest], ['string', {}]);
    for (const pair of [ui, api]) assert.deepEqual(Object.keys(pair), ['new', 'old']);
  }
});

test('the day is today unless one is named', async () => {
  const clock = () => Date.UTC(2024, 5, 3);
  assert.match((await runLine(['catalogue', 'show'], { clock })).stdout, /^Addresses of production as of 2024-06-03/);
});

test('the matrix of another environment has its own addresses', async () => {
  const { stdout } = await runLine(['catalogue', 'show', '--environment', 'map-stage']);
  assert.match(stdout, /https:\/\/mapstage-ws\.caiso\.com\/sst\/cmri/);
});

test('a URL is told with its system, class, limits and the address to move to', async () => {
  const found = JSON.parse((await runLine(['catalogue', 'find', awards, '--json', '--as-of', '2024-02-21'])).stdout);
  assert.deepEqual([found.systems[0].id, found.channel, found.generation], ['cmri', 'api', 'old']);
  assert.deepEqual([found.service.service, found.service.operation], ['RetrieveMarketAwards', 'retrieve']);
  assert.equal(found.replacement, awards.replace('ws.caiso.com', 'ws.prod.caiso.com'));
  assert.deepEqual(
    found.limits.map(({ name }: { name: string }) => name),
    ['ws-global'],
  );
});

test('acceptable use counts on the new address, and says how it is known', async () => {
  const url = awards.replace('ws.caiso.com', 'ws.prod.caiso.com');
  const { stdout } = await runLine(['catalogue', 'find', url, '--as-of', '2024-02-21']);
  assert.match(stdout, /cmri-retrieve +1 per 5 s per credential × service +enforce +assumed +deck p\. 13/);
});

test('a shared path without a service names every system it may mean', async () => {
  const { stdout } = await runLine(['catalogue', 'find', 'https://ws.prod.caiso.com/sst/runtime.asvc']);
  assert.match(stdout, /system +ALFS \(& FDR\) or MF or PISOA/);
});

test('a URL that no address covers is not found', async () => {
  const { code, stdout, stderr } = await runLine(['catalogue', 'find', 'https://example.org/x']);
  assert.deepEqual([code, stdout], [3, '']);
  assert.match(stderr, /catalogue\.unknown_url/);
});

test('an unknown environment, a day that does not exist and a missing folder are refused each in its way', async () => {
  const moon = await runLine(['catalogue', 'show', '--environment', 'moon']);
  assert.equal(moon.code, 3);
  assert.ok(moon.stderr.includes('catalogue.unknown_environment'), moon.stderr);
  assert.equal((await runLine(['catalogue', 'show', '--as-of', '2024-02-30'])).code, 2);
  assert.equal((await runLine(['catalogue', 'show', '--catalogue', '/nonexistent'])).code, 4);
});
