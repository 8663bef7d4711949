// Which client certificates were accepted, where and when last, by the records of a gateway.
import type { EvidenceRecord, SeenCredential } from '@headgate/contract';

/** Counts certificates. */
export interface CredentialCount {
  take(record: EvidenceRecord): void;
  credentials(): readonly SeenCredential[];
  /** Those that called after they had ended, and were refused for it: an accepted authority issued them too. */
  expired(): readonly SeenCredential[];
  /** Calls with certificates past the bound, of which none is told. */
  readonly uncounted: number;
}

/** Certificates told apart: each was issued by an accepted authority, so that nobody makes them up. */
const credentialsMax = 100_000;

interface Counted {
  readonly facts: Omit<SeenCredential, 'participant' | 'lastUsedMs' | 'calls' | 'hosts' | 'issuedBy'>;
  issuedBy: string | null;
  participant: string | null;
  lastUsedMs: number;
  calls: number;
  readonly hosts: Set<string>;
}

/** Begins to count. */
export function countCredentials(): CredentialCount {
  const known = new Map<string, Counted>();
  const ended = new Map<string, Counted>();
  let uncounted = 0;
  return {
    take({ listener, identity, response }) {
      const isExpired = response.refusal === 'identity.certificate_expired';
      if (identity?.verdict !== 'accepted' && !isExpired) return;
      if (identity === null || identity.fingerprint === null || identity.notAfter === null) return;
      const among = isExpired ? ended : known;
      let counted = among.get(identity.fingerprint);
      if (counted === undefined) {
        if (among.size >= credentialsMax) {
          uncounted += 1;
          return;
        }
        counted = nothingYet(identity.fingerprint, identity);
        among.set(identity.fingerprint, counted);
      }
      counted.calls += 1;
      counted.hosts.add(listener.host);
      if (listener.receivedMs < counted.lastUsedMs) return;
      counted.lastUsedMs = listener.receivedMs;
      counted.participant = identity.participant;
      // Records of an older version do not name it.
      counted.issuedBy = identity.issuedBy ?? counted.issuedBy;
    },
    credentials: () => seenOf(known),
    expired: () => seenOf(ended),
    get uncounted() {
      return uncounted;
    },
  };
}

function seenOf(counted: ReadonlyMap<string, Counted>): readonly SeenCredential[] {
  return [...counted.values()].map(({ facts, hosts, ...rest }) => ({
    ...facts,
    ...rest,
    hosts: [...hosts].toSorted(),
  }));
}

function nothingYet(fingerprint: string, identity: NonNullable<EvidenceRecord['identity']>): Counted {
  const { subject, issuer, serial, notAfter } = identity;
  return {
    facts: {
      fingerprint,
      subject: subject ?? '',
      issuer: issuer ?? '',
      serial: serial ?? '',
      notAfterMs: Date.parse(notAfter ?? ''),
    },
    issuedBy: null,
    participant: null,
    lastUsedMs: Number.NEGATIVE_INFINITY,
    calls: 0,
    hosts: new Set(),
  };
}
