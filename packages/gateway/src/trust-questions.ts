// Questions about trust that a person asks of the files of a gateway, whether it runs or not.
import type { SeenCredential } from '@headgate/contract';
import type { Config } from './config.ts';
import { readGatewayFiles } from './gateway-files.ts';
import { createSnapshotFiles } from './snapshot-files.ts';
import { planTrust, type TrustPlan } from './trust-plan.ts';
import { reportTrust, type TrustReport } from './trust-report.ts';

/** What the files of a configuration trust and show. Rejects with `UnusableFiles`, as starting would. */
export async function showTrust(config: Config, base: string, atMs: number): Promise<TrustReport> {
  return reportTrust(await readGatewayFiles(config, base, createSnapshotFiles(config, base)), config, atMs);
}

/** What ends from `fromMs` to `untilMs`, and whom of those that were seen it strands. Rejects with `UnusableFiles`. */
export async function planTrustOf(
  config: Config,
  base: string,
  question: { readonly fromMs: number; readonly untilMs: number; readonly seen: readonly SeenCredential[] },
): Promise<TrustPlan> {
  const files = await readGatewayFiles(config, base, createSnapshotFiles(config, base));
  return planTrust({ files, config, ...question });
}
