// Reads CSV as RFC 4180 writes it: commas, quotes, CRLF or LF, perhaps a byte order mark. Pure, bounded; every field knows its place.
import type { Finding } from '@headgate/contract';

/** Largest file, in bytes (16 MiB), most rows, and longest field, in characters. */
export const csvBounds = { bytesMax: 16 * 1_048_576, rowsMax: 100_000, fieldCharsMax: 2_000 } as const;

/** One field: its text without quotes, and where it begins, from 1. */
export interface CsvField {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** One record. `number` counts records from 1, the header being the first: the row that a spreadsheet shows. */
export interface CsvRow {
  readonly number: number;
  readonly fields: readonly CsvField[];
}

/** Most findings that one import tells. */
export const importFindingsMax = 100;

/** The rows that are CSV, and what the others are instead. */
export interface ParsedCsv {
  readonly rows: readonly CsvRow[];
  readonly findings: readonly Finding[];
}

/**
 * Reads a file. Rows without any text are left out. Behind a row that is no CSV it goes on with the next line, unless it is the first:
 * without column names nothing can be told of the others.
 */
export function parseCsv(file: string, bytes: Uint8Array): ParsedCsv {
  const rows: CsvRow[] = [];
  const findings: Finding[] = [];
  const at = ({ line, column, found, expected }: Fault): ParsedCsv => {
    findings.push({ file, line, column, path: '', found, expected });
    return { rows, findings };
  };
  const start = { line: 1, column: 1 };
  if (bytes.byteLength > csvBounds.bytesMax)
    return at({ ...start, found: `${bytes.byteLength} bytes`, expected: `at most ${csvBounds.bytesMax} bytes` });
  const text = toText(bytes);
  if (text === null)
    return at({ ...start, found: 'bytes that are not UTF-8', expected: 'UTF-8; spreadsheets call it "CSV UTF-8"' });
  const reader = new Reader(text);
  for (let number = 1; !reader.isAtEnd && findings.length < importFindingsMax; number += 1) {
    if (number > csvBounds.rowsMax)
      return at({ line: reader.line, column: 1, found: 'more rows', expected: `at most ${csvBounds.rowsMax}` });
    const fields = reader.row();
    if (!Array.isArray(fields)) {
      at(fields);
      if (rows.length === 0) break;
      reader.skipLine();
    } else if (fields.some((field) => field.text !== '')) rows.push({ number, fields });
  }
  return { rows, findings };
}

function toText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes); // It drops a byte order mark.
  } catch {
    return null;
  }
}

interface Fault {
  readonly line: number;
  readonly column: number;
  readonly found: string;
  readonly expected: string;
}

class Reader {
  readonly #text: string;
  #at = 0;
  #lineStart = 0;
  line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  row(): CsvField[] | Fault {
    const fields: CsvField[] = [];
    for (;;) {
      const field = this.#field();
      if ('found' in field) return field;
      fields.push(field);
      if (this.#text[this.#at] === ',') this.#at += 1;
      else if (this.#endOfLine()) return fields;
      else return this.#fault('text behind a closing quote', 'a comma or the end of the row');
    }
  }

  /** Goes on behind the end of this line. */
  skipLine(): void {
    while (!this.isAtEnd && this.#text[this.#at] !== '\n') this.#at += 1;
    this.#endOfLine();
  }

  get #column(): number {
    return this.#at - this.#lineStart + 1;
  }

  #fault(found: string, expected: string): Fault {
    return { line: this.line, column: this.#column, found, expected };
  }

  #endOfLine(): boolean {
    if (this.isAtEnd) return true;
    const width = this.#text.startsWith('\r\n', this.#at) ? 2 : this.#text[this.#at] === '\n' ? 1 : 0;
    if (width > 0) this.#newLine(width);
    return width > 0;
  }

  #newLine(width: number): void {
    this.#at += width;
    this.line += 1;
    this.#lineStart = this.#at;
  }

  #field(): CsvField | Fault {
    const { line } = this;
    const column = this.#column;
    const text = this.#text[this.#at] === '"' ? this.#quoted() : this.#plain();
    if (typeof text !== 'string') return text;
    if (text.length > csvBounds.fieldCharsMax)
      return { line, column, found: `${text.length} characters`, expected: `at most ${csvBounds.fieldCharsMax}` };
    return { text: text.trim(), line, column };
  }

  #plain(): string | Fault {
    const from = this.#at;
    while (!this.isAtEnd && !/[,\r\n"]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    if (this.#text[this.#at] === '"')
      return this.#fault('a quote inside a field', 'quotes around the whole field, doubled inside');
    if (this.#text[this.#at] === '\r' && this.#text[this.#at + 1] !== '\n')
      return this.#fault('a carriage return alone', 'CRLF or LF');
    return this.#text.slice(from, this.#at);
  }

  #quoted(): string | Fault {
    const opening = this.#fault('a quote that is never closed', 'a closing quote');
    let text = '';
    for (this.#at += 1; !this.isAtEnd; ) {
      const character = this.#text[this.#at] ?? '';
      if (character === '\n') this.#newLine(1);
      else this.#at += 1;
      if (character !== '"') text += character;
      else if (this.#text[this.#at] !== '"') return text;
      else {
        text += '"';
        this.#at += 1;
      }
    }
    return opening;
  }
}
