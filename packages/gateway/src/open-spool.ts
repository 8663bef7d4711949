// Opens the spool of a gateway whose records go there, with what earlier boots of the node left behind.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { usesSpool } from './config-evidence.ts';
import type { ControlAddress } from './control-tls.ts';
import { reservationFile, reservedThreads } from './evidence/evidence-files.ts';
import { gapBefore } from './evidence/reservation.ts';
import type { GatewayNotice } from './gateway-notice.ts';
import { unusable } from './named-file.ts';
import { type CreateSpoolWorker, type RunningSpool, startSpool } from './spool/running-spool.ts';

/** What a spool is opened with. The lock of the folder is held. */
export interface OpenSpoolOptions {
  readonly config: Config;
  readonly folder: string;
  readonly control: ControlAddress | null;
  readonly notice: (notice: GatewayNotice) => void;
  /** Default: the spool's own thread. Tests keep hold of it. */
  readonly createSpoolWorker?: CreateSpoolWorker;
}

/** Opens it; null where records go into files. Rejects with `UnusableFiles`. */
export async function openSpool(options: OpenSpoolOptions): Promise<RunningSpool | null> {
  const { config, folder, control, notice, createSpoolWorker } = options;
  if (!usesSpool(config)) return null;
  const { node, evidence } = config;
  const { keepHours, keepBytes, unsentBytesMax, ringBytes } = evidence;
  const reserved = [0, ...reservedThreads(folder, node, 1)];
  const name = `${node}.spool.sqlite`;
  const spool = await startSpool({
    file: join(folder, name),
    node,
    bounds: { keepHours, keepBytes, unsentBytesMax, sends: control !== null },
    control,
    gaps: reserved.flatMap((thread) => gapOf(folder, node, thread)),
    ringBytes,
    notice,
    ...(createSpoolWorker === undefined ? {} : { createWorker: createSpoolWorker }),
  }).catch((fault: unknown) => {
    const expected = 'a spool of this version that can be written, or none: move it away to begin another';
    throw unusable(join(evidence.folder, name), (fault as Error).message, expected);
  });
  // The spool tells their gaps now; a boot that keeps files again begins anew.
  for (const thread of reserved) rmSync(reservationFile(folder, node, thread), { force: true });
  return spool;
}

/** What a boot that kept files and crashed left of a thread. */
function gapOf(folder: string, node: string, thread: number) {
  const found = gapBefore(folder, node, thread, Date.now());
  if (found === null) return [];
  const { after, atMost, ...rest } = found.gap;
  return [{ ...rest, first: after + 1, last: after + atMost }];
}
