// `npm run bench`: Headgate and its peers in turn under the same loads on this machine; writes bench/out/latest.json, table.md
// and chart.svg. The order is: bring, start, probe, then for each round each scenario on each server.

import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { writeBodies } from './bodies.ts';
import { writeCertificates } from './certificates.ts';
import { differences } from './differences.ts';
import { canHaveThreads } from './headgate.ts';
import { describeMachine } from './machine.ts';
import { type Bench, measureIdleMemory, measureLoad, measureTwoThreads, warmUp } from './measure.ts';
import { type MetricId, metrics, type ScenarioId, scenariosOf } from './metrics.ts';
import { type BenchOptions, parseOptions, usage } from './options.ts';
import { freePort, type Server, startServer } from './peers.ts';
import { probe } from './probe.ts';
import { createProcesses, type Processes, untilListening } from './processes.ts';
import { createProgress, type Progress } from './progress.ts';
import { renderChart } from './render-chart.ts';
import { renderTable, withPublished } from './render-table.ts';
import { type Report, type Run, rowsOf } from './report.ts';
import type { ServerName } from './servers.ts';
import { planCpus } from './site.ts';
import { bringDebianPackages, buildFolder, compile, installNodePeers } from './toolchain.ts';

const outFolder = resolve(import.meta.dirname, 'out');
const docsFolder = resolve(import.meta.dirname, '..', 'docs');

async function main(words: readonly string[]): Promise<number> {
  const parsed = parseOptions(words);
  if (parsed.kind !== 'options') {
    console.log(parsed.kind === 'help' ? usage : `bench: ${parsed.sentence}\n\n${usage}`);
    return parsed.kind === 'help' ? 0 : 2;
  }
  const processes = createProcesses();
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    void processes.stopAll();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  try {
    const report = await runBench(parsed.options, processes);
    return publish(report, parsed.options);
  } catch (error) {
    if (!interrupted) throw error;
    console.error('\nbench: stopped; nothing was written and every server has ended');
    return 130;
  } finally {
    await processes.stopAll();
    rmSync(runFolder, { recursive: true, force: true });
  }
}

const runFolder = join(buildFolder, `run-${process.pid}`);

async function runBench(options: BenchOptions, processes: Processes): Promise<Report> {
  const cpus = planCpus(availableParallelism());
  const say = (sentence: string) => console.error(`bench: ${sentence}`);
  const leftOut = await bringDebianPackages(say);
  const servers = options.servers.filter((name) => !leftOut.includes(name));
  const { generator, backend } = compile();
  const peersFolder = installNodePeers();
  removeForsakenFolders();
  mkdirSync(runFolder, { recursive: true });
  const certificates = await writeCertificates(join(runFolder, 'certificates'), Date.now());
  const bodies = writeBodies(runFolder);
  const backendPort = await freePort();
  const market = processes.start('backend', [backend, '--port', String(backendPort)], { cpus: cpus.others });
  await untilListening(market, backendPort);
  const site = { folder: runFolder, certificates, backendPort, cpus, peersFolder };
  const bench = { site, processes, generator, backendPid: market.pid, bodies, quick: options.quick };

  const date = new Date().toISOString();
  const machine = describeMachine(servers, peersFolder);
  const { runs, notMeasured } = await runRounds(options, servers, bench);
  const { rounds, quick } = options;
  return { machine, date, rounds, quick, rows: rowsOf(runs), notMeasured, runs };
}

/** What a bench that was killed could not remove. */
function removeForsakenFolders(): void {
  for (const folder of globSync('run-*', { cwd: buildFolder })) {
    if (!existsSync(`/proc/${folder.slice('run-'.length)}`)) rmSync(join(buildFolder, folder), { recursive: true });
  }
}

async function runRounds(
  options: BenchOptions,
  names: readonly ServerName[],
  bench: Bench,
): Promise<Pick<Report, 'runs' | 'notMeasured'>> {
  const { metrics: chosen, rounds } = options;
  const notMeasured = chosen.flatMap((metric) =>
    metric === 'two-threads' && !canHaveThreads ? [{ metric, why: 'this gateway has no option for threads' }] : [],
  );
  const scenarios = scenariosOf(chosen.filter((metric) => !notMeasured.some((not) => not.metric === metric)));
  const stepsPerRound = scenarios.reduce((sum, each) => sum + (each === 'two-threads' ? 1 : names.length), 0);
  const progress = createProgress(process.stderr, names.length + rounds * stepsPerRound);
  const servers = await startAll(names, bench, progress);
  const runs: Run[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const scenario of scenarios) {
      // A server that always followed the same one would always meet the same heat and the same caches.
      const inTurn = scenario === 'two-threads' ? servers.slice(0, 1) : rotated(servers, round - 1);
      for (const server of inTurn) {
        progress.step(`round ${round}: ${scenario}, ${server.name}`);
        const taken = await takeRuns(bench, server, scenario, round);
        for (const { fault, metric } of taken)
          if (fault !== null) progress.note(`${metric}, ${server.name}, round ${round}: ${fault}`);
        runs.push(...taken.filter(({ metric }) => chosen.includes(metric)));
      }
    }
  }
  progress.end();
  return { runs, notMeasured };
}

async function startAll(names: readonly ServerName[], bench: Bench, progress: Progress): Promise<Server[]> {
  const servers: Server[] = [];
  for (const name of names) {
    progress.step(`starting, probing and warming ${name}`);
    const server = await startServer(bench.processes, bench.site, name);
    await probe(server, bench.site);
    await warmUp(bench, server);
    servers.push(server);
  }
  return servers;
}

/** A run that breaks is a wrong run of its server, not the end of the bench; a bench that was stopped ends. */
async function takeRuns(bench: Bench, server: Server, scenario: ScenarioId, round: number): Promise<Run[]> {
  try {
    if (scenario === 'idle-memory') return [await measureIdleMemory(bench, server.name, round)];
    if (scenario === 'two-threads') return [await measureTwoThreads(bench, round)];
    return await measureLoad(bench, server, scenario, round);
  } catch (error) {
    if (bench.processes.isOver()) throw error;
    const fault = error instanceof Error ? error.message : String(error);
    const broken = (metric: MetricId): Run => ({
      metric,
      server: server.name,
      round,
      fault,
      value: null,
      foreignCpus: null,
      status: {},
    });
    return metrics.filter((metric) => metric.scenario === scenario).map(({ id }) => broken(id));
  }
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = by % Math.max(1, items.length);
  return [...items.slice(at), ...items.slice(0, at)];
}

function publish(report: Report, options: BenchOptions): number {
  mkdirSync(outFolder, { recursive: true });
  const table = renderTable(report, differences);
  writeFileSync(join(outFolder, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(outFolder, 'table.md'), table);
  writeFileSync(join(outFolder, 'chart.svg'), renderChart(report));
  console.log(table);
  const isRight = report.runs.every(({ fault }) => fault === null);
  if (options.publish && isRight) {
    const page = join(docsFolder, 'bench.md');
    writeFileSync(page, withPublished(readFileSync(page, 'utf8'), `![Beside nginx](bench-chart.svg)\n\n${table}`));
    copyFileSync(join(outFolder, 'chart.svg'), join(docsFolder, 'bench-chart.svg'));
  }
  if (!isRight) console.error('bench: some runs were wrong; see the list above');
  return isRight ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
