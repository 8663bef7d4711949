// What control publishes, as one gateway has it: the document in force, on disk and in the configuration that is served by.
import type { SnapshotDocument } from '@headgate/contract';
import type { Config } from '../config.ts';
import type { ControlAddress } from '../control-tls.ts';
import type { GatewayFiles } from '../gateway-files.ts';
import type { GatewayNotice } from '../gateway-notice.ts';
import type { SnapshotTexts } from '../snapshot-files.ts';
import { UnusableFiles } from '../unusable-files.ts';
import { createSnapshotAsker } from './ask-snapshots.ts';
import { beginPublished } from './begin-published.ts';
import { documentFileOf, keepDocument } from './document-file.ts';
import { type Follower, type FollowOptions, followControl, unusableWords } from './follow-control.ts';
import { documentTexts, servedBy } from './serve-document.ts';

/** What is in force of it, for people. */
export interface PublishedStanding {
  readonly number: number;
  readonly hash: string;
  readonly author: string;
  readonly reason: string;
  readonly createdMs: number;
  /** Since when it is in force here. */
  readonly sinceMs: number;
  /** Since when control does not answer, and why; null while it does. */
  readonly away: ReturnType<Follower['away']>;
}

/** What control publishes, for one gateway. */
export interface Published {
  /** A configuration with what the document says. Throws `UnusableFiles`. */
  served(written: Config): Config;
  readonly texts: () => SnapshotTexts;
  /** Reads what the gateway begins with: the newest document that can be used. Rejects with the faults of the newest. */
  begin(read: () => Promise<GatewayFiles>, nowMs: number): Promise<GatewayFiles>;
  /** Puts another document in its place; what it gives back puts the one before there again, on disk too. */
  offer(document: SnapshotDocument): () => Promise<void>;
  /** Writes the document to disk. */
  keep(): Promise<void>;
  /** Every thread has it. */
  taken(nowMs: number): void;
  standing(away: PublishedStanding['away']): PublishedStanding;
  follow(options: Omit<FollowOptions, 'asker' | 'inForce'>): Follower;
}

/** How it is opened. */
export interface PublishedOptions {
  readonly config: Config;
  readonly base: string;
  readonly address: ControlAddress;
  readonly notice: (notice: GatewayNotice) => void;
}

/** Opens it with what control gives or what is on disk. Rejects with `UnusableFiles` where there is neither. */
export async function openPublished({ config, base, address, notice }: PublishedOptions): Promise<Published> {
  const asker = createSnapshotAsker(address, config.node);
  const file = documentFileOf(config, base);
  const candidates = await beginPublished({ config, base, asker, notice }).catch((fault: unknown) => {
    asker.close();
    throw fault;
  });
  const [best] = candidates;
  if (best === undefined) throw new TypeError('a start without a document is refused before');
  let document = best;
  /** What every thread decides by. */
  let inForce = best;
  let kept: SnapshotDocument | null = null;
  let sinceMs = 0;
  const keep = async (): Promise<void> => {
    if (kept?.number === document.number && kept.hash === document.hash) return;
    await keepDocument(file, document);
    kept = document;
  };
  return {
    served: (written) => servedBy(written, document),
    texts: () => documentTexts(document),
    async begin(read, nowMs) {
      let fault: unknown;
      for (const candidate of candidates) {
        document = candidate;
        try {
          const files = await read();
          await keep();
          inForce = document;
          sinceMs = nowMs;
          return files;
        } catch (cause) {
          fault ??= cause;
          if (!(cause instanceof UnusableFiles)) break;
          const refused = unusableWords(candidate, cause);
          const { number, hash } = candidate;
          const { code, findings } = refused;
          const sentence = `${refused.reason}, and it is what the gateway was to begin with`;
          notice({ kind: 'snapshot-refused', number, code, sentence, findings });
          await asker.acknowledge({ number, hash, threads: 0, atMs: nowMs, refused });
        }
      }
      asker.close();
      throw fault;
    },
    offer(next) {
      const before = { document, kept };
      document = next;
      return async () => {
        ({ document } = before);
        if (kept !== before.kept) await keep();
      };
    },
    keep,
    taken(nowMs) {
      inForce = document;
      sinceMs = nowMs;
    },
    standing(away) {
      const { number, hash, author, reason, createdMs } = inForce;
      return { number, hash, author, reason, createdMs, sinceMs, away };
    },
    follow: (options) => followControl({ ...options, asker, inForce: () => inForce }),
  };
}
