// A gateway in a process of its own, for soaks: what it says and counts, how much memory it holds, and a bystander who calls it.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EvidenceRecord } from '@headgate/contract';
import type { GatewayNotice, PathOptions } from '@headgate/gateway';
import { fakeClock, soapRequest, startTestGateway, type TestGateway } from '@headgate/testkit';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The host of the bystander, whose callers show a certificate. */
export const guardedHost = 'gw.test';

/** Anyone may call these, so that an attacker needs no certificate: over TLS, and in plain HTTP. Loopback has both. */
export const openHosts = { tls: '127.0.0.1', plain: '127.0.0.2' } as const;

/** What a gateway says when it stops. */
export interface Aftermath {
  readonly shed: Readonly<Record<string, number>>;
  /** Connections refused according to its notices, by bound. */
  readonly noticed: Readonly<Record<string, number>>;
  readonly notices: number;
  /** Records by refusal; `served` for none. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly defects: number;
}

/** A gateway under attack. */
export interface BesiegedGateway {
  readonly kit: TestGateway;
  readonly port: number;
  readonly plainPort: number;
  /** Resident memory of its process, in bytes. */
  residentBytes(): Promise<number>;
  /** How long each of its threads has waited for a processor that others had, in milliseconds: what a busy machine adds. */
  processorWaitsMs(): Promise<ReadonlyMap<string, number>>;
  /** Stops it and counts what it left. */
  stop(): Promise<Aftermath>;
}

/** Starts a gateway with its default bounds, but for `path`. */
export async function startBesiegedGateway(path: Partial<PathOptions> = {}): Promise<BesiegedGateway> {
  const catalogue = await mkdtemp(join(tmpdir(), 'headgate-soak-'));
  await cp(join(root, 'bench/catalogue'), catalogue, { recursive: true });
  const file = join(catalogue, 'catalogue.yaml');
  const backEnd = await startBackEnd();
  await writeFile(file, withOpenHosts(await readFile(file, 'utf8')));
  const kit = await startTestGateway({
    catalogue,
    clock: fakeClock(Date.now()),
    policy: 'limits: []\n',
    hosts: [guardedHost],
    anonymousHosts: [openHosts.tls],
    plainHosts: [openHosts.plain],
    path,
    upstreams: [{ system: '*', environment: '*', infrastructure: '*', endpoints: [backEnd.url] }],
  });
  const listeners = kit.config.listeners.map((each) =>
    each.name === 'plain' ? { ...each, address: openHosts.plain } : each,
  );
  const config = join(kit.folder, 'besieged.yaml');
  await writeFile(
    config,
    JSON.stringify({ ...kit.config, node: 'besieged', listeners, evidence: { folder: 'besieged' } }),
  );
  const { child, lines, ready } = spawnGateway(config);
  await ready;
  const portOf = (name: string) =>
    Number(
      lines
        .find((line) => line.startsWith(`listener ${name} `))
        ?.split(':')
        .at(-1),
    );
  return {
    kit,
    port: portOf('secure'),
    plainPort: portOf('plain'),
    async residentBytes() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
    },
    async processorWaitsMs() {
      const tasks = await readdir(`/proc/${child.pid}/task`);
      const waits = tasks.map(async (task): Promise<[string, number]> => {
        const [, waitedNs = '0'] = (await readFile(`/proc/${child.pid}/task/${task}/schedstat`, 'utf8')).split(' ');
        return [task, Number(waitedNs) / 1e6];
      });
      return new Map(await Promise.all(waits));
    },
    async stop() {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
      const aftermath = await aftermathOf(lines);
      await kit.close();
      backEnd.close();
      await rm(catalogue, { recursive: true, force: true });
      return aftermath;
    },
  };
}

/** A process of its own: what it does for the attacker must not keep the bystander's clock waiting. */
async function startBackEnd(): Promise<{ readonly url: string; close(): void }> {
  const child = fork(fileURLToPath(new URL('back-end.ts', import.meta.url)));
  const [port] = (await once(child, 'message')) as [number];
  return { url: `http://127.0.0.1:${port}`, close: () => child.kill('SIGKILL') };
}

function withOpenHosts(text: string): string {
  const system = (id: string, url: string) =>
    `  - { id: ${id}, name: ${id}, matrix: true, protocol: json, pathToken: ${id}, addresses: { live: { api: { new: { url: '${url}', pages: [1], certificate: none } } } } }\n`;
  const host = (name: string, scheme: string) =>
    `  - { name: ${name}, environment: live, schemes: [${scheme}], namespace: open }\n`;
  return text
    .replace('hosts:\n', `hosts:\n${host(openHosts.tls, 'https')}${host(openHosts.plain, 'http')}`)
    .replace(
      'systems:\n',
      `systems:\n${system('feed', `https://${openHosts.tls}/api/feed`)}${system('tape', `http://${openHosts.plain}/api/tape`)}`,
    );
}

function spawnGateway(config: string): { child: ChildProcess; lines: string[]; ready: Promise<void> } {
  const child = spawn(
    process.execPath,
    ['packages/cli/src/main.ts', 'gateway', '--config', config, '--end-with-input'],
    {
      cwd: root,
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  const lines: string[] = [];
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const hear = (line: string): void => {
    lines.push(line);
    if (line === 'ready') resolve();
  };
  createInterface({ input: child.stdout }).on('line', hear);
  createInterface({ input: child.stderr }).on('line', hear);
  child.once('close', () => reject(new Error(`the gateway ended:\n${lines.join('\n')}`)));
  return { child, lines, ready };
}

const noticeStart = 'headgate gateway: {';

async function aftermathOf(lines: readonly string[]): Promise<Aftermath> {
  const notices = lines
    .filter((line) => line.startsWith(noticeStart))
    .map((line) => JSON.parse(line.slice(noticeStart.length - 1)) as GatewayNotice);
  const noticed: Record<string, number> = {};
  for (const notice of notices)
    if (notice.kind === 'connection-refused') noticed[notice.bound] = (noticed[notice.bound] ?? 0) + notice.count;
  const refusals: Record<string, number> = {};
  let defects = notices.filter(({ kind }) => kind === 'connection-defect').length;
  const evidence = lines.find((line) => line.startsWith('evidence '))?.slice('evidence '.length) ?? '';
  for await (const line of createInterface({ input: createReadStream(evidence) })) {
    const { response } = JSON.parse(line) as Partial<EvidenceRecord>;
    if (response === undefined) continue; // A line about the file itself.
    const refusal = response.refusal ?? 'served';
    refusals[refusal] = (refusals[refusal] ?? 0) + 1;
    if (response.defect !== null) defects += 1;
  }
  const said = lines.findLast((line) => line.startsWith('shed '))?.slice('shed '.length);
  if (said === undefined) throw new Error(`the gateway did not stop in order:\n${lines.slice(-20).join('\n')}`);
  return { shed: JSON.parse(said) as Record<string, number>, noticed, notices: notices.length, refusals, defects };
}

/** Longest that a bystander may wait for an answer, in milliseconds: the fourth promise. */
export const bystanderMsMax = 500;

/** Calls with a certificate of their own, from a source of their own. */
export interface Bystander {
  /** Ends it; milliseconds of every call, and what was not answered 200. */
  stop(): Promise<{ readonly durationsMs: readonly number[]; readonly faults: readonly string[] }>;
}

/** Calls every 100 ms, by turns on a kept connection and on a new one, and goes on while a call is slow. */
export function startBystander(gateway: BesiegedGateway, source = '127.0.9.9'): Bystander {
  const kept = new Agent({ keepAlive: true, maxSockets: 4 });
  const durationsMs: number[] = [];
  const faults: string[] = [];
  const calls: Promise<void>[] = [];
  const timer = setInterval(() => {
    const startMs = performance.now();
    const call = callGuarded(gateway, { source, ...(calls.length % 2 === 0 ? { agent: kept } : {}) })
      .then(({ status }) => {
        if (status !== 200) faults.push(`status ${status}`);
      })
      .catch((fault: unknown) => faults.push(String(fault)))
      .then(() => {
        durationsMs.push(performance.now() - startMs);
      });
    calls.push(call);
  }, 100);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(calls);
      kept.destroy();
      return { durationsMs, faults };
    },
  };
}

/** How a guarded call differs from a small SOAP retrieve on a new connection. */
export interface GuardedCall {
  readonly source: string;
  readonly agent?: Agent;
  readonly body?: string | Buffer;
  /** Sends the body at so many bytes a second. */
  readonly bytesPerSecond?: number;
}

/** One call with the certificate of the kit's user. */
export async function callGuarded(
  { kit, port }: BesiegedGateway,
  { source, agent, body = soapRequest, bytesPerSecond }: GuardedCall,
): Promise<{ readonly status: number; readonly text: string }> {
  const outgoing = request({
    host: '127.0.0.1',
    port,
    localAddress: source,
    agent: agent ?? false,
    servername: guardedHost,
    ca: kit.authority.trustBundlePem('current', 'server').anchorsPem,
    cert: kit.user.certificatePem,
    key: kit.user.keyPem,
    method: 'POST',
    path: '/soap/offers/ReadOffers1',
    headers: { host: guardedHost, 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) },
  });
  if (bytesPerSecond === undefined) outgoing.end(body);
  else sendSlowly(outgoing, Buffer.from(body), bytesPerSecond);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += (chunk as Buffer).toString();
  return { status: answer.statusCode ?? 0, text };
}

/** Pieces of a slow body in one second. */
const piecesPerSecond = 5;

function sendSlowly(outgoing: ReturnType<typeof request>, body: Buffer, bytesPerSecond: number): void {
  const pieceBytes = Math.ceil(bytesPerSecond / piecesPerSecond);
  let at = 0;
  const drip = setInterval(() => {
    if (at < body.byteLength && !outgoing.destroyed) {
      outgoing.write(body.subarray(at, at + pieceBytes));
      at += pieceBytes;
      return;
    }
    clearInterval(drip);
    outgoing.end();
  }, 1_000 / piecesPerSecond);
}

/** Watches who else has the machine: tells whether the gateway kept a bystander waiting, or a machine that had others to serve. */
export async function watchMachine(gateway: BesiegedGateway): Promise<{ stop(): string }> {
  let [waitsMs, worstMs] = [await gateway.processorWaitsMs(), 0];
  const ourDelay = monitorEventLoopDelay({ resolution: 5 });
  ourDelay.enable();
  const watch = setInterval(() => {
    void gateway.processorWaitsMs().then((nextMs) => {
      for (const [task, ms] of nextMs) worstMs = Math.max(worstMs, ms - (waitsMs.get(task) ?? ms));
      waitsMs = nextMs;
    });
  }, 500);
  return {
    stop() {
      clearInterval(watch);
      ourDelay.disable();
      return `machine: of 500 ms a thread of the gateway waited at worst ${worstMs.toFixed(0)} ms for a processor; the bystander ${(ourDelay.max / 1e6).toFixed(0)} ms at a time`;
    },
  };
}

/** The value below which that share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Bytes as megabytes, for people. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(0)} MB`;
}
