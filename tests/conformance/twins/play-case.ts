// Plays one row against one twin. What the table says holds if no instant that matters fell on the other side of a window's border
// than the row means it to: that is judged by the instants taken around each call, and a row that a busy machine spoiled is played
// again. So nothing here depends on how fast the machine is, and no answer is judged that could rightly have been another.
import assert from 'node:assert/strict';
import { readFault } from '@headgate/soap';
import { clockReaches } from '@headgate/testkit';
import { toldIn } from '../gateway/told.ts';
import type { CaseCall, CaseRefusal, CaseRule, CaseStep, LimitCase } from './limit-cases.ts';
import { longestWindowMs, sentenceOf, windowMsDefault } from './operators.ts';
import type { Answer, OpenCall, Timed, WireCallers } from './wire-callers.ts';

/** What every caller is told, in the words of no format, without who refused and the exchange id. */
export interface ToldAlike {
  readonly step: number;
  readonly status: number;
  readonly fields: Readonly<Record<string, string | undefined>>;
  /** Of a refusal; null for what was admitted. */
  readonly said: Readonly<Record<string, string>> | null;
}

/** Plays beyond which a machine is too slow for any of this. */
const playsMax = 50;

/** Plays a row until nothing is uncertain, and returns what was told. Every answer is judged by the table. */
export async function playCase(row: LimitCase, callers: WireCallers): Promise<readonly ToldAlike[]> {
  for (let play = 0; play < playsMax; play += 1) {
    const told = await playOnce(row, callers);
    if (told !== null) return told;
    await clockReaches(Date.now() + longestWindowMs(row) + 100);
  }
  throw new Error(`this machine was too slow for "${row.title}" ${playsMax} times`);
}

/** Where a row stands while it is played. */
interface Play {
  readonly row: LimitCase;
  readonly callers: WireCallers;
  readonly open: OpenCall[];
  readonly decided: { readonly nominalMs: number; readonly fromMs: number; readonly untilMs: number }[];
  readonly told: ToldAlike[];
  /** When the row means the step to be, from its beginning. */
  nominalMs: number;
  /** When the step before ended. */
  endedMs: number;
  /** What the last refusal said. */
  promisedMs: number;
}

async function playOnce(row: LimitCase, callers: WireCallers): Promise<readonly ToldAlike[] | null> {
  const open: OpenCall[] = [];
  const play: Play = { row, callers, open, decided: [], told: [], nominalMs: 0, endedMs: Date.now(), promisedMs: 0 };
  try {
    for (const [at, step] of row.steps.entries()) {
      const waitMs = step.afterMs === 'promise' ? play.promisedMs : (step.afterMs ?? 0);
      await clockReaches(play.endedMs + waitMs);
      play.nominalMs += waitMs;
      if (!(await takeStep(play, step, at))) return null;
      play.endedMs = Date.now();
    }
    return play.told;
  } finally {
    for (const each of play.open) each.abandon();
  }
}

/** False where the instants leave open what the answer had to be. */
async function takeStep(play: Play, step: CaseStep, at: number): Promise<boolean> {
  const { row, callers } = play;
  const words = `step ${at + 1} of "${row.title}"`;
  switch (step.does) {
    case 'open':
      play.open.push(callers.open(step.call));
      return true;
    case 'finish': {
      const answer = await play.open.shift()?.finish();
      assert.ok(answer !== undefined && isAdmitted(answer), `${words}: ${answer?.body}`);
      return true;
    }
    case 'connect': {
      const { value, ...instants } = await callers.connect(step.source ?? 1);
      if (!isCertain(play, instants)) return false;
      assert.equal(value, step.answer, words);
      return true;
    }
    case 'call': {
      const { value, ...instants } = await answerTo(play, step);
      if (!isCertain(play, instants)) return false;
      judge(value, step, row.rules, words);
      play.told.push(toldAlike(value, at, row.rules));
      if (step.answer !== 'admitted') play.promisedMs = (step.answer.seconds ?? 0) * 1_000;
      return true;
    }
  }
}

/** Asks until a call that is half sent has arrived, or its end has: nothing tells a caller when that is. */
const askedMax = 500;

async function answerTo({ row, callers }: Play, step: CaseStep & { does: 'call' }): Promise<Timed<Answer>> {
  let answer = await callers.call(step.call);
  if (!row.rules.some(({ unit }) => unit === 'concurrent-requests')) return answer;
  for (let asked = 1; asked < askedMax && isAdmitted(answer.value) !== (step.answer === 'admitted'); asked += 1)
    answer = await callers.call(step.call);
  return answer;
}

/** Whether each pair of instants lies on the side of every border that the row means; then the answers can only be the table's. */
function isCertain({ row, decided, nominalMs }: Play, instants: Omit<Timed<unknown>, 'value'>): boolean {
  decided.push({ nominalMs, ...instants });
  const borders = row.rules.flatMap(bordersMs);
  return decided.every((earlier) => {
    const meantMs = nominalMs - earlier.nominalMs;
    const [leastMs, mostMs] = [instants.fromMs - earlier.untilMs, instants.untilMs - earlier.fromMs];
    return borders.every((borderMs) => (meantMs < borderMs ? mostMs < borderMs : leastMs >= borderMs));
  });
}

/** A window ends at its length, and the seconds that are left of it change a whole second before, and one before that. */
function bordersMs({ windowMs = windowMsDefault, unit }: CaseRule): readonly number[] {
  if (unit === 'concurrent-requests') return [];
  const count = Math.ceil(windowMs / 1_000);
  return Array.from({ length: count }, (_, at) => windowMs - at * 1_000);
}

/** The system behind says so in each of its answers, and nobody else does. */
function isAdmitted({ fields }: Answer): boolean {
  return fields['simulator-environment'] !== undefined && fields['proxy-status'] === undefined;
}

function judge(answer: Answer, step: CaseStep & { does: 'call' }, rules: readonly CaseRule[], words: string): void {
  if (step.left !== undefined) assert.equal(leftIn(answer), step.left, words);
  if (step.answer === 'admitted') {
    assert.ok(isAdmitted(answer), `${words}: ${answer.status} ${answer.body}`);
    assert.equal(answer.fields['retry-after'], undefined, words);
    return;
  }
  judgeRefusal(answer, step.call, step.answer, rules, words);
}

const mediaTypes = {
  'soap-1.1': /^text\/xml/,
  'soap-1.2': /^application\/soap\+xml/,
  'problem+json': /^application\/problem\+json/,
  html: /^text\/html/,
} as const;

function judgeRefusal(
  answer: Answer,
  { speaks = 'soap-1.1' }: CaseCall,
  expected: CaseRefusal,
  rules: readonly CaseRule[],
  words: string,
): void {
  const { code, rule: name, violated = [name], seconds, status, key } = expected;
  const said = saidIn(answer);
  const rule = rules.find((each) => each.name === name);
  assert.ok(rule, words);
  assert.equal(said.code, code, `${words}: ${answer.body}`);
  assert.equal(answer.status, status, words);
  assert.match(String(answer.fields['content-type']), mediaTypes[speaks], words);
  assert.equal(answer.fields['retry-after'], seconds === null ? undefined : String(seconds), words);
  if (seconds === null) assert.match(said.text ?? '', new RegExp(`\\b${name}\\b`), words);
  else assert.equal(said.text, sentenceOf(rule).replaceAll('<n>', String(seconds)), words);
  assert.ok((said.fix ?? '').length > 0 && (said.exchange ?? '').length > 0, words);
  assert.equal(answer.fields['headgate-exchange'], said.exchange, words);
  if (speaks === 'html' || key.length === 0) return;
  const { quota = 1, windowMs = windowMsDefault } = rule;
  const parts = (said.key ?? '').split(', ').map((part) => part.split('=')[0]);
  assert.deepEqual(
    [said.rule, said.quota, said.windowMs, said.violated, parts, said.forwarded],
    [name, String(quota), String(windowMs), violated.join(' '), key, 'no'],
    words,
  );
  assert.equal(said.retryAfterSeconds, seconds === null ? undefined : String(seconds), words);
  if (speaks !== 'problem+json') assert.equal(readFault(answer.body)?.description, said.text, words);
}

/** `RateLimit` without its times; empty where there is none. */
function leftIn({ fields }: Answer): string {
  return String(fields.ratelimit ?? '').replaceAll(/;t=\d+/g, '');
}

/** All that a refusal says, flat, as texts: a fault's detail, the members of a problem, the terms of a page. */
function saidIn({ body }: Answer): Record<string, string> {
  const told = toldIn({ body });
  if (told === null) return {};
  if (body.startsWith('{')) {
    const { limit, 'violated-policies': violated, ...problem } = JSON.parse(body) as Record<string, unknown>;
    const names = Array.isArray(violated) ? { violated: violated.join(' ') } : {};
    return texts({ ...problem, ...(limit as object), ...names, text: told.text });
  }
  const lead = /<p class="lead">([^<]*)</.exec(body)?.[1];
  if (lead !== undefined) return texts({ ...told, text: lead });
  const fault = readFault(body);
  if (fault === null) return texts({ ...told });
  const { version, side, code: faultCode, text, problem } = fault;
  return texts({ ...problem, version, side, faultCode, text });
}

function texts(facts: object): Record<string, string> {
  const said = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(said.map(([name, value]) => [name, String(value)]));
}

/** Fields that must be the same from both. The rest is of the connection, of the answer's length, or says who refused. */
const fieldsAlike = ['content-type', 'cache-control', 'retry-after', 'ratelimit-policy', 'ratelimit'] as const;

/**
 * What differs for a reason: who refused, and the number of the exchange, alone and in a URN. And what a refusal for lack of right tells
 * of the certificate and whom to ask: the simulator judges no certificate and has no desk.
 */
const isToldApart = (name: string): boolean =>
  ['by', 'exchange', 'instance', 'contact', 'grantedBy'].includes(name) || name.startsWith('certificate');

function toldAlike(answer: Answer, step: number, rules: readonly CaseRule[]): ToldAlike {
  const fields = Object.fromEntries(fieldsAlike.map((name) => [name, answer.fields[name]?.toString()]));
  // Bytes are counted in parts of a window, whose borders nobody outside can see.
  if (rules.some(({ unit }) => unit === 'request-bytes')) fields.ratelimit = leftIn(answer);
  const said = Object.fromEntries(Object.entries(saidIn(answer)).filter(([name]) => !isToldApart(name)));
  return { step, status: answer.status, fields, said: isAdmitted(answer) ? null : said };
}
