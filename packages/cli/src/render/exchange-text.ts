// A raw exchange as it was on the wire. The private key is never part of a request; long bodies are cut.
import type { Outcome, WireRequest } from '@headgate/client';

/** Most bytes of a body that are printed. */
const shownBytesMax = 65_536;

/** Writes request and answer, or request and failure. */
export function exchangeText(request: WireRequest, outcome: Outcome): string {
  const length = request.body === null ? [] : [['Content-Length', String(request.body.length)] as const];
  const sent = [
    `${request.method} ${request.url.pathname}${request.url.search} HTTP/1.1`,
    `Host: ${request.url.host}`,
    ...[...request.headers, ...length].map(([name, value]) => `${name}: ${value}`),
    '',
    bodyText(request.body),
  ];
  return `${prefixed('> ', sent)}\n${prefixed('< ', outcome.ok ? answerLines(outcome) : failureLines(outcome))}\n`;
}

function answerLines({ status, headers, body, elapsedMs }: Extract<Outcome, { ok: true }>): string[] {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} (${Math.round(elapsedMs)} ms)`, ...lines, '', bodyText(body)];
}

function failureLines({ phase, reason, code, address }: Extract<Outcome, { ok: false }>): string[] {
  return [`no answer from ${address}: ${reason} in the phase "${phase}" (${code})`];
}

function bodyText(body: Buffer | null): string {
  if (body === null || body.length === 0) return '';
  const isText = !body.subarray(0, 1_024).includes(0);
  if (!isText) return `(${body.length} bytes that are not text)`;
  const cut = body.length > shownBytesMax ? `\n(${body.length - shownBytesMax} more bytes)` : '';
  return `${body.toString('utf8', 0, shownBytesMax)}${cut}`;
}

function prefixed(prefix: string, lines: readonly string[]): string {
  const text = lines.join('\n').trimEnd();
  // Everything but line breaks and tabs that could steer the terminal is replaced.
  const safe = text.replace(/(?![\r\n\t])[\p{Cc}\p{Cf}]/gu, '�');
  return safe
    .split(/\r?\n/)
    .map((line) => `${prefix}${line}`.trimEnd())
    .join('\n');
}
