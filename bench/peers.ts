// Starts any server of the bench on its CPU, with its ports.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { headgateCommand } from './headgate.ts';
import { type Processes, type Running, untilListening } from './processes.ts';
import type { ServerName } from './servers.ts';
import type { Site } from './site.ts';

const peersFolder = resolve(import.meta.dirname, 'peers');

/** A server that accepts calls. */
export interface Server {
  readonly name: ServerName;
  readonly running: Running;
  /** Limits never fire here. */
  readonly port: number;
  /** Thirty calls per second per source. */
  readonly strictPort: number;
}

/** The fixed fault of the peers. Headgate writes its own. */
const peerFault =
  '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>' +
  '<faultcode>soap:Server</faultcode><faultstring>Too many calls from this address. Call again in 1 s.</faultstring>' +
  '</soap:Fault></soap:Body></soap:Envelope>';

/** Starts a server and waits until both its ports accept. Raises an error with its own words when it ends before. */
export async function startServer(
  processes: Processes,
  site: Site,
  name: ServerName,
  threads: 1 | 2 = 1,
): Promise<Server> {
  const [port, strictPort] = await freePorts();
  const cpus = threads === 2 ? site.cpus.twoThreads : site.cpus.server;
  const command = commandOf(site, name, { port, strictPort, threads });
  const running = processes.start(name, command, { cpus, cwd: site.folder });
  await untilListening(running, port);
  await untilListening(running, strictPort);
  return { name, running, port, strictPort };
}

interface Ports {
  readonly port: number;
  readonly strictPort: number;
  readonly threads: 1 | 2;
}

function commandOf(site: Site, name: ServerName, ports: Ports): string[] {
  switch (name) {
    case 'headgate':
      return headgateCommand(site, ports);
    case 'nginx':
      return ['nginx', '-c', fillTemplate(site, 'nginx.conf', ports)];
    case 'haproxy':
      return ['haproxy', '-db', '-f', fillTemplate(site, 'haproxy.cfg', ports)];
    case 'http-proxy-3':
    case 'fastify-http-proxy':
    case 'fast-proxy':
    case 'node-undici': {
      const { port, strictPort } = ports;
      const { folder: certificates } = site.certificates;
      const words = { port, strictPort, certificates, backendPort: site.backendPort, fault: peerFault };
      return [process.execPath, join(site.peersFolder, `${name}.mjs`), JSON.stringify(words)];
    }
  }
}

function fillTemplate(site: Site, file: string, { port, strictPort }: Ports): string {
  const words: Readonly<Record<string, string>> = {
    WORK: site.folder,
    CERTIFICATES: site.certificates.folder,
    BACKEND_PORT: String(site.backendPort),
    PORT: String(port),
    STRICT_PORT: String(strictPort),
    FAULT: peerFault,
  };
  const template = readFileSync(join(peersFolder, file), 'utf8');
  const filled = template.replace(/@([A-Z_]+)@/g, (whole, word: string) => words[word] ?? whole);
  mkdirSync(site.folder, { recursive: true });
  const target = join(site.folder, `${port}-${file}`);
  writeFileSync(target, filled);
  return target;
}

/** Two ports that nobody listens on. Somebody may take one before the server does; then the server says so and ends. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    const { promise, resolve: opened, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, opened);
    await promise;
    const address = server.address();
    if (address !== null && typeof address === 'object') ports.push(address.port);
  }
  for (const server of servers) await server[Symbol.asyncDispose]();
  const [first, second] = ports;
  if (first === undefined || second === undefined) throw new Error('the system gave no free port');
  return [first, second];
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  return (await freePorts())[0];
}
