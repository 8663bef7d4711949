// The evidence of a gateway that serves in the caller's own thread: a file, or a ring and the spool behind it.
import type { EvidenceRecord, EvidenceSink } from '@headgate/contract';
import { toBoot } from './boot.ts';
import { openNdjsonSink } from './evidence/ndjson-sink.ts';
import { openRingSink } from './evidence/ring-sink.ts';
import { lockGatewayEvidence } from './gateway-lock.ts';
import { type OpenSpoolOptions, openSpool } from './open-spool.ts';
import type { RunningSpool } from './spool/running-spool.ts';

/** What it is opened with. */
export interface OwnEvidenceOptions extends OpenSpoolOptions {
  readonly clock: () => number;
  readonly seen?: ((record: EvidenceRecord) => void) | undefined;
}

/** Opens it, with the lock of the folder. Closing the sink closes all. */
export async function openOwnEvidence(
  options: OwnEvidenceOptions,
): Promise<{ readonly sink: EvidenceSink; readonly file: string; readonly spool: RunningSpool | null }> {
  const { config, folder, clock, notice, seen } = options;
  const sinkOptions = {
    node: config.node,
    boot: toBoot(config.node, clock()),
    thread: 0,
    trouble: (sentence: string) => notice({ kind: 'evidence-trouble', sentence }),
    ...(seen === undefined ? {} : { seen }),
  };
  const unlock = lockGatewayEvidence(folder, config.node);
  try {
    const spool = await openSpool(options);
    if (spool === null) {
      const sink = openNdjsonSink({
        ...sinkOptions,
        folder,
        clock,
        locked: true,
        bounds: { ...config.evidence, fileClock: Date.now },
      });
      return { sink: { ...sink, close: () => sink.close().finally(unlock) }, file: sink.file, spool };
    }
    const sink = openRingSink({ ...sinkOptions, ring: spool.ring(sinkOptions.boot, 0) });
    return { sink: { ...sink, close: () => spool.close().finally(unlock) }, file: spool.file, spool };
  } catch (fault) {
    unlock();
    throw fault;
  }
}
