// Asks a running gateway on this machine, and says in words why it cannot be asked.
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, resolve } from 'node:path';
import type { Config } from '../config.ts';
import { answerBytesMax, type ControlAnswer, type ControlAsk, type ControlRequest } from './messages.ts';
import { controlSocket, fittingPath } from './socket-path.ts';

/** Longest wait for an answer, in milliseconds: large files are read and proved meanwhile. */
const answerTimeoutMs = 120_000;

/** The gateway of a configuration cannot be asked. */
export class GatewayNotAsked extends Error {
  override readonly name = 'GatewayNotAsked';
}

/** Asks the gateway that runs by a configuration; relative names start from `base`. Rejects with `GatewayNotAsked`. */
export async function askGateway(
  { node, evidence }: { readonly node: string; readonly evidence: Pick<Config['evidence'], 'folder'> },
  base: string,
  asked: ControlAsk | ControlRequest,
): Promise<ControlAnswer> {
  const folder = resolve(base, evidence.folder);
  const socket = controlSocket(folder, node);
  try {
    return JSON.parse(
      await exchanged(socket, `${JSON.stringify(typeof asked === 'string' ? { ask: asked } : asked)}\n`),
    ) as ControlAnswer;
  } catch (fault) {
    throw new GatewayNotAsked(whyNot(fault, socket, node), { cause: fault });
  }
}

async function exchanged(socket: string, line: string): Promise<string> {
  const { path, release } = fittingPath(socket);
  const connection = connect(path);
  try {
    connection.setTimeout(answerTimeoutMs, () => connection.destroy(new Error('it does not answer')));
    connection.end(line);
    connection.setEncoding('utf8');
    let text = '';
    for await (const piece of connection as AsyncIterable<string>) {
      text += piece;
      if (text.length > answerBytesMax) throw new Error('its answer has no end');
    }
    if (text === '') throw new Error('it closed the connection without an answer: others ask it at the same time');
    return text;
  } finally {
    connection.destroy();
    release();
  }
}

function whyNot(fault: unknown, socket: string, node: string): string {
  const { code, message } = fault as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      if (!existsSync(dirname(socket)))
        return `no gateway "${node}" has run by this configuration yet: its evidence folder ${dirname(socket)} is not there. Start it with \`headgate gateway --config\`, or name the configuration that it runs by`;
      return `no gateway "${node}" runs here: there is no ${socket}. Start it with \`headgate gateway --config\` and this configuration`;
    case 'ECONNREFUSED':
      return `no gateway "${node}" runs here any more: nobody listens at ${socket}. Start it again`;
    case 'EACCES':
    case 'EPERM':
      return `this user may not ask the gateway "${node}" (${socket}): run the command as the user that the gateway runs as`;
    default:
      return `the gateway "${node}" cannot be asked (${socket}): ${message}`;
  }
}
