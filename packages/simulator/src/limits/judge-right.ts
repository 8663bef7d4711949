// By which right a call is made, and for which SCID: rules of the gateway, asked of the same provisioning file.
import type { CatalogueIndex, Charge, LimitSubject, Refusal } from '@headgate/contract';
import {
  type AllowedCall,
  type CallForRights,
  type CompiledPolicy,
  type CompiledRights,
  chargesFor,
  type Enrolment,
  findEnrolment,
  mayCall,
  notEnrolled,
  rightRefusal,
  scidRefusal,
} from '@headgate/rules';
import { readPayloadValue, type ScidPlaces } from '@headgate/soap';
import type { CallHead } from './covered-call.ts';

/** What rights and SCIDs are judged by. */
export interface RightsReady {
  readonly index: CatalogueIndex;
  readonly compiled: CompiledPolicy;
  readonly rights: CompiledRights;
  readonly scids: ScidPlaces;
}

/** The right of a caller to its call. */
export interface HeldRight {
  readonly enrolment: Enrolment;
  readonly allowed: AllowedCall;
  readonly refused: Parameters<typeof rightRefusal>[3];
}

/** The right that a call with a certificate is made by. Throws the refusal of a missing one. */
export function judgeRight(
  { index, rights }: Pick<RightsReady, 'index' | 'rights'>,
  certificate: NonNullable<CallHead['certificate']>,
  call: CallForRights,
  nowMs: number,
): HeldRight {
  const enrolment = findEnrolment(rights, certificate);
  if (enrolment === null) throw notEnrolled(rights, certificate, call.environment);
  const systemName = index.systems.get(call.system)?.name ?? call.system;
  const refused = { certificate, call, systemName };
  const allowed = mayCall(enrolment, call, nowMs);
  if (allowed.allowed) return { enrolment, allowed, refused };
  throw rightRefusal(rights, enrolment, allowed, refused, nowMs);
}

/** Charges with those over the SCID of the call in their place, and the refusal of a foreign one. */
export interface JudgedScid {
  readonly charges: readonly Charge[];
  /** Raised once the call is charged to its caller. */
  readonly refusal: Refusal | null;
}

/** Reads the SCID of a payload and judges it. Without one, or one that counts, the charges stay as they are. */
export async function judgeScid(
  { compiled, rights, scids }: RightsReady,
  { enrolment, allowed, refused }: HeldRight,
  { charges, subject }: { readonly charges: readonly Charge[]; readonly subject: LimitSubject },
  { contentType, body }: { readonly contentType: string; readonly body: Uint8Array },
  clock: () => number,
): Promise<JudgedScid> {
  const counting = charges.filter(countsScids);
  const sought = scids.of({ systemId: subject.system ?? '', service: subject.service ?? null });
  if (counting.length === 0 || sought.places === null || body.byteLength === 0) return { charges, refusal: null };
  const found = await readPayloadValue(contentType, { bytes: body, isWhole: true }, sought.places);
  if (found.kind !== 'found' || sought.every.has(found.value)) return { charges, refusal: null };
  const { value } = found;
  const judged = mayCall(enrolment, { ...refused.call, scid: value }, clock());
  if (judged.allowed) {
    const over = chargesFor(compiled, { ...subject, scid: value, participant: judged.participant });
    const byRule = new Map(over.map((charge) => [charge.rule.name, charge]));
    const proven = charges.map((each) => (countsScids(each) ? (byRule.get(each.rule.name) ?? each) : each));
    return { charges: proven, refusal: null };
  }
  const refusing = counting.find(({ rule }) => rule.mode === 'enforce');
  if (refusing === undefined) return { charges, refusal: null };
  const named = { scid: safeScid(value), rule: refusing.rule.name };
  return { charges, refusal: scidRefusal({ rights, enrolment, scids: allowed.scids }, refused, named) };
}

/** Whether a charge is of a rule that counts over SCIDs. */
export function countsScids({ rule }: Charge): boolean {
  return rule.key.includes('scid');
}

/** What a caller wrote in the place of an SCID, in a form that may be shown. */
function safeScid(value: string): string {
  return /^[A-Za-z0-9._-]{1,12}$/.test(value) ? value : `(${value.length} characters, no SCID)`;
}
