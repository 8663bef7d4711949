// The columns of an import, and what each row states: a participant, a credential, or a role at one place. Pure; findings name
// row and column.
import {
  type Channel,
  type Credential,
  channels as channelNames,
  credentialKey,
  type Finding,
  holdsFromMs,
  holdsUntilMs,
  isRightDate,
  nearest,
  type Role,
  roles,
} from '@headgate/contract';
import { type CsvField, type CsvRow, importFindingsMax } from './csv.ts';
import { miswritten } from './written-name.ts';

/** Columns of an import, in the order that the reference has them. */
export const importColumns = [
  'participant',
  'participant_name',
  'participant_scids',
  'subject',
  'fingerprint',
  'issuer',
  'serial',
  'label',
  'holder',
  'contact',
  'endorsed_by',
  'environment',
  'system',
  'channel',
  'role',
  'scids',
  'resource_groups',
  'from',
  'until',
] as const;

/** One column. */
export type ImportColumn = (typeof importColumns)[number];

/** What a credential is called, and what else a row says of it. */
export interface StatedCredential
  extends Pick<Credential, 'subject' | 'fingerprint' | 'issuer' | 'serial' | 'label' | 'holder'> {
  readonly key: string;
}

/** A role at one place: what `rights` of the file would say. */
export interface StatedRight {
  readonly system: string;
  readonly channels: readonly Channel[];
  readonly role: Role;
  readonly scids: 'all' | readonly string[] | undefined;
  readonly resourceGroups: readonly string[] | undefined;
  readonly from: string | undefined;
  readonly until: string | undefined;
}

/** One row. */
export interface ImportRow {
  readonly number: number;
  /** Whether all of it can be understood; of another row the rest is still held against what is known. */
  readonly isWhole: boolean;
  readonly participant: string;
  readonly name: string | undefined;
  readonly participantScids: readonly string[] | undefined;
  readonly credential: StatedCredential | null;
  readonly endorsedBy: string | undefined;
  readonly environments: readonly string[];
  /** Null: the row is about participant and credential alone. */
  readonly right: StatedRight | null;
  /** Whether the row takes the credential away, or its endorsement by `endorsedBy`. */
  readonly isRemoval: boolean;
  /** A finding at one of its columns. */
  readonly finding: (column: ImportColumn, found: string, expected: string) => Finding;
}

/** Rows, and what cannot be understood of them. */
export interface ReadRows {
  readonly columns: readonly ImportColumn[];
  readonly rows: readonly ImportRow[];
  readonly findings: readonly Finding[];
}

/** Reads the rows of an import; the first is the header. */
export function readImportRows(file: string, [header, ...rest]: readonly CsvRow[]): ReadRows {
  if (header === undefined)
    return {
      columns: [],
      rows: [],
      findings: [{ file, line: 1, column: 1, path: '', found: 'no row', expected: 'a row of column names' }],
    };
  const headerFindings = checkHeader(file, header);
  if (headerFindings.length > 0) return { columns: [], rows: [], findings: headerFindings.slice(0, importFindingsMax) };
  const names = header.fields.map(({ text }) => toColumnName(text) as ImportColumn);
  const rows: ImportRow[] = [];
  const findings: Finding[] = [];
  for (const row of rest) {
    const read = new RowReader(file, row, names).read();
    if (findings.length < importFindingsMax) findings.push(...read.findings);
    rows.push(read.row);
  }
  return { columns: names, rows, findings: findings.slice(0, importFindingsMax) };
}

function toColumnName(text: string): string {
  return text.toLowerCase().replaceAll(/[\s-]+/g, '_');
}

function checkHeader(file: string, { fields }: CsvRow): readonly Finding[] {
  const findings: Finding[] = [];
  const at = ({ line, column }: CsvField, found: string, expected: string) =>
    findings.push({ file, line, column, path: 'row 1', found, expected });
  const [first] = fields;
  if (first !== undefined && fields.length === 1 && first.text.includes(';'))
    at(first, 'columns parted by semicolons', 'commas (RFC 4180)');
  else {
    const seen = new Set<string>();
    for (const field of fields) {
      const name = toColumnName(field.text);
      const isKnown = (importColumns as readonly string[]).includes(name);
      const near = nearest(name, importColumns);
      if (!isKnown) at(field, `column "${field.text}"`, near ?? `one of ${importColumns.join(', ')}`);
      if (seen.has(name)) at(field, `column "${field.text}" again`, 'each column once');
      seen.add(name);
    }
    if (!seen.has('participant') && first !== undefined)
      at(first, 'no column participant', 'one that names the participant');
  }
  return findings;
}

const forms = {
  participant: [/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/, 'an id of small letters, digits and dashes'],
  scid: [/^[A-Z0-9]{1,12}$/, 'SCIDs of capital letters and digits, parted by ;'],
  fingerprint: [/^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, 'SHA-256 of the certificate: 64 hexadecimal digits'],
  serial: [/^[0-9A-Fa-f:]{1,64}$/, 'a serial number in hexadecimal digits'],
  address: [/^[a-z0-9.-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}$/, 'the address of a role, as access@example.org'],
} as const;

/** One attribute of a name, as `OU=people`. */
function isAttribute(text: string | undefined): boolean {
  return text !== undefined && /^\s*[A-Za-z][A-Za-z0-9.-]*\s*=[^,]*$/.test(text);
}

class RowReader {
  readonly findings: Finding[] = [];
  readonly #fields = new Map<ImportColumn, CsvField>();
  readonly #row: CsvRow;
  readonly #file: string;
  readonly #names: readonly ImportColumn[];

  constructor(file: string, row: CsvRow, names: readonly ImportColumn[]) {
    this.#file = file;
    this.#row = row;
    this.#names = names;
    for (const [index, field] of row.fields.entries()) {
      const name = names[index];
      if (name !== undefined) this.#fields.set(name, field);
      else if (field.text !== '')
        this.#findings(field, `row ${row.number}`, `"${field.text}"`, 'no field behind the last column');
    }
  }

  read(): { readonly row: ImportRow; readonly findings: readonly Finding[] } {
    const parted = this.#partedName();
    const participant = this.#formed('participant', 'participant');
    if (participant === undefined) this.fault('participant', 'nothing', 'the id of a participant');
    const credential = this.#credential();
    const endorsedBy = this.#formed('endorsed_by', 'participant');
    const environments = this.#list('environment');
    const isRemoval = this.#text('system') === undefined && this.#text('role') === 'none';
    const right = isRemoval ? null : this.#right();
    this.#refuseWhatSaysNothing(credential, right !== null, isRemoval, environments);
    const scids = this.#scids('participant_scids');
    if (scids === 'all') this.fault('participant_scids', 'all', forms.scid[1]);
    // Everything else that is found of such a row follows from it.
    if (parted !== null) this.findings.splice(0, this.findings.length, parted);
    const row: ImportRow = {
      number: this.#row.number,
      isWhole: this.findings.length === 0,
      participant: participant ?? '',
      name: this.#text('participant_name'),
      participantScids: scids === 'all' ? undefined : scids,
      credential,
      endorsedBy,
      environments,
      right,
      isRemoval,
      finding: (column, found, expected) => this.#finding(column, found, expected),
    };
    return { row, findings: this.findings };
  }

  fault(column: ImportColumn, found: string, expected: string): void {
    this.findings.push(this.#finding(column, found, expected));
  }

  #finding(column: ImportColumn, found: string, expected: string): Finding {
    const field = this.#fields.get(column) ?? this.#row.fields[0] ?? { line: 1, column: 1 };
    const path = `row ${this.#row.number}, ${column}`;
    return { file: this.#file, line: field.line, column: field.column, path, found, expected };
  }

  #findings({ line, column }: CsvField, path: string, found: string, expected: string): void {
    this.findings.push({ file: this.#file, line, column, path, found, expected });
  }

  #text(column: ImportColumn): string | undefined {
    const text = this.#fields.get(column)?.text ?? '';
    return text === '' ? undefined : text;
  }

  /** A name that its own commas part into fields, because it is not quoted. It and what stands behind it says nothing then. */
  #partedName(): Finding | null {
    const { fields } = this.#row;
    for (const column of ['subject', 'issuer'] as const) {
      const at = this.#names.indexOf(column);
      if (!isAttribute(fields[at]?.text)) continue;
      let end = at + 1;
      while (isAttribute(fields[end]?.text)) end += 1;
      if (end === at + 1) continue;
      const name = fields
        .slice(at, end)
        .map(({ text }) => text.trim())
        .join(',');
      const finding = this.#finding(
        column,
        `${column} of ${end - at} fields`,
        `one in quotes, since it has commas: "${name}"`,
      );
      for (const shifted of this.#names.slice(at)) this.#fields.delete(shifted);
      return finding;
    }
    return null;
  }

  /** A name as certificates are compared. */
  #name(column: 'subject' | 'issuer'): string | undefined {
    const text = this.#text(column);
    const wrong = text === undefined ? null : miswritten(text);
    if (wrong !== null) this.fault(column, `${text}, which ${wrong.fault}`, wrong.right);
    return text;
  }

  #formed(column: ImportColumn, form: keyof typeof forms): string | undefined {
    const text = this.#text(column);
    if (text !== undefined && !forms[form][0].test(text)) this.fault(column, text, forms[form][1]);
    return text;
  }

  #list(column: ImportColumn): readonly string[] {
    return [...new Set((this.#text(column) ?? '').split(/[;\s]+/).filter((each) => each !== ''))];
  }

  #oneOf<Word extends string>(column: ImportColumn, words: readonly Word[]): Word | undefined {
    const text = this.#text(column);
    const found = words.find((word) => word === text?.toLowerCase());
    if (text !== undefined && found === undefined) this.fault(column, text, `one of ${words.join(', ')}`);
    return found;
  }

  #credential(): StatedCredential | null {
    const named = {
      subject: this.#name('subject'),
      fingerprint: this.#formed('fingerprint', 'fingerprint'),
      issuer: this.#name('issuer'),
      serial: this.#formed('serial', 'serial'),
    };
    const isSerialWhole = (named.issuer === undefined) === (named.serial === undefined);
    if (!isSerialWhole || (named.fingerprint !== undefined && named.serial !== undefined))
      this.fault('issuer', named.issuer ?? 'nothing', 'a subject, a fingerprint, or an issuer with a serial');
    const label = this.#text('label');
    const holder = this.#holder();
    if (Object.values(named).every((each) => each === undefined)) {
      if (label !== undefined || holder !== undefined)
        this.fault('subject', 'nothing', 'the credential that label and holder are of');
      return null;
    }
    return { ...named, label, holder, key: credentialKey(named) };
  }

  #holder(): Credential['holder'] {
    const kind = this.#oneOf('holder', ['person', 'application'] as const);
    const contact = this.#formed('contact', 'address');
    if (kind === undefined && contact !== undefined) this.fault('holder', 'nothing', 'person or application');
    return kind === undefined ? undefined : { kind, ...(contact === undefined ? {} : { contact }) };
  }

  #right(): StatedRight | null {
    const system = this.#text('system');
    if (system === undefined) {
      for (const column of ['channel', 'role', 'scids', 'resource_groups', 'from', 'until'] as const)
        if (this.#text(column) !== undefined) this.fault('system', 'nothing', `the system that ${column} is about`);
      return null;
    }
    const role = this.#oneOf('role', roles);
    if (this.#text('role') === undefined) this.fault('role', 'nothing', `one of ${roles.join(', ')}`);
    const scids = this.#scids('scids');
    const groups = this.#list('resource_groups');
    if (role !== 'none' && (scids === undefined) === (groups.length === 0))
      this.fault(
        'scids',
        scids === undefined ? 'nothing' : 'SCIDs beside groups',
        'all, or SCIDs, or resource_groups in their place',
      );
    const [from, until] = [this.#date('from'), this.#date('until')];
    if (from !== undefined && until !== undefined && holdsFromMs(from) >= holdsUntilMs(until))
      this.fault('until', until, `a date after ${from}`);
    const resourceGroups = groups.length === 0 ? undefined : groups;
    return { system, channels: this.#channels(), role: role ?? 'none', scids, resourceGroups, from, until };
  }

  #channels(): readonly Channel[] {
    const said = this.#list('channel').map((each) => each.toLowerCase());
    if (said.length === 0) this.fault('channel', 'nothing', 'ui, api, or both as ui;api');
    for (const each of said)
      if (!(channelNames as readonly string[]).includes(each))
        this.fault('channel', each, 'ui, api, or both as ui;api');
    return channelNames.filter((channel) => said.includes(channel));
  }

  #scids(column: ImportColumn): 'all' | readonly string[] | undefined {
    const said = this.#list(column);
    if (said.length === 1 && said[0]?.toLowerCase() === 'all') return 'all';
    const wrong = said.find((each) => !forms.scid[0].test(each));
    if (wrong !== undefined) this.fault(column, wrong, forms.scid[1]);
    return said.length === 0 ? undefined : said;
  }

  #date(column: 'from' | 'until'): string | undefined {
    const text = this.#text(column);
    if (text !== undefined && !isRightDate(text))
      this.fault(column, text, 'a day as 2024-03-31, or an instant with its offset');
    return text;
  }

  #refuseWhatSaysNothing(
    credential: StatedCredential | null,
    hasRight: boolean,
    isRemoval: boolean,
    environments: readonly string[],
  ): void {
    if (
      credential === null &&
      (hasRight || isRemoval || environments.length > 0 || this.#text('endorsed_by') !== undefined)
    )
      this.fault('subject', 'nothing', 'the credential that the row is about');
    if (credential !== null && !isRemoval && environments.length === 0)
      this.fault('environment', 'nothing', 'the environment, or several parted by ;');
  }
}
