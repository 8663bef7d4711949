// `headgate policy backtest`: a candidate beside the policy in force, over what was recorded.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CatalogueIndex } from '@headgate/contract';
import { createBacktest, warmUpMs } from '@headgate/rules';
import { createDecoders } from '../backtest/decode-arrival.ts';
import { type RecordingFile, readArrivals } from '../backtest/read-arrivals.ts';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext } from '../context.ts';
import { filesOf } from '../evidence/named-evidence.ts';
import { evidenceEndings } from '../evidence/read-evidence.ts';
import { exitCodes } from '../exit-codes.ts';
import { backtestHtml } from '../render/backtest-html.ts';
import { backtestText, backtestWarnings, readingText } from '../render/backtest-text.ts';
import { createProgressBar } from '../render/progress-bar.ts';
import { diffPolicies } from './diff-policies.ts';
import type { NamedPolicy } from './policy-file.ts';

/** What a backtest is asked for. */
export interface BacktestAsk {
  readonly inForce: NamedPolicy;
  readonly candidate: NamedPolicy;
  readonly index: CatalogueIndex;
  readonly evidence: readonly string[];
  readonly arrivals: readonly string[];
  readonly fromMs: number | null;
  readonly untilMs: number | null;
  readonly reorderMs: number;
  readonly html: string | null;
  readonly maxNewDenials: number | null;
  readonly json: boolean;
}

/** Runs it, prints it, and sets the exit code where there are more new denials than allowed. */
export async function backtestPolicy(ask: BacktestAsk, context: CliContext): Promise<void> {
  const files = await recordingOf(ask);
  const bar = createProgressBar(
    files.reduce((sum, { bytes }) => sum + bytes, 0),
    context,
  );
  const policies = { inForce: ask.inForce.policy, candidate: ask.candidate.policy };
  const backtest = createBacktest({ ...policies, ...(ask.fromMs === null ? {} : { fromMs: ask.fromMs }) });
  const reading = await readArrivals(
    files,
    {
      reorderMs: ask.reorderMs,
      fromMs: ask.fromMs === null ? Number.NEGATIVE_INFINITY : ask.fromMs - warmUpMs(policies),
      untilMs: ask.untilMs ?? Number.POSITIVE_INFINITY,
      progress: (readBytes, arrivals) => bar.told(readBytes, `${arrivals.toLocaleString('en-US')} calls`),
    },
    (arrival) => backtest.take(arrival),
  );
  bar.end();
  const report = backtest.report();
  const warnings = backtestWarnings(report, reading);
  const differences = diffPolicies(policies.inForce, policies.candidate);
  const limit = ask.maxNewDenials;
  const isPassed = limit === null || report.newlyRefused <= limit;
  const verdict = { maxNewDenials: limit, passed: isPassed };
  const names = { inForce: ask.inForce.file, candidate: ask.candidate.file };
  if (ask.html !== null)
    await writeFile(resolve(ask.html), backtestHtml({ report, reading, warnings, differences, files: names, verdict }));
  if (ask.json)
    context.stdout.write(
      `${JSON.stringify({ policies: names, differences, read: reading, ...verdict, ...report }, null, 2)}\n`,
    );
  else {
    context.stdout.write(backtestText(report, context.stdout));
    context.stderr.write(readingText(reading, report.warmUp));
    for (const warning of warnings) context.stderr.write(`warning: ${warning}\n`);
    if (!isPassed)
      context.stderr.write(
        `headgate policy: ${report.newlyRefused} new denials, and --max-new-denials allows ${limit}\n`,
      );
  }
  if (!isPassed) context.exitWith(exitCodes.tooManyDenials);
}

async function recordingOf({ evidence, arrivals, index }: BacktestAsk): Promise<readonly RecordingFile[]> {
  if (evidence.length + arrivals.length === 0)
    throw new CliRefusal(
      'which recording? Give --evidence FILE…, --arrivals FILE…, or --config FILE of a gateway',
      exitCodes.usage,
    );
  const decoders = createDecoders(index);
  const [recorded, listed] = [
    evidence.length === 0 ? [] : await filesOf(evidence, [...evidenceEndings, '.ndjson.gz']),
    arrivals.length === 0 ? [] : await filesOf(arrivals, ['.csv', '.csv.gz', '.ndjson', '.ndjson.gz']),
  ];
  return [
    ...recorded.map(({ file, bytes }) => ({ file, bytes, decoder: decoders.evidence, endsWhole: false })),
    ...listed.map(({ file, bytes }) => ({
      file,
      bytes,
      decoder: /\.csv(?:\.gz)?$/.test(file) ? decoders.csv : decoders.json,
      endsWhole: true,
    })),
  ];
}
