// Dozens of callers who never stop: on kept connections, on new ones, and on resumed sessions. Each answer is judged when it is
// there, by what was in force while it was on its way.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { performance } from 'node:perf_hooks';
import type { TLSSocket } from 'node:tls';
import type { TestUser } from '@headgate/pki';
import type { Operator } from '../operators.ts';
import { codeOf } from '../told.ts';
import { type Errand, type History, type Holder, placeOf, rightCode } from './history.ts';
import { callField, type Ledger, rightAnswer } from './ledger.ts';

/** How a caller comes: on one connection for ever, on a new one for each call, or on a new one that resumes a session. */
export const ways = ['kept', 'new', 'resumed'] as const;
/** One of the three. */
export type Way = (typeof ways)[number];

/** A user with a certificate. */
export interface User extends Holder {
  readonly user: TestUser;
  /** Source address of its calls. */
  readonly source: string;
}

/** One caller. */
export interface CallerOptions {
  readonly user: User;
  readonly way: Way;
  /** What it calls, in turn; all at one host. */
  readonly errands: readonly Errand[];
  readonly tlsVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** What the evidence must say of a call. */
export interface Answered {
  readonly caller: CallerOptions;
  readonly code: string | null;
  /** How many states were whole when it began, and the snapshot of the last of them. */
  readonly wholePhases: number;
  readonly snapshotMin: number;
  readonly resumed: boolean;
}

/** What callers call, and where it is noted. */
export interface LoadOptions {
  readonly operator: Operator;
  readonly port: number;
  /** Roots that callers trust. */
  readonly anchors: readonly string[];
  readonly ledger: Ledger;
  readonly history: History;
  readonly callers: readonly CallerOptions[];
}

/** Calls under way. */
export interface Load {
  /** Everything that was wrong, in words; empty where nothing was. */
  readonly faults: readonly string[];
  /** By the id of the exchange. */
  readonly answered: ReadonlyMap<string, Answered>;
  /** More callers. */
  join(callers: readonly CallerOptions[]): void;
  /** Resolves once every caller has an answer to a call that it began from now on. */
  everyoneAnswered(): Promise<void>;
  /** Ends it, once what is under way is answered. */
  readonly stop: () => Promise<void>;
}

/** A call begins so often, in milliseconds; each time the next few callers that wait for nothing. */
const turnMs = 10;
const callsPerTurn = 6;

/** Bytes of the two kinds of body. */
const bodyBytes = { retrieve: 4_096, old: 4_096, submit: 200_000 } as const;

/** One caller with its connections. */
interface Caller {
  readonly options: CallerOptions;
  readonly agent: Agent;
  /** The last connection, and how many there were. */
  socket: TLSSocket | null;
  opened: number;
  isBusy: boolean;
  calls: number;
  /** When the last call that was answered began. */
  answeredFromMs: number;
}

/** Starts calling. */
export function startLoad(options: LoadOptions): Load {
  const callers = options.callers.map(createCaller);
  const faults: string[] = [];
  const answered = new Map<string, Answered>();
  const underWay = new Set<Promise<void>>();
  let heard = Promise.withResolvers<void>();
  let next = 0;
  let lastId = 0;

  const begin = (caller: Caller): void => {
    caller.isBusy = true;
    lastId += 1;
    const startMs = performance.now();
    const call = callOnce(caller, `c${lastId}`, options, (fault) => faults.push(fault))
      .then((found) => {
        if (found === null) return;
        if (answered.has(found.exchange)) faults.push(`exchange ${found.exchange} was told twice`);
        answered.set(found.exchange, found.answered);
        caller.answeredFromMs = startMs;
      })
      .finally(() => {
        caller.isBusy = false;
        underWay.delete(call);
        heard.resolve();
        heard = Promise.withResolvers();
      });
    underWay.add(call);
  };
  const timer = setInterval(() => {
    for (let begun = 0, seen = 0; begun < callsPerTurn && seen < callers.length; seen += 1) {
      next = (next + 1) % callers.length;
      const caller = callers[next];
      if (caller === undefined || caller.isBusy) continue;
      begin(caller);
      begun += 1;
    }
  }, turnMs);
  return {
    faults,
    answered,
    join(more) {
      callers.push(...more.map(createCaller));
    },
    async everyoneAnswered() {
      const fromMs = performance.now();
      while (callers.some(({ answeredFromMs }) => answeredFromMs < fromMs)) {
        if (faults.length > 0) return; // Told at once, instead of waiting for somebody who will not be answered.
        await heard.promise;
      }
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      for (const { agent, options: told, opened } of callers) {
        agent.destroy();
        if (told.way === 'kept' && opened > 1)
          faults.push(`a kept connection of ${told.user.name} was opened ${opened} times`);
      }
    },
  };
}

function createCaller(options: CallerOptions): Caller {
  const keepAlive = options.way === 'kept';
  const agent = new Agent({ keepAlive, maxSockets: 1, maxCachedSessions: options.way === 'resumed' ? 10 : 0 });
  return { options, agent, socket: null, opened: 0, isBusy: false, calls: 0, answeredFromMs: Number.NEGATIVE_INFINITY };
}

interface Found {
  readonly exchange: string;
  readonly answered: Answered;
}

/** Makes one call and judges its answer. Null where there was none. */
async function callOnce(
  caller: Caller,
  id: string,
  options: LoadOptions,
  fault: (sentence: string) => void,
): Promise<Found | null> {
  const { history, ledger } = options;
  const { user, way, errands } = caller.options;
  const errand = errands[caller.calls % errands.length] ?? 'page';
  caller.calls += 1;
  const startMs = performance.now();
  const wholePhases = history.wholeCount(startMs);
  const snapshotMin = history.phases[wholePhases - 1]?.snapshot ?? 0;
  const complain = (sentence: string): void =>
    fault(`call ${id} of ${user.name} (${way}, ${errand}, behind change ${wholePhases - 1}): ${sentence}`);
  ledger.open(id);
  const body = errand === 'page' ? undefined : bodyOf(id, bodyBytes[errand]);
  const answer = await exchanged(caller, { id, errand, body }, options, complain).catch((lost: unknown) => {
    complain(`lost: ${String(lost)}`);
    return null;
  });
  const count = ledger.settle(id);
  if (answer === null) return null;
  const right = history.during(startMs, performance.now()).map(({ state }) => rightCode(state, user, errand));
  const code = answer.status === 200 ? null : (codeOf(answer) ?? `status ${answer.status}`);
  if (!right.includes(code)) complain(`told ${code}; right was ${[...new Set(right)].join(' or ')}`);
  if (count !== (code === null ? 1 : 0)) complain(`told ${code}, and it came to the back end ${count} times`);
  if (code === null && answer.body !== rightAnswer(id, body === undefined ? 'GET' : 'POST', body))
    complain(`an answer that is not its own or not whole, of ${answer.body.length} characters`);
  return {
    exchange: answer.exchange,
    answered: { caller: caller.options, code, wholePhases, snapshotMin, resumed: answer.resumed },
  };
}

/** A SOAP request that names its call, and is as long as it should be. */
function bodyOf(id: string, bytes: number): string {
  const head = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><Ask call="${id}">`;
  const tail = '</Ask></e:Body></e:Envelope>';
  return `${head}${'.'.repeat(bytes - head.length - tail.length)}${tail}`;
}

interface Asked {
  readonly id: string;
  readonly errand: Errand;
  readonly body: string | undefined;
}

async function exchanged(
  caller: Caller,
  { id, errand, body }: Asked,
  { operator, port, anchors, history }: LoadOptions,
  complain: (sentence: string) => void,
) {
  const { user, tlsVersion } = caller.options;
  const { host, path } = placeOf(operator, errand);
  const outgoing = request({
    host: '127.0.0.1',
    port,
    agent: caller.agent,
    servername: host,
    ca: [...anchors],
    cert: user.user.certificatePem,
    key: user.user.keyPem,
    minVersion: tlsVersion,
    maxVersion: tlsVersion,
    localAddress: user.source,
    method: body === undefined ? 'GET' : 'POST',
    path,
    headers: {
      host,
      [callField]: id,
      ...(body === undefined ? {} : { 'content-type': 'text/xml' }),
      // The long one comes in chunks, without a length.
      ...(body === undefined || errand === 'submit' ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
  });
  const openedMs = performance.now();
  outgoing.once('socket', (socket: TLSSocket) => {
    if (caller.socket === socket) return;
    caller.socket = socket;
    caller.opened += 1;
    socket.once('secureConnect', () => {
      if (socket.isSessionReused()) return; // The certificate is the one of the session.
      const { raw } = socket.getPeerCertificate();
      const shown = new X509Certificate(raw).fingerprint256;
      const right = history.during(openedMs, performance.now()).map(({ state }) => state.shown[host]);
      if (!right.includes(shown)) complain(`${host} showed a certificate that is not in force: ${shown}`);
    });
  });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const resumed = (answer.socket as TLSSocket).isSessionReused();
  let text = '';
  answer.setEncoding('utf8');
  for await (const piece of answer as AsyncIterable<string>) text += piece;
  if (!answer.complete) throw new Error(`the answer broke off after ${text.length} characters`);
  return {
    status: answer.statusCode ?? 0,
    body: text,
    exchange: String(answer.headers['headgate-exchange']),
    resumed,
  };
}
