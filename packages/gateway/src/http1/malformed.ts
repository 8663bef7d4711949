// A message that is not HTTP/1.1 in the strict reading. The listener turns it into a refusal, the forwarder into another.

/** What kind of fault: the length is ambiguous, something is too long, the version is another one, or the rest. */
export type MalformedKind = 'syntax' | 'ambiguous-length' | 'head-too-large' | 'target-too-long' | 'version';

/** Thrown by the parsers. `found` completes the sentence "it has …". */
export class Malformed extends Error {
  readonly kind: MalformedKind;
  readonly found: string;

  constructor(kind: MalformedKind, found: string) {
    super(found);
    this.name = 'Malformed';
    this.kind = kind;
    this.found = found;
  }
}
