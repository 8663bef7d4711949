// Questions about trust that a person asks of the files of a gateway, whether it runs or not.
import type { Config } from './config.ts';
import { type GatewayFiles, readGatewayFiles } from './gateway-files.ts';
import { reportListFiles } from './list-report.ts';
import { createTrustBundles } from './serving.ts';
import { createSnapshotFiles } from './snapshot-files.ts';
import { planTrust, type TrustPlan, type TrustPlanQuestion } from './trust-plan.ts';
import { reportTrust, type TrustReport } from './trust-report.ts';

/**
 * What the files of a configuration trust and show. Rejects with `UnusableFiles`, as starting would; revocation lists that cannot be
 * used are told of instead, since whoever looks wants to know which.
 */
export async function showTrust(config: Config, base: string, atMs: number): Promise<TrustReport> {
  const files = await readWithoutLists(config, base);
  const lists = await reportListFiles(config, base, createTrustBundles(files.snapshot.trust), atMs);
  return reportTrust(files, config, lists, atMs);
}

function readWithoutLists(config: Config, base: string): Promise<GatewayFiles> {
  const without = {
    ...config,
    trustBundles: config.trustBundles.map((bundle) => ({ ...bundle, crls: [], crlUrls: [] })),
  };
  return readGatewayFiles(without, base, createSnapshotFiles(without, base, { withoutOverrides: true }));
}

/** What ends from `fromMs` to `untilMs`, and whom of those that were seen it strands. Rejects with `UnusableFiles`. */
export async function planTrustOf(
  config: Config,
  base: string,
  question: Omit<TrustPlanQuestion, 'files' | 'config'>,
): Promise<TrustPlan> {
  const files = await readWithoutLists(config, base); // No end of an authority hangs on a list.
  return planTrust({ files, config, ...question });
}
