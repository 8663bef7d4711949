// The matrix of the first catalogue on chosen days, against the deck's words (pp. 4, 5, 8, 10, 21, 26).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationsOf, type Matrix, type MatrixCell, matrixOf } from '@headgate/contract';
import { readCatalogue } from './read-catalogue.ts';

const caiso = await readCatalogue('caiso');
const onDeckDay = matrixOf(caiso, 'production', '2024-02-21');
const mapStage = matrixOf(caiso, 'map-stage', '2024-02-21');

type Place = 'ui.new' | 'ui.old' | 'api.new' | 'api.old';

function cell(matrix: Matrix, system: string, place: Place): MatrixCell {
  const row = matrix.rows.find((candidate) => candidate.system === system);
  assert.ok(row, `no row ${system}`);
  const [channel, generation] = place.split('.') as ['ui' | 'api', 'new' | 'old'];
  return row[channel][generation];
}

function column(matrix: Matrix, place: Place): Record<string, string> {
  return Object.fromEntries(matrix.rows.map(({ system }) => [system, cell(matrix, system, place).status]));
}

const apiSystems = [
  'BAAOP',
  'BSAP',
  'CIRA',
  'CMRI',
  'DRRS',
  'EIDE',
  'ALFS (& FDR)',
  'MF',
  'PISOA',
  'RCBSAP',
  'RCSERVICES (RCEIDE)',
  'SIBR',
  'STLMT',
  'OMS',
  'ECIC',
];
const uiNone = ['EIDE', 'ALFS (& FDR)', 'PISOA', 'RCSERVICES (RCEIDE)', 'ECIC'];

test('the rows are the twenty of the deck, in its order', () => {
  const names = [...apiSystems, 'CRR', 'PLC', 'TR', 'ADS', 'OASIS'];
  assert.deepEqual(
    onDeckDay.rows.map(({ system }) => system),
    names,
  );
  assert.deepEqual(
    mapStage.rows.map(({ system }) => system),
    names,
  );
});

test('a cell has a url, a status, a source and nothing else', () => {
  for (const matrix of [onDeckDay, mapStage]) {
    for (const { ui, api } of matrix.rows) {
      for (const one of [ui.new, ui.old, api.new, api.old]) {
        assert.deepEqual(
          Object.keys(one)
            .filter((key) => key !== 'inferred')
            .toSorted(),
          ['source', 'status', 'url'],
        );
        assert.ok(one.source.length > 0);
        assert.notEqual(one.inferred, false);
      }
    }
  }
});

test('in production every new user interface is available except TR, which comes on February 27', () => {
  for (const [system, status] of Object.entries(column(onDeckDay, 'ui.new'))) {
    const expected = uiNone.includes(system) ? 'not-applicable' : system === 'TR' ? 'future' : 'available';
    assert.equal(status, expected, system);
    assert.equal(cell(onDeckDay, system, 'ui.new').inferred, undefined, system);
  }
  assert.equal(cell(matrixOf(caiso, 'production', '2024-02-27'), 'TR', 'ui.new').status, 'available');
  assert.equal(cell(matrixOf(caiso, 'production', '2024-02-27'), 'TR', 'ui.new').inferred, true);
});

test('the old user interfaces of BAAOP and BSAP will be cut over at an address that is not printed', () => {
  for (const system of ['BAAOP', 'BSAP']) {
    const old = cell(onDeckDay, system, 'ui.old');
    assert.equal(old.status, 'to-be-cut-over');
    assert.equal(old.url, null);
    assert.equal(old.inferred, undefined);
    assert.match(old.source, /^not printed \(.*p\. 4\)$/);
  }
});

test('the old user interface of TR is printed, and its status is inferred', () => {
  const old = cell(onDeckDay, 'TR', 'ui.old');
  assert.equal(old.url, 'https://portal.caiso.com/tr');
  assert.equal(old.status, 'to-be-cut-over');
  assert.equal(old.inferred, true);
});

test('printed words win over dates', () => {
  const old = column(onDeckDay, 'ui.old');
  for (const system of ['CMRI', 'MF', 'RCBSAP', 'SIBR', 'CRR', 'PLC']) assert.equal(old[system], 'complete', system);
  for (const system of ['CIRA', 'DRRS', 'STLMT', 'OMS', 'ADS', 'OASIS'])
    assert.equal(old[system], 'moved-in-place', system);
  for (const system of uiNone) assert.equal(old[system], 'not-applicable', system);
});

test('in production fifteen systems have a new API that is available and an old one that will be cut over', () => {
  for (const system of apiSystems) {
    const pair = [cell(onDeckDay, system, 'api.new'), cell(onDeckDay, system, 'api.old')] as const;
    assert.deepEqual(
      pair.map(({ status }) => status),
      ['available', 'to-be-cut-over'],
      system,
    );
    assert.deepEqual(
      pair.map(({ inferred }) => inferred),
      [undefined, undefined],
      system,
    );
    assert.match(pair[0].url ?? '', /^https:\/\/ws\.prod\.caiso\.com\/sst\/[a-z.]+$/);
    assert.equal(pair[1].url, pair[0].url?.replace('ws.prod.', 'ws.'));
  }
});

test('CRR, PLC and TR have no API; ADS and OASIS moved in place', () => {
  for (const system of ['CRR', 'PLC', 'TR']) {
    assert.equal(cell(onDeckDay, system, 'api.new').status, 'not-applicable');
    assert.equal(cell(onDeckDay, system, 'api.old').status, 'not-applicable');
  }
  assert.deepEqual(
    [cell(onDeckDay, 'ADS', 'api.new').url, cell(onDeckDay, 'ADS', 'api.old').status],
    ['https://adsws.prod.caiso.com/', 'moved-in-place'],
  );
  assert.deepEqual(
    [cell(onDeckDay, 'OASIS', 'api.new').url, cell(onDeckDay, 'OASIS', 'api.old').status],
    ['http://oasis.caiso.com', 'moved-in-place'],
  );
});

test('the MAP Stage API is built from the printed forms and says so', () => {
  for (const system of apiSystems) {
    const next = cell(mapStage, system, 'api.new');
    const old = cell(mapStage, system, 'api.old');
    assert.deepEqual(
      [next.status, next.inferred, old.status, old.inferred],
      ['available', true, 'decommissioned', true],
      system,
    );
    assert.match(next.url ?? '', /^https:\/\/mapstage-ws\.caiso\.com\/sst\/[a-z.]+$/);
    assert.match(old.url ?? '', /^https:\/\/wsmap\.caiso\.com\/sst\/[a-z.]+$/);
    assert.match(next.source, /^form on p\. 21/);
  }
});

test('what the deck does not print for MAP Stage has no address', () => {
  for (const [system, place] of [
    ['CIRA', 'ui.new'],
    ['BAAOP', 'ui.old'],
    ['PLC', 'ui.new'],
    ['ADS', 'api.new'],
    ['OASIS', 'api.new'],
  ] as const) {
    assert.deepEqual(
      cell(mapStage, system, place),
      { url: null, status: 'not-applicable', inferred: true, source: 'not printed' },
      `${system} ${place}`,
    );
  }
});

test('wsmap is gone from the earlier of its two printed ends', () => {
  const on = (day: string) => cell(matrixOf(caiso, 'map-stage', day), 'CMRI', 'api.old').status;
  assert.deepEqual(
    [on('2023-08-31'), on('2023-09-01'), on('2023-09-21')],
    ['to-be-cut-over', 'decommissioned', 'decommissioned'],
  );
});

test('on 2023-06-01 nothing new is in production and the MAP Stage API is', () => {
  const production = matrixOf(caiso, 'production', '2023-06-01');
  assert.equal(cell(production, 'CMRI', 'ui.new').status, 'future');
  assert.equal(cell(production, 'CMRI', 'ui.old').status, 'to-be-cut-over');
  assert.equal(cell(production, 'CMRI', 'api.new').status, 'future');
  assert.equal(cell(production, 'CMRI', 'api.old').status, 'to-be-cut-over');
  assert.equal(cell(production, 'CIRA', 'ui.old').status, 'moved-in-place');
  assert.equal(cell(production, 'CIRA', 'ui.old').inferred, true);
  assert.equal(cell(matrixOf(caiso, 'map-stage', '2023-06-01'), 'CMRI', 'api.new').status, 'available');
  assert.equal(cell(matrixOf(caiso, 'map-stage', '2023-06-01'), 'CMRI', 'ui.new').status, 'future');
});

test('on 2023-12-01 the new API is live by its date alone, which is inferred', () => {
  const production = matrixOf(caiso, 'production', '2023-12-01');
  assert.deepEqual(
    [cell(production, 'SIBR', 'api.new').status, cell(production, 'SIBR', 'api.new').inferred],
    ['available', true],
  );
  assert.deepEqual(
    [cell(production, 'SIBR', 'ui.old').status, cell(production, 'SIBR', 'ui.old').inferred],
    ['to-be-cut-over', true],
  );
});

test('on 2024-03-01 February has passed for BAAOP and BSAP, and TBD has still not happened', () => {
  const production = matrixOf(caiso, 'production', '2024-03-01');
  for (const system of ['BAAOP', 'BSAP']) {
    assert.deepEqual(
      [cell(production, system, 'ui.old').status, cell(production, system, 'ui.old').inferred],
      ['decommissioned', true],
    );
  }
  assert.equal(cell(production, 'OMS', 'api.old').status, 'to-be-cut-over');
  assert.equal(cell(matrixOf(caiso, 'production', '2030-01-01'), 'OMS', 'api.old').status, 'to-be-cut-over');
});

test('a date that slipped never happens, on whatever day one asks', () => {
  for (const day of ['2023-12-22', '2024-01-10', '2024-02-20']) {
    assert.equal(cell(matrixOf(caiso, 'production', day), 'CMRI', 'api.old').status, 'to-be-cut-over', day);
  }
});

test('the applications outside the matrix are five, with user interfaces only', () => {
  const rows = applicationsOf(caiso, 'production', '2024-02-21').rows;
  assert.deepEqual(
    rows.map(({ system, ui }) => [system, ui.new.url]),
    [
      ['Reporting', 'https://reporting.caiso.com'],
      ['MPP', 'https://mpp.caiso.com'],
      ['WEIM', 'https://weim.caiso.com'],
      ['HANA', 'https://hana.caiso.com/'],
      ['HANA Study', 'https://hanastudy.caiso.com/'],
    ],
  );
  assert.ok(rows.every(({ api }) => api.new.url === null && api.old.url === null));
});

test('an unknown environment and a day that does not exist are refused with what is known', () => {
  assert.throws(() => matrixOf(caiso, 'stage', '2024-02-21'), /Use production or map-stage/);
  assert.throws(() => matrixOf(caiso, 'production', '2024-02-30'), /is not a day/);
});
