// Headgate as the bench runs it: the one binary with a configuration written for this run. Nothing is turned off; bounds
// that a load from few sources would meet are raised, as an operator behind few balancers would raise them.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { configSchema } from '@headgate/gateway';
import type { Site } from './site.ts';

const benchFolder = import.meta.dirname;
const binary = resolve(benchFolder, '..', 'packages', 'cli', 'src', 'main.ts');

/** Whether this gateway can serve with more than one thread. */
export const canHaveThreads = Object.hasOwn(configSchema.shape, 'threads');

/** Ports and threads of one Headgate. */
export interface HeadgateOptions {
  readonly port: number;
  readonly strictPort: number;
  readonly threads: 1 | 2;
}

/** The configuration, as the object that its file holds. */
function headgateConfig(site: Site, { port, strictPort, threads }: HeadgateOptions): Record<string, unknown> {
  const host = (name: string) => ({
    name,
    certificate: join(site.certificates.folder, 'server.pem'),
    key: join(site.certificates.folder, 'server.key'),
    trust: 'users',
  });
  return {
    node: 'bench',
    listeners: [
      { name: 'open', port, hosts: [host('gw.test')] },
      { name: 'strict', port: strictPort, hosts: [host('refuse.test')] },
    ],
    catalogue: join(benchFolder, 'catalogue'),
    provisioning: join(benchFolder, 'catalogue', 'provisioning.yaml'),
    trustBundles: [
      {
        name: 'users',
        anchors: join(site.certificates.folder, 'anchors.pem'),
        intermediates: join(site.certificates.folder, 'intermediates.pem'),
      },
    ],
    upstreams: [{ system: '*', endpoints: [`http://127.0.0.1:${site.backendPort}`] }],
    path: {
      bodyBytesMax: 2_097_152,
      keepAliveMs: 600_000,
      connectionsPerSourceMax: 4_096,
      exchangesPerSourceMax: 4_096,
      handshakesPerSourceMax: 4_096,
    },
    evidence: { folder: join(site.folder, `evidence-${port}`) },
    ...(threads > 1 ? { threads } : {}),
  };
}

/** Writes the configuration and gives the command that serves with it. */
export function headgateCommand(site: Site, options: HeadgateOptions): string[] {
  const file = join(site.folder, `headgate-${options.port}.yaml`);
  // JSON is YAML, and needs no library to write.
  writeFileSync(file, `${JSON.stringify(headgateConfig(site, options), null, 2)}\n`);
  return [process.execPath, binary, 'gateway', '--config', file];
}
