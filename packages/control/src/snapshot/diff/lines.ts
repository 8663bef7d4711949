// One difference between two snapshots, as a sentence and as facts.
import { type DateValue, writeDateValue } from '@headgate/contract';

/** What a difference is about, the weightiest first: who is served where, who is let in, and what is said about it. */
export const diffAreas = [
  'positions',
  'chains',
  'trust',
  'policy',
  'provisioning',
  'shadow-policy',
  'catalogue',
  'texts',
] as const;

/** One of them. */
export type DiffArea = (typeof diffAreas)[number];

/** How many credentials a difference is about. */
export interface CredentialCounts {
  /** That may call there, by the provisioning. */
  readonly provisioned: number;
  /** That were seen there lately; null where nobody knows. */
  readonly seen: number | null;
}

/** One difference. */
export interface DiffLine {
  readonly area: DiffArea;
  readonly sentence: string;
  /** The thing that differs. */
  readonly subject: string;
  /** What was said of it, in short; null where it was not there. */
  readonly before: string | null;
  readonly next: string | null;
  readonly credentials: CredentialCounts | null;
  /** The text that says so; null of positions. */
  readonly text: string | null;
}

const shownCharactersMax = 80;

/** A value in short, for a sentence; null for none. */
export function shown(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'object' && 'kind' in value && !('name' in value)) {
    const { kind } = value;
    if (typeof kind === 'string' && /^(?:day|month|window|done|tbd)$/.test(kind))
      return writeDateValue(value as DateValue);
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const characters = Array.from(text.replaceAll(/\s+/gu, ' '));
  return characters.length > shownCharactersMax
    ? `${characters.slice(0, shownCharactersMax).join('')}…`
    : characters.join('');
}

/** A line; what is left out is null. */
export function line(
  area: DiffArea,
  subject: string,
  sentence: string,
  said: {
    readonly before?: unknown;
    readonly next?: unknown;
    readonly credentials?: CredentialCounts | null;
    readonly text?: string;
  } = {},
): DiffLine {
  const { before, next, credentials = null, text = null } = said;
  return { area, sentence, subject, before: shown(before), next: shown(next), credentials, text };
}

/** A number with its noun. */
export function counted(count: number, noun: string): string {
  if (count === 0) return `no ${noun}`;
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
