// One connection toward a caller: bytes in, exchanges in order, answers out. It answers for framing, order, keep-alive,
// half-closed callers and for reading on what was refused; what a request means is not its business.
import type { Socket } from 'node:net';
import { isRefusal, Refusal } from '@headgate/contract';
import type { PathOptions } from '../config.ts';
import type { Waiting } from '../deadlines.ts';
import type { Connection, Exchange, RequestHead } from '../exchange.ts';
import { CR, LF } from '../http1/bytes.ts';
import { ChunkedDecoder } from '../http1/chunked.ts';
import { Malformed } from '../http1/malformed.ts';
import { hearBytes } from '../http1/read-desk.ts';
import { RequestHeadReader } from '../http1/request-head.ts';
import { SwitchedSocket } from '../http1/switched-socket.ts';
import { persists } from '../passing-fields.ts';
import type { Serving } from '../serving.ts';
import type { OpenSide } from '../tunnel.ts';
import { ArrivingBody, type BodySurroundings } from './arriving-body.ts';
import { type BodyWait, beginBodyWait, bodyWaitRefusal } from './body-wait.ts';
import { answerBroken } from './broken-request.ts';
import { framingOf, readHead } from './framing.ts';
import { HeldAnswer } from './held-answer.ts';
import type { Bound, ListenerOptions } from './listener-options.ts';
import { type AnswerSurroundings, OutgoingAnswer } from './outgoing-answer.ts';
import type { CallerKind, createRememberedCallers } from './remembered-callers.ts';
import type { RememberedHead, RememberedHeads } from './remembered-heads.ts';
import type { WaitingBodies } from './waiting-bodies.ts';

/** Bytes of later requests held while an answer is under way (64 KiB); then the socket is paused. */
const pipelinedBytesMax = 64 * 1024;

/** How long a connection without a request is kept at shutdown, in milliseconds. */
const quietMs = 500;

/** How long a caller that sent everything and got everything may take to close, in milliseconds. */
const closingMs = 1_000;

const continueLine = 'HTTP/1.1 100 Continue\r\n\r\n';

type Phase =
  /** Between requests, or in the middle of a head. */
  | 'head'
  /** An exchange is under way. */
  | 'exchange'
  /** Given away after a switch of protocols: what arrives is no HTTP. */
  | 'switched'
  /** Answered for the last time: what still arrives is dropped until the caller closes. */
  | 'lingering'
  | 'closed';

/** What the connections of one listener have in common. */
export interface SharedByConnections {
  readonly waiting: WaitingBodies;
  readonly heads: RememberedHeads;
  readonly callers: ReturnType<typeof createRememberedCallers>;
}

/** Serves one socket until it closes. */
export class DownstreamConnection implements Waiting, BodySurroundings, AnswerSurroundings {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly path: PathOptions;
  readonly source: string;
  readonly waiting: WaitingBodies;
  readonly held: HeldAnswer;
  readonly #socket: Socket;
  readonly #facts: Connection;
  readonly #options: ListenerOptions;
  readonly #heads: RememberedHeads;
  readonly #caller: CallerKind;
  #phase: Phase = 'head';
  #pending: Buffer | null = null;
  #reader: RequestHeadReader | null = null;
  #requestSinceMs = 0;
  #body: ArrivingBody | null = null;
  #stallUntilMs = Number.POSITIVE_INFINITY;
  #dropUntilMs = Number.POSITIVE_INFINITY;
  #bodyWait: BodyWait | null = null;
  #bodyAwaitedMs = 0;
  #bodyLeftBytes = 0;
  #decoder: ChunkedDecoder | null = null;
  #answer: OutgoingAnswer | null = null;
  #begun: Exchange | null = null;
  readonly #afterAnswer = () => this.#answered();
  #keepAlive = true;
  #continueDue = false;
  #callerEnded = false;
  #draining = false;
  #paused = false;
  #droppedBytes = 0;
  /** The bytes after a malformed body mean nothing: they are dropped while the answer is sent. */
  #unreadable = false;

  constructor(socket: Socket, facts: Connection, options: ListenerOptions, shared: SharedByConnections) {
    this.#socket = socket;
    this.held = new HeldAnswer(socket);
    this.#facts = facts;
    this.#options = options;
    this.path = options.path;
    this.source = facts.source;
    this.waiting = shared.waiting;
    this.#heads = shared.heads;
    this.#caller = shared.callers.of(facts);
    this.deadlineMs = options.deadlines.now() + options.path.headerTimeoutMs;
    options.deadlines.add(this);
    socket.setNoDelay(true);
    hearBytes(socket, (chunk) => {
      try {
        this.#receive(chunk);
      } catch (thrown) {
        // A defect of ours costs this connection, never the process.
        socket.destroy();
        options.connectionFailed(facts.source, thrown);
      }
    });
    socket.on('end', () => this.#callerEnds());
    socket.on('drain', () => this.#answer?.drained());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
  }

  /** Takes no further request; closes at once when idle, else after the answer under way. */
  drain(): void {
    this.#draining = true;
    // A request may be on its way on an idle connection: it gets an answer that says so instead of a closed door.
    if (this.#phase === 'head') this.deadlineMs = this.#options.deadlines.now() + quietMs;
  }

  expire(): void {
    const { path } = this.#options;
    switch (this.#phase) {
      case 'head':
        // Nothing begun: an idle connection is closed without a word.
        if (!this.#draining)
          this.#shed(this.#requestBegun() || this.#requestSinceMs === 0 ? 'headerTimeoutMs' : 'keepAliveMs');
        if (!this.#requestBegun()) this.#linger(closingMs);
        else this.#refuse(new Refusal('listener.request_timeout', { waitedMs: path.headerTimeoutMs }));
        return;
      case 'exchange':
        this.#expireExchange();
        return;
      default:
        this.#socket.destroy();
    }
  }

  #expireExchange(): void {
    const nowMs = this.#options.deadlines.now();
    if (this.#stallUntilMs <= nowMs || this.#dropUntilMs <= nowMs) {
      this.#shed(this.#stallUntilMs <= nowMs ? 'sendTimeoutMs' : 'drainMs');
      this.#socket.destroy();
      return;
    }
    if (this.#bodyWait !== null && this.#bodyWait.untilMs <= nowMs) {
      this.#shed(this.#bodyWait.bound);
      this.#body?.fail(bodyWaitRefusal(this.#bodyWait, nowMs - this.#requestSinceMs));
      this.#bodyWait = null;
    }
    this.#arm();
  }

  #shed(bound: Bound): void {
    this.#options.shed(bound, this.source);
  }

  /** More was sent than is dropped for anyone. */
  #cut(): void {
    if (!this.#socket.destroyed) this.#shed('drainBytesMax');
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#phase === 'lingering' || this.#unreadable) {
      this.#droppedBytes += chunk.byteLength;
      if (this.#droppedBytes > this.#options.path.drainBytesMax) this.#cut();
      return;
    }
    const input = this.#pending === null ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = null;
    this.#consume(input);
  }

  /** Reads as far as the present phase allows; the rest waits in `#pending`. */
  #consume(input: Buffer): void {
    let at = 0;
    while (at < input.byteLength && (this.#phase === 'head' || this.#phase === 'exchange')) {
      if (this.#body !== null && !this.#body.arrived) {
        at = this.#feedBody(input, at);
      } else {
        const next = this.#phase === 'head' ? this.#beginExchange(input, at) : -1;
        if (next === -1) {
          this.#hold(input, at);
          break;
        }
        at = next;
      }
    }
    this.#setOut();
  }

  #hold(input: Buffer, at: number): void {
    this.#pending = Buffer.from(input.subarray(at)); // A copy: what was read lies where the next is read.
    if (this.#phase === 'exchange' && this.#pending.byteLength > pipelinedBytesMax) this.pause();
  }

  /** Returns the offset behind the head, or -1 while it is incomplete or refused. */
  #beginExchange(input: Buffer, at: number): number {
    const serving = this.#options.serving();
    const known = this.#reader === null ? this.#heads.find(input, at, serving) : null;
    if (known !== null) {
      this.#serve(known);
      return at + known.bytes;
    }
    try {
      if (this.#reader === null) {
        this.#reader = new RequestHeadReader({
          headBytesMax: this.#options.path.headerBytesMax,
          targetBytesMax: this.#options.path.targetBytesMax,
        });
        this.deadlineMs = this.#options.deadlines.now() + this.#options.path.headerTimeoutMs;
      }
      const bytes = at === 0 ? input : input.subarray(at);
      const raw = this.#reader.read(bytes);
      if (raw === null) return -1;
      const end = this.#reader.end;
      this.#reader = null;
      const head = readHead(raw);
      const fresh = rememberHead(end, head, serving);
      this.#heads.keep(bytes, 0, fresh);
      this.#serve(fresh);
      return at + end;
    } catch (thrown) {
      this.#pending = Buffer.from(input.subarray(at));
      this.#refuse(this.#refusalOf(thrown));
      return -1;
    }
  }

  #serve(known: RememberedHead): void {
    const options = this.#options;
    this.#requestSinceMs = options.deadlines.now();
    this.#phase = 'exchange';
    this.#bodyWait = null;
    this.#bodyAwaitedMs = 0;
    this.#stallUntilMs = Number.POSITIVE_INFINITY;
    this.#dropUntilMs = Number.POSITIVE_INFINITY;
    this.#arm();
    this.#keepAlive = known.keepAlive && !this.#draining;
    this.#continueDue = known.awaitsContinue;
    const { framing, declaredBytes } = known.framing;
    this.#bodyLeftBytes = declaredBytes ?? 0;
    this.#decoder = framing === 'chunked' ? new ChunkedDecoder() : null;
    const body = new ArrivingBody(framing, declaredBytes, this);
    this.#body = body;
    const answer = new OutgoingAnswer(this.#socket, known.head, this);
    this.#answer = answer;
    this.#begun = {
      id: options.newId(),
      receivedMs: options.clock(),
      connection: this.#facts,
      request: known.head,
      body,
      downstream: answer,
      serving: known.serving,
      headMemo: known.memo,
      callerMemo: this.#caller.memo(known.serving),
      succession: null,
      limitPolicy: null,
      limitsLeft: null,
      session: null,
      envelopeHead: undefined,
      identity: null,
      route: null,
      admission: null,
      inspection: null,
      forward: null,
      response: null,
    };
  }

  /** Sets an exchange out on its path, once what came with its head is fed to its body: a small call is whole at once. */
  #setOut(): void {
    const exchange = this.#begun;
    if (exchange === null) return;
    this.#begun = null;
    this.#options.serve(exchange, this.#afterAnswer);
  }

  /** Whether the connection will serve another request after this answer; said in its head. */
  keepAlive(framed: boolean): boolean {
    if (!framed) this.#keepAlive = false;
    // A caller refused before `100 Continue` may or may not send its body: only a new connection is unambiguous.
    if (this.#continueDue) this.#keepAlive = false;
    // What a half-closed caller pipelined is still answered; behind the last of it there is nothing to wait for.
    if (this.#draining || (this.#callerEnded && !this.#requestBegun())) this.#keepAlive = false;
    return this.#keepAlive;
  }

  #answered(): void {
    if (this.#phase !== 'exchange') return;
    this.#answer = null;
    if (!this.#keepAlive) {
      this.#linger(this.#body?.arrived === true ? closingMs : this.#options.path.drainMs);
      return;
    }
    if (this.#body !== null && !this.#body.arrived) {
      this.#body.discard();
      return; // The next request begins where this body ends: see #bodyArrived.
    }
    this.#next();
  }

  #next(): void {
    this.#phase = 'head';
    this.#body = null;
    this.#decoder = null;
    this.#bodyWait = null;
    this.deadlineMs = this.#options.deadlines.now() + (this.#draining ? quietMs : this.#options.path.keepAliveMs);
    const pending = this.#pending;
    this.#pending = null;
    this.resume();
    if (pending !== null) this.#consume(pending);
    if (this.#callerEnded) this.#endInput();
  }

  #feedBody(input: Buffer, at: number): number {
    const body = this.#body;
    if (body === null) return at;
    let end: number;
    if (this.#decoder === null) {
      end = Math.min(input.byteLength, at + this.#bodyLeftBytes);
      body.push(input.subarray(at, end));
      this.#bodyLeftBytes -= end - at;
      if (this.#bodyLeftBytes === 0) this.#bodyArrived(body);
    } else {
      try {
        end = this.#decoder.feed(input, at, (data) => body.push(data));
      } catch (thrown) {
        // What follows cannot be told apart from the next request any more.
        this.#keepAlive = false;
        body.fail(this.#refusalOf(thrown));
        this.#body = null;
        this.#pending = null;
        this.#unreadable = true;
        if (this.#answer === null) this.#linger(this.#options.path.drainMs);
        return input.byteLength;
      }
      if (this.#decoder.ended) this.#bodyArrived(body);
    }
    if (body.dropping) {
      this.#droppedBytes += end - at;
      if (this.#droppedBytes > this.#options.path.drainBytesMax) this.#cut();
    }
    return end;
  }

  #bodyArrived(body: ArrivingBody): void {
    body.end();
    this.#continueDue = false;
    // Refused long ago and answered: only the rest of the body kept the next request waiting.
    if (this.#answer === null && this.#phase === 'exchange')
      queueMicrotask(() => this.#phase === 'exchange' && this.#next());
  }

  continueNow(): void {
    if (!this.#continueDue) return;
    this.#continueDue = false;
    this.held.release();
    this.#socket.write(continueLine, 'latin1');
  }

  awaitBody(body: ArrivingBody, ms: number | null): void {
    // The reader of a body that an answer overtook goes on to wait: it is no longer this connection's wait.
    if (this.#body !== body) return;
    const nowMs = this.#options.deadlines.now();
    if (this.#bodyWait !== null) this.#bodyAwaitedMs += nowMs - this.#bodyWait.sinceMs;
    const soFar = {
      requestSinceMs: this.#requestSinceMs,
      receivedBytes: body.receivedBytes,
      awaitedMs: this.#bodyAwaitedMs,
    };
    this.#bodyWait = ms === null ? null : beginBodyWait(nowMs, ms, soFar, this.path);
    this.#arm();
  }

  drop(): void {
    this.#droppedBytes = 0;
    this.#bodyWait = null;
    this.#dropUntilMs = this.#options.deadlines.now() + this.#options.path.drainMs;
    this.#arm();
    this.resume();
  }

  stall(stalled: boolean): void {
    this.#stallUntilMs = stalled
      ? this.#options.deadlines.now() + this.#options.path.sendTimeoutMs
      : Number.POSITIVE_INFINITY;
    this.#arm();
  }

  /** The first of the waits that are under way in an exchange; each is judged by its own instant. */
  #arm(): void {
    const bodyUntilMs = this.#bodyWait?.untilMs ?? Number.POSITIVE_INFINITY;
    if (this.#phase === 'exchange') this.deadlineMs = Math.min(bodyUntilMs, this.#stallUntilMs, this.#dropUntilMs);
  }

  giveAway(): OpenSide {
    const early = this.#pending;
    this.#phase = 'switched';
    this.#pending = null;
    this.#answer = null;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.held.release();
    return new SwitchedSocket(this.#socket, early);
  }

  #callerEnds(): void {
    this.#callerEnded = true;
    if (this.#phase === 'switched') return; // The tunnel hears it too.
    this.#endInput();
  }

  /** Nothing more will arrive: what is unfinished stays so, what is whole is still answered. */
  #endInput(): void {
    if (this.#body !== null && !this.#body.arrived) {
      this.#body.fail(new Refusal('inspection.body_incomplete', { seenBytes: this.#body.receivedBytes }));
      this.#keepAlive = false;
      if (this.#answer === null) this.#end();
      return;
    }
    if (this.#phase === 'exchange') return; // A half-closed caller still gets its answer (RFC 9112 §9.6).
    if (this.#phase === 'head' && this.#requestBegun()) {
      this.#refuse(new Refusal('listener.malformed_request', { found: 'it ends in the middle of its header section' }));
      return;
    }
    this.#end();
  }

  /** Whether bytes of a request are held; an empty line behind the last one is none (RFC 9112 §2.2). */
  #requestBegun(): boolean {
    return this.#pending?.some((byte) => byte !== CR && byte !== LF) === true;
  }

  /** Answers what never became an exchange, and takes nothing more from this connection. */
  #refuse(refusal: Refusal): void {
    this.held.release();
    answerBroken(
      {
        connection: this.#facts,
        rawPacket: this.#pending ?? undefined,
        refusal,
        write: (bytes) => this.#socket.writable && (this.#socket.write(bytes) || true),
      },
      this.#options,
    );
    this.#linger(this.#options.path.drainMs);
  }

  /**
   * Closes our side and reads on for a while: closing with unread bytes would reset the connection, and the caller
   * would lose the answer it was just sent (invariant 9).
   */
  #linger(waitMs: number): void {
    this.#phase = 'lingering';
    this.#pending = null;
    this.#reader = null;
    this.#body = null;
    this.#droppedBytes = 0;
    this.deadlineMs = this.#options.deadlines.now() + waitMs;
    this.#end();
    this.resume();
  }

  #end(): void {
    this.held.release();
    // Node makes an error with a stack of every end but the first.
    if (!this.#socket.writableEnded) this.#socket.end();
  }

  #closed(): void {
    this.#phase = 'closed';
    this.#options.deadlines.remove(this);
    const body = this.#body;
    if (body !== null && !body.arrived) {
      body.fail(new Refusal('inspection.body_incomplete', { seenBytes: body.receivedBytes }));
    }
    this.#answer?.gone();
    this.#pending = null;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #refusalOf(thrown: unknown): Refusal {
    if (isRefusal(thrown)) return thrown;
    if (!(thrown instanceof Malformed)) throw thrown;
    const { found } = thrown;
    switch (thrown.kind) {
      case 'ambiguous-length':
        return new Refusal('listener.ambiguous_framing', { found });
      case 'head-too-large':
        return new Refusal('listener.header_too_large', { limitBytes: this.#options.path.headerBytesMax });
      case 'target-too-long':
        return new Refusal('listener.target_too_long', { limitBytes: this.#options.path.targetBytesMax });
      case 'version':
        return new Refusal('listener.version_not_supported', { found });
      case 'syntax':
        return new Refusal('listener.malformed_request', { found });
    }
  }
}

function rememberHead(bytes: number, head: RequestHead, serving: Serving): RememberedHead {
  return {
    bytes,
    head,
    framing: framingOf(head.fields),
    keepAlive: persists(head.httpVersion, head.fields.all('connection')),
    awaitsContinue: head.httpVersion === '1.1' && head.fields.get('expect')?.toLowerCase() === '100-continue',
    serving,
    memo: {},
  };
}
