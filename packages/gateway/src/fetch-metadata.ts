// What a browser says of how a request came about (Fetch Metadata). No page and no script can set these fields, and programs do
// not send them.
import type { Fields } from './exchange.ts';

/** Whether the answer is to be shown: in a window, or in a frame of one. */
export function isNavigation(fields: Fields): boolean {
  return fields.get('sec-fetch-mode') === 'navigate';
}

/** Whether the answer becomes what the window shows. */
export function isTopNavigation(fields: Fields): boolean {
  return isNavigation(fields) && fields.get('sec-fetch-dest') === 'document';
}

/** Whether a page of this very origin sends it. A form says so in Origin too, unless its page hides where it is. */
export function isSameOrigin(fields: Fields, origin: string): boolean {
  return fields.get('sec-fetch-site') === 'same-origin' && fields.get('origin')?.toLowerCase() === origin;
}
