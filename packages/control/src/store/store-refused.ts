// The "no" of the store: while it runs, with a code of the problem catalogue; when it is opened, with what to do.

/** Why the store does not do what it was asked for, in a code that is stable. */
export type StoreRefusedCode =
  | 'control.store_busy'
  | 'control.store_unavailable'
  | 'control.store_too_slow'
  | 'store.in_use'
  | 'store.newer'
  | 'store.older'
  | 'store.unusable';

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
