// What the exit code of `headgate` says. Scripts rely on these: a code never changes its meaning.

/** Exit codes of every command. */
export const exitCodes = {
  /** It did what was asked. */
  ok: 0,
  /** A call was refused or failed; with --repeat, at least one of them. */
  failed: 1,
  /** The command line, a profile or an input cannot be understood; nothing was sent. */
  usage: 2,
  /** Nothing of that name: a URL, a problem code, a system or a service. */
  notFound: 3,
  /** A local file (catalogue, credential, trust) is missing or cannot be used; nothing was sent. */
  unusable: 4,
  /** It did what it could, and options of a configuration on disk are not in force until a gateway is restarted. */
  needsRestart: 5,
  /** `policy backtest`: a candidate would newly refuse more calls than it was allowed to. */
  tooManyDenials: 6,
  /** It did what was asked, and a revocation list cannot be used as it is now: the one before it stays in force. */
  listKept: 7,
  /** A defect of Headgate itself. */
  defect: 70,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The exit code for a problem, by its code. */
export function exitCodeFor(code: string): ExitCode {
  if (/^catalogue\.(?:unknown|no_|ambiguous)/.test(code)) return exitCodes.notFound;
  if (/^(?:catalogue|credential)\./.test(code)) return exitCodes.unusable;
  if (code.startsWith('encode.')) return exitCodes.usage;
  return exitCodes.failed;
}
