// Cookies as they stand in a request (RFC 6265 §4.2.1), for counting.

/** Every cookie in the values of the field Cookie, name and value together. */
export function cookiesIn(values: readonly string[]): string[] {
  return values
    .flatMap((value) => value.split(';'))
    .map((each) => each.trim())
    .filter((each) => each !== '');
}
