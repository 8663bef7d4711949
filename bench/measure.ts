// One scenario on one server: applies the load, checks the statuses, and gives the runs that came of it.

import { foreignCpus, generatorWords, type Load, type LoadResult, parseLoadResult } from './load.ts';
import { type BodyFiles, faultOf, loadOf, type MetricId, metrics, numberOf, type ScenarioId } from './metrics.ts';
import { type Server, startServer } from './peers.ts';
import { familyOf, type Processes, residentBytes } from './processes.ts';
import type { Run } from './report.ts';
import type { ServerName } from './servers.ts';
import type { Site } from './site.ts';

/** What measuring needs beside the server. */
export interface Bench {
  readonly site: Site;
  readonly processes: Processes;
  readonly generator: string;
  readonly backendPid: number;
  readonly bodies: BodyFiles;
  readonly quick: boolean;
}

/** Applies a scenario's load to a server that runs, and gives a run for each of its chosen metrics. */
export async function measureLoad(
  bench: Bench,
  server: Server,
  scenario: Exclude<ScenarioId, 'idle-memory' | 'two-threads'>,
  round: number,
): Promise<Run[]> {
  const result = await applyLoad(bench, server, scenario);
  const fault = faultOf(scenario, result);
  return metricsOf(scenario).map((metric) => ({
    metric,
    server: server.name,
    round,
    fault,
    value: fault === null ? numberOf(metric, result) : null,
    foreignCpus: foreignCpus(result),
    status: result.status,
  }));
}

/** Warms a server up: a Node server compiles what it runs often, each thread for itself, and is measured as it runs after a minute. */
export async function warmUp(bench: Bench, server: Server, threads: 1 | 2 = 1): Promise<void> {
  const { load } = loadOf('get', bench.bodies, bench.quick);
  await generate(bench, server, server.port, { ...load, seconds: threads * (bench.quick ? 0.5 : 5) });
}

/** Memory of idle connections: a fresh server, a few calls, then many connections that made one call each. */
export async function measureIdleMemory(bench: Bench, name: ServerName, round: number): Promise<Run> {
  const { processes, site, generator } = bench;
  const count = bench.quick ? 400 : 2_000;
  const server = await startServer(processes, site, name);
  try {
    const { load } = loadOf('get', bench.bodies, bench.quick);
    const target = { port: server.port, certificateFile: site.certificates.caller, serverPids: [], knownPids: [] };
    // What the first calls bring in, code above all, is not memory of a connection.
    await generate(bench, server, server.port, { ...load, connections: 8, warmupSeconds: 0, seconds: 0.3 });
    const before = residentBytes(server.running.pid);
    const words = generatorWords({ ...load, connections: count }, target);
    const during = async () => residentBytes(server.running.pid);
    const after = await processes.holding([generator, '--hold', ...words], { cpus: site.cpus.others }, during);
    const value = (Math.max(0, after - before) / count) * 1_000 * 1e-6;
    return { metric: 'idle-memory', server: name, round, value, fault: null, foreignCpus: null, status: {} };
  } finally {
    await server.running.stop();
  }
}

/** CPU time per call of two threads over that of one; null in place of a value when a run was wrong. */
export async function measureTwoThreads(bench: Bench, round: number): Promise<Run> {
  const one = await threadRun(bench, 1);
  const two = await threadRun(bench, 2);
  const fault = faultOf('two-threads', one) ?? faultOf('two-threads', two);
  const perCall = ({ serverCpuSeconds, calls }: LoadResult) => serverCpuSeconds / calls;
  return {
    metric: 'two-threads',
    server: 'headgate',
    round,
    fault,
    value: fault === null ? perCall(two) / perCall(one) : null,
    foreignCpus: foreignCpus(one),
    status: two.status,
  };
}

async function threadRun(bench: Bench, threads: 1 | 2): Promise<LoadResult> {
  const server = await startServer(bench.processes, bench.site, 'headgate', threads);
  try {
    await warmUp(bench, server, threads);
    return await applyLoad(bench, server, 'two-threads');
  } finally {
    await server.running.stop();
  }
}

function applyLoad(bench: Bench, server: Server, scenario: Exclude<ScenarioId, 'idle-memory'>): Promise<LoadResult> {
  const { entrance, load } = loadOf(scenario, bench.bodies, bench.quick);
  return generate(bench, server, entrance === 'open' ? server.port : server.strictPort, load);
}

async function generate(bench: Bench, server: Server, port: number, load: Load): Promise<LoadResult> {
  const { processes, site, generator, backendPid } = bench;
  const words = generatorWords(load, {
    port,
    certificateFile: site.certificates.caller,
    serverPids: familyOf(server.running.pid),
    knownPids: [backendPid, process.pid],
  });
  const { code, stdout, stderr } = await processes.run([generator, ...words], { cpus: site.cpus.others });
  if (code === 0) return parseLoadResult(stdout);
  throw new Error(
    `${stderr.trim()}${server.running.hasEnded() ? `; ${server.name} has ended: ${server.running.lastWords()}` : ''}`,
  );
}

function metricsOf(scenario: ScenarioId): MetricId[] {
  return metrics.filter((metric) => metric.scenario === scenario).map(({ id }) => id);
}
