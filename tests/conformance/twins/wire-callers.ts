// Calls over TLS to one of the twins, each with the instants between which it was decided.
import { Agent, request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import type { CaseCall } from './limit-cases.ts';
import type { TwinOperator, WireCall } from './operators.ts';
import type { Caller, Twin, Twins } from './twin-processes.ts';

/** An answer, and between which instants it was decided, in ms. */
export interface Answer {
  readonly status: number;
  readonly fields: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Something that happened between two instants of this machine's clock, which both twins read too. */
export interface Timed<Value> {
  readonly value: Value;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A call whose body is half sent. */
export interface OpenCall {
  /** Sends the rest and resolves with the answer. */
  finish(): Promise<Answer>;
  abandon(): void;
}

/** Callers of one twin in one row. `close` when the row is over. */
export interface WireCallers {
  call(words: CaseCall): Promise<Timed<Answer>>;
  open(words: CaseCall): OpenCall;
  /** Whether a connection is let in, as far as a handshake tells. */
  connect(source: number): Promise<Timed<'admitted' | 'closed'>>;
  close(): void;
}

/** Makes the callers of a row. `network` is the part of their addresses before the last number. */
export function createCallers(twins: Twins, twin: Twin, operator: TwinOperator, network: string): WireCallers {
  const agents = new Map<string, Agent>();
  const agentOf = (caller: Caller, source: number): Agent => {
    const known = agents.get(`${caller} ${source}`);
    // One connection for all calls of a caller, so that their handshakes take no time and count once.
    const agent = known ?? new Agent({ keepAlive: true, maxSockets: 1, localAddress: `${network}.${source}` });
    agents.set(`${caller} ${source}`, agent);
    return agent;
  };
  const begin = ({ caller = 'alpha', source = 1, ...words }: CaseCall, isWhole: boolean) => {
    const wire = operator.toWire(words);
    const { certificatePem: cert, keyPem: key } = twins.users[caller];
    // A call that stays open has a connection to itself.
    const agent = isWhole ? agentOf(caller, source) : new Agent({ localAddress: `${network}.${source}` });
    const outgoing = request({
      host: '127.0.0.1',
      port: twin.port,
      servername: wire.host,
      method: wire.method,
      path: wire.path,
      headers: headersOf(wire),
      ca: twins.anchorsPem,
      cert,
      key,
      agent,
    });
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    outgoing.on('error', reject);
    outgoing.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('error', reject);
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, fields: answer.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    return { outgoing, answered: promise, body: wire.body };
  };
  return {
    call(words) {
      return timed(async () => {
        const { outgoing, answered, body } = begin(words, true);
        outgoing.end(body);
        return answered;
      });
    },
    open(words) {
      const { outgoing, answered, body } = begin(words, false);
      const half = Math.floor(body.length / 2);
      answered.catch(() => undefined); // It may be abandoned.
      outgoing.write(body.slice(0, half));
      return {
        finish() {
          outgoing.end(body.slice(half));
          return answered;
        },
        abandon: () => outgoing.destroy(),
      };
    },
    connect: (source) => timed(() => handshake(twins, twin, operator.hosts[0], `${network}.${source}`)),
    close() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

function headersOf({ host, fields, body }: WireCall): Record<string, string> {
  return { host, ...fields, ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }) };
}

async function timed<Value>(work: () => Promise<Value>): Promise<Timed<Value>> {
  const fromMs = Date.now();
  const value = await work();
  return { value, fromMs, untilMs: Date.now() };
}

function handshake(twins: Twins, twin: Twin, servername: string, localAddress: string): Promise<'admitted' | 'closed'> {
  const { promise, resolve } = Promise.withResolvers<'admitted' | 'closed'>();
  const { certificatePem: cert, keyPem: key } = twins.users.alpha;
  const options = { host: '127.0.0.1', port: twin.port, localAddress, servername, ca: twins.anchorsPem, cert, key };
  const socket: TLSSocket = connect(options, () => {
    resolve('admitted');
    socket.end();
  });
  socket.on('error', () => resolve('closed'));
  socket.on('close', () => resolve('closed'));
  return promise;
}
