// One exchange told along the path, a sentence for each stage that it reached, and what to do about its end. Pure. The record is of
// whatever version wrote it: what it does not say is not told.
import { wordsOf } from './ask-refusals.ts';
import { sectionOf, textOf } from './ledger-call.ts';

/** One sentence of the story. */
export interface StoryLine {
  readonly stage: 'listener' | 'identity' | 'route' | 'admission' | 'inspection' | 'forward' | 'response';
  readonly sentence: string;
}

/** Why an exchange was refused, and what its caller does about it. */
export interface StoryProblem {
  readonly code: string;
  readonly title: string | null;
  readonly detail: string | null;
  readonly fix: string | null;
}

/** The story of an exchange. */
export interface ExchangeStory {
  readonly exchange: string;
  readonly node: string;
  readonly at: string | null;
  readonly told: readonly StoryLine[];
  readonly problem: StoryProblem | null;
}

type Section = Readonly<Record<string, unknown>>;

const tellers: readonly (readonly [StoryLine['stage'], (section: Section, record: Section) => string])[] = [
  ['listener', tellListener],
  ['identity', tellIdentity],
  ['route', tellRoute],
  ['admission', tellAdmission],
  ['inspection', tellInspection],
  ['forward', tellForward],
  ['response', tellResponse],
];

/** Tells a record. */
export function tellExchange(record: Section): ExchangeStory {
  const told = tellers.flatMap(([stage, tell]) => {
    const section = record[stage];
    return typeof section === 'object' && section !== null
      ? [{ stage, sentence: tell(section as Section, record) }]
      : [];
  });
  const response = sectionOf(record.response);
  const { receivedMs } = sectionOf(record.listener);
  const code = textOf(response.refusal);
  return {
    exchange: textOf(record.exchange) ?? '',
    node: textOf(record.node) ?? '',
    at: typeof receivedMs === 'number' && Number.isFinite(receivedMs) ? sayInstant(receivedMs) : null,
    told,
    problem: code === null ? null : problemOf(code, textOf(response.detail, 2_000)),
  };
}

function problemOf(code: string, detail: string | null): StoryProblem {
  const words = wordsOf(code);
  return { code, title: words?.title ?? null, detail, fix: words?.fix ?? null };
}

function tellListener(listener: Section): string {
  const body = {
    none: 'without a body',
    chunked: 'with a chunked body',
    'content-length': 'with a body of stated length',
  };
  const framing = textOf(listener.framing) ?? '';
  const packed = textOf(listener.contentEncoding);
  const agent = textOf(listener.userAgent);
  const tls = textOf(listener.tlsVersion);
  return sentence([
    `${say(listener.source)} sent ${say(listener.method)} https://${say(listener.host)}${say(listener.path)}`,
    Object.hasOwn(body, framing) ? body[framing as keyof typeof body] : '',
    packed === null ? '' : `packed as ${packed}`,
    tls === null ? '' : `over ${tls}`,
    agent === null ? 'naming no user agent' : `as ${agent}`,
  ]);
}

function tellIdentity(identity: Section): string {
  const who = textOf(identity.subject);
  const holder = textOf(identity.participant);
  switch (identity.verdict) {
    case 'accepted':
      return sentence([`The certificate ${who ?? ''} was accepted`, holder === null ? '' : `as one of ${holder}`]);
    case 'refused':
      return who === null ? 'No certificate was shown, and one is required.' : `The certificate ${who} was refused.`;
    case 'not-required':
      return 'No certificate is required here.';
    default:
      return 'A certificate was asked for, and none was shown.';
  }
}

function tellRoute(route: Section): string {
  const service = textOf(route.service);
  return sentence([
    `It reached ${say(route.system)} (${say(route.environment)}) at the ${say(route.generation)} address ${say(route.address)}`,
    service === null ? '' : `service ${service}`,
    textOf(route.infrastructure) === null ? '' : `on the ${say(route.infrastructure)} infrastructure`,
  ]);
}

function tellAdmission(admission: Section): string {
  const party = textOf(admission.participant);
  const scid = sectionOf(admission.scid);
  const acting = [
    party === null ? '' : `acting for ${party}`,
    scid.outcome === 'proven' ? `for the SCID ${say(scid.value)}` : '',
  ];
  if (admission.admitted === true) return sentence(['It was admitted', ...acting]);
  const wait =
    typeof admission.retryAfterMs === 'number'
      ? `and has room again after ${Math.ceil(admission.retryAfterMs / 1_000)} s`
      : '';
  const rule = textOf(admission.decidedBy);
  return sentence([
    rule === null ? 'It was not admitted' : `The rule ${rule} had no room for it`,
    ...acting,
    rule === null ? '' : wait,
  ]);
}

function tellInspection(inspection: Section): string {
  const payload = textOf(inspection.payloadEncoding);
  const username = sectionOf(inspection.username);
  const checks = Array.isArray(inspection.checks) ? inspection.checks.map(say).join(', ') : '';
  return sentence([
    `It was looked at: ${checks === '' ? 'nothing' : checks}`,
    payload === null ? '' : `the payload is ${payload === 'none' ? 'not packed' : `packed as ${payload}`}`,
    textOf(username.outcome) === null ? '' : `the name in its header ${say(username.outcome)}`,
  ]);
}

function tellForward(forward: Section): string {
  const attempts = typeof forward.attempts === 'number' ? forward.attempts : 1;
  const went = {
    no: 'No endpoint took it',
    partly: 'An endpoint took a part of it',
    yes: 'It was passed on',
  } as const;
  const how = Object.hasOwn(went, String(forward.forwarded))
    ? went[forward.forwarded as keyof typeof went]
    : 'It was to be passed on';
  return sentence([
    `${how} to upstream ${say(forward.upstream)}`,
    attempts > 1 ? `in ${attempts} attempts` : '',
    typeof forward.firstByteMs === 'number' ? `which began to answer after ${forward.firstByteMs} ms` : '',
    typeof forward.status === 'number' ? `with status ${forward.status}` : '',
  ]);
}

function tellResponse(response: Section): string {
  const status = typeof response.status === 'number' ? `status ${response.status}` : 'no answer';
  return sentence([
    `The caller got ${status} after ${Number(response.durationMs ?? 0)} ms`,
    response.complete === true ? '' : 'and not all of it',
    `${Number(response.requestBytes ?? 0)} bytes in and ${Number(response.responseBytes ?? 0)} bytes out`,
    textOf(response.refusal) === null ? '' : `refused with ${say(response.refusal)}`,
  ]);
}

function sentence(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join(', ')}.`;
}

function say(value: unknown): string {
  return textOf(value) ?? '(not said)';
}

function sayInstant(atMs: number): string | null {
  const at = new Date(atMs);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
