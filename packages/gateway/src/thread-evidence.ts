// The evidence of one thread: a file of its own, so that no record costs a message and a thread that dies loses its own last
// records only. The main thread holds the folder's lock for all.
import type { EvidenceRecord, EvidenceSink } from '@headgate/contract';
import { openNdjsonSink } from './evidence/ndjson-sink.ts';
import type { ThreadOrders } from './threads/messages.ts';

/** Opens the evidence of a thread; `seen` is called only where somebody wants to see records. */
export function openThreadEvidence(
  { config, boot, thread, evidenceFolder, sendsRecords }: ThreadOrders,
  hear: { readonly trouble: (sentence: string) => void; readonly seen: (record: EvidenceRecord) => void },
): EvidenceSink & { readonly file: string } {
  return openNdjsonSink({
    folder: evidenceFolder,
    node: config.node,
    boot,
    thread,
    threads: config.threads,
    locked: true,
    clock: Date.now,
    trouble: hear.trouble,
    ...(sendsRecords ? { seen: hear.seen } : {}),
  });
}
