// Text on its way into XML: escaped, and without the characters that XML 1.0 cannot carry.

// XML 1.0 section 2.2, production Char. A lone surrogate is not a character either.
const illegalCharacter =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what is looked for.
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
  '\n': '&#xA;',
  '\t': '&#x9;',
};

/** The same text with every character that XML 1.0 forbids replaced by U+FFFD. */
function withLegalCharacters(text: string): string {
  return text.replace(illegalCharacter, '\ufffd');
}

/** Escapes element content. A carriage return becomes a reference, else a parser would turn it into a line feed. */
export function escapeText(text: string): string {
  return withLegalCharacters(text).replace(/[&<>\r]/g, (found) => entities[found] ?? found);
}

/** Escapes an attribute value for double quotes; line breaks and tabs become references, else they would be normalized. */
export function escapeAttribute(text: string): string {
  return withLegalCharacters(text).replace(/[&<>"\r\n\t]/g, (found) => entities[found] ?? found);
}

/** Printable ASCII that needs no escape, which is nearly all that a fault says. */
const plainLine = /^[ -%'-;=?-~]*$/;

/** Escapes element content onto one line: every run of line breaks and tabs becomes one space. */
export function escapeLine(text: string): string {
  if (plainLine.test(text)) return text;
  return escapeText(text.replace(/[\r\n\t\u0085\u2028]+/g, ' '));
}

/** True for a name that may stand as an element's local name, in the ASCII range, at most 128 characters. */
export function isElementName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/.test(name);
}
