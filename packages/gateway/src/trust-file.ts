// Where the trust file of a configuration is.
import { join } from 'node:path';
import type { Config } from './config.ts';

/** The trust file of a configuration. */
export function trustFileOf(config: Pick<Config, 'trust' | 'catalogue'>): string {
  return config.trust ?? join(config.catalogue, 'trust.yaml');
}
