/**
 * Installs packages where needed and gives the path of the Node 24 to run on, undefined when this machine has none.
 * `everyMs` is how often progress is said, 0 for never; by default only where npm has no terminal to draw on.
 */
export function installPackages(
  root: string,
  say: (sentence: string) => void,
  everyMs?: number,
): Promise<string | undefined>;
