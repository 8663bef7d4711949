// The local door of a running gateway: a socket that only its own user may open. It takes one question at a time from each
// connection, answers it and closes; it knows nothing that a caller could reach.
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { RunningGateway } from '../start-gateway.ts';
import { UnusableFiles } from '../unusable-files.ts';
import { type ControlAnswer, type ControlAsk, controlAsks, requestBytesMax } from './messages.ts';
import { controlSocket, fittingPath } from './socket-path.ts';

/** An open channel. */
export interface ControlChannel {
  /** Takes no more questions; those that were taken are answered. */
  close(): Promise<void>;
}

/** Connections at once: a person, a script and whoever watches. */
const connectionsMax = 8;

/** Longest wait for a question, in milliseconds. */
const requestTimeoutMs = 5_000;

/** Opens the channel of a node, whose evidence lock is held: a socket that is there was left by a gateway that died. */
export async function openControlChannel(
  evidenceFolder: string,
  node: string,
  gateway: Pick<RunningGateway, 'inForce' | 'reload'>,
): Promise<ControlChannel> {
  const socket = controlSocket(evidenceFolder, node);
  rmSync(socket, { force: true });
  const { path, release } = fittingPath(socket);
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    void converse(connection, (ask) => answer(ask, node, gateway));
  });
  server.maxConnections = connectionsMax;
  try {
    await listenPrivately(server, path);
    chmodSync(socket, 0o600);
  } catch (fault) {
    release();
    throw fault;
  }
  server.unref();
  return {
    async close() {
      server.close();
      await once(server, 'close');
      release();
    },
  };
}

async function listenPrivately(server: Server, path: string): Promise<void> {
  const listening = once(server, 'listening');
  // The socket is made within `listen`; nobody may open it even before its mode is set.
  const before = process.umask(0o177);
  server.listen(path);
  process.umask(before);
  await listening;
}

async function converse(connection: Socket, answerTo: (ask: ControlAsk) => Promise<ControlAnswer>): Promise<void> {
  connection.on('error', () => undefined); // Whoever asked is gone; there is nobody to tell.
  connection.setTimeout(requestTimeoutMs, () => connection.destroy());
  const line = await firstLine(connection);
  if (line === null) return;
  connection.setTimeout(0);
  const ask = askOf(line);
  const told: ControlAnswer =
    ask === null
      ? { ok: false, reason: 'request', detail: `expected {"ask":"…"} with one of ${controlAsks.join(', ')}` }
      : await answerTo(ask);
  connection.end(`${JSON.stringify(told)}\n`);
}

/** The first line, or what came before the end; null where nothing whole came within the bounds. */
async function firstLine(connection: Socket): Promise<string | null> {
  let text = '';
  connection.setEncoding('utf8');
  for await (const piece of connection.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    text += piece;
    const end = text.indexOf('\n');
    if (end !== -1) return text.slice(0, end);
    if (text.length > requestBytesMax) {
      connection.destroy();
      return null;
    }
  }
  return text === '' ? null : text;
}

function askOf(line: string): ControlAsk | null {
  try {
    const request: unknown = JSON.parse(line);
    if (typeof request !== 'object' || request === null || !('ask' in request)) return null;
    return controlAsks.find((ask) => ask === request.ask) ?? null;
  } catch {
    return null;
  }
}

async function answer(
  ask: ControlAsk,
  node: string,
  gateway: Pick<RunningGateway, 'inForce' | 'reload'>,
): Promise<ControlAnswer> {
  const speaker = { node, pid: process.pid };
  try {
    if (ask === 'status') return { ok: true, ...speaker, ...(await gateway.inForce()) };
    return { ok: true, ...speaker, ...(await gateway.reload({ acceptOlderLists: ask === 'apply-older-lists' })) };
  } catch (fault) {
    if (fault instanceof UnusableFiles)
      return { ok: false, reason: 'files', findings: fault.findings, ...speaker, ...(await gateway.inForce()) };
    return { ok: false, reason: 'fault', detail: fault instanceof Error ? fault.message : String(fault) };
  }
}
