// Which rights that callers used lately a change of provisioning would take away, by the records of a gateway. Pure but for reading.
import type { Channel, EvidenceRecord, Operation, Provisioning } from '@headgate/contract';
import {
  type CallForRights,
  type CertificateNames,
  compileRights,
  findEnrolment,
  mayCall,
  notEnrolled,
  rightRefusal,
} from '@headgate/rules';

/** Uses told apart; others are counted together. */
const usesMax = 50_000;

/** One right that was used and would be gone. */
export interface LostRight {
  readonly subject: string;
  readonly system: string;
  readonly channel: Channel;
  readonly environment: string;
  readonly operation: Operation;
  readonly calls: number;
  readonly lastSeen: string;
  /** How the gateway would refuse it. */
  readonly code: string;
  readonly refusal: string;
}

/** Gathers what was used. */
export interface RightUses {
  take(record: EvidenceRecord): void;
  /** Those that were allowed before and are not after, most calls first. */
  lost(before: Provisioning, after: Provisioning, nowMs: number): readonly LostRight[];
  /** Calls past the bound, of which nothing is told. */
  readonly uncounted: number;
}

interface Use {
  readonly certificate: CertificateNames;
  readonly call: CallForRights;
  readonly systemName: string;
  calls: number;
  lastMs: number;
}

/** Begins to gather. `systems` gives the ids of the names that records have. */
export function gatherUses(systems: readonly { readonly id: string; readonly name: string }[]): RightUses {
  const ids = new Map(systems.map(({ id, name }) => [name, id]));
  const uses = new Map<string, Use>();
  let uncounted = 0;
  return {
    take({ identity, route, admission, listener }) {
      // Where admission decided, the call had the right.
      const system = ids.get(route?.system ?? '');
      if (
        identity === null ||
        identity.subject === null ||
        route === null ||
        admission === null ||
        system === undefined
      )
        return;
      const { environment, channel } = route;
      const operation = route.operation ?? 'retrieve';
      const key = [identity.fingerprint, environment, system, channel, operation].join(' ');
      const use = uses.get(key) ?? {
        certificate: namesOf({ ...identity, subject: identity.subject }),
        call: { environment, system, channel, operation },
        systemName: route.system,
        calls: 0,
        lastMs: 0,
      };
      if (!uses.has(key) && uses.size >= usesMax) {
        uncounted += 1;
        return;
      }
      uses.set(key, use);
      use.calls += 1;
      use.lastMs = Math.max(use.lastMs, listener.receivedMs);
    },
    lost(before, after, nowMs) {
      const [had, has] = [compileRights(before), compileRights(after)];
      return [...uses.values()]
        .flatMap((use) => {
          const enrolled = findEnrolment(had, use.certificate);
          if (enrolled === null || !mayCall(enrolled, use.call, nowMs).allowed) return [];
          const refusal = refusalOf(has, use, nowMs);
          return refusal === null ? [] : [toLost(use, refusal)];
        })
        .toSorted((a, b) => b.calls - a.calls);
    },
    get uncounted() {
      return uncounted;
    },
  };
}

function namesOf({
  subject,
  issuer,
  serial,
  fingerprint,
}: {
  readonly subject: string;
  readonly issuer: string | null;
  readonly serial: string | null;
  readonly fingerprint: string | null;
}): CertificateNames {
  return { subject, issuer: issuer ?? '', serial: serial ?? '', fingerprint256: fingerprint ?? '' };
}

function refusalOf(rights: ReturnType<typeof compileRights>, { certificate, call, systemName }: Use, nowMs: number) {
  const enrolled = findEnrolment(rights, certificate);
  if (enrolled === null) return notEnrolled(rights, certificate, call.environment);
  const judged = mayCall(enrolled, call, nowMs);
  return judged.allowed ? null : rightRefusal(rights, enrolled, judged, { certificate, call, systemName }, nowMs);
}

function toLost(
  { certificate, call, systemName, calls, lastMs }: Use,
  refusal: { readonly code: string; readonly detail: string },
): LostRight {
  return {
    subject: certificate.subject,
    system: systemName,
    channel: call.channel,
    environment: call.environment,
    operation: call.operation,
    calls,
    lastSeen: new Date(lastMs).toISOString(),
    code: refusal.code,
    refusal: refusal.detail,
  };
}
