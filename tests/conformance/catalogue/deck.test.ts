// The first catalogue against the deck, as it was typed by someone who had not seen the catalogue. Row by row, with the
// page in the name of the test. Where the deck contradicts itself, the catalogue's list of discrepancies says what it does;
// that list must hold every contradiction of the table, and is the only one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Announcement, matrixOf, parsePolicy, slipsOf, writeDateValue } from '@headgate/contract';
import * as deck from './deck-table.ts';
import { readCatalogue, readText } from './read-catalogue.ts';

const caiso = await readCatalogue('caiso');
const policy = parsePolicy('policy.yaml', await readText('caiso/policy.yaml'));
const byName = new Map(caiso.systems.map((system) => [system.name, system]));

function systemNamed(name: string) {
  // The notes say ALFS for the row ALFS (& FDR), and the table of p. 26 says WEIM Portal.
  const system = byName.get(name) ?? caiso.systems.find((one) => one.name.startsWith(name) || one.title === name);
  assert.ok(system, `no system ${name}`);
  return system;
}

function environmentId(printed: string): string {
  return printed === 'Production' ? 'production' : 'map-stage';
}

/** Layout is not content: runs of space are one, and a final full stop or colon does not matter. */
function words(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/[.:]$/, '').toLowerCase();
}

test('p. 5: the matrix has the rows of the deck in its order', () => {
  const { rows } = matrixOf(caiso, 'production', '2024-02-21');
  assert.deepEqual(
    rows.map(({ system }) => system),
    deck.matrixProduction.map(({ system }) => system),
  );
});

for (const row of deck.matrixProduction) {
  test(`p. ${row.page}: the row ${row.system} prints what the deck prints`, () => {
    const cells = systemNamed(row.system).addresses.production;
    for (const channel of ['ui', 'api'] as const) {
      for (const generation of ['new', 'old'] as const) {
        const cell = cells?.[channel]?.[generation];
        const printed = row[channel][generation].printed;
        assert.equal(cell?.url ?? cell?.words ?? null, printed, `${channel} ${generation}`);
        assert.equal(cell?.blank ?? false, printed === null, `${channel} ${generation}`);
        assert.ok(cell?.pages.includes(row.page), `${channel} ${generation} cites p. ${row.page}`);
      }
    }
    const shown = matrixOf(caiso, 'production', '2024-02-21').rows.find(({ system }) => system === row.system);
    const printed = row.ui.old.printed?.startsWith('http') ? row.ui.old.printed : null;
    assert.equal(shown?.ui.old.url, printed);
  });
}

for (const { comparedPage, columns, differences } of deck.matrixComparisons) {
  test(`p. ${comparedPage}: the ${columns} columns are printed again without a difference`, () => {
    assert.deepEqual(differences, []);
    for (const { system } of deck.matrixProduction) {
      const pair = systemNamed(system).addresses.production?.[columns];
      assert.ok(pair?.new?.pages.includes(comparedPage) && pair.old?.pages.includes(comparedPage), system);
    }
  });
}

for (const { printed, heading, pages } of deck.matrixLegend) {
  if (heading) continue;
  test(`p. ${pages[0]}: the legend says "${printed}"`, () => {
    const line = caiso.legend?.find(({ text }) => text === printed);
    assert.deepEqual(line?.pages, [...pages]);
  });
}

for (const row of deck.productionApiTable) {
  test(`p. ${row.page}: ${row.system} is an impacted API with both addresses`, () => {
    const api = systemNamed(row.system).addresses.production?.api;
    assert.deepEqual([api?.old?.url, api?.new?.url, api?.old?.url], [row.existing, row.new, row.toBeCutOver]);
    assert.ok(api?.new?.pages.includes(row.page) && api.old?.pages.includes(row.page));
  });
}

test('p. 22: no system is an impacted API that the deck does not list', () => {
  const listed = new Set<string>(deck.productionApiTable.map(({ system }) => system));
  for (const system of caiso.systems) {
    const cited = system.addresses.production?.api?.new?.pages.includes(22) ?? false;
    assert.equal(cited, listed.has(system.name), system.name);
  }
});

for (const [number, form] of deck.addressForms.entries()) {
  if (form.host === null) continue;
  test(`p. ${form.page}: form ${number + 1}, ${form.printed}, is in the catalogue`, () => {
    const environment = environmentId(form.environment);
    const found = caiso.forms.find((one) => (form.docAttach ? one.attachmentText : one.text) === form.printed);
    assert.ok(found);
    assert.equal(found.environment, environment);
    assert.equal(found.generation, form.generation === 'new' ? 'new' : 'old');
    assert.ok(found.pages.includes(form.page), `cites p. ${form.page}`);
    assert.equal(caiso.hosts.find(({ name }) => name === form.host)?.environment, environment);
    if (form.date !== null && form.date !== 'TBD' && form.availability !== 'No changes to existing API WS URLs') {
      assert.ok(
        datesAbout(`(${form.host})`, form.environment).some(
          (one) => one.date === form.date && one.pages.includes(form.page),
        ),
        form.date,
      );
    }
  });
}

for (const row of deck.uiTable) {
  test(`p. ${row.page}: ${row.application}, ${row.environment}, has its date and addresses`, () => {
    const environment = row.environment === 'Production' ? 'production' : 'map-stage';
    const urls = caiso.systems.flatMap((system) => system.addresses[environment]?.ui?.new?.url ?? []);
    for (const url of row.urls) assert.ok(urls.includes(url), url);
    const system = caiso.systems.find(({ addresses }) => addresses[environment]?.ui?.new?.url === row.urls[0]);
    assert.ok(system);
    assert.ok(system.addresses[environment]?.ui?.new?.pages.includes(row.page));
    const announced = caiso.announcements.find(
      ({ id, subject, pages }) =>
        id.startsWith('ui-') &&
        pages.includes(26) &&
        subject.environment === environment &&
        Array.isArray(subject.systems) &&
        subject.systems.includes(system.id),
    );
    assert.ok(announced, system.id);
    assert.equal(writeDateValue(announced.date), row.done ? 'done' : row.iso);
    assert.equal(announced.printed, row.done ? 'Done' : `${row.weekdayPrinted} ${row.datePrinted}`);
  });
}

test('p. 26: the catalogue has no user interface on this page that the table does not list', () => {
  const listed = new Set<string>(deck.uiTable.flatMap(({ urls }) => urls));
  for (const system of caiso.systems) {
    for (const { ui } of Object.values(system.addresses)) {
      // The matrix may print the same address; only cells that cite p. 26 must be in its table.
      if (ui?.new?.pages.includes(26)) assert.ok(listed.has(ui.new.url ?? ''), system.name);
    }
  }
});

/** A date of the catalogue, wherever it keeps it. */
interface KeptDate {
  readonly date: string;
  readonly pages: readonly number[];
  readonly replaces?: readonly string[];
}

function kept(announcement: Announcement): KeptDate {
  const replaces = slipsOf(caiso, announcement.id)
    .slice(1)
    .map(({ date }) => writeDateValue(date));
  return { date: writeDateValue(announcement.date), pages: announcement.pages, replaces };
}

/** Dates that the catalogue keeps about a subject of the table. */
function datesAbout(subject: string, environment: string | null): readonly KeptDate[] {
  const about = (keep: (announcement: Announcement) => boolean) =>
    caiso.announcements
      .filter((one) => (environment === null || one.subject.environment === environmentId(environment)) && keep(one))
      .map(kept);
  const actions = caiso.programme.actions.flatMap(({ deadline, pages }): KeptDate[] =>
    deadline === undefined ? [] : [{ date: writeDateValue(deadline), pages }],
  );
  const [, host] = /\(([a-z.-]+\.com)\)/.exec(subject) ?? [];
  if (subject === 'ADR forum')
    return caiso.programme.forum.editions.map(({ date, time, pages }) => ({
      date: time === undefined ? date : `${date} ${time}`,
      pages,
    }));
  if (subject.startsWith('buffer size')) return about(({ event }) => event === 'change');
  if (host !== undefined) return [...about((one) => one.subject.host === host), ...actions];
  if (subject.startsWith('old UI URLs') || subject.startsWith('UIs '))
    return about((one) => one.subject.channel === 'ui' && one.subject.generation === 'old');
  if (subject === 'new UI URLs')
    return [...about((one) => one.subject.channel === 'ui' && one.subject.generation === 'new'), ...actions];
  const names = subject
    .replace(/ UIs?$/, '')
    .split(' and ')
    .map((name) => name.replace(/ Base$/, ''));
  const ids: readonly string[] = names.map((name) => systemNamed(name).id);
  return about(
    (one) =>
      one.subject.channel === 'ui' &&
      Array.isArray(one.subject.systems) &&
      ids.every((id) => one.subject.systems?.includes(id)),
  );
}

function written(date: deck.AnnouncedDate): RegExp {
  if (date === 'TBD') return /^tbd$/;
  if (typeof date === 'string') return new RegExp(`^${date}(?: |$)`);
  return new RegExp(`^${date.on} ${date.from}${date.to === null ? '' : `-${date.to}`}`);
}

for (const [number, row] of (deck.announcements as readonly deck.Announcement[]).entries()) {
  test(`p. ${row.page}: announcement ${number + 1}, ${row.subject}: ${row.event}, is kept with its date and page`, () => {
    const dates = datesAbout(row.subject, row.environment).filter(({ date }) => written(row.date).test(date));
    assert.ok(dates.length > 0, `no date ${JSON.stringify(row.date)}: "${row.printed}"`);
    assert.ok(
      dates.some(({ pages }) => pages.includes(row.page)),
      `not cited: p. ${row.page}`,
    );
    if (row.replaces !== undefined)
      assert.ok(
        dates.some(({ replaces }) => replaces?.includes(row.replaces ?? '')),
        `does not replace ${row.replaces}`,
      );
  });
}

test('p. 26: no announcement of the catalogue has a date that the deck does not print', () => {
  const printed = deck.announcements.map(({ date }) => written(date));
  for (const { id, date } of caiso.announcements) {
    const text = writeDateValue(date);
    assert.ok(text === 'done' || printed.some((form) => form.test(text)), `${id}: ${text}`);
  }
});

for (const [number, row] of (deck.limits as readonly deck.LimitRow[]).entries()) {
  test(`p. ${row.page}: limit ${number + 1} (${row.kind}) is what the policy says`, () => {
    assert.ok(policy.ok);
    const limits = policy.policy.limits.filter(({ mode }) => mode !== 'off');
    if (row.kind === 'namespaces') {
      assert.deepEqual(
        caiso.namespaces.map(({ id }) => id).toSorted(),
        row.namespaces.map((name) => name.toLowerCase()).toSorted(),
      );
    } else if (row.kind === 'fault') {
      const ruled = limits.filter(({ layer }) => layer === 'acceptable-use');
      assert.deepEqual(
        ruled.flatMap(({ where }) => where.system ?? []).toSorted(),
        row.apps.map((name) => systemNamed(name).id).toSorted(),
      );
      for (const { refusal, where } of ruled) {
        assert.equal(refusal.text, row.faultstring);
        assert.equal(where.infrastructure, 'current');
      }
    } else if (row.kind === 'global') {
      const rule = limits.find(
        ({ layer, where }) => layer === 'global' && where.namespace === row.namespace.toLowerCase(),
      );
      assert.ok(rule);
      if (row.perSecond === null)
        assert.notEqual(rule.evidence, 'stated', 'a number that is not printed is not stated');
      else
        assert.deepEqual(
          [rule.quota, rule.windowMs, rule.key, rule.evidence],
          [row.perSecond, 1000, ['source'], 'stated'],
        );
      for (const name of row.systems ?? []) {
        const url = systemNamed(name).addresses.production?.api?.new?.url ?? '';
        assert.equal(caiso.hosts.find((host) => host.name === new URL(url).hostname)?.namespace, 'ws', name);
      }
    } else {
      const system = row.service.startsWith('MRI-S') ? 'stlmt' : systemNamed(row.service).id;
      const rules = limits.filter(
        ({ where }) => where.system === system && [where.operation].flat().includes(row.operation ?? 'retrieve'),
      );
      assert.deepEqual(
        rules.map(({ windowMs }) => windowMs),
        row.periodSeconds === null ? [] : [row.periodSeconds * 1000],
      );
      assert.ok(
        rules.every(({ evidence }) => evidence === 'assumed'),
        'the quota is not printed',
      );
      if (row.scope === 'METER DATA') assert.equal(rules[0]?.where.service, '*MeterData*');
    }
  });
}

test('p. 14: the SCID is in the key of no rule in force: those with it are off, assumed, and name the enhancement request', () => {
  assert.ok(policy.ok);
  const { limits } = policy.policy;
  const withScid = limits.filter(({ key }) => key.includes('scid'));
  assert.deepEqual(
    withScid,
    limits.filter(({ mode }) => mode === 'off'),
  );
  assert.equal(withScid.length, 2);
  for (const { name, key, evidence, source, ...rest } of withScid) {
    assert.deepEqual([evidence, source.includes('271088')], ['assumed', true]);
    const {
      name: _,
      key: without,
      evidence: __,
      source: ___,
      ...asItIs
    } = limits.find((rule) => `${rule.name}-by-scid` === name) ?? assert.fail(name);
    assert.deepEqual(
      key.filter((part) => part !== 'scid'),
      without,
    );
    assert.deepEqual({ ...rest, mode: 'enforce', withoutScid: undefined }, { ...asItIs, withoutScid: undefined });
  }
});

test('p. 13: the ws pool holds the fifteen systems of the page and no other', () => {
  const [row] = deck.limits;
  const pooled = caiso.systems.filter(({ addresses }) => {
    const url = addresses.production?.api?.new?.url;
    return url !== undefined && caiso.hosts.find(({ name }) => name === new URL(url).hostname)?.namespace === 'ws';
  });
  assert.deepEqual(
    pooled.map(({ name }) => name),
    [...row.systems],
  );
});

for (const row of deck.addressRanges) {
  test(`p. ${row.page}: ${row.cidr} is to be opened`, () => {
    const range = caiso.programme.addressRanges.find(({ network }) => network === row.cidr);
    assert.deepEqual(range?.ports, [...row.ports]);
    assert.ok(range?.pages.includes(row.page));
  });
}

for (const row of deck.trustAnchors as readonly deck.TrustAnchor[]) {
  test(`p. ${row.page}: the anchor ${row.name ?? row.nameInReferences ?? row.authority} is kept`, () => {
    const anchor = caiso.trust.anchors.find(({ name, role }) =>
      row.role === null ? name === row.authority : role === row.role,
    );
    assert.ok(anchor);
    if (row.name !== null) assert.equal(anchor.name, row.name);
    assert.ok(anchor.pages.includes(row.page));
    if (row.url !== null)
      assert.ok(
        anchor.links.some((link) => link.split('?')[0] === row.url),
        row.url,
      );
    if (row.parentPage !== null) assert.ok(anchor.links.includes(row.parentPage), row.parentPage);
  });
}

for (const row of deck.actionsRequired) {
  test(`p. ${row.page}: the action "${row.printed}" is asked for`, () => {
    const action = caiso.programme.actions.find(({ text }) => words(text).startsWith(words(row.printed)));
    assert.ok(action?.pages.includes(row.page));
  });
}

test('p. 7: support asks for the facts of the page, in its order', () => {
  const audience = { all: 'all', UI: 'ui-users', API: 'api-users' } as const;
  assert.deepEqual(
    caiso.programme.support.asked.map(({ text, audience: of }) => [text, of]),
    deck.supportInformation.map(({ printed, appliesTo }) => [printed, audience[appliesTo]]),
  );
});

for (const row of deck.knownIssues as readonly deck.KnownIssue[]) {
  test(`p. ${row.page}: the issue "${row.summary.slice(0, 50)}" has its notes and cases`, () => {
    const issue = caiso.knownIssues.find(({ cases }) => cases[0]?.id === row.cases[0]?.number);
    assert.ok(issue);
    assert.deepEqual(issue.pages, [row.page]);
    assert.equal(words(issue.summary), words(row.summary));
    assert.deepEqual(
      issue.notes.map(({ date, text }) => [date, words(text)]),
      row.notes.map(({ date, text }) => [date, words(text)]),
    );
    assert.deepEqual(
      issue.systems ?? [],
      row.systems.map((name) => systemNamed(name).id),
    );
    assert.deepEqual((issue.operations ?? []).toSorted(), row.operations.toSorted());
    if (row.environment !== null) assert.deepEqual(issue.environments, [environmentId(row.environment)]);
    assert.deepEqual(
      issue.cases.map(({ id }) => id),
      row.cases.map(({ number }) => number),
    );
    for (const [number, { states }] of issue.cases.entries()) {
      const state = row.cases[number]?.state ?? null;
      // A case without printed words has a state of ours, unless a note of the issue says it.
      if (state !== null) assert.equal(states.map(({ printed }) => printed).join(', '), state);
    }
    if (row.status === 'Closed') assert.equal(issue.state, 'closed');
    if (row.status === 'Under ISO review') assert.equal(issue.state, 'under-review');
  });
}

test('pp. 9, 11, 12, 14: the catalogue has no issue beyond those of the deck', () => {
  assert.equal(caiso.knownIssues.length, deck.knownIssues.length);
});

for (const row of deck.payloadConditions) {
  test(`p. ${row.page}: "${row.printed}" is said of payloads`, () => {
    const issue = caiso.knownIssues.find(({ id }) => id === 'intermittent-connection-resets');
    assert.ok(issue?.notes.some(({ text }) => text.includes(row.printed)));
  });
}

test('pp. 3, 15, 16: the forum has its rhythm, purposes and editions', () => {
  const { forum } = caiso.programme;
  assert.equal(forum.name, deck.forum.name.printed);
  assert.ok(deck.forum.schedule.printed.startsWith(forum.rhythm));
  assert.equal(forum.from, deck.forum.schedule.starts);
  assert.deepEqual(
    forum.topics.map(words),
    deck.forum.purposes.map(({ printed }) => words(printed)),
  );
  assert.deepEqual(
    forum.editions.map(({ date }) => date),
    [...deck.forum.editions.map(({ date }) => date), deck.forum.next.date],
  );
  for (const { date, page } of deck.forum.editions)
    assert.ok(forum.editions.find((one) => one.date === date)?.pages.includes(page), date);
  const next = forum.editions.find(({ state }) => state === 'next');
  assert.deepEqual(
    [next?.date, next?.time, next?.pages],
    [deck.forum.next.date, deck.forum.next.from, [deck.forum.next.page]],
  );
});

for (const row of deck.f5Areas) {
  test(`p. ${row.page}: ${row.product} is for ${row.purpose}`, () => {
    assert.equal(caiso.programme.areas.find(({ name }) => name === row.product)?.purpose, row.purpose);
  });
}

for (const row of deck.statements) {
  test(`p. ${row.page}: the catalogue states: ${row.printed.slice(0, 60)}`, () => {
    const stated = caiso.programme.statements.filter(({ pages }) => pages.includes(row.page));
    assert.ok(
      stated.some(({ text }) => words(text).includes(words(row.printed))),
      row.printed,
    );
  });
}

for (const row of deck.references as readonly deck.Reference[]) {
  test(`p. ${row.page}: the reference ${row.printed.slice(0, 60)} is kept`, () => {
    const cited = caiso.programme.references.filter(({ pages }) => pages.includes(row.page));
    assert.ok(
      cited.some(({ title, link }) => (row.url === null ? title === row.printed : link === row.url)),
      row.printed,
    );
  });
}

for (const row of deck.expectedDiscrepancies as readonly deck.ExpectedDiscrepancy[]) {
  test(`p. ${row.page}: the discrepancy ${row.id} is known, with every page of it and a ruling`, () => {
    const known = caiso.programme.discrepancies.find(({ id }) => id === row.id);
    assert.ok(known, row.about);
    const pages = new Set([row.first, row.second, ...(row.others ?? [])].flatMap((side) => side.pages));
    assert.deepEqual(
      known.pages.toSorted((one, other) => one - other),
      [...pages].toSorted((one, other) => one - other),
    );
    assert.ok(known.ruling.length > 0);
  });
}
