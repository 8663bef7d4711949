import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { runLine, workspaceRoot } from '../cli.fixture.ts';

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

test('an address that the document does not print says so, and is not told as concluded from anything', async () => {
  const { stdout } = await runLine(['catalogue', 'show', '--environment', 'map-stage']);
  assert.match(stdout, /^OASIS +– +– +– +–$/m);
  assert.match(stdout, /^CIRA +– +– +AV\* https:.* XX\* https:/m);
  assert.match(stdout, /^– {3}not printed in the deck$/m);
  assert.doesNotMatch(stdout, /NA|interface does not exist/);
  const { rows } = JSON.parse((await runLine(['catalogue', 'show', '--environment', 'map-stage', '--json'])).stdout);
  const notPrinted = { url: null, status: 'not-applicable', inferred: true, source: 'not printed' };
  assert.deepEqual(rows.at(-1), {
    system: 'OASIS',
    ui: { new: notPrinted, old: notPrinted },
    api: { new: notPrinted, old: notPrinted },
  });
});

test('a service that the catalogue does not list is spelt as in the URL, and limited as before', async () => {
  const url = 'https://ws.prod.caiso.com/sst/cmri/RetrieveMarketThings_DocAttach_CMRIv4_AP';
  const find = async (...more: string[]) => (await runLine(['catalogue', 'find', url, ...more])).stdout;
  const text = await find();
  assert.match(text, /^service +RetrieveMarketThings_DocAttach v4 \(retrieve, not in the list\)$/m);
  const { service, limits } = JSON.parse(await find('--json'));
  assert.deepEqual(
    [service.service, service.known, limits.length > 0],
    ['RetrieveMarketThings_DocAttach', false, true],
  );
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

const example = ['--catalogue', join(workspaceRoot, 'catalogues', 'example'), '--as-of', '2026-03-02'];

test("another operator's matrix is of its own first environment unless one is named", async () => {
  const { code, stdout } = await runLine(['catalogue', 'show', ...example]);
  assert.equal(code, 0);
  assert.match(stdout, /^Addresses of live as of 2026-03-02/);
  assert.match(stdout, /^Offers .*AV https:\/\/api\.grid\.example\.net\/v2\/offers/m);
  const rehearsal = await runLine(['catalogue', 'show', '--environment', 'rehearsal', ...example]);
  assert.match(rehearsal.stdout, /https:\/\/api\.rehearsal\.grid\.example\.net\/v2\/outages/);
  const { code: unknown, stderr } = await runLine(['catalogue', 'show', '--environment', 'production', ...example]);
  assert.deepEqual([unknown, /It has live, rehearsal/.test(stderr)], [3, true]);
});

test("another operator's URL is told with its own limits, halls and words", async () => {
  const find = (url: string) => runLine(['catalogue', 'find', url, ...example]);
  const listed = (await find('https://api.grid.example.net/v2/outages/ListOutages')).stdout;
  assert.match(listed, /^served by +east-hall$/m);
  assert.match(listed, /outages-list +3 per 10 s per participant × service +enforce +stated +guide p\. 12/);
  const old = (await find('https://gate.grid.example.net/soap/offers/ReadOffers')).stdout;
  assert.match(old, /^served by +west-hall$/m);
  assert.match(old, /^move to +https:\/\/api\.grid\.example\.net\/v2\/offers\/ReadOffers$/m);
  assert.match((await find('https://api.grid.example.net/v2/exchange')).stdout, /^system +Meters or Balances$/m);
});

test('a URL without a scheme is refused with the whole one, and a look-up never speaks of sending', async () => {
  const short = await runLine(['catalogue', 'find', 'ws.caiso.com/sst/cmri']);
  assert.equal(short.code, 2);
  assert.match(short.stderr, /Begin with https:\/\/, as in https:\/\/ws\.caiso\.com\/sst\/cmri/);
  const { stderr } = await runLine(['catalogue', 'find', 'https://example.org/x']);
  assert.doesNotMatch(stderr, /nothing was sent/);
});
