// Runs test files with node:test and reports quietly: one line a file, every failure in full, the counts last.

import { relative } from 'node:path';
import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

// Two cores are what CI has; more at once makes sockets and certificates wait for each other.
const filesAtOnceMax = 2;
const defaultFileMsMax = 300_000;
const keptOutputCharactersMax = 65_536;

/** How a run ended: node:test's own counts, and a line for each skipped test with its reason. */
export interface TestOutcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

/** Runs the files, at most two at once and by default five minutes each, reporting as it goes. Paths are absolute. */
export async function runTests(
  files: readonly string[],
  root: string,
  write: (line: string) => void,
  fileMsMax = defaultFileMsMax,
): Promise<TestOutcome> {
  const output = new Map<string, string>();
  const skipped: string[] = [];
  let outcome: TestOutcome = { passed: 0, failed: 0, skipped };
  const stream = run({ files: [...files], concurrency: filesAtOnceMax, isolation: 'process', timeout: fileMsMax });
  // Node's types give the stream no element type; its reporters, which read the same stream, have one.
  const events: AsyncIterable<TestEvent> = stream;
  for await (const { type, data } of events) {
    const file = data && 'file' in data && data.file !== undefined ? relative(root, data.file) : '';
    if (type === 'test:stdout' || type === 'test:stderr') {
      output.set(file, `${output.get(file) ?? ''}${data.message}`.slice(-keptOutputCharactersMax));
    } else if (type === 'test:pass' && data.skip !== undefined && data.skip !== false) {
      skipped.push(`${file}:${data.line ?? 1} ${data.name}: ${data.skip === true ? 'no reason given' : data.skip}`);
    } else if (type === 'test:fail') {
      const { error } = data.details;
      // A parent fails because a child did; the child has been shown.
      if (failureType(error) !== 'subtestsFailed') write(failureText(file, data.line ?? 1, data.name, error));
    } else if (type === 'test:summary' && file !== '') {
      const seconds = (data.duration_ms / 1000).toFixed(1);
      write(`${data.success ? 'ok  ' : 'FAIL'} ${file}  ${data.counts.tests} in ${seconds} s`);
      if (!data.success && output.has(file)) write(`     what it printed:\n${output.get(file)}`);
      output.delete(file);
    } else if (type === 'test:summary') {
      const { passed, tests, skipped: skippedCount, todo } = data.counts;
      // node:test keeps cancelled apart from failed; for us whatever is not passed, skipped or to do has failed.
      outcome = { passed, failed: tests - passed - skippedCount - todo, skipped };
    }
  }
  return outcome;
}

function failureType(error: Error): unknown {
  return 'failureType' in error ? error.failureType : undefined;
}

function failureText(file: string, line: number, name: string, error: Error): string {
  // node:test wraps what was thrown; the cause has the stack that leads to the line.
  const thrown = error.cause instanceof Error ? error.cause : error;
  return `not ok ${name}\n     ${file}:${line}\n${inspect(thrown).replaceAll(/^/gm, '     ')}`;
}
