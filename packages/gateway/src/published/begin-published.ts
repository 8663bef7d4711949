// What a gateway begins with that serves by what control publishes: the newest that control has, or what it took last, or nothing.
import { parseSnapshotDocument, type SnapshotDocument } from '@headgate/contract';
import type { Config } from '../config.ts';
import type { GatewayNotice } from '../gateway-notice.ts';
import { UnusableFiles } from '../unusable-files.ts';
import type { SnapshotAsker } from './ask-snapshots.ts';
import { documentFileOf, readKept } from './document-file.ts';

/** Longest wait for control at the start, in milliseconds: what is on disk serves as well. */
const startAskMsMax = 5_000;

/** Where documents are looked for. */
export interface BeginOptions {
  readonly config: Config;
  readonly base: string;
  readonly asker: SnapshotAsker;
  readonly notice: (notice: GatewayNotice) => void;
}

/** Documents to begin with, the best first. Rejects with `UnusableFiles` where there is none. */
export async function beginPublished({
  config,
  base,
  asker,
  notice,
}: BeginOptions): Promise<readonly SnapshotDocument[]> {
  const file = documentFileOf(config, base);
  const kept = await readKept(file);
  if (kept.kind === 'unusable')
    notice({
      kind: 'snapshot-refused',
      number: 0,
      code: 'damaged',
      sentence: `${file} cannot be used: ${kept.reason}`,
      findings: [],
    });
  const own = kept.kind === 'kept' ? kept.document : null;
  const asked = { after: 0, hash: own?.hash ?? null, waitMs: 0 };
  const answer = await asker.newer(asked, AbortSignal.timeout(startAskMsMax));
  const parsed = answer.kind === 'document' ? parseSnapshotDocument(answer.value) : null;
  const why =
    parsed === null ? whyNone(answer) : parsed.ok ? null : `what it sent is no snapshot: ${parsed.fault.reason}`;
  const given = parsed?.ok === true ? parsed.document : null;
  if (own === null && given === null) throw nothingToServe(config, file, why ?? '');
  if (given === null && own !== null) {
    const sentence = `control gave no snapshot (${why}): this gateway serves by ${own.number} from ${file}, of ${new Date(own.createdMs).toISOString()}, until control does`;
    notice({ kind: 'snapshot-from-disk', number: own.number, sentence });
  }
  // A control that was restored from a backup knows less than was in force here: see `follow-control.ts`.
  const isBehind = given !== null && own !== null && given.number < own.number;
  return [...(given === null || isBehind ? [] : [given]), ...(own === null ? [] : [own])];
}

function whyNone(answer: Awaited<ReturnType<SnapshotAsker['newer']>>): string {
  return answer.kind === 'failed' ? answer.why : 'it has published none';
}

function nothingToServe(config: Config, file: string, why: string): UnusableFiles {
  const found = `no snapshot: control at ${config.control?.url ?? 'nowhere'} gave none (${why}), and there is none in ${file}`;
  const expected =
    'a control that runs, knows this node and has published one (`headgate snapshot adopt --reason …`), or the file of before';
  return new UnusableFiles([{ file: 'configuration', line: 1, column: 1, path: 'snapshot', found, expected }]);
}
