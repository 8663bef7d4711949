import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { sayFinding } from '../yaml-file.ts';
import { catalogueFileNames, parseCatalogue } from './parse.ts';

const example = new URL('../../../../catalogues/example/', import.meta.url);

async function exampleFiles(): Promise<Map<string, string>> {
  const entries = catalogueFileNames.map(
    async (file) => [file, await readFile(new URL(file, example), 'utf8')] as const,
  );
  return new Map(await Promise.all(entries));
}

/** The findings after one file was changed by one replacement. */
async function findingsAfter(file: string, from: string, to: string): Promise<readonly string[]> {
  const files = await exampleFiles();
  const text = files.get(file) ?? '';
  assert.ok(text.includes(from), `${file} holds "${from}"`);
  const parsed = parseCatalogue(files.set(file, text.replace(from, to)));
  return parsed.ok ? [] : parsed.findings.map(sayFinding);
}

/** Where a text stands, as `file:line`. */
async function placeOf(file: string, text: string): Promise<string> {
  const before = (await exampleFiles()).get(file)?.split(text)[0] ?? '';
  return `${file}:${before.split('\n').length}`;
}

const wrong: readonly { title: string; file: string; from: string; to: string; says: RegExp }[] = [
  {
    title: 'a path into a payload of JSON is answered with a pointer',
    file: 'catalogue.yaml',
    from: '{ pointer: /outage/party }',
    to: '{ path: [outage, party] }',
    says: /systems\.1\.services\.1\.scid\.at\.0: found path; expected a pointer, since it speaks json$/,
  },
  {
    title: 'a pointer into a payload of XML is answered with a path',
    file: 'catalogue.yaml',
    from: "at: [{ path: ['*', Party] }]",
    to: 'at: [{ pointer: /Party }]',
    says: /systems\.2\.scid\.at\.0: found pointer; expected a path, since it speaks soap$/,
  },
  {
    title: 'a place of an SCID that nobody knows, with how it is known',
    file: 'catalogue.yaml',
    from: "at: [{ path: ['*', Party] }]",
    to: 'at: not-public',
    says: /systems\.2\.scid\.evidence: found observed; expected stated, observed or assumed; nothing where it is not-public$/,
  },
  {
    title: 'a place of an SCID that is no pointer is answered with both forms',
    file: 'catalogue.yaml',
    from: '{ pointer: /outage/party }',
    to: '{ pointer: outage.party }',
    says: /systems\.1\.services\.1\.scid\.at\.0\S*: found .*; expected /,
  },
  {
    title: 'a misspelt key is answered with the nearest known one',
    file: 'catalogue.yaml',
    from: 'protocol: json',
    to: 'protokol: json',
    says: /systems\.1\.protokol: found unknown key `protokol`; expected `protocol`$/,
  },
  {
    title: 'a status that does not exist is answered with those that do',
    file: 'catalogue.yaml',
    from: 'status: moved-in-place',
    to: 'status: moved',
    says: /matrixKey\.1\.status: found moved; expected one of not-applicable, moved-in-place, future/,
  },
  {
    title: 'a missing part is found as nothing',
    file: 'announcements.yaml',
    from: '    event: available\n    date: 2026-01-15',
    to: '    date: 2026-01-15',
    says: /announcements\.0\.event: found nothing; expected one of available, hard-cutover/,
  },
  {
    title: 'a date in prose is answered with the forms of a date',
    file: 'announcements.yaml',
    from: 'date: 2026-05',
    to: 'date: some day in May',
    says: /announcements\.2\.date: found some day in May; expected 2024-02-21, or 2024-02, or/,
  },
  {
    title: 'a day that is not in the calendar is refused',
    file: 'announcements.yaml',
    from: 'date: 2026-02-01',
    to: 'date: 2026-02-30',
    says: /announcements\.3\.date: found 2026-02-30; expected/,
  },
  {
    title: 'a system that no system declares is refused in an announcement',
    file: 'announcements.yaml',
    from: 'systems: [outages]',
    to: 'systems: [outage]',
    says: /announcements\.3\.subject\.systems\.0: found outage; expected one of offers, outages/,
  },
  {
    title: 'an announcement that replaces none is refused',
    file: 'announcements.yaml',
    from: 'replaces: gate-cutover-april',
    to: 'replaces: gate-cutover-march',
    says: /announcements\.2\.replaces: found gate-cutover-march; expected the id of another announcement/,
  },
  {
    title: 'an announcement that replaces itself in a circle is refused',
    file: 'announcements.yaml',
    from: '    date: 2026-04-20\n',
    to: '    date: 2026-04-20\n    replaces: gate-cutover-may\n',
    says: /found gate-cutover-\w+, which leads back here; expected a chain that ends/,
  },
  {
    title: 'an address on a host that is not declared is refused',
    file: 'catalogue.yaml',
    from: "url: 'https://desk.grid.example.net/handbook'",
    to: "url: 'https://desks.grid.example.net/handbook'",
    says: /addresses\.live\.ui\.new: found desks\.grid\.example\.net; expected a host that hosts declares/,
  },
  {
    title: 'an address that two systems have without saying so is refused',
    file: 'catalogue.yaml',
    from: "url: 'https://desk.grid.example.net/handbook'",
    to: "url: 'https://desk.grid.example.net/offers'",
    says: /found https:\/\/desk\.grid\.example\.net\/offers, which offers ui new has; expected an address of its own/,
  },
  {
    title: 'a cell with both an address and words is refused',
    file: 'catalogue.yaml',
    from: '{ words: closed, pages: [2] }',
    to: "{ words: closed, url: 'https://gate.grid.example.net/x', pages: [2] }",
    says: /api\.old: found a map of words, url, pages; expected exactly one of url, words, blank, form/,
  },
  {
    title: 'an upgrade at an address for programs is refused',
    file: 'catalogue.yaml',
    from: "{ url: 'https://gate.grid.example.net/soap/offers', pages: [2] }",
    to: "{ url: 'https://gate.grid.example.net/soap/offers', upgrade: [websocket], pages: [2] }",
    says: /api\.old\.upgrade: found upgrade of api old; expected it at an address of a user interface/,
  },
  {
    title: 'a certificate at an address on plain HTTP is refused',
    file: 'catalogue.yaml',
    from: 'name: desk.grid.example.net, environment: live, schemes: [https]',
    to: 'name: desk.grid.example.net, environment: live, schemes: [http, https]',
    says: /ui\.new: found certificate required on plain HTTP; expected none/,
  },
  {
    title: 'two systems that want different certificates at one address are refused',
    file: 'catalogue.yaml',
    from: "url: 'https://gate.grid.example.net/soap/exchange', pages: [2], shared: true",
    to: "url: 'https://gate.grid.example.net/soap/exchange', pages: [2], shared: true, certificate: none",
    says: /api\.old: found certificate required; expected none, as meters api old has/,
  },
  {
    title: 'words outside the key are refused',
    file: 'catalogue.yaml',
    from: '{ words: closed, pages: [2] }',
    to: '{ words: shut, pages: [2] }',
    says: /api\.old\.words: found shut; expected one of none, same address, closed/,
  },
  {
    title: 'a form of another environment is refused',
    file: 'catalogue.yaml',
    from: 'id: rehearsal-new\n    environment: rehearsal',
    to: 'id: rehearsal-new\n    environment: live',
    says: /found rehearsal-new of live api new; expected a form of rehearsal api new/,
  },
  {
    title: 'a trust anchor that is not declared is refused',
    file: 'catalogue.yaml',
    from: 'anchors: [old-root]',
    to: 'anchors: [older-root]',
    says: /hosts\.1\.chains\.0\.anchors\.0: found older-root; expected one of shore-root, old-root/,
  },
  {
    title: 'two systems of one id are refused',
    file: 'catalogue.yaml',
    from: '  - id: handbook\n    name: Handbook',
    to: '  - id: prices\n    name: Handbook',
    says: /systems\.5\.id: found prices again; expected each id once/,
  },
  {
    title: 'a key that stands twice is refused',
    file: 'trust.yaml',
    from: 'role: root',
    to: 'role: root\n    role: root',
    says: /found a key that this map has already; expected each key once/,
  },
  {
    title: 'a tab as indentation is no YAML',
    file: 'trust.yaml',
    from: '  - id: old-root',
    to: '\t- id: old-root',
    says: /trust\.yaml:\d+:\d+ found .*; expected YAML 1\.2/s,
  },
  {
    title: 'an alias is refused',
    file: 'programme.yaml',
    from: 'areas: []\nreferences: []',
    to: 'areas: &none []\nreferences: *none',
    says: /found an alias \(\*name\); expected every value written out/,
  },
  {
    title: 'a support contact outside the example domains is refused',
    file: 'programme.yaml',
    from: 'desk@example.net',
    to: 'desk@grid.test',
    says: /support\.contact: found desk@grid\.test; expected text of the form/,
  },
];

for (const { title, file, from, to, says } of wrong) {
  test(title, async () => {
    const [first] = await findingsAfter(file, from, to);
    assert.match(first ?? 'no finding', says);
  });
}

test('a finding names the file and the line of the mistake', async () => {
  const place = await placeOf('catalogue.yaml', 'protocol: json');
  const [first] = await findingsAfter('catalogue.yaml', 'protocol: json', 'protokol: json');
  assert.equal(first, `${place}:5 systems.1.protokol: found unknown key \`protokol\`; expected \`protocol\``);
});

test('every mistake is reported in one reading', async () => {
  const files = await exampleFiles();
  files.set('catalogue.yaml', (files.get('catalogue.yaml') ?? '').replace('format: 1', 'format: 2'));
  files.set('trust.yaml', (files.get('trust.yaml') ?? '').replace('role: root', 'role: rot'));
  files.delete('programme.yaml');
  const parsed = parseCatalogue(files);
  assert.deepEqual(parsed.ok ? [] : parsed.findings.map(({ file, found }) => `${file} ${found}`), [
    'catalogue.yaml 2',
    'trust.yaml rot',
    'programme.yaml no such file',
  ]);
});

test('a file over one mebibyte is refused unread', async () => {
  const files = await exampleFiles();
  const parsed = parseCatalogue(files.set('trust.yaml', `#${' '.repeat(1_048_576)}`));
  assert.ok(!parsed.ok);
  assert.equal(parsed.findings[0]?.found, '1048577 bytes');
});

test('a file of nothing but mistakes gives at most a hundred findings', async () => {
  const files = await exampleFiles();
  const rows = Array.from({ length: 500 }, () => '  - { id: X }').join('\n');
  const parsed = parseCatalogue(files.set('announcements.yaml', `announcements:\n${rows}\n`));
  assert.equal(parsed.ok ? 0 : parsed.findings.length, 100);
});

test('no text makes the parser throw', async () => {
  const files = await exampleFiles();
  fc.assert(
    fc.property(fc.constantFrom(...catalogueFileNames), fc.string({ maxLength: 200 }), (file, text) => {
      const parsed = parseCatalogue(new Map(files).set(file, text));
      assert.equal(parsed.ok, false);
    }),
    { numRuns: 60 },
  );
});

test('a file cut off anywhere is either whole or refused with a line', async () => {
  const files = await exampleFiles();
  const text = files.get('trust.yaml') ?? '';
  fc.assert(
    fc.property(fc.nat(text.length), (length) => {
      const parsed = parseCatalogue(new Map(files).set('trust.yaml', text.slice(0, length)));
      assert.ok(parsed.ok || parsed.findings.every(({ line, column }) => line >= 1 && column >= 1));
    }),
    { numRuns: 60 },
  );
});
