// The "no" of the store when it is opened. Once it is open, it refuses as every part of control does.

/** Why the store does not open, in a code that is stable. */
export type StoreRefusedCode =
  | 'store.in_use'
  | 'store.newer'
  | 'store.older'
  | 'store.unusable'
  | 'store.journal_damaged'
  | 'store.journal_stranger';

/** An expected refusal of the store. `message` says what happened, `fix` what to do about it. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
  readonly code: StoreRefusedCode;
  readonly fix: string;

  constructor(code: StoreRefusedCode, reason: string, fix: string, cause?: unknown) {
    super(reason, { cause });
    this.code = code;
    this.fix = fix;
  }
}
