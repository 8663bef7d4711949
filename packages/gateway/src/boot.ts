// Names for starts: a file of evidence each.
import { randomBytes } from 'node:crypto';

/** The name of one start of a node, or of one of its threads: node, instant and chance. */
export function toBoot(node: string, nowMs: number): string {
  return `${node}-${new Date(nowMs).toISOString().replace(/[:.]/g, '')}-${randomBytes(3).toString('hex')}`;
}
