// Reads one YAML file against a schema, and says of every mistake in which file, line and column it stands, what was
// expected and what was found. Pure: text in, value or findings out. Bounded in bytes, findings and anchors.

import type { Document } from 'yaml';
import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';

/** Largest file that is read unless its reader says otherwise, in bytes: 1 MiB. */
export const yamlFileBytesMax = 1_048_576;
/** Most findings reported for one file; a file with more mistakes than this is best read from the top again. */
export const findingsMax = 100;

/** One mistake in a file. Line and column count from 1; `path` names the place by keys and indexes, joined by dots. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly found: string;
  readonly expected: string;
}

/** Writes a finding as one line: `file:line:column path: found …; expected …`. */
export function sayFinding(finding: Finding): string {
  const path = finding.path === '' ? '' : ` ${finding.path}:`;
  return `${finding.file}:${finding.line}:${finding.column}${path} found ${finding.found}; expected ${finding.expected}`;
}

/** A finding about a file as a whole. */
export function wholeFileFinding(file: string, found: string, expected: string): Finding {
  return { file, line: 1, column: 1, path: '', found, expected };
}

/** A path of keys and indexes inside a file. */
export type FilePath = readonly (string | number)[];

/** A file that was read: its value, and where each part of it stands. */
export interface ReadFile<Value> {
  readonly file: string;
  readonly value: Value;
  /** A finding at a path of this file. */
  readonly finding: (path: FilePath, found: string, expected: string) => Finding;
}

/** Reads one YAML text against a schema. Nothing is thrown for bad input. */
export function readYamlFile<Schema extends z.ZodType>(
  file: string,
  text: string,
  schema: Schema,
  bytesMax = yamlFileBytesMax,
):
  | { readonly ok: true; readonly read: ReadFile<z.output<Schema>> }
  | { readonly ok: false; readonly findings: readonly Finding[] } {
  const bytes = Buffer.byteLength(text);
  if (bytes > bytesMax) {
    return failed([wholeFileFinding(file, `${bytes} bytes`, `at most ${bytesMax} bytes`)]);
  }
  const lines = new LineCounter();
  // A duplicate key would let the last of two contradicting rows win in silence.
  const document = parseDocument(text, {
    lineCounter: lines,
    strict: true,
    uniqueKeys: true,
    version: '1.2',
    prettyErrors: false,
    logLevel: 'silent',
  });
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) return failed(syntax.slice(0, findingsMax).map((error) => syntaxFinding(file, lines, error)));
  const plain = toPlain(document);
  if (plain === null) return failed([wholeFileFinding(file, 'an alias (*name)', 'every value written out')]);
  const parsed = schema.safeParse(plain.value);
  const locate = locator(document, lines);
  const finding = (path: FilePath, found: string, expected: string): Finding => ({
    file,
    ...locate(path),
    path: path.join('.'),
    found,
    expected,
  });
  if (parsed.success) return { ok: true, read: { file, value: parsed.data, finding } };
  const findings = parsed.error.issues.flatMap((issue) =>
    issueFindings(issue, plain.value, schema, { file, document, lines, locate, finding }),
  );
  return failed(findings.slice(0, findingsMax));
}

function failed(findings: readonly Finding[]): { readonly ok: false; readonly findings: readonly Finding[] } {
  return { ok: false, findings };
}

/** Aliases are refused: a small file could otherwise unfold into a large value. */
function toPlain(document: Document.Parsed): { readonly value: unknown } | null {
  try {
    return { value: document.toJS({ maxAliasCount: 0 }) };
  } catch {
    return null;
  }
}

function syntaxFinding(
  file: string,
  lines: LineCounter,
  error: { readonly pos: readonly [number, number]; readonly code: string; readonly message: string },
): Finding {
  const { line, col } = lines.linePos(error.pos[0]);
  const found = error.code === 'DUPLICATE_KEY' ? 'a key that this map has already' : error.message;
  const expected = error.code === 'DUPLICATE_KEY' ? 'each key once' : 'YAML 1.2';
  return { file, line, column: col, path: '', found, expected };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

interface FileContext {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  readonly locate: (path: FilePath) => Position;
  readonly finding: ReadFile<unknown>['finding'];
}

/** Where a path stands; where the path is missing, the nearest part above it that exists. */
function locator(document: Document.Parsed, lines: LineCounter): (path: FilePath) => Position {
  return (path) => {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) {
        const { line, col } = lines.linePos(node.range[0]);
        return { line, column: col };
      }
    }
    return { line: 1, column: 1 };
  };
}

function issueFindings(
  issue: z.core.$ZodIssue,
  value: unknown,
  schema: z.ZodType,
  context: FileContext,
): readonly Finding[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const meant = formMeant(issue);
  if (meant !== null) {
    return meant.flatMap((each) =>
      issueFindings({ ...each, path: [...issue.path, ...each.path] }, value, schema, context),
    );
  }
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schemaAt(schema, path));
    return issue.keys.map((key) => ({
      file: context.file,
      ...keyPosition(context, path, key),
      path: [...path, key].join('.'),
      found: `unknown key \`${key}\``,
      expected: expectedKey(key, known),
    }));
  }
  return [context.finding(path, describe(valueAt(value, path)), expectedBy(issue))];
}

/** Of a value with several forms, what is wrong with the one that was meant: it has the type that was found. */
function formMeant(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] | null {
  if (issue.code !== 'invalid_union') return null;
  const isOther = ({ code, path }: z.core.$ZodIssue) =>
    path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
  const fitting = issue.errors.filter((issues) => !issues.some(isOther));
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

function keyPosition(context: FileContext, path: FilePath, key: string): Position {
  const map = path.length === 0 ? context.document.contents : context.document.getIn(path, true);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
  if (pair === undefined || !isNode(pair.key) || !pair.key.range) return context.locate(path);
  const { line, col } = context.lines.linePos(pair.key.range[0]);
  return { line, column: col };
}

function expectedKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  if (near !== null) return `\`${near}\``;
  return known.length === 0 ? 'no such key' : `one of ${known.join(', ')}`;
}

/** The word nearest to another by edits; `null` when none is within `editsMax` (default: half of its length, at least 2). */
export function nearest(
  word: string,
  known: readonly string[],
  editsMax: number = Math.max(2, Math.floor(word.length / 2)),
): string | null {
  let best: string | null = null;
  let bestEdits = editsMax + 1;
  for (const candidate of known) {
    const edits = editsBetween(word.toLowerCase().slice(0, 100), candidate.toLowerCase());
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

function editsBetween(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}

function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'object' || issue.expected === 'record'
        ? 'a map'
        : `${article(issue.expected)} ${issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return issue.message.startsWith('Invalid') ? `text of the form ${issue.pattern ?? issue.format}` : issue.message;
    case 'too_big':
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'too_small':
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    default:
      return issue.message;
  }
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? 'an' : 'a';
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

const foundLengthMax = 80;

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return `a map of ${Object.keys(value).join(', ')}`.slice(0, foundLengthMax);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > foundLengthMax ? `${text.slice(0, foundLengthMax)}… (${text.length} characters)` : text;
}

function valueAt(value: unknown, path: FilePath): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = Reflect.get(at, part);
  }
  return at;
}

function schemaAt(schema: z.core.$ZodType, path: FilePath): z.core.$ZodType | null {
  let at: z.core.$ZodType | null = bare(schema);
  for (const part of path) {
    if (at instanceof z.ZodUnion) at = longForm(at);
    if (at instanceof z.ZodObject) at = bare((at.shape as Record<string, z.core.$ZodType>)[String(part)] ?? null);
    else if (at instanceof z.ZodArray) at = bare(at.element);
    else if (at instanceof z.ZodRecord) at = bare(at.valueType);
    else return null;
  }
  return at;
}

function longForm(union: z.ZodUnion): z.core.$ZodType | null {
  return union.options.find((option) => option instanceof z.ZodObject) ?? null;
}

function bare(schema: z.core.$ZodType | null): z.core.$ZodType | null {
  let at = schema;
  while (isWrapped(at)) at = at.unwrap();
  return at;
}

function isWrapped(at: z.core.$ZodType | null): at is z.ZodOptional | z.ZodNullable | z.ZodDefault | z.ZodPrefault {
  return (
    at instanceof z.ZodOptional ||
    at instanceof z.ZodNullable ||
    at instanceof z.ZodDefault ||
    at instanceof z.ZodPrefault
  );
}

function knownKeys(schema: z.core.$ZodType | null): readonly string[] {
  const form = schema instanceof z.ZodUnion ? longForm(schema) : schema;
  return form instanceof z.ZodObject ? Object.keys(form.shape) : [];
}
