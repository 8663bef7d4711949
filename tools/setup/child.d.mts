/** Runs a command with our terminal and gives its exit code; a death by signal counts as 128 and the signal's number. */
export function runAttached(
  command: string,
  args: readonly string[],
  options?: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly onStart?: (pid: number) => void;
    /** Hears of each signal that is passed on. */
    readonly onSignal?: (signal: string) => void;
    /** End it when the process that started us is gone, or the npm behind a shell that did. Default false. */
    readonly endWithStarter?: boolean;
  },
): Promise<number>;
