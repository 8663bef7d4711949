// Suites that need a server or a browser say so, and are skipped by name where it is missing.

/** The reason to skip a test that needs a Debian package, or false when it is there. `npm test` lists what is missing. */
export function missing(debianPackage: string): string | false {
  const absent = (process.env.HEADGATE_MISSING ?? '').split(',');
  return absent.includes(debianPackage) ? `${debianPackage} is not installed` : false;
}
