// The options of evidence: where records are kept, for how long, and how many wait for control.
import type { Finding, ReadFile } from '@headgate/contract';
import { z } from 'zod';
import { bytes, count, file } from './config-values.ts';

/** The option `evidence`. */
export const evidenceOption = z.strictObject({
  folder: file.describe('Folder for evidence, made if absent.'),
  into: z
    .enum(['files', 'spool'])
    .optional()
    .describe(
      '"files": NDJSON, a file for each thread, which any tool reads. "spool": one SQLite file for the gateway, packed, which control is sent from. Default: spool where there is `control`, else files.',
    ),
  keepHours: count(1, 87_600, 720).describe(
    'How long records are kept, in hours; in the spool of a gateway with `control`, those that control has. Default 720 (30 days).',
  ),
  keepBytes: bytes(1_048_576, 1_099_511_627_776, 21_474_836_480).describe(
    'Most bytes that they take on disk; the oldest go first. Default 21,474,836,480 (20 GiB).',
  ),
  fileBytesMax: bytes(1_048_576, 1_099_511_627_776, 1_073_741_824).describe(
    'A file of NDJSON this long is followed by another; so is that of the day before, in UTC. Default 1,073,741,824 (1 GiB).',
  ),
  unsentBytesMax: bytes(1_048_576, 1_099_511_627_776, 21_474_836_480).describe(
    'Most bytes of records in the spool that control has not acknowledged. Past it the oldest go, and a gap tells how many. Default 21,474,836,480 (20 GiB).',
  ),
  ringBytes: bytes(65_536, 1_073_741_824, 33_554_432).describe(
    'Memory of each thread for records on their way to the spool; some five hundred of them to a mebibyte. A disk that takes nothing for so long costs none of them. Default 33,554,432 (32 MiB).',
  ),
});

/** Options of evidence, defaults applied. */
export type EvidenceOptions = z.infer<typeof evidenceOption>;

/** Whether records go into the spool. */
export function usesSpool(config: { readonly evidence: EvidenceOptions; readonly control?: unknown }): boolean {
  return (config.evidence.into ?? (config.control === undefined ? 'files' : 'spool')) === 'spool';
}

/** Finds what each option alone does not show. */
export function evidenceFindings(
  config: { readonly evidence: EvidenceOptions; readonly control?: unknown },
  finding: ReadFile<unknown>['finding'],
): readonly Finding[] {
  if (config.control === undefined || usesSpool(config)) return [];
  return [
    finding(['evidence', 'into'], 'files beside `control`', 'spool, or no such line: control is sent from the spool'),
  ];
}
