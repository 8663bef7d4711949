// Where lists are published (RFC 5280 §4.2.1.13), and which certificates one of them is about (§5.2.5).
import { bitsSet, type DerElement, DerReader, TAG, toBoolean } from './der.ts';
import { type GeneralName, readGeneralNames, sayGeneralName } from './general-name.ts';
import { UnreadableDer } from './unreadable-der.ts';

/** Which certificates of its issuer a list is about. */
export interface ListScope {
  /** Comparable names of the one place where the list is published; null: of every certificate. */
  readonly places: readonly string[] | null;
  readonly callersOnly: boolean;
  readonly authoritiesOnly: boolean;
  /** A list of attribute certificates is about none of ours. */
  readonly attributesOnly: boolean;
  /** It may name certificates of other issuers. */
  readonly isIndirect: boolean;
  /** True where only some reasons are told: who is not on it may be revoked for another. */
  readonly isPartial: boolean;
}

/** The scope of a list that says nothing of it. */
export const wholeScope: ListScope = {
  places: null,
  callersOnly: false,
  authoritiesOnly: false,
  attributesOnly: false,
  isIndirect: false,
  isPartial: false,
};

/** What an issuingDistributionPoint value says. */
export function readScope(point: DerReader): ListScope {
  const place = point.optional(0xa0);
  const flag = (tag: number): boolean => {
    const element = point.optional(tag);
    return element !== undefined && toBoolean(element);
  };
  const callersOnly = flag(0x81);
  const authoritiesOnly = flag(0x82);
  const reasons = point.optional(0x83);
  const isIndirect = flag(0x84);
  const attributesOnly = flag(0x85);
  point.finish();
  if ([callersOnly, authoritiesOnly, attributesOnly].filter(Boolean).length > 1)
    throw new UnreadableDer('is only for one kind of certificate and only for another');
  if (reasons !== undefined) bitsSet(reasons);
  return {
    places: place === undefined ? null : readPlace(place),
    callersOnly,
    authoritiesOnly,
    attributesOnly,
    isIndirect,
    isPartial: reasons !== undefined,
  };
}

/** Comparable names of every place where a certificate says that lists about it are published. */
export function readPlaces(points: DerReader): readonly string[] {
  const places: string[] = [];
  while (!points.atEnd) {
    const place = points.enter(TAG.sequence).optional(0xa0);
    if (place !== undefined) places.push(...readPlace(place));
  }
  return places;
}

// A name relative to the issuer (nameRelativeToCRLIssuer) is never used; a list that has one is about no certificate.
function readPlace({ content }: DerElement): readonly string[] {
  const name = new DerReader(content).next();
  return name.tag === 0xa0 ? readGeneralNames(name.content).map(toComparablePlace) : [];
}

function toComparablePlace(name: GeneralName): string {
  return name.form === 'directory' ? `directory ${name.names.join(',')}` : sayGeneralName(name);
}
