/** Runs the work while holding the lock, and gives its result; waits at most 15 minutes for a living holder. */
export function withLock<Result>(
  path: string,
  onWait: (pid: number) => void,
  work: (holdAlso: (pid: number) => void) => Promise<Result>,
): Promise<Result>;
