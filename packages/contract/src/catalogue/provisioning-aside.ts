// Parses provisioning without holding up calls: seven megabytes of YAML take seconds, and the thread that reads files may serve too.
import { Worker } from 'node:worker_threads';
import type { Catalogue } from './model.ts';
import { parseProvisioning } from './provisioning.ts';

/** From this size on a file is parsed in a thread of its own, in characters (256 Ki); starting one costs a tenth of a second. */
const apartFromChars = 262_144;

/** What the thread is started with. */
export interface ProvisioningOrders {
  readonly file: string;
  readonly text: string;
  readonly catalogue: Pick<Catalogue, 'environments' | 'systems' | 'matrixKey'> | undefined;
}

/** Parses a provisioning file. Rejects when its thread fails, as one that runs out of memory does. */
export async function parseProvisioningAside(
  file: string,
  text: string,
  catalogue?: Catalogue,
): Promise<ReturnType<typeof parseProvisioning>> {
  if (text.length < apartFromChars) return parseProvisioning(file, text, catalogue);
  const workerData: ProvisioningOrders = { file, text, catalogue: catalogue && neededOf(catalogue) };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const worker = new Worker(new URL('./provisioning-thread.ts', import.meta.url), {
    name: 'headgate provisioning',
    workerData,
  });
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error(`the thread that parses ${file} ended without a word`)));
  return JSON.parse(await promise) as ReturnType<typeof parseProvisioning>;
}

function neededOf({ environments, systems, matrixKey }: Catalogue): ProvisioningOrders['catalogue'] {
  return { environments, systems, matrixKey };
}
