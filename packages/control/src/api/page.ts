// The few pages that control has of its own: signing in, being signed in, and a refusal. No script, no style from elsewhere, and
// every word of theirs escaped.
import { createHash } from 'node:crypto';
import type { ProblemBody } from './problem-answer.ts';

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}' +
  'h1{font-size:1.5rem}code{font-family:ui-monospace,monospace}button{font:inherit;padding:.5rem 1rem}' +
  '@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}}';

/** Header fields of every page. A referrer stays on this host; without any, browsers would send forms with `Origin: null`. */
export const pageFields = {
  'content-type': 'text/html; charset=utf-8',
  'referrer-policy': 'same-origin',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
} as const;

/** A page with a heading; `body` is HTML. */
export function page(title: string, body: string): string {
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${style}</style></head>\n<body><main><h1>${escaped(title)}</h1>\n${body}\n</main></body></html>\n`;
}

/** The page of a refusal. */
export function problemPage({ title, detail, fix, code }: ProblemBody): string {
  return page(title, `<p>${escaped(detail)}</p>\n<p>${escaped(fix)}</p>\n<p><code>${escaped(code)}</code></p>`);
}

/** Text as HTML, also within quotes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

/** Whether whoever asks wants a page: a browser that goes somewhere says so, a program never does. */
export function wantsPage(accept: string | undefined): boolean {
  return /(?:^|,)\s*text\/html\s*(?:;|,|$)/i.test(accept ?? '');
}
