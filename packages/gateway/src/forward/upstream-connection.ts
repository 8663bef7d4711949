// One connection to one upstream: a request out, its answer in, strictly one after the other. What an upstream sends is read
// with the same strictness as what a caller sends, and a connection that said one byte too much is not used again.
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ByteQueue } from '../byte-queue.ts';
import type { PathOptions } from '../config.ts';
import type { Phases } from '../config-upstreams.ts';
import type { Deadlines, Waiting } from '../deadlines.ts';
import { ChunkedDecoder } from '../http1/chunked.ts';
import { Malformed } from '../http1/malformed.ts';
import { readingOnDesk } from '../http1/read-desk.ts';
import { type RawResponseHead, ResponseHeadReader } from '../http1/response-head.ts';
import { SwitchedSocket } from '../http1/switched-socket.ts';
import { atTurnEnd } from '../http1/turn-end.ts';
import { joinedBytesMax, writeJoined } from '../http1/write-joined.ts';
import type { AnswerWatch, EndedWait, NotConnected, Outcome, UpstreamAnswer, UpstreamRequest } from '../upstream.ts';
import { type AnswerHeads, answerFraming, type KnownAnswer, refuseAsFinal, toAnswerHead } from './answer-heads.ts';
import { handshakeFound, isCertificateAlert, isLastingFault, secureOptions, type UpstreamTls } from './upstream-tls.ts';

/** Largest head of an upstream's answer, in bytes (64 KiB). */
const responseHeadBytesMax = 65_536;

/** A connection that has been idle for longer is looked at before it takes what cannot be repeated, in milliseconds. */
const restMs = 20;

/** What a connection tells the pool that owns it. */
export interface ConnectionOwner {
  /** The answer was read whole and nothing else: the connection may serve another call. */
  idle(connection: UpstreamConnection): void;
  closed(connection: UpstreamConnection): void;
  /** A TLS session came that a later connection to the same place can take up. */
  sessionGiven(place: Place, session: Buffer): void;
}

/** Where a connection leads, and how. */
export interface Place {
  readonly host: string;
  readonly port: number;
  /** Null: plain HTTP. */
  readonly tls: UpstreamTls | null;
  /** The last session that the endpoint gave under these TLS files. */
  session: Buffer | null;
}

const noBytes = new Uint8Array(0);

type Phase = 'connecting' | 'securing' | 'idle' | 'sending' | 'awaiting' | 'answering' | 'switched' | 'closed';

/** A connection to an endpoint. */
export class UpstreamConnection implements Waiting {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #path: PathOptions;
  readonly #heads: AnswerHeads;
  readonly #deadlines: Deadlines;
  #phases: Phases;
  #phase: Phase = 'connecting';
  /** When the exchange that it serves must have ended. */
  #endMs: number;
  #isSecure = false;
  #used = false;
  #reused = false;
  /** Who hears how the request under way ended; null when it has heard. */
  #outcome: ((outcome: Outcome) => void) | null = null;
  readonly #reached = Promise.withResolvers<NotConnected | null>();
  #request: UpstreamRequest | null = null;
  #watch: AnswerWatch | null = null;
  #status = 0;
  #requestSent = false;
  #pending: Buffer | null = null;
  #reader: ResponseHeadReader | null = null;
  #decoder: ChunkedDecoder | null = null;
  #body: ByteQueue | null = null;
  #leftBytes = 0;
  #untilClose = false;
  #keepAlive = true;
  #isRetired = false;
  #idleSinceMs = Number.NEGATIVE_INFINITY;
  /** The request waits for the end of the turn of the event loop. */
  #isHeld = false;
  /** The whole request was written, but not all of it taken yet. */
  #isHandedOver = false;
  #drainWake: (() => void) | null = null;
  readonly #abandon = () => this.#destroy(new Error('the caller went away'), 'left');
  readonly #giveUp = () => {
    this.#watch = null; // That nobody wants it says nothing about the endpoint.
    this.#socket.destroy();
  };

  /** `heads` are the endpoint's; `phases` and `endMs` are those of the call that it is opened for. */
  constructor(
    place: Place,
    owner: ConnectionOwner,
    path: PathOptions,
    heads: AnswerHeads,
    phases: Phases,
    endMs: number,
    deadlines: Deadlines,
  ) {
    this.#owner = owner;
    this.#path = path;
    this.#heads = heads;
    this.#phases = phases;
    this.#endMs = endMs;
    this.#deadlines = deadlines;
    this.#wait(phases.connectTimeoutMs);
    deadlines.add(this);
    this.#socket = this.#open(place);
    this.#socket.on('drain', () => this.#wakeSender());
    this.#socket.on('end', () => this.#upstreamEnds());
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#closed());
  }

  /** Whether a request may be sent on it now. */
  get usable(): boolean {
    return this.#phase === 'idle' && !this.#socket.destroyed;
  }

  /** Whether it has been idle for long enough that its endpoint may have grown tired of it. */
  get hasRested(): boolean {
    return this.#deadlines.now() - this.#idleSinceMs > restMs;
  }

  /** Whether it has served a call before, so that its endpoint may have closed it since. */
  get isKept(): boolean {
    return this.#used;
  }

  /** Resolves when connecting ended: null when it is connected, else why not. */
  reached(): Promise<NotConnected | null> {
    return this.#reached.promise;
  }

  /** Sends one request on an idle connection and calls back, once, when the head of its answer is in or none will come. */
  exchange(request: UpstreamRequest, settle: (outcome: Outcome) => void): void {
    const nowMs = this.#deadlines.now();
    this.#outcome = settle;
    this.#request = request;
    this.#watch = request.watch;
    this.#phases = request.phases;
    if (request.endMs === 0) request.endMs = nowMs + request.phases.exchangeTimeoutMs;
    this.#endMs = request.endMs;
    this.#reused = this.#used;
    this.#used = true;
    this.#requestSent = false;
    this.#phase = 'sending';
    request.departure.hear(this.#abandon);
    this.#isHeld = true;
    atTurnEnd(() => this.#sendHeld(request, nowMs));
  }

  /** Serves no call after the present one. */
  retire(): void {
    this.#isRetired = true;
    if (this.#phase === 'idle' && this.#used) this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  expire(): void {
    const isWhole = this.#endMs <= this.#deadlines.now();
    switch (this.#phase) {
      case 'connecting':
        this.#notReached(isWhole ? this.#wholePassed() : this.#connectPassed());
        return;
      case 'securing':
        this.#notReached(isWhole ? this.#wholePassed() : this.#handshakePassed());
        return;
      case 'sending':
        this.#passed(isWhole ? 'whole' : 'send', this.#phases.requestSendTimeoutMs);
        return;
      case 'awaiting':
        this.#passed(isWhole ? 'whole' : 'response', this.#phases.responseTimeoutMs);
        return;
      case 'answering':
        if ((this.#body?.bytes ?? 0) > 0) this.#watch = null; // It is the caller who takes no more.
        if (isWhole) this.#destroy(new Error(`not whole within ${this.#phases.exchangeTimeoutMs} ms`), 'timeout');
        else this.#destroy(new Error(`no more bytes within ${this.#phases.responseIdleMs} ms`));
        return;
      default:
        this.#socket.destroy(); // Idle for longer than upstreams keep connections.
    }
  }

  #open(place: Place): Socket {
    const { host, port, tls, session } = place;
    const reach = {
      host,
      port,
      noDelay: true,
      keepAlive: true,
      onread: readingOnDesk((chunk) => this.#receive(chunk)),
    };
    if (tls === null) return connect(reach, () => this.#isReached());
    this.#isSecure = true;
    const kept = session === null ? {} : { session };
    const socket = connectTls({ ...reach, ...kept, ...secureOptions(tls, host) }, () => this.#isReached());
    socket.on('connect', () => {
      if (this.#phase !== 'connecting') return;
      this.#phase = 'securing';
      this.#wait(this.#phases.tlsTimeoutMs);
    });
    socket.on('session', (given: Buffer) => this.#owner.sessionGiven(place, given));
    return socket;
  }

  #isReached(): void {
    if (this.#phase !== 'connecting' && this.#phase !== 'securing') return;
    this.#phase = 'idle';
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#reached.resolve(null);
  }

  #notReached(why: NotConnected): void {
    this.#reached.resolve(why);
    this.#socket.destroy();
  }

  #wholePassed(): NotConnected {
    return { kind: 'not-connected', reason: 'whole', waitedMs: this.#phases.exchangeTimeoutMs };
  }

  #connectPassed(): NotConnected {
    return { kind: 'not-connected', reason: 'timed-out', waitedMs: this.#phases.connectTimeoutMs };
  }

  #handshakePassed(): NotConnected {
    const found = `its TLS handshake did not end within ${this.#phases.tlsTimeoutMs} ms`;
    return { kind: 'not-connected', reason: 'tls', found, isLasting: false };
  }

  /** Sets how long the present phase may last; the end of the whole exchange may come first. */
  #wait(ms: number): void {
    this.deadlineMs = Math.min(this.#deadlines.now() + ms, this.#endMs);
  }

  #passed(wait: EndedWait, waitedMs: number): void {
    const ms = wait === 'whole' ? this.#phases.exchangeTimeoutMs : waitedMs;
    this.#destroy(new Error(`no answer within ${ms} ms`), 'timeout', wait, ms);
  }

  /** By the end of the turn it is known whether the endpoint has closed the connection: then nothing was sent. */
  #sendHeld(request: UpstreamRequest, nowMs: number): void {
    this.#isHeld = false;
    if (this.#socket.destroyed) this.#notSent();
    else this.#send(request, nowMs);
  }

  #send(request: UpstreamRequest, nowMs: number): void {
    const { payload, head } = request;
    const isApart = payload.kind === 'bytes' && payload.bytes.byteLength > joinedBytesMax;
    const withHead = payload.kind === 'bytes' && !isApart ? payload.bytes : noBytes;
    let isTaken = writeJoined(this.#socket, head, withHead);
    // The system refused the first bytes outright, because it knew already that the connection is closed: none left.
    if (this.#socket.errored !== null) {
      this.#notSent();
      return;
    }
    if (payload.kind === 'stream') {
      request.isBodyBegun = true;
      this.deadlineMs = this.#endMs; // The caller's own pauses are bounded where its body is read.
      void this.#stream(payload.chunks);
      return;
    }
    if (isApart) isTaken = this.#socket.write(payload.bytes);
    if (isTaken) this.#sent(nowMs);
    else {
      this.#isHandedOver = true;
      this.deadlineMs = Math.min(nowMs + this.#phases.requestSendTimeoutMs, this.#endMs);
    }
  }

  #notSent(): void {
    this.#leaveRequest();
    this.#settle({ kind: 'not-sent' });
    this.#socket.destroy();
  }

  async #stream(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const request = this.#request;
    try {
      for await (const chunk of chunks) {
        if (this.#request !== request || this.#socket.destroyed) return;
        if (this.#socket.write(chunk)) continue;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#drainWake = resolve;
        if (this.#phase === 'sending') this.#wait(this.#phases.requestSendTimeoutMs);
        await promise;
        if (this.#phase === 'sending') this.deadlineMs = this.#endMs;
      }
      if (this.#request === request) this.#sent(this.#deadlines.now());
    } catch (cause) {
      this.#settle({ kind: 'no-request', cause });
      this.#socket.destroy();
    }
  }

  #sent(nowMs: number): void {
    this.#requestSent = true;
    if (this.#phase === 'sending') {
      this.#phase = 'awaiting';
      this.deadlineMs = Math.min(nowMs + this.#phases.responseTimeoutMs, this.#endMs);
    }
  }

  #receive(chunk: Buffer): void {
    if (this.#isHeld) {
      // No byte of the request has left: whatever this answers, it is not that.
      this.#destroy(new Error('the upstream spoke unasked'));
      return;
    }
    const input = this.#pending === null ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = null;
    try {
      if (this.#phase === 'sending' || this.#phase === 'awaiting') this.#readHead(input, 0);
      else if (this.#phase === 'answering') this.#readBody(input, 0);
      else this.#socket.destroy(); // Bytes that nobody asked for.
    } catch (thrown) {
      if (!(thrown instanceof Malformed)) throw thrown;
      this.#destroy(thrown, 'invalid');
    }
  }

  #readHead(input: Buffer, from: number): void {
    let at = from;
    for (;;) {
      const known = this.#knownHead(input, at);
      if (known !== null) {
        this.#beginAnswer(known, input, at + known.bytes);
        return;
      }
      const bytes = at === 0 ? input : input.subarray(at);
      const reader = this.#reader ?? new ResponseHeadReader(responseHeadBytesMax);
      this.#reader = reader;
      const head = reader.read(bytes);
      if (head === null) {
        this.#pending = Buffer.from(bytes); // A copy: what was read lies where the next is read.
        return;
      }
      const beganAt = at;
      at += reader.end;
      this.#reader = null;
      if (head.status === 101 && this.#request?.upgrade === true) {
        this.#switch(head, Buffer.from(input.subarray(at)));
        return;
      }
      if (head.status >= 200) {
        this.#beginAnswer(this.#toKnown(head, input, beganAt, at), input, at);
        return;
      }
      refuseAsFinal(head); // RFC 9110 §15.2: interim answers are for us alone.
      if (at === input.byteLength) return;
    }
  }

  /** What an answer with the same head was read as. An answer to HEAD has a length and no body. */
  #knownHead(input: Buffer, at: number): KnownAnswer | null {
    return this.#reader === null && this.#request?.method !== 'HEAD' ? this.#heads.find(input, at) : null;
  }

  #toKnown(raw: RawResponseHead, input: Buffer, from: number, end: number): KnownAnswer {
    const method = this.#request?.method ?? '';
    const known = { head: toAnswerHead(raw), framing: answerFraming(raw, method), bytes: end - from };
    if (method !== 'HEAD') this.#heads.keep(input, from, known.bytes, known);
    return known;
  }

  #beginAnswer({ head, framing }: KnownAnswer, input: Buffer, at: number): void {
    if (this.#request === null) throw new Malformed('syntax', 'an answer without a request');
    this.#decoder = framing.kind === 'chunked' ? new ChunkedDecoder() : null;
    this.#leftBytes = framing.bytes;
    this.#untilClose = framing.kind === 'until-close';
    this.#keepAlive = framing.keepAlive;
    this.#phase = 'answering';
    this.#status = head.status;
    this.#wait(this.#phases.responseIdleMs);
    const isWhole = framing.kind === 'length' && input.byteLength - at >= framing.bytes;
    const body = isWhole ? new ByteQueue(wholeSource) : this.#bodyToCome();
    this.#body = body;
    const answer: UpstreamAnswer = { head, body, abandon: this.#giveUp };
    const reusedConnection = this.#reused;
    // What came with the head is read first: a fault in it leaves the outcome open, so that it becomes a refusal.
    if (isWhole || at < input.byteLength) this.#readBody(input, at);
    this.#settle({ kind: 'answered', answer, reusedConnection });
  }

  #bodyToCome(): ByteQueue {
    // An answer that was read whole has no say any more: the connection may serve another call while a caller still takes it.
    const whileRead = (work: () => void) => () => {
      if (this.#body === body) work();
    };
    const body: ByteQueue = new ByteQueue({
      pause: whileRead(() => this.#socket.pause()),
      resume: whileRead(() => this.#socket.resume()),
    });
    return body;
  }

  /** From here on the connection speaks another protocol: it is the tunnel's, and counts as open until it closes. */
  #switch(raw: RawResponseHead, early: Buffer): void {
    this.#phase = 'switched';
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#watch?.ended(raw.status);
    this.#leaveRequest();
    const switched = new SwitchedSocket(this.#socket, early);
    const body = new ByteQueue(wholeSource);
    body.end();
    const answer = { head: toAnswerHead(raw), body, switched, abandon: () => switched.destroy() };
    this.#settle({ kind: 'answered', answer, reusedConnection: this.#reused });
  }

  #readBody(input: Buffer, from: number): void {
    const body = this.#body;
    if (body === null) return;
    this.#wait(this.#phases.responseIdleMs);
    let at = from;
    if (this.#untilClose) {
      body.push(input.subarray(at));
      return;
    }
    if (this.#decoder !== null) {
      at = this.#decoder.feed(input, at, (data) => body.push(data));
      if (!this.#decoder.ended) return;
    } else {
      const end = Math.min(input.byteLength, at + this.#leftBytes);
      if (end > at) body.push(input.subarray(at, end));
      this.#leftBytes -= end - at;
      at = end;
      if (this.#leftBytes > 0) return;
    }
    this.#finish(body, at === input.byteLength);
  }

  #finish(body: ByteQueue, clean: boolean): void {
    body.end();
    this.#body = null;
    this.#decoder = null;
    this.#watch?.ended(this.#status);
    this.#leaveRequest();
    this.#phase = 'idle';
    this.#socket.resume(); // Its last piece may have paused it.
    // Answered before the request was sent whole: the upstream would read the next call's first bytes as this one's last.
    if (!clean || !this.#keepAlive || !this.#requestSent || this.#isRetired) {
      this.#socket.destroy();
      return;
    }
    this.#idleSinceMs = this.#deadlines.now();
    this.deadlineMs = this.#idleSinceMs + this.#path.upstreamIdleMs;
    this.#owner.idle(this);
  }

  #upstreamEnds(): void {
    if (this.#phase === 'switched') return; // The tunnel hears it too.
    if (this.#phase === 'answering' && this.#untilClose && this.#body !== null) {
      this.#finish(this.#body, true);
      return;
    }
    this.#fail(new Error('the upstream closed the connection'));
  }

  #fail(cause: Error): void {
    if (this.#phase === 'connecting') this.#reached.resolve({ kind: 'not-connected', reason: 'refused' });
    else if (this.#phase === 'securing') this.#reached.resolve(tlsFailure(cause));
    else if (this.#isSecure && !this.#reused && this.#phase !== 'answering' && isCertificateAlert(cause)) {
      // Our side of the handshake was done, theirs was not: they never read a request.
      this.#leaveRequest();
      this.#settle(tlsFailure(cause));
    }
    this.#destroy(cause);
  }

  #destroy(
    cause: Error,
    reason: 'timeout' | 'invalid' | 'broken' | 'left' = 'broken',
    wait: EndedWait = 'whole',
    waitedMs = this.#phases.exchangeTimeoutMs,
  ): void {
    // While the outcome is open, whoever waits for it takes note of the failure.
    if (this.#phase === 'answering' && this.#outcome === null && reason !== 'left') this.#watch?.broke();
    this.#body?.fail(cause);
    this.#body = null;
    const isUnsent = this.#isHeld && reason === 'broken';
    this.#leaveRequest();
    const sent = this.#requestSent;
    if (isUnsent) this.#settle({ kind: 'not-sent' });
    else this.#settle({ kind: 'no-answer', reason, wait, waitedMs, sent, reusedConnection: this.#reused, cause });
    this.#socket.destroy();
  }

  #leaveRequest(): void {
    this.#request?.departure.hear(null);
    this.#request = null;
    this.#watch = null;
    this.#isHandedOver = false;
    this.#isHeld = false;
  }

  #closed(): void {
    if (this.#phase === 'closed') return;
    this.#fail(new Error('the upstream closed the connection'));
    this.#phase = 'closed';
    this.#deadlines.remove(this);
    this.#wakeSender();
    this.#owner.closed(this);
  }

  #settle(outcome: Outcome): void {
    const settle = this.#outcome;
    this.#outcome = null;
    settle?.(outcome);
  }

  #wakeSender(): void {
    if (this.#isHandedOver) {
      this.#isHandedOver = false;
      this.#sent(this.#deadlines.now());
    }
    const wake = this.#drainWake;
    this.#drainWake = null;
    wake?.();
  }
}

/** Of bodies that have come whole: nobody need be paused. */
const wholeSource = { pause: () => undefined, resume: () => undefined };

function tlsFailure(cause: Error): NotConnected {
  return { kind: 'not-connected', reason: 'tls', found: handshakeFound(cause), isLasting: isLastingFault(cause) };
}
