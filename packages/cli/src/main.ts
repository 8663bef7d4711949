// The process behind the binary. Each command registers itself; their order here is the order of --help.
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registerCall } from './commands/call.ts';
import { registerCatalogue } from './commands/catalogue.ts';
import { registerGateway } from './commands/gateway.ts';
import { registerProblem } from './commands/problem.ts';
import { registerSimulator } from './commands/simulator.ts';
import { registerStart } from './commands/start.ts';
import { registerVersion } from './commands/version.ts';
import type { Register } from './context.ts';
import { runCli } from './run.ts';

const registers: readonly Register[] = [
  registerCall,
  registerCatalogue,
  registerGateway,
  registerSimulator,
  registerStart,
  registerProblem,
  registerVersion,
];

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await runCli(process.argv.slice(2), registers, {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  clock: Date.now,
  workspaceRoot: resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..'),
});
