// The process behind the binary. Each command registers itself; their order here is the order of --help.
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registerCall } from './commands/call.ts';
import { registerCatalogue } from './commands/catalogue.ts';
import { registerControl } from './commands/control.ts';
import { registerDemo } from './commands/demo.ts';
import { registerEvidence } from './commands/evidence.ts';
import { registerGateway } from './commands/gateway.ts';
import { registerImport } from './commands/import.ts';
import { registerPolicy } from './commands/policy.ts';
import { registerProblem } from './commands/problem.ts';
import { registerProvisioning } from './commands/provisioning.ts';
import { registerSimulator } from './commands/simulator.ts';
import { registerSnapshot } from './commands/snapshot.ts';
import { registerStart } from './commands/start.ts';
import { registerTrust } from './commands/trust.ts';
import { registerVersion } from './commands/version.ts';
import type { Register } from './context.ts';
import { runCli } from './run.ts';

const registers: readonly Register[] = [
  registerCall,
  registerCatalogue,
  registerEvidence,
  registerGateway,
  registerImport,
  registerControl,
  registerSnapshot,
  registerProvisioning,
  registerPolicy,
  registerTrust,
  registerSimulator,
  registerStart,
  registerDemo,
  registerProblem,
  registerVersion,
];

/** A pipe whose reader has seen enough (`| head`), and a terminal that was closed. */
const nobodyLooks: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ENXIO']);
let isLeft = false;
let goesOn = false;

// That nobody looks any more is no failure: whatever stops in order when it is told to does, the rest is over.
function stopUnseen(error: NodeJS.ErrnoException): void {
  if (!nobodyLooks.has(error.code)) throw error;
  if (isLeft || goesOn) return; // Each later word fails in the same way.
  isLeft = true;
  if (process.listenerCount('SIGTERM') === 0) process.exit();
  process.kill(process.pid, 'SIGTERM');
}

for (const stream of [process.stdout, process.stderr]) stream.on('error', stopUnseen);

process.exitCode = await runCli(process.argv.slice(2), registers, {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  clock: Date.now,
  workspaceRoot: resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..'),
  goOnUnseen: () => {
    goesOn = true;
  },
});
