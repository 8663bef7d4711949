// Asks control over HTTP/1.1 with mutual TLS, on Node's own client: everything that the command line does, a program can do so.
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliRefusal } from '../cli-refusal.ts';
import { exitCodes } from '../exit-codes.ts';
import type { ControlProfile } from './control-profile.ts';
import { ControlSaidNo, problemIn } from './control-said-no.ts';

/** Largest answer that is taken whole, in bytes; what may be larger is asked for as a stream. */
const answerBytesMax = 67_108_864;

/** Waits, in milliseconds. */
export interface AskWaits {
  /** For a connection with TLS. Default 10,000. */
  readonly connectMs?: number;
  /** For the next piece of an answer, also its first. Default 120,000: some questions take long. */
  readonly answerMs?: number;
}

/** A body that is sent as it comes. */
export interface SentStream {
  readonly stream: Readable;
  /** At least `content-type`; `content-encoding` where it is packed. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Questions to one control. A refusal rejects with `ControlSaidNo`, a control that cannot be reached with `CliRefusal`. */
export interface AskedControl {
  /** The JSON of an answer; undefined for an answer without a body. */
  get<Value>(path: string): Promise<Value>;
  post<Value>(path: string, body: object | SentStream): Promise<Value>;
  delete<Value>(path: string): Promise<Value>;
  /** An answer as it comes, of any length; its status is 2xx. */
  stream(path: string): Promise<IncomingMessage>;
  /** Ends the connections; a command that has its answers need not wait for them. */
  close(): void;
}

/** Asks the control of a profile. Connections are kept between questions. */
export function askControl(profile: ControlProfile, waits: AskWaits = {}): AskedControl {
  const { url, certificate, key, trust, serverName } = profile;
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const identity = { cert: certificate, key, ca: trust, ...(serverName === null ? {} : { servername: serverName }) };
  const open = async (method: string, path: string, body: object | SentStream | null): Promise<IncomingMessage> => {
    const target = new URL(path, url);
    if (target.origin !== url.origin) throw new TypeError(`${path} is no path of control`);
    try {
      const sent = request(target, { ...identity, agent, method, headers: fieldsOf(body) });
      const answer = await answerTo(sent, body, waits);
      if ((answer.statusCode ?? 500) < 300) return answer;
      throw await refusalIn(answer, url);
    } catch (fault) {
      throw fault instanceof ControlSaidNo || fault instanceof CliRefusal ? fault : unreachable(fault, url);
    }
  };
  const whole = async <Value>(method: string, path: string, body: object | SentStream | null): Promise<Value> => {
    const answer = await open(method, path, body);
    const text = await textOf(answer, url);
    return (text === '' ? undefined : JSON.parse(text)) as Value;
  };
  return {
    get: (path) => whole('GET', path, null),
    post: (path, body) => whole('POST', path, body),
    delete: (path) => whole('DELETE', path, null),
    stream: (path) => open('GET', path, null),
    close: () => agent.destroy(),
  };
}

function isStream(body: object): body is SentStream {
  return 'stream' in body && 'fields' in body;
}

function fieldsOf(body: object | SentStream | null): Readonly<Record<string, string>> {
  const accept = { accept: 'application/json, application/problem+json' };
  if (body === null) return accept;
  return isStream(body) ? { ...accept, ...body.fields } : { ...accept, 'content-type': 'application/json' };
}

async function answerTo(
  sent: ClientRequest,
  body: object | SentStream | null,
  { connectMs = 10_000, answerMs = 120_000 }: AskWaits,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const tooLate = (what: string, waitMs: number) => () =>
    sent.destroy(Object.assign(new Error(`${what} within ${waitMs} ms`), { code: 'ETIMEDOUT' }));
  const connecting = setTimeout(tooLate('no connection', connectMs), connectMs);
  sent.on('socket', (socket) => {
    // A connection that was kept has shaken hands already: what waits for that on it would wait for ever, and pile up.
    if (socket.connecting) socket.once('secureConnect', () => clearTimeout(connecting));
    else clearTimeout(connecting);
  });
  sent.setTimeout(answerMs, tooLate('no answer', answerMs));
  sent.on('response', resolve);
  sent.on('error', reject);
  try {
    if (body === null) sent.end();
    else if (!isStream(body)) sent.end(JSON.stringify(body));
    // A refusal may come while a long body is still on its way: then the answer counts, and not that sending broke off.
    else await Promise.race([pipeline(body.stream, sent), promise]);
    return await promise;
  } finally {
    clearTimeout(connecting);
  }
}

async function textOf(answer: IncomingMessage, url: URL): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > answerBytesMax) throw new Error(`the answer is over ${answerBytesMax} bytes`);
      pieces.push(piece);
    }
  } catch (fault) {
    throw unreachable(fault, url);
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function refusalIn(answer: IncomingMessage, url: URL): Promise<Error> {
  const problem = problemIn(await textOf(answer, url), answer.headers['retry-after']);
  if (problem !== null) return new ControlSaidNo(problem);
  const sentence = `${url.host} answered ${answer.statusCode} and no problem of Headgate: is it control? The profile says where it is`;
  return new CliRefusal(sentence, exitCodes.failed);
}

function unreachable(fault: unknown, { host }: URL): CliRefusal {
  const { code = '', message } = fault as NodeJS.ErrnoException;
  return new CliRefusal(
    sentences[code]?.(host) ?? `control at ${host} cannot be asked: ${code || message}`,
    exitCodes.failed,
  );
}

const notCertified = (host: string) =>
  `control at ${host} shows a certificate that the profile does not trust; \`trust\` must hold the authority of control`;

/** What to do about the faults that people meet. */
const sentences: Readonly<Record<string, (host: string) => string>> = {
  ECONNREFUSED: (host) =>
    `nobody listens at ${host}. Start control with \`npx --no headgate control --config control.yaml\`, or the demo with \`npm start\`, or correct \`control\` in the profile`,
  ENOTFOUND: (host) => `there is no host ${host}; correct \`control\` in the profile`,
  ETIMEDOUT: (host) => `control at ${host} does not answer in time; look whether it runs and what is between`,
  ECONNRESET: (host) => `control at ${host} broke the connection off; look whether it still runs`,
  DEPTH_ZERO_SELF_SIGNED_CERT: notCertified,
  SELF_SIGNED_CERT_IN_CHAIN: notCertified,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: notCertified,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: notCertified,
  CERT_HAS_EXPIRED: (host) => `the certificate of control at ${host} has expired; its operator must renew it`,
  ERR_TLS_CERT_ALTNAME_INVALID: (host) =>
    `the certificate of control is not for ${host}; name what it is for as \`serverName\` in the profile`,
  ERR_SSL_WRONG_VERSION_NUMBER: (host) => `what answers at ${host} speaks no TLS: is it control?`,
};
