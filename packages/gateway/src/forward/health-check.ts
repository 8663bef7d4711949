// Active checks: asks one endpoint regularly, on connections of its own, and says when it goes down or comes up.
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { readHead } from '@headgate/soap';
import type { UpstreamOptions } from '../config-upstreams.ts';
import type { Deadlines, Waiting } from '../deadlines.ts';
import { ChunkedDecoder } from '../http1/chunked.ts';
import { Malformed } from '../http1/malformed.ts';
import { type RawResponseHead, ResponseHeadReader } from '../http1/response-head.ts';
import { placeOf } from './endpoint.ts';
import { handshakeFound, isCertificateAlert, secureOptions, type UpstreamTls } from './upstream-tls.ts';

/** What to check, and how. */
export type CheckOptions = NonNullable<UpstreamOptions['check']>;

/** Hears of each change: whether the endpoint is well now, and why. */
export type CheckListener = (isWell: boolean, reason: string) => void;

/** Most bytes of an answer that a check reads (64 KiB). */
const answerBytesMax = 65_536;

/** First checks begin within so many milliseconds, spread at random, so that a start is no burst. */
const firstWithinMs = 1_000;

/** Checks one endpoint from its creation until it is closed. It counts as well until checks say otherwise. */
export class HealthCheck implements Waiting {
  deadlineMs: number;
  readonly #url: string;
  readonly #options: CheckOptions;
  readonly #deadlines: Deadlines;
  readonly #random: () => number;
  readonly #listeners: CheckListener[] = [];
  #tls: UpstreamTls | null;
  #probe: Socket | null = null;
  #isWell = true;
  /** Checks in a row that contradict `#isWell`. */
  #contradictions = 0;

  constructor(url: string, options: CheckOptions, tls: UpstreamTls | null, deadlines: Deadlines, random: () => number) {
    this.#url = url;
    this.#options = options;
    this.#tls = tls;
    this.#deadlines = deadlines;
    this.#random = random;
    this.deadlineMs = deadlines.now() + random() * Math.min(firstWithinMs, options.intervalMs);
    deadlines.add(this);
  }

  /** Whether a check is under way. */
  get isAsking(): boolean {
    return this.#probe !== null;
  }

  listen(listener: CheckListener): void {
    this.#listeners.push(listener);
  }

  /** Takes other TLS files into use from the next check on. */
  renew(tls: UpstreamTls): void {
    if (this.#tls !== null) this.#tls = tls;
  }

  close(): void {
    this.#deadlines.remove(this);
    const probe = this.#probe;
    this.#probe = null;
    probe?.destroy();
  }

  /** The pause is over, or the present check takes too long. */
  expire(): void {
    if (this.#probe === null) this.#ask();
    else this.#conclude(this.#probe, `no answer within ${this.#options.timeoutMs} ms`);
  }

  #ask(): void {
    const { host, port } = placeOf(this.#url);
    const { kind } = this.#options;
    let isReachedOnce = false;
    const isReached = () => {
      isReachedOnce = true;
      if (kind === 'tcp' || kind === 'tls') this.#conclude(probe, null);
      else probe.write(this.#request(host));
    };
    // A check of TCP alone needs no handshake, whatever the calls use.
    const tls = kind === 'tcp' ? null : this.#tls;
    const probe =
      tls === null
        ? connect({ host, port }, isReached)
        : connectTls({ host, port, ...secureOptions(tls, host) }, isReached);
    this.#probe = probe;
    this.deadlineMs = this.#deadlines.now() + this.#options.timeoutMs;
    const answer = new CheckAnswer(this.#options);
    let isConnected = false;
    probe.on('connect', () => {
      isConnected = true;
    });
    probe.on('data', (chunk: Buffer) => {
      const judged = answer.add(chunk);
      if (judged !== null) this.#conclude(probe, judged.wrong);
    });
    probe.on('end', () => this.#conclude(probe, answer.ended()));
    probe.on('error', (error: Error) => {
      if (!isConnected) this.#conclude(probe, 'no connection');
      else if (tls === null || (isReachedOnce && !isCertificateAlert(error)))
        this.#conclude(probe, 'the connection broke');
      else this.#conclude(probe, handshakeFound(error));
    });
  }

  /** Takes the result of a check: what was wrong, or null. What is late, or comes twice, counts no more. */
  #conclude(probe: Socket, wrong: string | null): void {
    if (this.#probe !== probe) return;
    this.#probe = null;
    probe.destroy();
    const { intervalMs, rise, fall, kind } = this.#options;
    this.deadlineMs = this.#deadlines.now() + intervalMs * (0.9 + 0.2 * this.#random());
    const wasWell = wrong === null;
    if (wasWell === this.#isWell) {
      this.#contradictions = 0;
      return;
    }
    this.#contradictions += 1;
    if (this.#contradictions < (wasWell ? rise : fall)) return;
    this.#contradictions = 0;
    this.#isWell = wasWell;
    const reason = wasWell ? `${rise} ${kind} checks were good` : `${fall} ${kind} checks failed: ${wrong}`;
    for (const listener of this.#listeners) listener(wasWell, reason);
  }

  #request(host: string): string {
    const { kind, path, soapAction } = this.#options;
    const name = this.#options.host ?? (host.includes(':') ? `[${host}]` : host);
    const fields = `Host: ${name}\r\nUser-Agent: headgate-check\r\nConnection: close\r\n`;
    if (kind !== 'soap') return `GET ${path} HTTP/1.1\r\n${fields}\r\n`;
    return `POST ${path} HTTP/1.1\r\n${fields}Content-Type: text/xml; charset=utf-8\r\nSOAPAction: "${soapAction}"\r\nContent-Length: ${Buffer.byteLength(ping)}\r\n\r\n${ping}`;
  }
}

/** Asks for nothing: whoever speaks SOAP answers with an envelope, and be it a fault. */
const ping =
  '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header/><soapenv:Body/></soapenv:Envelope>';

/** What is wrong with an answer; null for nothing. */
interface Judged {
  readonly wrong: string | null;
}

/** The answer to one check, as far as it must be read. */
class CheckAnswer {
  readonly #options: CheckOptions;
  #reader = new ResponseHeadReader(answerBytesMax);
  #headBytes = Buffer.alloc(0);
  #head: RawResponseHead | null = null;
  #decoder: ChunkedDecoder | null = null;
  #body = Buffer.alloc(0);

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  /** Reads on; null while more is needed. */
  add(chunk: Buffer): Judged | null {
    try {
      return this.#head === null ? this.#addHead(chunk) : this.#addBody(this.#head, chunk);
    } catch (thrown) {
      if (!(thrown instanceof Malformed)) throw thrown;
      return { wrong: 'an answer that is not HTTP' };
    }
  }

  /** What is wrong when nothing more comes. */
  ended(): string {
    return this.#head === null ? 'the connection was closed without an answer' : noEnvelope;
  }

  #addHead(chunk: Buffer): Judged | null {
    this.#headBytes = Buffer.concat([this.#headBytes, chunk]);
    let head = this.#reader.read(this.#headBytes);
    // RFC 9110 §15.2: interim answers may come unasked. 101 is the last of its protocol.
    while (head !== null && head.status < 200 && head.status !== 101) {
      this.#headBytes = this.#headBytes.subarray(this.#reader.end);
      this.#reader = new ResponseHeadReader(answerBytesMax);
      head = this.#reader.read(this.#headBytes);
    }
    if (head === null) return null;
    this.#head = head;
    const coding = head.fields.findIndex((text, at) => at % 2 === 0 && text === 'transfer-encoding');
    if (coding !== -1) this.#decoder = new ChunkedDecoder();
    return this.#addBody(head, this.#headBytes.subarray(this.#reader.end));
  }

  #addBody({ status }: RawResponseHead, chunk: Buffer): Judged | null {
    if (this.#options.kind === 'http') return { wrong: this.#isExpected(status) ? null : `status ${status}` };
    const pieces: Uint8Array[] = [this.#body];
    if (this.#decoder === null) pieces.push(chunk);
    else this.#decoder.feed(chunk, 0, (data) => pieces.push(data));
    this.#body = Buffer.concat(pieces);
    const head = readHead(this.#body);
    if (head.kind === 'soap') return { wrong: null };
    return head.kind === 'unfinished' && this.#body.byteLength < answerBytesMax ? null : { wrong: noEnvelope };
  }

  #isExpected(status: number): boolean {
    const { statuses } = this.#options;
    return statuses.length === 0 ? status >= 200 && status <= 399 : statuses.includes(status);
  }
}

const noEnvelope = 'an answer without a SOAP envelope';
