// Reference pages are written by hand around parts that are written from code. Pure: a page is text.

/**
 * The page with new content between `<!-- name -->` and `<!-- /name -->`, which stand on lines of their own.
 * Throws when the page has no such part.
 */
export function withPart(page: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->\n\n`, `<!-- /${name} -->`];
  const start = page.indexOf(open) + open.length;
  const end = page.indexOf(close);
  if (start < open.length || end < start)
    throw new Error(`the page has no part between <!-- ${name} --> and <!-- /${name} -->`);
  return `${page.slice(0, start)}${content}\n${page.slice(end)}`;
}
