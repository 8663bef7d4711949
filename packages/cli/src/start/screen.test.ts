import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { evidenceRecord } from './evidence-record.fixture.ts';
import { composeScreen, createScreen } from './screen.ts';
import { emptySummary, withRecord } from './summary.ts';
import { tryNext } from './try-next.ts';

const participants = ['alpha-energy', 'bravo-municipal', 'charlie-storage', 'delta-trading', 'you'];
const summary = participants
  .flatMap((participant) => [evidenceRecord({ participant }), evidenceRecord({ participant, generation: 'old' })])
  .reduce(withRecord, emptySummary);

const picture = {
  summary,
  unsent: new Map([['call.connect_failed', 2]]),
  suggestions: tryNext('.headgate/demo'),
  page: '.headgate/demo/TRY.md',
  notes: ['8443 is taken; using 41183'],
  signIn: `https://127.0.0.1:9443/v1/sign-in?link=${'x'.repeat(43)}`,
  pids: 'simulator (legacy) 30510, simulator (current) 30511, control 30513, gateway 30512',
};

describe('a terminal of 24 × 80, of 40 × 120, and smaller and larger ones', () => {
  for (const [rows, columns] of [
    [24, 80],
    [40, 120],
    [10, 40],
    [5, 20],
    [60, 200],
    [24, 200],
  ] as const) {
    test(`${rows} × ${columns} shows the summary first, and no line wraps or scrolls`, () => {
      const lines = composeScreen(picture, { rows, columns }).map(({ text }) => text);
      assert.ok(lines.length <= rows, `${lines.length} lines`);
      for (const line of lines) assert.ok(line.length < columns, line);
      assert.equal(lines[0], 'Headgate');
      assert.match(lines[1] ?? '', /^Calls 10 {3}answe/);
    });
  }
});

test('24 × 80 shows every participant, the note, the processes and where the commands are', () => {
  const text = composeScreen(picture, { rows: 24, columns: 80 })
    .map((line) => line.text)
    .join('\n');
  assert.match(text, /^Participant .* unrouted .* still on old addresses$/m);
  for (const who of participants) assert.match(text, new RegExp(`^${who} `, 'm'));
  assert.match(text, /^Try, in a second terminal; all commands: \.headgate\/demo\/TRY\.md$/m);
  assert.match(text, /^ {2}npx --no headgate help$/m);
  const retrieve = 'call cmri RetrieveMarketAwards --profile .headgate/demo/you.yaml';
  assert.ok(text.includes(`\n  npx --no headgate ${retrieve.replace(' --profile', ' \\\n   --profile')}\n`), text);
  assert.match(text, /^8443 is taken; using 41183$/m);
  assert.match(text, /^Ctrl-C stops everything\. Processes: simulator \(legacy\) 30510,$/m);
  assert.match(text, /^simulator \(current\) 30511, control 30513, gateway 30512\.$/m);
});

test('as many commands as fit are shown whole, on one line or continued, and the page that holds all is named', () => {
  const shown = (rows: number) => {
    const lines = composeScreen(picture, { rows, columns: 80 }).map(({ text }) => text);
    const whole = lines.join('\n').replaceAll(' \\\n   ', ' ').split('\n');
    return picture.suggestions.filter(({ command }) => whole.includes(`  ${command}`)).length;
  };
  assert.deepEqual([17, 18, 19, 20, 24].map(shown), [0, 0, 1, 2, 4]);
  assert.equal(shown(40), picture.suggestions.length);
});

test('where no command fits, the page of commands is named', () => {
  const lines = composeScreen(picture, { rows: 18, columns: 80 }).map(({ text }) => text);
  assert.ok(lines.includes('Commands to try: .headgate/demo/TRY.md'), lines.join('\n'));
});

test('a link to sign in is shown whole or not at all', () => {
  const shown = (columns: number) => composeScreen(picture, { rows: 40, columns }).map(({ text }) => text);
  assert.ok(shown(120).includes(picture.signIn));
  assert.ok(!shown(80).some((line) => line.includes('sign-in?link')));
});

test('40 × 120 shows every command whole', () => {
  const lines = composeScreen(picture, { rows: 40, columns: 120 }).map(({ text }) => text.trim());
  for (const { command } of picture.suggestions) assert.ok(lines.includes(command), command);
});

test('a terminal that changes its size is drawn anew at once', () => {
  const written: string[] = [];
  const terminal = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk.toString());
        done();
      },
    }),
    { isTTY: true, rows: 40, columns: 120 },
  );
  const screen = createScreen(terminal, { ...picture, quiet: false });
  screen.draw(summary, new Map());
  Object.assign(terminal, { rows: 24, columns: 80 });
  const before = written.length;
  terminal.emit('resize');
  assert.equal(written.length, before + 1);
  assert.ok((written.at(-1) ?? '').split('\n').length <= 24);
  screen.close();
  terminal.emit('resize');
  assert.equal(written.length, before + 2);
});
