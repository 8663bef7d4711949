// One line of a batch: a record, a gap, or why it is neither. Nothing that a line holds can throw.
import { evidenceSchemaVersion } from '@headgate/contract';
import { sectionOf, textOf } from './ledger-call.ts';

/** Longest line that is taken, in bytes (1 MiB); no gateway writes one that is near it. */
const lineBytesMax = 1_048_576;

/** Most threads of one node. */
const threadsMax = 1024;

/** Records that are missing, as a node tells it. */
export interface ToldGap {
  readonly boot: string;
  readonly thread: number;
  readonly after: number;
  readonly atMost: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** A line that was read. */
export type ReadLine =
  | {
      readonly kind: 'record';
      readonly boot: string;
      readonly thread: number;
      readonly sequence: number;
      readonly value: unknown;
      /** False for a record of a later version than ours: it is kept as it came, and not counted. */
      readonly isKnownVersion: boolean;
    }
  | { readonly kind: 'gap'; readonly gap: ToldGap }
  | { readonly kind: 'unreadable'; readonly why: UnreadableReason };

/** Why a line is neither record nor gap. */
export type UnreadableReason =
  | 'not-json'
  | 'no-object'
  | 'too-long'
  | 'no-place'
  | 'other-node'
  | 'no-version'
  | 'no-sections'
  | 'bad-gap';

/** Reads one line of a node. */
export function readLine(line: Buffer, node: string): ReadLine {
  if (line.byteLength > lineBytesMax) return unreadable('too-long');
  const value = parsed(line);
  if (value === undefined) return unreadable('not-json');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return unreadable('no-object');
  const members = sectionOf(value);
  if (Object.hasOwn(members, 'gap')) return gapOf(sectionOf(members.gap));
  if (members.node !== node) return unreadable('other-node');
  const place = placeOf(members);
  if (place === null || !isSequence(members.sequence)) return unreadable('no-place');
  const version = members.schemaVersion;
  if (!isSequence(version)) return unreadable('no-version');
  const isKnownVersion = version <= evidenceSchemaVersion;
  if (isKnownVersion && !(isSection(members.listener) && isSection(members.response))) return unreadable('no-sections');
  return { kind: 'record', ...place, sequence: members.sequence, value, isKnownVersion };
}

function parsed(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8')) as unknown;
  } catch (fault) {
    if (fault instanceof SyntaxError) return undefined;
    throw fault;
  }
}

function gapOf(gap: Readonly<Record<string, unknown>>): ReadLine {
  const place = placeOf(gap);
  const { after, atMost } = gap;
  if (place === null || !(after === 0 || isSequence(after)) || !isSequence(atMost)) return unreadable('bad-gap');
  return { kind: 'gap', gap: { ...place, after, atMost, fromMs: instantOf(gap.fromMs), toMs: instantOf(gap.toMs) } };
}

function placeOf({ boot, thread }: Readonly<Record<string, unknown>>) {
  const name = textOf(boot);
  const isThread = typeof thread === 'number' && Number.isInteger(thread) && thread >= 0 && thread < threadsMax;
  return name === null || name !== boot || !isThread ? null : { boot: name, thread };
}

function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function isSection(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function instantOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function unreadable(why: UnreadableReason): ReadLine {
  return { kind: 'unreadable', why };
}
