// Questions about trust that a person asks of the files of a gateway, whether it runs or not.
import type { Config } from './config.ts';
import { type GatewayFiles, readGatewayFiles } from './gateway-files.ts';
import { reportListFiles } from './list-report.ts';
import { createTrustBundles } from './serving.ts';
import { openSnapshotsOf } from './snapshot-of-config.ts';
import { planTrust, type TrustPlan, type TrustPlanQuestion } from './trust-plan.ts';
import { reportTrust, type TrustReport } from './trust-report.ts';

/**
 * What the files of a configuration trust and show. Rejects with `UnusableFiles`, as starting would; revocation lists that cannot be
 * used are told of instead, since whoever looks wants to know which.
 */
export async function showTrust(config: Config, base: string, atMs: number): Promise<TrustReport> {
  const { files, config: served } = await readWithoutLists(config, base);
  const lists = await reportListFiles(served, base, createTrustBundles(files.snapshot.trust), atMs);
  return reportTrust(files, served, lists, atMs);
}

/** The configuration that is given back has its lists. */
async function readWithoutLists(
  config: Config,
  base: string,
): Promise<{ readonly files: GatewayFiles; readonly config: Config }> {
  const without = (all: Config): Config => ({
    ...all,
    trustBundles: all.trustBundles.map((bundle) => ({ ...bundle, crls: [], crlUrls: [] })),
  });
  const { config: served } = await openSnapshotsOf(config, base, { withoutOverrides: true });
  const { config: bare, source } = await openSnapshotsOf(without(config), base, { withoutOverrides: true });
  return { files: await readGatewayFiles(bare, base, source), config: served };
}

/** What ends from `fromMs` to `untilMs`, and whom of those that were seen it strands. Rejects with `UnusableFiles`. */
export async function planTrustOf(
  config: Config,
  base: string,
  question: Omit<TrustPlanQuestion, 'files' | 'config'>,
): Promise<TrustPlan> {
  const { files, config: served } = await readWithoutLists(config, base); // No end of an authority hangs on a list.
  return planTrust({ files, config: served, ...question });
}
