// Many rows in one statement: put in where they are new, put together where they are not.
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import { sumMax } from './measures.ts';
import type { LedgerTables } from './tables.ts';

/** What becomes of a column of a row that is there already. */
type Merge = 'add' | 'greatest' | 'least' | 'replace' | 'keep' | 'either' | 'known';

/** One column. */
export interface UpsertColumn {
  readonly type: 'text' | 'bigint' | 'boolean';
  /** `known`: the new value, or the old one where the new is null. `either`: true where one of them is. */
  readonly merge: Merge;
}

/** How rows of one table are put together. */
export interface UpsertForm {
  readonly table: keyof LedgerTables;
  readonly keys: Readonly<Record<string, 'text' | 'bigint'>>;
  readonly columns: Readonly<Record<string, UpsertColumn>>;
}

/** Rows of one statement. A statement that is too long keeps everybody else waiting. */
const rowsPerStatement = 2_000;

const merges: Readonly<Record<Merge, (column: string) => string>> = {
  add: (column) => `${column} = least(old.${column} + excluded.${column}, ${sumMax})`,
  greatest: (column) => `${column} = greatest(old.${column}, excluded.${column})`,
  least: (column) => `${column} = least(old.${column}, excluded.${column})`,
  replace: (column) => `${column} = excluded.${column}`,
  keep: (column) => `${column} = old.${column}`,
  either: (column) => `${column} = old.${column} or excluded.${column}`,
  known: (column) => `${column} = coalesce(excluded.${column}, old.${column})`,
};

/** Puts rows in. Of one key there must be one row at most. */
export async function upsertRows(
  db: Kysely<Schema>,
  { table, keys, columns }: UpsertForm,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const types = [...Object.entries(keys), ...Object.entries(columns).map(([name, { type }]) => [name, type] as const)];
  const names = types.map(([name]) => name).join(', ');
  const set = Object.entries(columns).map(([name, { merge }]) => merges[merge](name));
  // In the order of the keys, two writers never wait for each other in a circle.
  const order = Object.keys(keys).join(', ');
  for (let from = 0; from < rows.length; from += rowsPerStatement) {
    const slice = rows.slice(from, from + rowsPerStatement);
    await sql`insert into ${sql.raw(table)} as old (${sql.raw(names)})
      select * from ${unnested(types, slice)} as r(${sql.raw(names)})
      order by ${sql.raw(order)}
      on conflict (${sql.raw(order)}) do update set ${sql.raw(set.join(', '))}`.execute(db);
  }
}

/** Rows as one array for each column: PostgreSQL reads these several times as fast as the same rows in JSON. */
export function unnested(
  types: readonly (readonly [name: string, type: string])[],
  rows: readonly Readonly<Record<string, unknown>>[],
) {
  const arrays = types.map(([name, type]) => sql`${arrayText(rows, name, type)}::${sql.raw(type)}[]`);
  return sql`unnest(${sql.join(arrays)})`;
}

function arrayText(rows: readonly Readonly<Record<string, unknown>>[], name: string, type: string): string {
  if (type === 'bigint' || type === 'boolean') return `{${rows.map((row) => row[name]).join(',')}}`;
  return `{${rows.map((row) => quoted(row[name])).join(',')}}`;
}

function quoted(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
