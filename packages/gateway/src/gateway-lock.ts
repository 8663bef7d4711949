// The lock of an evidence folder, for a gateway whose threads write to it.
import { lockEvidence } from './evidence/ndjson-sink.ts';

/** Takes the lock of a node; returns what gives it back. Throws `EvidenceInUse`. */
export function lockGatewayEvidence(folder: string, node: string): () => void {
  return lockEvidence(folder, node);
}
