import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences } from './differences.ts';
import { barsOf, renderChart } from './render-chart.ts';
import { figure, renderTable, sayRatio, withPublished } from './render-table.ts';
import { type Report, type Run, rowsOf } from './report.ts';

const run = (server: Run['server'], round: number, value: number | null, more: Partial<Run> = {}): Run => ({
  metric: 'get',
  server,
  round,
  value,
  fault: value === null ? 'not every call was served: 3 × 404' : null,
  foreignCpus: 0.1,
  status: {},
  ...more,
});

const runs = [
  run('headgate', 1, 8_000),
  run('headgate', 2, 9_000),
  run('headgate', 3, null),
  run('nginx', 1, 10_000),
  run('nginx', 2, 10_000),
  run('nginx', 3, 10_000),
  run('http-proxy-3', 1, 2_000),
  run('fast-proxy', 1, 4_000),
  run('fast-proxy', 2, 3_000),
  run('headgate', 1, 3_000, { metric: 'latency-p99', foreignCpus: 0.8 }),
  run('nginx', 1, 1_500, { metric: 'latency-p99' }),
];

const report: Report = {
  machine: {
    cpu: 'Some CPU <1>',
    cpus: 2,
    memoryGb: 24,
    system: 'Linux 6',
    node: '24.0.0',
    openssl: '3.5.0',
    versions: { nginx: '1.26.3' },
  },
  date: '2026-11-24T10:00:00.000Z',
  rounds: 3,
  quick: true,
  rows: rowsOf(runs),
  runs,
  notMeasured: [{ metric: 'two-threads', why: 'one thread' }],
};

test('a row has the median of each server and null for one that was not measured', () => {
  const [row] = report.rows;
  assert.equal(row?.metric, 'get');
  assert.equal(row?.headgate, 8_500);
  assert.equal(row?.nginx, 10_000);
  assert.equal(row?.haproxy, null);
  assert.deepEqual(row?.ratioToNginx, { median: 0.8500000000000001, min: 0.8, max: 0.9 });
  assert.deepEqual(row?.ratioToBestNpmProxy, { median: 2.5, min: 2, max: 3 });
});

test('an aim is met, missed, or not measured', () => {
  const [get, p99] = report.rows;
  assert.deepEqual(
    get?.aims.map(({ sentence, met }) => [sentence, met]),
    [
      ['at least 0.8 × nginx', true],
      ['at least 0.7 × haproxy', null],
      ['at least 2.5 × best npm proxy', true],
    ],
  );
  assert.deepEqual(p99?.aims, [{ sentence: 'at most 2000 µs', measured: 3_000, met: false }]);
});

test('a metric without a right run has no row', () => {
  assert.deepEqual(rowsOf([run('headgate', 1, null)]), []);
});

test('the table names wrong runs, noisy runs, what was not measured and every difference', () => {
  const table = renderTable(report, differences);
  assert.match(
    table,
    /\| GET, 2 KB answer, kept connections \| calls per CPU second \| 8,500 \| 10,000 \| 2,000 \| 3,500 \|/,
  );
  assert.match(table, /0\.85 \(0\.80–0\.90\)/);
  assert.match(table, /- get, headgate, round 3: not every call was served: 3 × 404/);
  assert.match(table, /In 1 of 11 runs others kept more than 0\.3 CPUs busy/);
  assert.match(table, /Not measured: two-threads: one thread/);
  assert.match(table, /not for quoting/);
  for (const { sentence } of differences) assert.ok(table.includes(sentence));
});

test('numbers have three figures, and a ratio of one round has no range', () => {
  assert.deepEqual([12_345.6, 99.94, 0.1234].map(figure), ['12,346', '99.9', '0.12']);
  assert.equal(sayRatio({ median: 1, min: 1, max: 1 }), '1.00');
  assert.equal(sayRatio(null), '–');
});

test('longer bars are better also where less is better', () => {
  const [get, p99] = report.rows;
  assert.ok(get !== undefined && p99 !== undefined);
  assert.equal(barsOf(get).find(({ server }) => server === 'headgate')?.relative, 0.85);
  assert.equal(barsOf(p99).find(({ server }) => server === 'headgate')?.relative, 0.5);
  assert.deepEqual(barsOf({ ...get, nginx: null }), []);
});

test('the chart is one well-formed picture whose words are escaped', () => {
  const svg = renderChart(report);
  assert.match(svg, /^<svg [^>]+>\n/);
  assert.ok(svg.endsWith('</svg>\n'));
  assert.ok(svg.includes('Some CPU &#60;1&#62;'));
  assert.equal(svg.match(/<rect /g)?.length, 6);
  assert.doesNotMatch(svg, /NaN|undefined|<script/);
});

test('publishing replaces what was published before and nothing else', () => {
  const page = 'above\n<!-- published: from here -->\n\nold\n\n<!-- published: to here -->\nbelow\n';
  const once = withPublished(page, 'table\n');
  assert.equal(once, 'above\n<!-- published: from here -->\n\ntable\n\n<!-- published: to here -->\nbelow\n');
  assert.equal(withPublished(once, 'table\n'), once);
  assert.throws(() => withPublished('no marks', 'table'), /has no lines/);
});
