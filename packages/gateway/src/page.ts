// The pages that a person is shown by the gateway itself: one frame for all of them. A page is whole in itself: it runs nothing,
// asks for nothing else, and can be read by a screen reader, from the keyboard, in the dark and on a telephone.
import { createHash } from 'node:crypto';

// Contrasts are 7:1 or more (WCAG 2.2 §1.4.6), also of links, in light and in dark.
const style =
  ':root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--link:#003e8a;--line:#6b6b6b;--soft:#f2f2f2}' +
  '@media(prefers-color-scheme:dark){:root{--ink:#ececec;--paper:#161616;--link:#a9ceff;--line:#a0a0a0;--soft:#242424}}' +
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:var(--ink);background:var(--paper)}' +
  'h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.15rem;margin:1.75rem 0 .5rem}a{color:var(--link)}' +
  'li{margin:.4rem 0}dt{font-weight:600}dd{margin:0 0 .6rem}code,dd,li,p{overflow-wrap:anywhere}' +
  '.lead{font-size:1.1rem}form{margin:1rem 0}' +
  'button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.25rem;color:var(--ink);background:var(--soft);border:2px solid var(--line);border-radius:.3rem;cursor:pointer}' +
  ':focus-visible{outline:3px solid var(--link);outline-offset:2px}';

/**
 * The fields of every page of ours. Only the style above is let in, by its hash. A page may stand in a frame of its own host: a UI
 * made of frames would show nothing at all in the place of what was refused. The address is told to this host alone; without it
 * a form would be sent with the origin "null" (Fetch §3.2).
 */
export const pageFields: readonly string[] = [
  'content-security-policy',
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'`,
  'x-content-type-options',
  'nosniff',
  'referrer-policy',
  'same-origin',
];

/** HTML that is safe to put in a page: made by the functions of this file alone, which escape what they are given. */
export interface Markup {
  readonly html: string;
}

/** Writes a page: `title` is its name in tabs and histories and its first heading, with `place` behind it where it is known. */
export function writePage(title: string, place: string | null, content: readonly Markup[]): string {
  const name = place === null || place === '' ? title : `${title}: ${place}`;
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    `<meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(name)}</title>` +
    `<style>${style}</style></head><body><main><h1>${escapeHtml(title)}</h1>${htmlOf(content)}</main></body></html>\n`
  );
}

/** A part with a heading of its own; nothing at all where it has no content. */
export function section(heading: string, content: readonly Markup[]): Markup {
  return { html: content.length === 0 ? '' : `<h2>${escapeHtml(heading)}</h2>${htmlOf(content)}` };
}

/** The sentence under the first heading. */
export function lead(text: string): Markup {
  return { html: `<p class="lead">${escapeHtml(text)}</p>` };
}

/** A paragraph. */
export function paragraph(text: string): Markup {
  return { html: `<p>${escapeHtml(text)}</p>` };
}

/** Things to do, in order. */
export function steps(texts: readonly string[]): Markup {
  return { html: `<ol>${itemsOf(texts)}</ol>` };
}

/** Things in no order. */
export function list(texts: readonly string[]): Markup {
  return { html: `<ul>${itemsOf(texts)}</ul>` };
}

/** Names and what stands for them. */
export function terms(pairs: readonly (readonly [name: string, value: string])[]): Markup {
  const each = pairs.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd><code>${escapeHtml(value)}</code></dd>`);
  return { html: `<dl>${each.join('')}</dl>` };
}

/** A sentence about whom to write to. */
export function writeTo(before: string, address: string, after: string): Markup {
  const link = `<a href="mailto:${escapeHtml(encodeURI(address))}">${escapeHtml(address)}</a>`;
  return { html: `<p>${escapeHtml(before)}${link}${escapeHtml(after)}</p>` };
}

/** One thing to do here: a button that sends a form to a path of this host. `elsewhere`: the answer opens in a window of its own. */
export function button(
  label: string,
  path: string,
  hidden: Readonly<Record<string, string>> = {},
  elsewhere = false,
): Markup {
  const inputs = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const target = elsewhere ? ' target="_blank"' : '';
  return {
    html: `<form method="post" action="${escapeHtml(path)}"${target}>${inputs.join('')}<button>${escapeHtml(label)}</button></form>`,
  };
}

/** A link to a path of this host, in a paragraph of its own. */
export function linkTo(label: string, path: string): Markup {
  return { html: `<p><a href="${escapeHtml(path)}">${escapeHtml(label)}</a></p>` };
}

function itemsOf(texts: readonly string[]): string {
  return texts.map((text) => `<li>${escapeHtml(text)}</li>`).join('');
}

function htmlOf(content: readonly Markup[]): string {
  return content.map(({ html }) => html).join('');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
