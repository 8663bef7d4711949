// The fields that tell who calls: what a back end receives of a principal, and which names nobody else may use.
import { bareName, claimsIdentity } from '@headgate/contract';
import { attributeOf } from '@headgate/pki';
import type { Config } from './config.ts';
import type { IdentityValue } from './config-identity.ts';
import type { Principal } from './identity/identify.ts';

/** The identity fields of one configuration. */
export interface IdentityFields {
  /** Whether a name, in lower case, claims what only we may state: a standard one, or a configured one, in any spelling. */
  claims(name: string): boolean;
  /** Names and values for an upstream; none for a caller without a certificate. */
  of(principal: Principal): readonly (readonly [name: string, value: string])[];
}

/** Names that are remembered at once: callers think of names, and each is worked out once. */
const namesMax = 1_024;

/** Compiles the configured fields. */
export function createIdentityFields(listed: Config['identityFields']): IdentityFields {
  const configured = new Set(listed.map(({ name }) => bareName(name)));
  const known = new Map<string, boolean>();
  return {
    claims(name) {
      const before = known.get(name);
      if (before !== undefined) return before;
      const claimed = claimsIdentity(name) || configured.has(bareName(name));
      if (known.size >= namesMax) known.clear();
      known.set(name, claimed);
      return claimed;
    },
    of: (principal) =>
      listed.flatMap(({ name, value }) => {
        const text = textOf(value, principal);
        return text === null ? [] : [[name.toLowerCase(), text] as const];
      }),
  };
}

function textOf(kind: IdentityValue, { certificate, certificateDer, chainDer, enrolment }: Principal): string | null {
  if (certificate === null || certificateDer === null) return null;
  switch (kind) {
    case 'certificate':
      return byteSequence(certificateDer);
    case 'chain':
      return chainDer.length === 0 ? null : chainDer.map(byteSequence).join(', '); // RFC 9440 §2.3, RFC 8941 §3.1.
    case 'subject':
      return fieldText(certificate.subject);
    case 'issuer':
      return fieldText(certificate.issuer);
    case 'common-name':
      return fieldTextOrNull(attributeOf(certificate.subject, 'CN'));
    case 'serial':
      return certificate.serial;
    case 'fingerprint':
      return certificate.fingerprint256;
    case 'not-after':
      return new Date(certificate.notAfterMs).toISOString();
    case 'participant':
      return fieldTextOrNull(enrolment?.participant.id ?? null);
    case 'der-base64':
      return base64(certificateDer);
    case 'pem-url-encoded':
      return encodeURIComponent(toPem(certificateDer));
    case 'verified':
      return 'SUCCESS';
  }
}

/** RFC 9440 §2.1, RFC 8941 §3.3.5. */
function byteSequence(der: Uint8Array): string {
  return `:${base64(der)}:`;
}

function base64(der: Uint8Array): string {
  return Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
}

function toPem(der: Uint8Array): string {
  const lines = base64(der).replace(/.{64}(?!$)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function fieldTextOrNull(text: string | null): string | null {
  return text === null ? null : fieldText(text);
}

/** A name may hold any character; a field value may not (RFC 9110 §5.5). */
function fieldText(text: string): string {
  return text.toWellFormed().replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character));
}
