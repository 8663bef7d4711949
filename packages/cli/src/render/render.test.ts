// Goldens: what exactly is printed. UPDATE_GOLDENS=1 writes them anew; a change is reviewed as prose.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { clientProblem, type Outcome, type UrlDescription, type WireRequest } from '@headgate/client';
import type { Matrix } from '@headgate/contract';
import type { Output } from '../context.ts';
import { type InForceAnswer, statusText } from './control-text.ts';
import { exchangeText } from './exchange-text.ts';
import { matrixText } from './matrix-text.ts';
import { problemText } from './problem-text.ts';
import { behindText, type SnapshotNodesAnswer } from './snapshot-text.ts';
import { cellCharsMax, tableOrEntries, textTable } from './text-table.ts';
import { urlText } from './url-text.ts';

const pipe: Output = new Writable();
const terminal: Output = Object.assign(new Writable(), { isTTY: true, hasColors: () => true, getColorDepth: () => 8 });

async function assertGolden(name: string, text: string): Promise<void> {
  const file = fileURLToPath(new URL(`testdata/${name}.out.txt`, import.meta.url));
  if (process.env.UPDATE_GOLDENS === '1') await writeFile(file, text);
  assert.equal(text, await readFile(file, 'utf8'));
}

const source = 'deck p. 5';
const notPrinted = { url: null, status: 'not-applicable', inferred: true, source: 'not printed' } as const;
const matrix: Matrix = {
  environment: 'production',
  asOf: '2024-02-21',
  rows: [
    {
      system: 'ALPHA',
      ui: {
        new: { url: 'https://alpha.example.org', status: 'available', source },
        old: { url: null, status: 'complete', source },
      },
      api: {
        new: { url: 'https://ws.example.org/alpha', status: 'future', source },
        old: { url: 'https://old.example.org/alpha', status: 'to-be-cut-over', inferred: true, source },
      },
    },
    {
      system: 'GAMMA',
      ui: { new: notPrinted, old: notPrinted },
      api: { new: { url: null, status: 'not-applicable', source }, old: notPrinted },
    },
    {
      system: 'BETA (& more)',
      ui: {
        new: { url: null, status: 'not-applicable', source },
        old: { url: null, status: 'to-be-cut-over', inferred: true, source },
      },
      api: {
        new: { url: null, status: 'moved-in-place', source },
        old: { url: 'https://gone.example.org', status: 'decommissioned', source },
      },
    },
  ],
};

test('a catalogue without a matrix says so and how an address is looked up', () => {
  assert.match(
    matrixText({ ...matrix, rows: [] }, 'guide', pipe),
    /no system of this catalogue is in the matrix .*catalogue find URL/,
  );
});

test('the matrix has the published columns, codes for every status, and a legend', () =>
  assertGolden('the matrix has codes and a legend', matrixText(matrix, 'guide', pipe)));

test('the matrix of another list of rows explains only the codes it uses', () => {
  const [alpha] = matrix.rows;
  assert.ok(alpha !== undefined);
  const text = matrixText({ ...matrix, rows: [alpha] }, 'guide', pipe);
  assert.doesNotMatch(text, /decommissioned|already cut over|not printed/);
  const stated = { ...alpha, api: { new: alpha.api.new, old: alpha.api.new } };
  assert.doesNotMatch(matrixText({ ...matrix, rows: [stated] }, 'guide', pipe), /^\*|concluded/m);
});

const found: UrlDescription = {
  url: 'https://old.example.org/alpha/RetrieveThings_ALPHAv2_AP',
  address: 'https://old.example.org/alpha',
  environment: 'production',
  channel: 'api',
  generation: 'old',
  namespace: 'ws',
  infrastructure: 'legacy',
  system: 'ALPHA',
  class: 'retrieve',
  systems: [{ id: 'alpha', name: 'ALPHA', status: 'to-be-cut-over', inferred: true, source }],
  service: {
    kind: 'service',
    system: 'alpha',
    service: 'RetrieveThings',
    version: 2,
    operation: 'retrieve',
    subjects: [],
    docAttach: false,
    known: true,
    by: 'service-name',
  },
  limits: [
    {
      name: 'global',
      layer: 'global',
      quota: 30,
      windowMs: 1_000,
      key: ['source'],
      mode: 'enforce',
      evidence: 'stated',
      source: 'deck p. 13',
    },
  ],
  replacement: 'https://ws.example.org/alpha/RetrieveThings_ALPHAv2_AP',
};

test('a URL is described with its limits and where to move', () =>
  assertGolden('a URL is described with limits', urlText(found, pipe)));

test('a problem says what, why, what to do and what to quote', () => {
  const options = { status: 500, exchange: '0A1B', forwarded: 'no', retryAfterSeconds: 1 } as const;
  return assertGolden(
    'a problem says what to do',
    problemText(clientProblem('diagnose.acceptable_use', { text: 'Too often.' }, options), pipe),
  );
});

test('a refused certificate is told with its dates and whom to ask, as the gateway says them', () => {
  const problem = clientProblem(
    'diagnose.system_fault',
    { system: 'CMRI', text: 'No.' },
    {
      contact: 'access@operator.example.org',
      certificate: { notBefore: '2024-01-01T00:00:00.000Z', notAfter: '2024-02-01T00:00:00.000Z' },
    },
  );
  assert.match(
    problemText(problem, pipe),
    /^ {2}valid: +from 2024-01-01T00:00:00\.000Z to 2024-02-01T00:00:00\.000Z\n {2}ask: +access@operator\.example\.org$/m,
  );
});

test('colour is used on a terminal and nowhere else', () => {
  const problem = clientProblem('diagnose.acceptable_use', { text: 'Too often.' });
  assert.equal(problemText(problem, pipe).includes('\u001b'), false);
  assert.equal(problemText(problem, terminal).includes('\u001b['), true);
});

test('text from an answer cannot steer the terminal', () => {
  const hostile = 'a\u001b[2Jb\u202Ec\nd';
  const problem = clientProblem('diagnose.system_fault', { system: 'CMRI', text: hostile });
  const table = textTable(['x'], [[hostile]]);
  for (const text of [problemText(problem, pipe), table])
    assert.ok(!['\u001b', '\u202e', 'c\n'].some((trick) => text.includes(trick)));
});

test('a long cell is cut with a mark', () => {
  const cell = textTable(['x'], [['y'.repeat(200)]]).split('\n')[2] ?? '';
  assert.deepEqual([cell.length, cell.at(-1)], [cellCharsMax, '…']);
});

test('a table for a terminal is no wider than it: columns shrink, then the last ones go, and it says so', () => {
  const wide = ['a', 'b'.repeat(30), 'c'.repeat(70)];
  for (const columnsMax of [20, 40, 80]) {
    const lines = textTable(['one', 'two', 'three'], [wide], { columnsMax }).trimEnd().split('\n');
    assert.ok(
      lines.every((line) => line.length <= Math.max(columnsMax, 60)),
      lines.join('\n'),
    );
    assert.ok(lines.slice(0, 3).every((line) => line.length <= columnsMax));
    assert.match(lines.at(-1) ?? '', /--json/);
  }
  const many = Array.from({ length: 30 }, (_, index) => `column${index}`);
  const [header = '', , , note] = textTable(many, [many], { columnsMax: 80 }).split('\n');
  assert.ok(header.length <= 80);
  assert.match(note ?? '', /^\(\d+ more columns; --json has everything\)$/);
});

test('what does not fit as a table is told row by row, and nothing of it is cut', () => {
  const headers = ['caller', 'address', 'calls', 'certificate'];
  const row = ['CN=ALPHAx1001,OU=people,O=Alpha Energy,C=US', 'https://ws.example.org/alpha', '1,234', ''];
  const wide = tableOrEntries(headers, [row, row], 200);
  assert.equal(wide, textTable(headers, [row, row]));
  assert.equal(tableOrEntries(headers, [row], undefined), textTable(headers, [row]));
  assert.equal(
    tableOrEntries(headers, [row, ['somebody', 'x\u001b[2J', '5', 'ab']], 60),
    `CN=ALPHAx1001,OU=people,O=Alpha Energy,C=US
  address https://ws.example.org/alpha · calls 1,234
somebody
  address x [2J · calls 5 · certificate ab
`,
  );
});

const request: WireRequest = {
  method: 'POST',
  url: new URL('https://ws.example.org/alpha/x?y=1'),
  headers: [['Content-Type', 'text/xml']],
  body: Buffer.from('<a>\n<b/></a>'),
  repeatable: true,
};

test('an exchange is printed with both sides marked', () => {
  const outcome: Outcome = {
    ok: true,
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: Buffer.from('<c/>'),
    elapsedMs: 12,
  };
  return assertGolden('an exchange has both sides', exchangeText(request, outcome));
});

test('a failed exchange says where it stopped, and bytes that are no text are counted', () => {
  const failure: Outcome = {
    ok: false,
    reason: 'timeout',
    phase: 'tls',
    host: 'ws.example.org',
    address: '127.0.0.1:1',
    code: 'TIMEOUT',
    waitedMs: 30,
    mayBeDone: false,
    presented: null,
    cause: undefined,
  };
  return assertGolden('a failed exchange says where', exchangeText({ ...request, body: Buffer.alloc(9) }, failure));
});

test('a gateway that serves by what control published says which, and that it serves on without control', () => {
  const answer: InForceAnswer = {
    node: 'gateway-1',
    pid: 1,
    number: 7,
    hash: 'ab'.repeat(32),
    threads: [{ thread: 0, snapshot: 7 }],
    lists: [],
    listFaults: [],
    overrides: [],
    candidate: null,
    published: {
      number: 41,
      author: 'account:desk',
      reason: 'more room',
      sinceMs: 0,
      away: { sinceMs: 60_000, why: 'ECONNREFUSED' },
    },
  };
  const text = statusText(answer);
  assert.match(text, /control published it as 41 \(account:desk: more room\); in force here since 1970-01-01T00:00:00/);
  assert.match(
    text,
    /control does not answer since 1970-01-01T00:01:00.* \(ECONNREFUSED\): this gateway serves on by 41/,
  );
  assert.doesNotMatch(statusText({ ...answer, published: null }), /control/);
});

test('a gateway that does not serve by the latest snapshot is named with what is wrong, and one that does is not', () => {
  const head = { hash: 'ab'.repeat(32), previous: 6, createdMs: 0, author: 'account:desk', reason: 'more room' };
  const said = { threads: 1, sinceMs: 0, askedMs: 0 };
  const nodeAt = (
    node: string,
    number: number | null,
    refused: SnapshotNodesAnswer['nodes'][number]['refused'] = null,
  ) => {
    return { ...said, node, number, refused };
  };
  const refusal = { number: 7, reason: 'a file of it is missing', findings: ['trust.yaml:1:1'] };
  const nodes = [
    nodeAt('fine', 7),
    nodeAt('refusing', 6, refusal),
    nodeAt('over-it', 6, { ...refusal, number: 5 }),
    nodeAt('silent', null),
    nodeAt('ahead', 8),
  ];
  const lines = behindText({ latest: { ...head, number: 7 }, nodes }).split('\n');
  assert.deepEqual(
    lines.map((line) => line.replace(/: (?:`snapshot|publish).*|; publish.*/, '')),
    [
      'headgate snapshot: refusing does not take 7: a file of it is missing',
      'headgate snapshot:   trust.yaml:1:1',
      'headgate snapshot: over-it is behind: it serves by 6, and 7 is the latest',
      'headgate snapshot: silent never said that it serves by a snapshot of this control',
      'headgate snapshot: ahead is ahead: it serves by 8, which this control lost',
      '',
    ],
  );
  assert.equal(behindText({ latest: null, nodes }), '');
});
