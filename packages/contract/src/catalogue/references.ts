// Compares the parts of a catalogue with each other: ids that must exist, ids that must be unique, addresses that must not
// be claimed twice. The schemas have already been satisfied.
import type { z } from 'zod';
import type { FilePath, Finding, ReadFile } from '../yaml-file.ts';
import { addressOf, everyCell, hostOf } from './addresses.ts';
import { toInstantSpan } from './date-instants.ts';
import { isZone } from './dates.ts';
import type { Catalogue, CertificateNeed, catalogueFileSchemas, System } from './model.ts';
import type { ScidStatement } from './scid-places.ts';

/** The files of a folder after reading. */
export type ReadFiles = {
  readonly [Name in keyof typeof catalogueFileSchemas]: ReadFile<z.output<(typeof catalogueFileSchemas)[Name]>>;
};

interface Known {
  readonly environments: ReadonlySet<string>;
  readonly systems: ReadonlySet<string>;
  readonly hosts: ReadonlySet<string>;
  readonly infrastructures: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
  readonly anchors: ReadonlySet<string>;
  readonly announcements: ReadonlySet<string>;
}

type Report = (file: keyof ReadFiles, path: FilePath, found: string, expected: string) => void;

/** Every broken reference of a catalogue, in file order. */
export function referenceFindings(files: ReadFiles, catalogue: Catalogue): readonly Finding[] {
  const findings: Finding[] = [];
  const report: Report = (file, path, found, expected) => findings.push(files[file].finding(path, found, expected));
  const known = knownIds(catalogue);
  checkUnique(catalogue, report);
  checkHosts(catalogue, known, report);
  checkForms(catalogue, known, report);
  checkServedBy(catalogue, known, report);
  checkCells(catalogue, known, report);
  checkServices(catalogue, report);
  checkAnnouncements(catalogue, known, report);
  checkIssues(catalogue, known, report);
  checkActions(catalogue, known, report);
  checkBundles(catalogue, known, report);
  return findings;
}

function idsOf(entries: readonly { readonly id: string }[]): ReadonlySet<string> {
  return new Set(entries.map(({ id }) => id));
}

function knownIds(catalogue: Catalogue): Known {
  return {
    environments: idsOf(catalogue.environments),
    systems: idsOf(catalogue.systems),
    hosts: new Set(catalogue.hosts.map(({ name }) => name)),
    infrastructures: idsOf(catalogue.infrastructures),
    namespaces: idsOf(catalogue.namespaces),
    anchors: idsOf(catalogue.trust.anchors),
    announcements: idsOf(catalogue.announcements),
  };
}

function checkUnique(catalogue: Catalogue, report: Report): void {
  const lists: readonly (readonly [keyof ReadFiles, FilePath, readonly string[], string])[] = [
    ['catalogue.yaml', ['environments'], catalogue.environments.map(({ id }) => id), 'id'],
    ['catalogue.yaml', ['namespaces'], catalogue.namespaces.map(({ id }) => id), 'id'],
    ['catalogue.yaml', ['infrastructures'], catalogue.infrastructures.map(({ id }) => id), 'id'],
    ['catalogue.yaml', ['forms'], catalogue.forms.map(({ id }) => id), 'id'],
    ['catalogue.yaml', ['hosts'], catalogue.hosts.map(({ name }) => name), 'name'],
    ['catalogue.yaml', ['systems'], catalogue.systems.map(({ id }) => id), 'id'],
    ['catalogue.yaml', ['systems'], catalogue.systems.map(({ name }) => name), 'name'],
    ['announcements.yaml', ['announcements'], catalogue.announcements.map(({ id }) => id), 'id'],
    ['trust.yaml', ['anchors'], catalogue.trust.anchors.map(({ id }) => id), 'id'],
    ['trust.yaml', ['bundles'], catalogue.trust.bundles.map(({ id }) => id), 'id'],
    ...catalogue.trust.bundles.map(
      ({ members }, index) => ['trust.yaml', ['bundles', index, 'members'], members.map(({ id }) => id), 'id'] as const,
    ),
    ['known-issues.yaml', ['issues'], catalogue.knownIssues.map(({ id }) => id), 'id'],
    ['programme.yaml', ['actions'], catalogue.programme.actions.map(({ id }) => id), 'id'],
    ['programme.yaml', ['discrepancies'], catalogue.programme.discrepancies.map(({ id }) => id), 'id'],
  ];
  for (const [file, path, names, key] of lists) {
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) !== index) report(file, [...path, index, key], `${name} again`, `each ${key} once`);
    }
  }
}

function checkHosts(catalogue: Catalogue, known: Known, report: Report): void {
  for (const [index, host] of catalogue.hosts.entries()) {
    const at = ['hosts', index];
    mustExist(known.environments, host.environment, [...at, 'environment'], report);
    if (host.namespace !== undefined) mustExist(known.namespaces, host.namespace, [...at, 'namespace'], report);
    for (const [number, chain] of (host.chains ?? []).entries()) {
      mustExist(known.infrastructures, chain.infrastructure, [...at, 'chains', number, 'infrastructure'], report);
      mustAllExist(known.anchors, chain.anchors, [...at, 'chains', number, 'anchors'], report);
    }
  }
}

function mustExist(
  ids: ReadonlySet<string>,
  id: string,
  path: FilePath,
  report: Report,
  file: keyof ReadFiles = 'catalogue.yaml',
): void {
  if (!ids.has(id)) report(file, path, id, oneOf(ids));
}

function mustAllExist(
  ids: ReadonlySet<string>,
  named: readonly string[] | undefined,
  path: FilePath,
  report: Report,
  file: keyof ReadFiles = 'catalogue.yaml',
): void {
  for (const [place, id] of (named ?? []).entries()) mustExist(ids, id, [...path, place], report, file);
}

function oneOf(ids: ReadonlySet<string>): string {
  const shown = [...ids].slice(0, 40);
  return ids.size === 0
    ? 'nothing: none is declared'
    : `one of ${shown.join(', ')}${ids.size > shown.length ? ', …' : ''}`;
}

function checkForms(catalogue: Catalogue, known: Known, report: Report): void {
  for (const [index, form] of catalogue.forms.entries()) {
    mustExist(known.environments, form.environment, ['forms', index, 'environment'], report);
    const [, host] = /^https?:\/\/([^/:]+)/.exec(form.text) ?? [];
    if (host !== undefined) mustExist(known.hosts, host, ['forms', index, 'text'], report);
  }
}

function checkServedBy(catalogue: Catalogue, known: Known, report: Report): void {
  for (const [key, infrastructure] of Object.entries(catalogue.servedBy)) {
    mustExist(known.infrastructures, infrastructure, ['servedBy', key], report);
  }
}

function checkCells(catalogue: Catalogue, known: Known, report: Report): void {
  const systemIndexes = new Map(catalogue.systems.map(({ id }, index) => [id, index]));
  const claimed = new Map<
    string,
    { readonly place: string; readonly shared: boolean; readonly within: string; readonly certificate: CertificateNeed }
  >();
  const words = new Set(catalogue.matrixKey.map((entry) => entry.words));
  for (const { system, environment, channel, generation, cell } of everyCell(catalogue)) {
    const at = ['systems', systemIndexes.get(system.id) ?? 0, 'addresses', environment];
    const here = [...at, channel, generation];
    mustExist(known.environments, environment, at, report);
    if (cell.words !== undefined) mustExist(words, cell.words, [...here, 'words'], report);
    if (cell.form !== undefined)
      checkFormCell(
        catalogue,
        { pathToken: system.pathToken, form: cell.form, environment, channel, generation },
        here,
        report,
      );
    const address = addressOf(catalogue, system, cell);
    if (cell.upgrade !== undefined && (channel !== 'ui' || address === null))
      report(
        'catalogue.yaml',
        [...here, 'upgrade'],
        `upgrade of ${channel} ${generation}`,
        'it at an address of a user interface',
      );
    if (address === null) continue;
    const host = catalogue.hosts.find(({ name }) => name === hostOf(address.url));
    if (host === undefined) report('catalogue.yaml', here, hostOf(address.url), 'a host that hosts declares');
    else if (host.environment !== environment)
      report('catalogue.yaml', here, `${host.name} of ${host.environment}`, `a host of ${environment}`);
    const certificate = cell.certificate ?? 'required';
    if (certificate !== 'none' && host?.schemes.includes('http') === true)
      report('catalogue.yaml', here, `certificate ${certificate} on plain HTTP`, 'none, since plain HTTP brings none');
    const first = claimed.get(address.url);
    const within = `${environment}/${generation}`;
    if (first === undefined)
      claimed.set(address.url, {
        place: `${system.id} ${channel} ${generation}`,
        shared: cell.shared === true,
        within,
        certificate,
      });
    else if (!first.shared || !cell.shared || first.within !== within) {
      report(
        'catalogue.yaml',
        here,
        `${address.url}, which ${first.place} has`,
        'an address of its own, or shared: true on each within one environment and generation',
      );
    } else if (first.certificate !== certificate)
      report('catalogue.yaml', here, `certificate ${certificate}`, `${first.certificate}, as ${first.place} has`);
  }
}

interface FormCell {
  readonly pathToken: string | undefined;
  readonly form: string;
  readonly environment: string;
  readonly channel: string;
  readonly generation: string;
}

function checkFormCell(catalogue: Catalogue, cell: FormCell, here: FilePath, report: Report): void {
  const form = catalogue.forms.find(({ id }) => id === cell.form);
  if (form === undefined) report('catalogue.yaml', [...here, 'form'], cell.form, oneOf(idsOf(catalogue.forms)));
  else if (
    form.environment !== cell.environment ||
    form.channel !== cell.channel ||
    form.generation !== cell.generation
  ) {
    report(
      'catalogue.yaml',
      [...here, 'form'],
      `${form.id} of ${form.environment} ${form.channel} ${form.generation}`,
      `a form of ${cell.environment} ${cell.channel} ${cell.generation}`,
    );
  }
  if (cell.pathToken === undefined)
    report('catalogue.yaml', [...here, 'form'], 'a system without pathToken', 'a pathToken to put into the form');
}

function checkServices(catalogue: Catalogue, report: Report): void {
  for (const [index, system] of catalogue.systems.entries()) {
    const names = (system.services ?? []).map(({ name }) => name.toLowerCase());
    for (const [number, name] of names.entries()) {
      if (names.indexOf(name) !== number)
        report('catalogue.yaml', ['systems', index, 'services', number, 'name'], `${name} again`, 'each service once');
    }
    const at = ['systems', index];
    checkScid(system, system.scid, [...at, 'scid'], report);
    for (const [number, { scid }] of (system.services ?? []).entries())
      checkScid(system, scid, [...at, 'services', number, 'scid'], report);
  }
}

function checkScid({ protocol }: System, scid: ScidStatement | undefined, path: FilePath, report: Report): void {
  if (scid === undefined || typeof scid.at === 'string') return;
  for (const [number, place] of scid.at.entries()) {
    const expected = protocol === 'json' ? 'pointer' : 'path';
    if (!(expected in place))
      report(
        'catalogue.yaml',
        [...path, 'at', number],
        Object.keys(place).join(', '),
        `a ${expected}, since it speaks ${protocol ?? 'SOAP'}`,
      );
  }
}

function checkAnnouncements(catalogue: Catalogue, known: Known, report: Report): void {
  const byId = new Map(catalogue.announcements.map((announcement) => [announcement.id, announcement]));
  for (const [index, { id, subject, replaces }] of catalogue.announcements.entries()) {
    const at = ['announcements', index];
    const file = 'announcements.yaml';
    mustExist(known.environments, subject.environment, [...at, 'subject', 'environment'], report, file);
    if (subject.host !== undefined) mustExist(known.hosts, subject.host, [...at, 'subject', 'host'], report, file);
    if (subject.host === undefined && subject.systems === undefined)
      report(file, [...at, 'subject'], 'neither host nor systems', 'host or systems');
    const systems = Array.isArray(subject.systems) ? subject.systems : [];
    mustAllExist(known.systems, systems, [...at, 'subject', 'systems'], report, file);
    mustAllExist(known.systems, subject.except, [...at, 'subject', 'except'], report, file);
    if (replaces === undefined) continue;
    const before = byId.get(replaces);
    if (before === undefined) report(file, [...at, 'replaces'], replaces, 'the id of another announcement');
    else if (leadsBack(byId, id))
      report(file, [...at, 'replaces'], `${replaces}, which leads back here`, 'a chain that ends');
  }
}

function leadsBack(byId: ReadonlyMap<string, { readonly replaces?: string | undefined }>, id: string): boolean {
  const seen = new Set<string>();
  let at: string | undefined = id;
  while (at !== undefined && !seen.has(at)) {
    seen.add(at);
    at = byId.get(at)?.replaces;
  }
  return at === id;
}

function checkIssues(catalogue: Catalogue, known: Known, report: Report): void {
  const file = 'known-issues.yaml';
  for (const [index, issue] of catalogue.knownIssues.entries()) {
    const at = ['issues', index];
    mustAllExist(known.environments, issue.environments, [...at, 'environments'], report, file);
    mustAllExist(known.systems, issue.systems, [...at, 'systems'], report, file);
    for (const [number, { states }] of issue.cases.entries()) {
      for (const [place, { environment }] of states.entries()) {
        if (environment !== undefined)
          mustExist(
            known.environments,
            environment,
            [...at, 'cases', number, 'states', place, 'environment'],
            report,
            file,
          );
      }
    }
  }
}

function checkActions(catalogue: Catalogue, known: Known, report: Report): void {
  for (const [index, { environment }] of catalogue.programme.actions.entries()) {
    if (environment !== undefined)
      mustExist(known.environments, environment, ['actions', index, 'environment'], report, 'programme.yaml');
  }
}

function checkBundles(catalogue: Catalogue, known: Known, report: Report): void {
  const file = 'trust.yaml';
  const { zone } = catalogue.document;
  const isDated = catalogue.trust.bundles.length > 0;
  if (isDated && !isZone(zone)) report('catalogue.yaml', ['document', 'zone'], zone, 'a time zone, as America/Denver');
  for (const [index, bundle] of catalogue.trust.bundles.entries()) {
    const at = ['bundles', index];
    mustAllExist(known.environments, bundle.environments, [...at, 'environments'], report, file);
    mustAllExist(known.infrastructures, bundle.infrastructures, [...at, 'infrastructures'], report, file);
    if (!bundle.members.some(({ role }) => role === 'anchor'))
      report(file, [...at, 'members'], 'no anchor', 'one at least, since every path ends at an anchor');
    for (const [number, { authority, from, until }] of bundle.members.entries()) {
      const here = [...at, 'members', number];
      if (authority !== undefined) mustExist(known.anchors, authority, [...here, 'authority'], report, file);
      // Until `done` it is gone, whenever it began.
      if (until.kind === 'done' || !isZone(zone)) continue;
      const { fromMs, untilMs } = toInstantSpan(from, until, zone);
      if (fromMs > untilMs && from.kind !== 'tbd')
        report(file, [...here, 'until'], 'a day before `from`', 'a day on or after it');
    }
  }
}
