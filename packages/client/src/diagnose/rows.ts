// Rows out of any payload of this market: the element that repeats most is the record, its leaves are the columns.
import type { PayloadElement } from '@headgate/soap';

/** Records as plain rows; every row has every column, absent values are empty. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, string>>[];
}

interface Candidate {
  readonly depth: number;
  /** Leaves of the first record. */
  readonly leaves: number;
  readonly records: { readonly element: PayloadElement; readonly ancestors: readonly PayloadElement[] }[];
}

/** Reads a document into rows. A MessageHeader is passed over; a document without records is one row of its leaves. */
export function toTable(root: PayloadElement): Table {
  const candidates = new Map<string, Candidate>();
  collect(root, [], '', candidates);
  const [best] = [...candidates.values()].toSorted(byLikeness);
  const records = best?.records ?? [{ element: root, ancestors: [] }];
  return fromRows(records.map(({ element, ancestors }) => toRow(element, ancestors)));
}

/** Reads comma-separated text, quotes doubled inside quotes (RFC 4180), first line as header. */
export function parseCsv(text: string): Table {
  const [header = [], ...lines] = csvLines(text);
  return fromRows(lines.map((cells) => Object.fromEntries(header.map((name, index) => [name, cells[index] ?? '']))));
}

/** Most records first; of equals the one with the most leaves, then the outermost. */
function byLikeness(a: Candidate, b: Candidate): number {
  return b.records.length - a.records.length || b.leaves - a.leaves || a.depth - b.depth;
}

function collect(
  element: PayloadElement,
  ancestors: readonly PayloadElement[],
  path: string,
  candidates: Map<string, Candidate>,
): void {
  const here = `${path}/${element.localName}`;
  const leaves = element.children.filter(isLeaf).length;
  if (leaves > 0 && element.localName !== 'MessageHeader') {
    const candidate = candidates.get(here) ?? { depth: ancestors.length, leaves, records: [] };
    candidate.records.push({ element, ancestors });
    candidates.set(here, candidate);
  }
  for (const child of element.children) {
    if (!isLeaf(child) && child.localName !== 'MessageHeader')
      collect(child, [...ancestors, element], here, candidates);
  }
}

function isLeaf(element: PayloadElement): boolean {
  return element.children.length === 0;
}

function toRow(record: PayloadElement, ancestors: readonly PayloadElement[]): Record<string, string> {
  const row: Record<string, string> = {};
  // What surrounds a record says what it belongs to: a batch, a series, a resource.
  const path = [...ancestors, record];
  for (let depth = 1; depth < ancestors.length; depth += 1)
    addOwn(row, path[depth] ?? record, path[depth + 1] ?? record);
  addDeep(row, record, '');
  return row;
}

function addOwn(row: Record<string, string>, element: PayloadElement, inner: PayloadElement): void {
  for (const [name, value] of Object.entries(element.attributes)) row[name] = value;
  for (const child of element.children) {
    if (child.localName === inner.localName) continue;
    if (isLeaf(child)) row[child.localName] = child.text.trim();
    else addReference(row, child);
  }
}

/** `SchedulingCoordinator/mRID` beside the records names what they belong to. */
function addReference(row: Record<string, string>, element: PayloadElement): void {
  const [only, ...others] = element.children;
  if (only !== undefined && others.length === 0 && isLeaf(only)) {
    row[`${element.localName}.${only.localName}`] = only.text.trim();
  }
}

function addDeep(row: Record<string, string>, element: PayloadElement, prefix: string): void {
  for (const [name, value] of Object.entries(element.attributes)) row[`${prefix}${name}`] = value;
  const seen = new Map<string, number>();
  for (const child of element.children) {
    const number = (seen.get(child.localName) ?? 0) + 1;
    seen.set(child.localName, number);
    const name = `${prefix}${child.localName}${number === 1 ? '' : `[${number}]`}`;
    if (isLeaf(child)) row[name] = child.text.trim();
    else addDeep(row, child, `${name}.`);
  }
}

/** Gives every row every column, in the order in which columns first appear. */
export function fromRows(rows: readonly Record<string, string>[]): Table {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return { columns, rows: rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? '']))) };
}

function csvLines(text: string): string[][] {
  const lines: string[][] = [];
  for (const line of text.split(/\r?\n(?=(?:[^"]*"[^"]*")*[^"]*$)/)) {
    if (line !== '') lines.push(cellsOf(line));
  }
  return lines;
}

function cellsOf(line: string): string[] {
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}
