// Text that came from elsewhere, as a terminal may show it: nothing in it can move the cursor, colour, hide or turn what stands near.

/** Controls, format and direction marks, line separators, unassigned, private and half characters, each run of them as one space. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ');
}

/** The same as one line: white space of any kind as one space, and none around it. */
export function oneLine(text: string): string {
  return plainText(text).replace(/\s+/g, ' ').trim();
}
