// Rows out of any JSON document: its longest list of objects are the records, nested names are joined with dots.
import { isPlainObject } from '../plain-object.ts';
import { fromRows, type Table } from './rows.ts';

/** Levels that become columns; what lies deeper stays JSON text in its cell. */
const depthMax = 8;

/** Reads a document into rows; one without a list of objects is a single row, an empty list has none. */
export function toJsonTable(document: unknown): Table {
  return fromRows((recordsOf(document) ?? [document]).map(toRow));
}

function recordsOf(document: unknown): readonly unknown[] | null {
  if (Array.isArray(document)) return document as unknown[];
  if (!isPlainObject(document)) return null;
  const lists = Object.values(document).filter((value) => Array.isArray(value) && value.every(isPlainObject));
  return (lists as unknown[][]).toSorted((one, other) => other.length - one.length)[0] ?? null;
}

function toRow(record: unknown): Record<string, string> {
  const row: Record<string, string> = {};
  if (isPlainObject(record)) addInto(row, record, '', 1);
  else row.value = textOf(record);
  return row;
}

function addInto(row: Record<string, string>, object: Record<string, unknown>, prefix: string, depth: number): void {
  for (const [name, value] of Object.entries(object)) {
    if (isPlainObject(value) && depth < depthMax) addInto(row, value, `${prefix}${name}.`, depth + 1);
    else row[`${prefix}${name}`] = textOf(value);
  }
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
