// Who is enrolled, who ended, and which rights were given or taken.
import { operationsOf, type Participant, type ProvisionedRight, type Provisioning } from '@headgate/contract';
import { counted, type DiffLine, line } from './lines.ts';
import { type TreeDifference, treeDifferences } from './tree.ts';
import { treeLines } from './tree-lines.ts';

const file = 'provisioning.yaml';

/** Lines about two states of provisioning; null: enrolment and rights are not judged. */
export function provisioningLines(before: Provisioning | null, next: Provisioning | null): readonly DiffLine[] {
  if (before === null && next === null) return [];
  if (before === null)
    return [
      line('provisioning', file, `enrolment and rights are judged from now on, of ${sizeOf(next)}`, {
        next: file,
        text: file,
      }),
    ];
  if (next === null)
    return [
      line('provisioning', file, `enrolment and rights are no longer judged; they were of ${sizeOf(before)}`, {
        before: file,
        text: file,
      }),
    ];
  return treeLines('provisioning', file, treeDifferences(before, next), words);
}

function sizeOf(provisioning: Provisioning | null): string {
  const participants = provisioning?.participants ?? [];
  const credentialCount = participants.reduce((sum, { credentials }) => sum + credentials.length, 0);
  return `${counted(participants.length, 'participant')} with ${counted(credentialCount, 'credential')}`;
}

function words({ path, kind, before, next }: TreeDifference): DiffLine | readonly DiffLine[] | null {
  const [list, participant, part, name, ...place] = path;
  if (list !== 'participants' || participant === undefined) return null;
  const told = (subject: string, sentence: string): DiffLine =>
    line('provisioning', subject, sentence, { before, next });
  if (part === undefined) return participantLine(told, participant, kind, before, next);
  if (part === 'scids' && kind === 'changed') return scidLines(participant, before, next);
  if (part !== 'credentials' || name === undefined) return null;
  const credential = `credential ${name} of ${participant}`;
  if (place.length === 0 && kind === 'added') return told(name, `${credential} is enrolled`);
  if (place.length === 0 && kind === 'ended') return told(name, `${credential} is ended`);
  return rightLine((sentence) => told(name, `${credential}: ${sentence}`), place, kind, before, next);
}

function participantLine(
  told: (subject: string, sentence: string) => DiffLine,
  participant: string,
  kind: TreeDifference['kind'],
  before: unknown,
  next: unknown,
): DiffLine | null {
  const having = (value: unknown) => counted((value as Participant).credentials.length, 'credential');
  if (kind === 'added') return told(participant, `participant ${participant} is new, with ${having(next)}`);
  if (kind === 'ended') return told(participant, `participant ${participant} is ended, with ${having(before)}`);
  return null;
}

function scidLines(participant: string, before: unknown, next: unknown): readonly DiffLine[] | null {
  const [was, is] = [before as readonly string[], next as readonly string[]];
  const added = is.filter((scid) => !was.includes(scid));
  const ended = was.filter((scid) => !is.includes(scid));
  if (added.length + ended.length === 0) return null;
  return [
    ...added.map((scid) => line('provisioning', participant, `${participant} may act for ${scid}`, { next: scid })),
    ...ended.map((scid) =>
      line('provisioning', participant, `${participant} may no longer act for ${scid}`, { before: scid }),
    ),
  ];
}

/** Rights have no names: one that changes is taken in its old form and given in its new one. */
function rightLine(
  told: (sentence: string) => DiffLine,
  place: readonly string[],
  kind: TreeDifference['kind'],
  before: unknown,
  next: unknown,
): DiffLine | null {
  const last = place.at(-1);
  const giver = place[0] === 'endorsements' && place.length > 1 ? ` by ${place[1]}` : '';
  if (last === 'rights' && kind === 'added') return told(`right given${giver}: ${sayRight(next)}`);
  if (last === 'rights' && kind === 'ended') return told(`right taken${giver}: ${sayRight(before)}`);
  if (place[0] === 'endorsements' && place.length <= 2 && (kind === 'added' || kind === 'ended')) {
    const endorsement = (next ?? before) as { readonly by?: string; readonly rights?: readonly unknown[] };
    const rights = (endorsement.rights ?? []).map(sayRight).join('; ');
    return told(`endorsement of ${endorsement.by} ${kind === 'added' ? 'given' : 'taken'}: ${rights}`);
  }
  return null;
}

function sayRight(value: unknown): string {
  const right = value as ProvisionedRight;
  const { system, environment, channels, scids, resourceGroups, from, until } = right;
  const what = operationsOf(right).join(' and ') || 'nothing';
  const whom =
    scids === undefined
      ? (resourceGroups ?? []).map((group) => ` for group ${group}`).join()
      : ` for ${scids === 'all' ? 'every SCID' : scids.join(', ')}`;
  const when = `${from === undefined ? '' : ` from ${from}`}${until === undefined ? '' : ` until ${until}`}`;
  return `${what} at ${system === 'all' ? 'every system' : system} in ${environment} (${channels.join(', ')})${whom}${when}`;
}
