// A limit's "no" as the gateway in front would say it, in the caller's format. Written apart from the gateway's own, so that
// running both against one table tells where they differ. Two things differ for a reason: who refused, and the exchange id.
import {
  fields as fieldNames,
  limitOf,
  problems,
  problemType,
  quotaExceededType,
  type StatedRefusal,
  toRetryAfterSeconds,
} from '@headgate/contract';
import type { RefusalFormat } from '@headgate/rules';
import { escapeText, writeFault } from '@headgate/soap';
import type { Reply } from '../wire/message.ts';

/** What a refusal says beside itself. */
export interface RefusalWords {
  readonly format: RefusalFormat;
  readonly exchange: string;
  readonly atMs: number;
}

/** The answer to a refused call. */
export function refusalReply(refusal: StatedRefusal, words: RefusalWords): Reply {
  const { code, retryAfterMs } = refusal;
  const seconds = retryAfterMs === undefined ? null : toRetryAfterSeconds(retryAfterMs);
  const { status, contentType, body } = written(refusal, words, seconds);
  return {
    status,
    fields: {
      'content-type': contentType,
      'cache-control': 'no-store',
      [fieldNames.proxyStatus]: `headgate-simulator; error=${problems[code].proxyError}; details="${code}"`,
      ...(seconds === null ? {} : { [fieldNames.retryAfter]: String(seconds) }),
    },
    body,
  };
}

/**
 * A limit's "no" as the edge of OASIS was recorded to write it, to the byte: a probe of 27 July 2026 (api-evangelist/caiso,
 * rate-limits/caiso-rate-limits.yml) read 114 bytes of HTML that name the whole period, no `Retry-After` and no `RateLimit`. Null for what
 * is no limit's. `Proxy-Status` is ours: it marks that this is a simulator.
 */
export function recordedOasisReply(refusal: StatedRefusal): Reply | null {
  const limit = limitOf(refusal);
  if (limit === null) return null;
  const seconds = toRetryAfterSeconds(limit.windowMs);
  const sentence = `CAISO Acceptable Use Policy Violation. Please retry your request after ${seconds} seconds.`;
  return {
    status: 429,
    fields: {
      server: 'BigIP',
      'content-type': 'text/html',
      [fieldNames.proxyStatus]: `headgate-simulator; error=${problems[refusal.code].proxyError}; details="${refusal.code}"`,
    },
    body: `<html><body><p>${sentence}</p></body></html>`,
  };
}

function written(
  refusal: StatedRefusal,
  { format, exchange, atMs }: RefusalWords,
  seconds: number | null,
): { readonly status: number; readonly contentType: string; readonly body: string } {
  const { code, detail } = refusal;
  const { status, title, fix, retry, source } = problems[code];
  const limit = limitOf(refusal);
  const waits = seconds === null ? {} : { retryAfterSeconds: seconds };
  const said = { code, exchange, fix, by: 'simulator', forwarded: 'no', retry, ...waits };
  switch (format) {
    case 'soap-1.1':
    case 'soap-1.2': {
      const version = format === 'soap-1.1' ? '1.1' : '1.2';
      const type = version === '1.1' ? 'text/xml' : 'application/soap+xml';
      // By who must act; but the deck prints SOAP-ENV:Server for its acceptable-use fault (p. 21).
      const isCallers = source === 'downstream' && limit === null;
      const body = writeFault({
        version,
        side: isCallers ? 'client' : 'server',
        text: detail,
        createdMs: atMs,
        fields: Object.entries({ title, status, ...said, ...(limit === null ? {} : limitFacts(limit)) }),
      });
      return { status: refusal.soapStatus ?? 500, contentType: `${type}; charset=utf-8`, body };
    }
    case 'problem+json': {
      const type = limit === null ? problemType(code) : quotaExceededType;
      const problem = { type, title, status, detail, instance: `urn:headgate:exchange:${exchange}`, ...said };
      const { violated: _text, ...facts } = limit === null ? { violated: '' } : limitFacts(limit);
      const more = limit === null ? {} : { 'violated-policies': limit.violated, limit: facts };
      return { status, contentType: 'application/problem+json', body: `${JSON.stringify({ ...problem, ...more })}\n` };
    }
    case 'html':
      return { status, contentType: 'text/html; charset=utf-8', body: pageOf({ title, detail, code, exchange, fix }) };
  }
}

type Limit = NonNullable<ReturnType<typeof limitOf>>;

function limitFacts({ rule, key, unit, quota, windowMs, violated }: Limit) {
  return { rule, key, unit, quota, windowMs, violated: violated.join(' ') };
}

function pageOf(words: Readonly<Record<'title' | 'detail' | 'code' | 'exchange' | 'fix', string>>): string {
  const text = (name: keyof typeof words): string => escapeText(words[name]);
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${text('title')}</title></head><body><main>` +
    `<h1>${text('title')}</h1><p class="lead">${text('detail')}</p><h2>What to do</h2><p>${text('fix')}</p>` +
    `<dl><dt>Code</dt><dd><code>${text('code')}</code></dd><dt>Exchange</dt><dd><code>${text('exchange')}</code></dd></dl>` +
    '</main></body></html>\n'
  );
}
