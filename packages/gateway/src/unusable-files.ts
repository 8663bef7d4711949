// The one error for configuration files that cannot be used.
import { type Finding, sayFinding } from '@headgate/contract';

/** A file of the configuration that cannot be used: every fault with file, line, found and expected. */
export class UnusableFiles extends Error {
  override readonly name = 'UnusableFiles';
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map(sayFinding).join('\n'));
    this.findings = findings;
  }
}
