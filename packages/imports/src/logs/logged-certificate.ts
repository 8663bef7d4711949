// A client certificate as logs tell of it: names in the ways of nginx and HAProxy, a fingerprint, or all of it.
import { type CertificateFacts, comparableName, readCertificate, UnreadableCertificate } from '@headgate/pki';
import { createMemory } from '../bounded-memory.ts';
import { saidOrNull } from './escapes.ts';
import type { LoggedCertificate } from './log-entry.ts';

/** What is said of it, each as it is logged. */
export interface SaidOfCertificate {
  readonly verify: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly serial: string | null;
  readonly fingerprint: string | null;
  readonly certificate: string | null;
  readonly notAfter: string | null;
}

/** Reads what is said of certificates; callers come again, so what was read is remembered. */
export function createCertificateReader(): (said: SaidOfCertificate) => LoggedCertificate | null {
  const memory = createMemory<LoggedCertificate | null>();
  return (said) => {
    const { verify, subject, issuer, serial, fingerprint, certificate, notAfter } = said;
    const key = `${verify}\n${subject}\n${issuer}\n${serial}\n${fingerprint}\n${certificate}\n${notAfter}`;
    return memory.of(key, () => lasting(readSaid(said)));
  };
}

/** A slice of a block of the file keeps the whole block: what is remembered is a copy. */
function lasting(read: LoggedCertificate | null): LoggedCertificate | null {
  return read === null ? null : (JSON.parse(JSON.stringify(read)) as LoggedCertificate);
}

function readSaid(said: SaidOfCertificate): LoggedCertificate | null {
  const whole = said.certificate === null ? null : factsOf(said.certificate);
  const subject = whole?.subject ?? toName(said.subject);
  const fingerprint = whole?.fingerprint256 ?? toFingerprint(said.fingerprint);
  const isNamed = subject !== null || fingerprint !== null;
  const verdict = verdictOf(said.verify, isNamed);
  if (verdict === null) return null;
  return {
    verdict,
    subject,
    issuer: whole?.issuer ?? toName(said.issuer),
    serial: whole?.serial ?? toSerial(said.serial),
    fingerprint,
    notAfter: whole === null ? toNotAfter(said.notAfter) : new Date(whole.notAfterMs).toISOString(),
  };
}

/** nginx writes SUCCESS, NONE or FAILED:reason; HAProxy 0 or the number of the fault. Where it is not logged, a name is proof. */
function verdictOf(verify: string | null, isNamed: boolean): LoggedCertificate['verdict'] | null {
  if (verify === null) return isNamed ? 'accepted' : null;
  if (verify === 'NONE') return 'not-offered';
  // HAProxy says 0 without a certificate, too.
  if (verify === 'SUCCESS' || verify === '0') return isNamed || verify === 'SUCCESS' ? 'accepted' : 'not-offered';
  return 'refused';
}

/** `$ssl_client_escaped_cert`: PEM, percent-encoded. Null for what cannot be read. */
function factsOf(escaped: string): CertificateFacts | null {
  try {
    const base64 = decodeURIComponent(escaped).replace(/-----[A-Z ]+-----|\s/g, '');
    return readCertificate(Buffer.from(base64, 'base64'));
  } catch (fault) {
    if (fault instanceof URIError || fault instanceof UnreadableCertificate) return null;
    throw fault;
  }
}

/** Longest name that is read, in characters. */
const nameCharactersMax = 2_000;

/** RFC 4514 without spaces, from that or from the way with slashes, which begins with the least specific (`/C=US/O=…/CN=…`). */
export function toName(text: string | null): string | null {
  const said = saidOrNull(text)?.slice(0, nameCharactersMax) ?? null;
  if (said === null) return null;
  if (said.startsWith('/')) {
    // A slash of a value stands before no type with an equals sign.
    const names = said.slice(1).split(/\/(?=[A-Za-z][A-Za-z0-9.-]*=)/);
    return names.toReversed().map(escapedValue).join(',');
  }
  const tight = said.replace(/(?<!\\), +(?=[A-Za-z][A-Za-z0-9.-]*=)/g, ',');
  return comparableName(tight) === null ? said.slice(0, 500) : tight;
}

function escapedValue(name: string): string {
  const equals = name.indexOf('=');
  return `${name.slice(0, equals + 1)}${name.slice(equals + 1).replace(/([,+"\\<>;])/g, '\\$1')}`;
}

function toFingerprint(text: string | null): string | null {
  const digits = (saidOrNull(text) ?? '').replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  return /^[0-9a-f]{40}$/.test(digits) ? `sha1:${digits}` : null;
}

/** As certificates are printed everywhere: upper case, whole bytes, no sign octet. */
function toSerial(text: string | null): string | null {
  const digits = (saidOrNull(text) ?? '').replaceAll(':', '').toUpperCase();
  if (!/^[0-9A-F]{1,64}$/.test(digits)) return null;
  const bare = digits.replace(/^0+(?=.)/, '');
  return bare.length % 2 === 0 ? bare : `0${bare}`;
}

function toNotAfter(text: string | null): string | null {
  const said = saidOrNull(text);
  if (said === null) return null;
  // HAProxy: YYMMDDhhmmss[Z]; nginx: `Feb 20 12:00:00 2025 GMT`.
  const short = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z?$/.exec(said);
  const atMs = Date.parse(short === null ? said : `20${short.slice(1, 4).join('-')}T${short.slice(4, 7).join(':')}Z`);
  return Number.isNaN(atMs) ? null : new Date(atMs).toISOString();
}
