// The one error for files of control that cannot be used.
import { type Finding, sayFinding } from '@headgate/contract';

/** A file of the configuration that cannot be used: every fault with file, line, found and expected. */
export class UnusableControlFiles extends Error {
  override readonly name = 'UnusableControlFiles';
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map(sayFinding).join('\n'));
    this.findings = findings;
  }
}

/** A finding about a named file; `line` counts from 1. */
export function unusable(file: string, found: string, expected: string, line = 1): UnusableControlFiles {
  return new UnusableControlFiles([{ file, line, column: 1, path: '', found, expected }]);
}
