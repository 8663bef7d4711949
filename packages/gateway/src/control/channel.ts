// The local door of a running gateway: a socket that only its own user may open. It takes one question at a time from each
// connection, answers it and closes; it knows nothing that a caller could reach.
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { overrideAskSchema } from '@headgate/contract';
import { z } from 'zod';
import { OverrideRefused } from '../break-glass.ts';
import type { InForce, RunningGateway } from '../start-gateway.ts';
import { tellBundle } from '../trust-in-force.ts';
import { UnusableFiles } from '../unusable-files.ts';
import { type ControlAnswer, type ControlRequest, controlAsks, requestBytesMax, type ToldTrust } from './messages.ts';
import { controlSocket, fittingPath } from './socket-path.ts';

/** An open channel. */
export interface ControlChannel {
  /** Takes no more questions; those that were taken are answered. */
  close(): Promise<void>;
}

/** What is asked of a gateway. */
type AskedGateway = Pick<RunningGateway, 'inForce' | 'trustInForce' | 'reload' | 'beginOverride' | 'endOverride'>;

/** Connections at once: a person, a script and whoever watches. */
const connectionsMax = 8;

/** Longest wait for a question, in milliseconds. */
const requestTimeoutMs = 5_000;

/** Opens the channel of a node, whose evidence lock is held: a socket that is there was left by a gateway that died. */
export async function openControlChannel(
  evidenceFolder: string,
  node: string,
  gateway: AskedGateway,
): Promise<ControlChannel> {
  const socket = controlSocket(evidenceFolder, node);
  rmSync(socket, { force: true });
  const { path, release } = fittingPath(socket);
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    void converse(connection, (request) => answer(request, node, gateway));
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

async function converse(
  connection: Socket,
  answerTo: (request: ControlRequest) => Promise<ControlAnswer>,
): Promise<void> {
  connection.on('error', () => undefined); // Whoever asked is gone; there is nobody to tell.
  connection.setTimeout(requestTimeoutMs, () => connection.destroy());
  const line = await firstLine(connection);
  if (line === null) return;
  connection.setTimeout(0);
  const request = requestOf(line);
  const told: ControlAnswer =
    request === null
      ? { ok: false, reason: 'request', detail: `expected {"ask":"…"} with one of ${controlAsks.join(', ')}` }
      : await answerTo(request);
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

/** A question of this version; null for anything else. What is asked of break-glass is judged before it is believed. */
function requestOf(line: string): ControlRequest | null {
  try {
    const parsed = requestSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

const requestSchema = z.discriminatedUnion('ask', [
  z.object({ ask: z.enum(['status', 'trust', 'apply', 'apply-older-lists']) }),
  z.object({ ask: z.literal('break-glass'), override: overrideAskSchema }),
  z.object({ ask: z.literal('break-glass-end'), id: z.string().max(80), author: z.string().min(1).max(300) }),
]);

async function answer(request: ControlRequest, node: string, gateway: AskedGateway): Promise<ControlAnswer> {
  const speaker = { node, pid: process.pid };
  try {
    return { ok: true, ...speaker, ...(await carriedOut(request, gateway)) };
  } catch (fault) {
    if (fault instanceof UnusableFiles)
      return { ok: false, reason: 'files', findings: fault.findings, ...speaker, ...(await gateway.inForce()) };
    if (fault instanceof OverrideRefused) return { ok: false, reason: 'refused', detail: fault.message };
    return { ok: false, reason: 'fault', detail: fault instanceof Error ? fault.message : String(fault) };
  }
}

async function carriedOut(request: ControlRequest, gateway: AskedGateway): Promise<InForce & Partial<ToldTrust>> {
  switch (request.ask) {
    case 'trust':
      return { ...(await gateway.inForce()), trust: gateway.trustInForce().map(tellBundle) };
    case 'apply':
    case 'apply-older-lists':
      return gateway.reload({ acceptOlderLists: request.ask === 'apply-older-lists' });
    case 'break-glass':
      await gateway.beginOverride(request.override);
      return gateway.inForce();
    case 'break-glass-end':
      await gateway.endOverride(request.id, request.author);
      return gateway.inForce();
    case 'status':
      return gateway.inForce();
  }
}
