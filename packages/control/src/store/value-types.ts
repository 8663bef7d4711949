// How values of PostgreSQL become values of ours, the same from both kinds of store.
import pg from 'pg';

const { builtins, getTypeParser } = pg.types;
// Object ids of array types (pg_type.dat); pg names only those of plain types.
const int8Array = 1016;
const numericArray = 1231;
const float8Array = 1022;

type Parse = (text: string) => unknown;

const parsers: Readonly<Record<number, Parse>> = {
  [builtins.INT8]: toSafeNumber,
  [builtins.NUMERIC]: Number,
  [builtins.DATE]: String,
  [builtins.TIMESTAMP]: String,
  [int8Array]: ownParser(float8Array),
  [numericArray]: ownParser(float8Array),
};

/** Parsers for `pg`: 64-bit numbers and sums are numbers, days and times without a zone stay texts. */
export const valueTypes: pg.CustomTypesConfig = { getTypeParser: (oid) => parsers[oid] ?? ownParser(oid) };

function ownParser(oid: number): Parse {
  return getTypeParser(oid, 'text') as Parse;
}

// All our numbers are below 2^53; one beyond would be rounded in silence.
function toSafeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new Error(`the store holds ${text}, which is no safe integer`);
  return number;
}
