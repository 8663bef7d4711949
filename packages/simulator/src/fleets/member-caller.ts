// One member's program: makes its calls one after the other as its profile has it, and counts what came of each attempt.
import type { SecureContext } from 'node:tls';
import type { AttemptOutcome, Ledger } from './accounting.ts';
import type { WireAnswer } from './answer-reader.ts';
import { createSender, type Sender, type SendResult } from './http1-sender.ts';
import { type FleetMessage, type MessageSigner, writeMessage } from './messages.ts';
import type { CallPlace, FleetMember, Habit } from './plan-fleet.ts';
import { profiles } from './profiles.ts';

/** Where calls to a host go. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What a member's program needs. */
export interface MemberCallerOptions {
  readonly member: FleetMember;
  readonly signer: MessageSigner;
  readonly context: SecureContext;
  readonly ledger: Ledger;
  readonly connectTo: (place: CallPlace) => Endpoint;
  readonly signs: boolean;
  /** Without TLS, whatever the scheme of an address says. */
  readonly plain: boolean;
  readonly timeoutMs: number;
  /** The fleet's instant, in ms since 1970 UTC. */
  readonly clock: () => number;
  /** Takes each attempt as it ends. */
  readonly attempted: (attempt: Attempt) => void;
}

/** One attempt, as its sender saw it. */
export interface Attempt {
  readonly member: FleetMember;
  readonly habit: Habit;
  readonly place: CallPlace;
  readonly generation: 'new' | 'old';
  /** Empty for a retrieve. */
  readonly submitId: string;
  readonly outcome: AttemptOutcome;
  /** Null without an answer. */
  readonly status: number | null;
  /** Why there is no answer, or an empty text. */
  readonly reason: string;
}

/** A member's program. */
export interface MemberCaller {
  /** Makes one call, with its repetitions; says how long it was told to wait, in ms, or 0. */
  call(habit: Habit): Promise<number>;
  /** Moves to the new address, whatever its profile says. */
  move(): void;
  /** Ends its connections. */
  close(): void;
}

/** How long a message of a retrieve is used again, in ms of the fleet's time. */
const messageKeptMs = 600_000;

/** A member's program that has not called yet. */
export function createMemberCaller(options: MemberCallerOptions): MemberCaller {
  const { member, ledger, clock } = options;
  const traits = profiles[member.profile];
  const messageOf = createMessages(options);
  const wire = createWire(options);
  let submits = 0;
  let hasMoved = false;
  return {
    async call(habit) {
      const generation = generationOf(member, habit, hasMoved || isDue(member, clock()));
      const place = habit.places[generation];
      if (place === null) return 0;
      const isSubmit = habit.operation === 'submit';
      if (isSubmit) submits += 1;
      const submitId = isSubmit ? `${member.id}-${submits}` : '';
      const message = messageOf(habit, submitId);
      ledger.call(isSubmit);
      let waitMs = 0;
      for (let repeat = 0; repeat <= traits.repeatsMax; repeat += 1) {
        const result = await wire.attempt(place, message);
        const outcome = outcomeOf(result);
        ledger.attempt(outcome, { generation, isRepeat: repeat > 0 });
        if (isSubmit) ledger.submit(submitId, outcome);
        const status = result.kind === 'answered' ? result.answer.status : null;
        const reason = result.kind === 'answered' ? '' : result.reason;
        options.attempted({ member, habit, place, generation, submitId, outcome, status, reason });
        waitMs = result.kind === 'answered' ? (toldWaitMs(result.answer) ?? 0) : 0;
        if (outcome === 'accepted') break;
      }
      return traits.waitsAsTold ? waitMs : 0;
    },
    move() {
      hasMoved = true;
    },
    close: () => wire.close(),
  };
}

/** Messages: a new one for each submit, and for a retrieve the same for a while. */
function createMessages(options: MemberCallerOptions): (habit: Habit, id: string) => FleetMessage {
  const kept = new Map<Habit, { readonly message: FleetMessage; readonly untilMs: number }>();
  return (habit, id) => {
    const nowMs = options.clock();
    const known = kept.get(habit);
    if (id === '' && known !== undefined && nowMs < known.untilMs) return known.message;
    const message = writeMessage({ ...options, habit, id, nowMs });
    if (id === '') kept.set(habit, { message, untilMs: nowMs + messageKeptMs });
    return message;
  };
}

interface Wire {
  attempt(place: CallPlace, message: FleetMessage): Promise<SendResult>;
  close(): void;
}

/** A member's connections, one for each host, with their cookies; or a fresh one each time, as the profile has it. */
function createWire(options: MemberCallerOptions): Wire {
  const { member, timeoutMs } = options;
  const traits = profiles[member.profile];
  const senders = new Map<string, Sender>();
  const cookies = new Map<string, string>();
  const senderFor = (place: CallPlace): Sender => {
    const known = senders.get(place.host);
    if (known !== undefined) return known;
    const isPlain = options.plain || place.scheme === 'http';
    const tls = isPlain ? null : { serverName: place.host, context: options.context };
    const fresh = createSender({ ...options.connectTo(place), localAddress: member.source, tls, timeoutMs });
    senders.set(place.host, fresh);
    return fresh;
  };
  return {
    async attempt(place, message) {
      const sender = senderFor(place);
      const cookie = cookies.get(place.host);
      const fields = cookie === undefined ? message.fields : [...message.fields, ['cookie', cookie] as const];
      const head = headOf(message.method, place, member, fields);
      const result = await sender.send({ head, body: message.body, framing: traits.framing });
      if (!traits.keepsConnection) {
        sender.close();
        senders.delete(place.host);
      } else if (result.kind === 'answered' && result.answer.cookies.length > 0) {
        cookies.set(place.host, result.answer.cookies.map((value) => value.split(';', 1)[0]).join('; '));
      }
      return result;
    },
    close() {
      for (const sender of senders.values()) sender.close();
      senders.clear();
    },
  };
}

function isDue({ movesAtMs }: FleetMember, nowMs: number): boolean {
  return movesAtMs !== null && nowMs >= movesAtMs;
}

/** Which address a member calls. Where there is only one of the two, that one. */
function generationOf(
  { profile }: Pick<FleetMember, 'profile'>,
  { places }: Pick<Habit, 'places'>,
  hasMoved: boolean,
): 'new' | 'old' {
  const prefersNew = hasMoved || profiles[profile].address === 'new';
  if (prefersNew) return places.new === null ? 'old' : 'new';
  return places.old === null ? 'new' : 'old';
}

function headOf(
  method: string,
  { host, path }: CallPlace,
  { profile }: FleetMember,
  fields: readonly (readonly [string, string])[],
): string {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: headgate-fleet (${profile})\r\n${lines}`;
}

function outcomeOf(result: SendResult): AttemptOutcome {
  if (result.kind !== 'answered') return result.kind;
  const { status, fields } = result.answer;
  const isPage = (fields.get('content-type') ?? '').startsWith('text/html');
  if (status >= 200 && status < 300 && !isPage) return 'accepted';
  return toldWaitMs(result.answer) === null ? 'refused' : 'limited';
}

/** How long an answer says to wait, in ms: by `Retry-After`, else by the sentence of acceptable use (deck p. 21); null where it does not. */
function toldWaitMs({ status, fields, body }: Pick<WireAnswer, 'status' | 'fields' | 'body'>): number | null {
  const told = fields.get('retry-after');
  if (told !== undefined && /^\d{1,6}$/.test(told)) return Number(told) * 1_000;
  if (status < 400 && !(fields.get('content-type') ?? '').startsWith('text/html')) return null;
  const said = /retry your request after (\d{1,6}) seconds/.exec(body.toString('latin1', 0, 4_096))?.[1];
  return said === undefined ? null : Number(said) * 1_000;
}
