// Reads one YAML file against a schema and says, for every fault, where it stands, what was found and what was expected.
import { isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';

/** Largest configuration file read, in bytes of UTF-16 length. */
export const yamlCharactersMax = 4 * 1024 * 1024;

/** One fault in a file. Line and column count from 1. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly found: string;
  readonly expected: string;
}

type Path = readonly PropertyKey[];

/** A file that matched its schema, with a way to blame a later cross-reference fault on the right line. */
export interface ParsedYaml<T> {
  readonly ok: true;
  readonly value: T;
  findingAt(path: Path, found: string, expected: string): Finding;
}

/** Parses strict YAML 1.2 (unique keys, few aliases) and validates it. Findings are in file order, 50 at the most. */
export function parseYaml<T>(
  file: string,
  text: string,
  schema: z.ZodType<T>,
): ParsedYaml<T> | { ok: false; findings: Finding[] } {
  if (text.length > yamlCharactersMax) {
    const found = `${text.length} characters`;
    return {
      ok: false,
      findings: [{ file, line: 1, column: 1, path: '', found, expected: `at most ${yamlCharactersMax}` }],
    };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    const findings = document.errors.slice(0, 50).map((error) => ({
      file,
      ...at(error.pos[0]),
      path: '',
      found: error.message,
      expected: 'well-formed YAML 1.2 with unique keys',
    }));
    return { ok: false, findings };
  }

  const findingAt = (path: Path, found: string, expected: string): Finding => {
    const place = nearestNode(document, path);
    return { file, ...at(place), path: path.map(String).join('.'), found, expected };
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { ok: false, findings: [findingAt([], (error as Error).message, 'at most 100 aliases')] };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data, findingAt };
  const findings = parsed.error.issues.slice(0, 50).map((issue) => {
    const found = foundAt(document, issue.path, issue);
    const place = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
    return findingAt(place, found, expectedOf(issue));
  });
  return { ok: false, findings };
}

/** Writes a finding as one line: `file:line:column path: found …, expected …`. */
export function sayFinding(finding: Finding): string {
  const path = finding.path === '' ? '' : ` ${finding.path}:`;
  return `${finding.file}:${finding.line}:${finding.column}${path} found ${finding.found}; expected ${finding.expected}`;
}

function nearestNode(document: ReturnType<typeof parseDocument>, path: Path): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = node !== null && typeof node === 'object' && 'range' in node ? (node.range as number[] | null) : null;
    if (range?.[0] !== undefined) return range[0];
  }
  return 0;
}

function foundAt(document: ReturnType<typeof parseDocument>, path: Path, issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown key ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  if (node === undefined || node === null) return 'nothing';
  if (isScalar(node)) return JSON.stringify(node.value)?.slice(0, 120) ?? 'nothing';
  return 'items' in (node as object) ? 'a list or mapping' : 'another value';
}

function expectedOf(issue: z.core.$ZodIssue): string {
  return issue.message.replace(/^Invalid input: expected /, '').replace(/, received .*$/, '');
}
