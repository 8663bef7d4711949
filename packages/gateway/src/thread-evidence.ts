// The evidence of one thread: a ring or a file of its own, so that no record costs a message. The main thread holds the folder's
// lock for all.
import type { EvidenceRecord, EvidenceSink } from '@headgate/contract';
import { openNdjsonSink } from './evidence/ndjson-sink.ts';
import { openRingSink } from './evidence/ring-sink.ts';
import type { ThreadOrders } from './threads/messages.ts';

/** Opens the evidence of a thread; `seen` is called only where somebody wants to see records. */
export function openThreadEvidence(
  { config, boot, thread, evidenceFolder, ring, sendsRecords }: ThreadOrders,
  hear: { readonly trouble: (sentence: string) => void; readonly seen: (record: EvidenceRecord) => void },
): EvidenceSink & { readonly file: string | null } {
  const seen = sendsRecords ? { seen: hear.seen } : {};
  if (ring !== null)
    return { ...openRingSink({ ring, node: config.node, boot, thread, trouble: hear.trouble, ...seen }), file: null };
  return openNdjsonSink({
    folder: evidenceFolder,
    node: config.node,
    boot,
    thread,
    threads: config.threads,
    locked: true,
    bounds: { ...config.evidence, fileClock: Date.now },
    clock: Date.now,
    trouble: hear.trouble,
    ...seen,
  });
}
