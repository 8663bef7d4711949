// Reads a provisioning file: its shape first, then whether what it says can be.
import { type Finding, readYamlFile } from '../yaml-file.ts';
import { type ProvisionedAgainst, provisioningFindings } from './provisioning-findings.ts';
import { type Provisioning, provisioningSchema } from './provisioning-model.ts';

/** Largest provisioning file, in bytes (16 MiB): 5,000 participants with three credentials each take half of it. */
const provisioningBytesMax = 16 * 1_048_576;

/**
 * Reads a provisioning file. A certificate, an SCID and an id belong to one participant; ids must exist in the catalogue where
 * one is given.
 */
export function parseProvisioning(
  file: string,
  text: string,
  catalogue?: ProvisionedAgainst,
):
  | { readonly ok: true; readonly provisioning: Provisioning }
  | { readonly ok: false; readonly findings: readonly Finding[] } {
  const result = readYamlFile(file, text, provisioningSchema, provisioningBytesMax);
  if (!result.ok) return result;
  const findings = provisioningFindings(result.read, catalogue);
  return findings.length > 0 ? { ok: false, findings } : { ok: true, provisioning: result.read.value };
}
