// States, deadlines and days of the first catalogue against the second and third table typed from the deck: per case and
// environment, per action, per trust anchor and per announcement, never as a set of dates in which any may stand anywhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Announcement, writeDateValue } from '@headgate/contract';
import { dayRows } from './deck-days.ts';
import { actionRows, anchorRows, type CaseState, caseRows, edition, issueRows } from './deck-states.ts';
import * as deck from './deck-table.ts';
import { readCatalogue } from './read-catalogue.ts';

const caiso = await readCatalogue('caiso');

/** Layout and punctuation between items are not content. */
function words(text: string): string {
  return text.replace(/[.,:\s]+/g, ' ').trim();
}

const environmentOf = { MAPSTAGE: 'map-stage', PRODUCTION: 'production' } as const;

/** What the words beside a case number say, read without the catalogue and without the table of states. */
function statesIn(printed: string): readonly Omit<CaseState, 'stands' | 'printed'>[] {
  return printed.split(', ').map((part) => {
    const [, doing, where] = /^(Success in|working on testing) (\w+)$/.exec(part) ?? [];
    if (doing !== undefined && where !== undefined) {
      const name = where.toUpperCase();
      assert.ok(name === 'MAPSTAGE' || name === 'PRODUCTION', where);
      return { environment: environmentOf[name], state: doing === 'Success in' ? 'success' : 'testing' };
    }
    if (part === 'Closed') return { environment: null, state: 'closed' };
    if (part === 'Under ISO review') return { environment: null, state: 'under-review' };
    assert.match(part, /^Pending /);
    return { environment: null, state: 'pending' };
  });
}

test('p. 4: the edition is the day before "tomorrow, 2/22"', () => {
  assert.equal(caiso.document.edition, edition);
});

test('pp. 9, 11, 12, 14: the table of states has the cases of the frozen table, and reads their words alike', () => {
  const frozen: readonly deck.KnownIssue[] = deck.knownIssues;
  assert.deepEqual(
    caseRows.map(({ number, page }) => [number, page]),
    frozen.flatMap(({ cases, page }) => cases.map(({ number }) => [number, page])),
  );
  for (const { cases, notes } of frozen) {
    for (const { number, state } of cases) {
      const states = caseRows.find((row) => row.number === number)?.states ?? [];
      if (state !== null)
        assert.deepEqual(
          states.map(({ environment, state: is }) => ({ environment, state: is })),
          statesIn(state),
          number,
        );
      for (const { stands, printed } of states)
        if (stands === 'note') assert.ok(notes[0]?.text.includes(printed ?? ''), number);
    }
  }
});

for (const { number, states, page } of caseRows) {
  test(`p. ${page}: case ${number} has its state in each environment`, () => {
    const found = caiso.knownIssues.flatMap(({ cases }) => cases).filter(({ id }) => id === number);
    assert.deepEqual(
      found.map((one) => one.states.map(({ environment, state }) => [environment ?? null, state])),
      [states.map(({ environment, state }) => [environment, state])],
    );
    for (const [index, { stands, printed }] of states.entries()) {
      const kept = found[0]?.states[index]?.printed;
      if (stands === 'case') assert.equal(kept, printed);
      // Words that stand in a note only may be repeated at the case, but no others.
      else assert.ok(kept === undefined || kept === printed, kept);
    }
  });
}

for (const row of issueRows) {
  test(`p. ${row.page}: the issue of case ${row.cases[0]} has its state, environments, symptom and workaround`, () => {
    const issue = caiso.knownIssues.find(({ cases }) => cases.some(({ id }) => id === row.cases[0]));
    assert.ok(issue);
    assert.deepEqual(
      issue.cases.map(({ id }) => id),
      row.cases,
    );
    assert.equal(issue.state, row.state, row.says ?? '');
    assert.equal(issue.channel, row.channel);
    assert.deepEqual(issue.environments ?? null, row.environments);
    assert.equal(issue.symptom ?? null, row.symptom);
    if (row.symptom !== null) assert.ok(issue.summary.toLowerCase().includes(row.symptom.toLowerCase()));
    assert.equal(
      issue.workaround === undefined ? null : words(issue.workaround),
      row.workaround === null ? null : words(row.workaround),
    );
  });

  test(`p. ${row.page}: the state of the issue of case ${row.cases[0]} rests on its newest words`, () => {
    const printed = (deck.knownIssues as readonly deck.KnownIssue[]).find(
      ({ cases }) => cases[0]?.number === row.cases[0],
    );
    assert.ok(printed);
    assert.equal(printed.status ?? printed.notes[0]?.text ?? null, row.says);
    if (printed.notes[0]?.date) assert.equal(printed.notes[0].date, edition);
    const read =
      row.says === 'Closed'
        ? 'closed'
        : row.says === 'Under ISO review'
          ? 'under-review'
          : row.says?.startsWith('No failed retesting')
            ? 'monitoring'
            : 'open';
    assert.equal(row.state, read);
  });
}

test('pp. 6, 11, 20, 24, 26: the actions are those of the table', () => {
  assert.deepEqual(
    caiso.programme.actions.map(({ id }) => id),
    actionRows.map(({ id }) => id),
  );
});

for (const row of actionRows) {
  test(`p. ${row.page}: the action ${row.id} has its own deadline, audience and environment`, () => {
    const action = caiso.programme.actions.find(({ id }) => id === row.id);
    assert.ok(action);
    assert.ok(words(action.text).includes(words(row.printed)), action.text);
    assert.equal(action.deadline === undefined ? null : writeDateValue(action.deadline), row.deadline);
    assert.equal(action.deadlineWords ?? null, row.deadlinePrinted);
    assert.deepEqual(action.audience, row.audience);
    assert.equal(action.environment ?? null, row.environment);
    assert.equal(action.pages[0], row.page);
  });
}

for (const row of anchorRows) {
  test(`p. ${row.from.page ?? 23}: the anchor ${row.name} has its own days, and its note marks what the deck does not print`, () => {
    const anchor = caiso.trust.anchors.find(({ name }) => name === row.name);
    assert.ok(anchor);
    assert.equal(anchor.role, row.role);
    assert.equal(writeDateValue(anchor.from), row.from.value);
    assert.equal(writeDateValue(anchor.until), row.until);
    if (row.from.page !== null) assert.ok(anchor.pages.includes(row.from.page), 'cites the page of its first day');
    assert.equal(anchor.sha256, row.elsewhere?.sha256 ?? null);
    assert.ok(anchor.fingerprintSource.startsWith('Not printed in the deck'));
    assert.deepEqual(
      (anchor.distrust ?? []).map(({ by, after }) => [by.split(' ')[0], after]),
      (row.elsewhere?.distrust ?? []).map(({ by, after }) => [by, after]),
    );
    for (const mark of row.marked) assert.ok(anchor.note?.includes(mark), mark);
  });
}

test('pp. 18, 23, 24: the anchors are those of the table, and no user certificate needs a change', () => {
  assert.deepEqual(
    caiso.trust.anchors.map(({ name }) => name),
    anchorRows.map(({ name }) => name),
  );
  assert.equal(caiso.trust.userCertificates?.changesNeeded, false);
  assert.ok(
    caiso.trust.userCertificates?.statement.startsWith(
      'No changes needed to user certificates for the Production API URL cutover',
    ),
  );
  assert.deepEqual(caiso.trust.userCertificates?.pages, [24]);
});

/** The days of an announcement that are not its date. */
function daysOf({ announcedOn, confirmedOn }: Announcement) {
  return {
    said: announcedOn === 'unknown' ? null : writeDateValue(announcedOn),
    cameTrue: confirmedOn ?? null,
  };
}

for (const row of dayRows) {
  test(`p. ${row.page}: ${row.id} was said and came true on the days of the deck`, () => {
    const announcement = caiso.announcements.find(({ id }) => id === row.id);
    assert.ok(announcement);
    assert.deepEqual(
      {
        event: announcement.event,
        date: writeDateValue(announcement.date),
        ...daysOf(announcement),
        replaces: announcement.replaces ?? null,
      },
      { event: row.event, date: row.date, said: row.said, cameTrue: row.cameTrue, replaces: row.replaces },
      row.printed,
    );
    assert.ok(announcement.pages.includes(row.page));
  });
}

test('p. 26: a row of the table of deployment start dates says neither when it was said nor that it came true', () => {
  const dated = new Set(dayRows.map(({ id }) => id));
  const rows = caiso.announcements.filter(({ id }) => !dated.has(id));
  assert.equal(rows.length, deck.uiTable.length);
  for (const row of rows) {
    assert.deepEqual(daysOf(row), { said: null, cameTrue: null }, row.id);
    assert.equal(row.event, 'available', row.id);
    assert.equal(row.replaces, undefined, row.id);
    assert.deepEqual(row.pages, [26], row.id);
  }
});

test('p. 11: the buffer was said in the note of 7 February and came true by that of 14 February', () => {
  const notes = (deck.knownIssues as readonly deck.KnownIssue[]).flatMap(({ notes: all }) => all);
  const dayOf = (start: string) => notes.find(({ text }) => text.startsWith(start))?.date;
  const changes = dayRows.filter(({ event }) => event === 'change');
  assert.equal(changes.length, 2);
  for (const { said, cameTrue } of changes)
    assert.deepEqual([said, cameTrue], [dayOf('ISO will increase buffer size'), dayOf('1MB buffer effective')]);
});
