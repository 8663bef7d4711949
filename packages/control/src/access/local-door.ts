// The local door of a running control: a socket in its folder that only its own user may open. Whoever can open it owns the files of
// control already; it is how a first person is signed in, and how files are taken into use.
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';

const askSchema = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('sign-in'), account: z.string().max(80) }),
  z.strictObject({ ask: z.literal('apply') }),
]);

/** What may be asked. */
export type DoorAsk = z.infer<typeof askSchema>;

/** An answer, in JSON of one line. `refused` is a sentence that says what to do. */
export type DoorAnswer =
  | { readonly ok: true; readonly link: string; readonly ends: string }
  | { readonly ok: true; readonly needRestart: readonly string[] }
  | { readonly ok: false; readonly refused: string };

/** An open door. */
export interface LocalDoor {
  close(): Promise<void>;
}

/** Control cannot be asked on this machine; the message says why and what to do. */
export class ControlNotAsked extends Error {
  override readonly name = 'ControlNotAsked';
}

const askBytesMax = 4_096;
const answerBytesMax = 65_536;
const connectionsMax = 8;
const askTimeoutMs = 5_000;
const answerTimeoutMs = 30_000;

/** Opens the door of a control whose folder is locked: a socket that is there was left by one that died. */
export async function openLocalDoor(
  folder: string,
  answerTo: (ask: DoorAsk) => Promise<DoorAnswer>,
): Promise<LocalDoor> {
  const socket = doorOf(folder);
  rmSync(socket, { force: true });
  const { path, release } = fittingPath(socket);
  const server = createServer({ allowHalfOpen: true }, (connection) => void converse(connection, answerTo));
  server.maxConnections = connectionsMax;
  const listening = once(server, 'listening');
  // The socket is made within `listen`; nobody may open it even before its mode is set.
  const before = process.umask(0o177);
  server.listen(path);
  process.umask(before);
  await listening;
  chmodSync(socket, 0o600);
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      await closed;
      release();
    },
  };
}

async function converse(connection: Socket, answerTo: (ask: DoorAsk) => Promise<DoorAnswer>): Promise<void> {
  connection.on('error', () => undefined); // Whoever asked is gone; there is nobody to tell.
  connection.setTimeout(askTimeoutMs, () => connection.destroy());
  const text = await textOf(connection, askBytesMax).catch(() => '');
  connection.setTimeout(0);
  const ask = askSchema.safeParse(parsed(text));
  const answer: DoorAnswer = ask.success
    ? await answerTo(ask.data).catch((fault: unknown) => ({ ok: false, refused: (fault as Error).message }) as const)
    : { ok: false, refused: 'this control does not know the question: is it of another version?' };
  connection.end(`${JSON.stringify(answer)}\n`);
}

/** Asks the control of a folder. Rejects with `ControlNotAsked`. */
export async function askLocalDoor(folder: string, ask: DoorAsk): Promise<DoorAnswer> {
  const socket = doorOf(folder);
  try {
    const { path, release } = fittingPath(socket);
    const connection = connect(path);
    try {
      connection.setTimeout(answerTimeoutMs, () => connection.destroy(new Error('it does not answer')));
      connection.end(`${JSON.stringify(ask)}\n`);
      return JSON.parse(await textOf(connection, answerBytesMax)) as DoorAnswer;
    } finally {
      connection.destroy();
      release();
    }
  } catch (fault) {
    throw new ControlNotAsked(whyNot(fault as NodeJS.ErrnoException, socket), { cause: fault });
  }
}

function whyNot({ code, message }: NodeJS.ErrnoException, socket: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return `no control runs here by this configuration (${socket}). Start it with \`headgate control --config\``;
    case 'EACCES':
    case 'EPERM':
      return `this user may not ask control (${socket}): run the command as the user that control runs as`;
    default:
      return `control cannot be asked (${socket}): ${message}`;
  }
}

async function textOf(connection: Socket, bytesMax: number): Promise<string> {
  let text = '';
  connection.setEncoding('utf8');
  for await (const piece of connection.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    text += piece;
    if (text.length > bytesMax) throw new Error('it has no end');
    if (text.endsWith('\n')) break;
  }
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function doorOf(folder: string): string {
  return join(folder, 'door');
}

/** Longest path that every system takes for a socket (unix(7): `sun_path`, 104 bytes on BSD, one for its end), in bytes. */
const pathBytesMax = 103;

/** A path that fits, for as long as `release` was not called: Linux reaches a folder by its descriptor. */
function fittingPath(socket: string): { readonly path: string; readonly release: () => void } {
  if (Buffer.byteLength(socket) <= pathBytesMax || process.platform !== 'linux')
    return { path: socket, release: () => undefined };
  const folder = openSync(dirname(socket), 'r');
  return { path: `/proc/self/fd/${folder}/${basename(socket)}`, release: () => closeSync(folder) };
}
