// What an import would make of a provisioning: the next one, and the rows that cannot be followed. Pure. A row states one place
// wholly; what no row speaks of stays as it is.
import {
  type Channel,
  type Credential,
  credentialKey,
  type Finding,
  operationsOfRole,
  type Participant,
  type ProvisionedRight,
  type Provisioning,
} from '@headgate/contract';
import { importFindingsMax } from './csv.ts';
import type { ImportColumn, ImportRow, StatedCredential } from './import-rows.ts';
import { type BoundedRights, cellKey, cellsOf, cellWords, replaceCells } from './right-cells.ts';

/** What an import may refer to. */
export interface ImportAgainst {
  readonly environments: readonly { readonly id: string }[];
  readonly systems: readonly { readonly id: string; readonly channels: readonly Channel[] }[];
}

/** Columns that rows which are no CSV may have filled. What they may have said is not held against the others. */
export type LostColumns = ReadonlySet<ImportColumn>;

/** What would be. With findings, nothing of it may be written. */
export interface ImportPlan {
  readonly next: Provisioning;
  readonly findings: readonly Finding[];
}

interface Draft {
  readonly next: Provisioning;
  readonly participants: Map<string, Participant>;
  readonly credentials: Map<string, Held>;
  /** What rows stated so far of a participant or a credential, and which row did first. */
  readonly stated: Map<string, { readonly row: number; readonly text: string }>;
  readonly findings: Finding[];
  /** Numbers of the rows that findings are about. */
  readonly faulty: Set<number>;
  readonly lost: LostColumns;
}

interface Held {
  readonly participant: Participant;
  readonly credential: Credential;
}

/** Plans an import. With a row that is not whole, or with lost ones, there are findings, and nothing may be written. */
export function planImport(
  now: Provisioning,
  rows: readonly ImportRow[],
  catalogue: ImportAgainst,
  lost: LostColumns = new Set(),
): ImportPlan {
  const draft = draftOf(now, rows, lost);
  for (const row of rows) refuseUnknown(draft, row, catalogue);
  for (const row of rows) stateParticipant(draft, row);
  for (const row of rows) stateCredential(draft, row);
  for (const group of groupedByGiver(rows)) stateRights(draft, group);
  for (const row of rows) if (row.isRemoval && !draft.faulty.has(row.number)) remove(draft, row, rows);
  return { next: draft.next, findings: draft.findings.slice(0, importFindingsMax) };
}

function draftOf(now: Provisioning, rows: readonly ImportRow[], lost: LostColumns): Draft {
  const faulty = new Set(rows.flatMap(({ number, isWhole }) => (isWhole ? [] : [number])));
  const next = structuredClone(now);
  const participants = new Map(next.participants.map((participant) => [participant.id, participant]));
  const credentials = new Map<string, Held>();
  for (const participant of next.participants)
    for (const credential of participant.credentials)
      credentials.set(credentialKey(credential), { participant, credential });
  return { next, participants, credentials, stated: new Map(), findings: [], faulty, lost };
}

function fault(
  { findings, faulty }: Draft,
  row: ImportRow,
  column: ImportColumn,
  found: string,
  expected: string,
): void {
  faulty.add(row.number);
  if (findings.length < importFindingsMax) findings.push(row.finding(column, found, expected));
}

function refuseUnknown(draft: Draft, row: ImportRow, { environments, systems }: ImportAgainst): void {
  const known = environments.map(({ id }) => id);
  for (const environment of row.environments)
    if (!known.includes(environment)) fault(draft, row, 'environment', environment, `one of ${known.join(', ')}`);
  const { system = 'all', channels = [] } = row.right ?? {};
  if (system === 'all') return;
  const has = systems.find(({ id }) => id === system)?.channels;
  if (has === undefined)
    fault(draft, row, 'system', system, `all, or one of ${systems.map(({ id }) => id).join(', ')}`);
  else
    for (const channel of channels.filter((each) => !has.includes(each)))
      fault(draft, row, 'channel', channel, `${namesOf(has, `channels of ${system}`)}: it has no ${channel}`);
}

function stateParticipant(draft: Draft, row: ImportRow): void {
  const { participant: id, name, participantScids: scids } = row;
  const isAgreed =
    agrees(draft, row, 'participant_name', id, name) &&
    agrees(draft, row, 'participant_scids', id, scids?.toSorted().join(';'));
  const found = draft.participants.get(id);
  if (!isAgreed) return;
  if (found !== undefined) {
    if (name !== undefined) found.name = name;
    if (scids !== undefined && !isSameSet(scids, found.scids)) found.scids = [...scids];
    return;
  }
  if (row.isRemoval) return;
  if (name === undefined) {
    if (!draft.lost.has('participant_name'))
      fault(draft, row, 'participant', id, 'a participant of the file; a new one needs participant_name');
    return;
  }
  const added: Participant = { id, name, scids: [...(scids ?? [])], credentials: [] };
  draft.next.participants.push(added);
  draft.participants.set(id, added);
}

/** Two rows must not state one thing in two ways: the last of them would win in silence. */
function agrees(draft: Draft, row: ImportRow, column: ImportColumn, of: string, text: string | undefined): boolean {
  if (text === undefined) return true;
  const key = `${column} of ${of}`;
  const before = draft.stated.get(key) ?? { row: row.number, text };
  draft.stated.set(key, before);
  if (before.text === text) return true;
  fault(draft, row, column, text, `${before.text}, as row ${before.row} says`);
  return false;
}

function stateCredential(draft: Draft, row: ImportRow): void {
  const { credential: stated, participant: id, endorsedBy } = row;
  const participant = draft.participants.get(id);
  if (stated === null || participant === undefined) return;
  if (endorsedBy === id) fault(draft, row, 'endorsed_by', id, 'another participant: it holds the credential itself');
  if (endorsedBy !== undefined && !draft.participants.has(endorsedBy) && !draft.lost.has('participant_name'))
    fault(draft, row, 'endorsed_by', endorsedBy, 'a participant of the file or of another row');
  const found = draft.credentials.get(stated.key);
  if (found !== undefined && found.participant !== participant) {
    fault(draft, row, 'participant', id, `${found.participant.id}, which holds this credential`);
    return;
  }
  if (row.isRemoval) return;
  const credential = found?.credential ?? addCredential(draft, participant, stated, row);
  describe(draft, row, credential, stated);
  if (row.right?.role !== 'none')
    credential.environments.push(...row.environments.filter((each) => !credential.environments.includes(each)));
}

function addCredential(draft: Draft, participant: Participant, stated: StatedCredential, row: ImportRow): Credential {
  const { key, ...facts } = stated;
  const known = Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined));
  const credential: Credential = { ...known, environments: [...row.environments], rights: [] };
  participant.credentials.push(credential);
  draft.credentials.set(key, { participant, credential });
  return credential;
}

function describe(
  draft: Draft,
  row: ImportRow,
  credential: Credential,
  { key, subject, label, holder }: StatedCredential,
): void {
  const holderText = holder === undefined ? undefined : `${holder.kind} ${holder.contact ?? ''}`.trim();
  agrees(draft, row, 'subject', key, subject);
  if (agrees(draft, row, 'label', key, label) && label !== undefined) credential.label = label;
  if (agrees(draft, row, 'holder', key, holderText) && holder !== undefined)
    credential.holder = { ...(holder.contact === undefined ? credential.holder : {}), ...holder };
  if (subject !== undefined) credential.subject = subject;
}

/** Rows about the rights that one participant gives to one credential. */
interface GiverRows {
  readonly key: string;
  readonly endorsedBy: string | undefined;
  readonly rows: ImportRow[];
}

function groupedByGiver(rows: readonly ImportRow[]): Iterable<GiverRows> {
  const groups = new Map<string, GiverRows>();
  for (const row of rows) {
    if (row.right === null || row.credential === null) continue;
    const { endorsedBy } = row;
    const name = `${endorsedBy ?? ''} ${row.credential.key}`;
    const group = groups.get(name) ?? { key: row.credential.key, endorsedBy, rows: [] };
    groups.set(name, group);
    group.rows.push(row);
  }
  return groups.values();
}

function stateRights(draft: Draft, { key, endorsedBy, rows }: GiverRows): void {
  const held = draft.credentials.get(key);
  const giver = draft.participants.get(endorsedBy ?? held?.participant.id ?? '');
  if (held === undefined || giver === undefined) return;
  const { credential } = held;
  const sound = rows.filter(({ number }) => !draft.faulty.has(number));
  if (!draft.lost.has('participant_scids')) for (const row of rows) refuseForeignScope(draft, row, giver);
  refuseNoneBesideMore(draft, sound);
  const statedRights = rows.flatMap(rightsOf);
  const lists = listsOf(credential, endorsedBy);
  const [before, after] = [cellWords(lists), cellWords([{ rights: statedRights }])];
  const stated = new Set(rows.flatMap(cellsStated));
  const changed = new Set([...stated].filter((cell) => !isSameSet(before.get(cell) ?? [], after.get(cell) ?? [])));
  const fresh = statedRights.flatMap((right) => withinCells(right, changed));
  writeRights(credential, endorsedBy, changed, merged(fresh));
  // What one row gives is measured against what all of them give: without some of them nothing can be said.
  if (draft.lost.size === 0 && sound.length === rows.length)
    refuseHiddenMore(draft, rows, listsOf(credential, endorsedBy));
}

/** A list of the credential's own rights, or those of every endorsement by one participant. */
function listsOf({ rights, endorsements }: Credential, endorsedBy: string | undefined): readonly BoundedRights[] {
  return endorsedBy === undefined ? [{ rights }] : (endorsements ?? []).filter(({ by }) => by === endorsedBy);
}

function rightsOf({ right, environments }: ImportRow): readonly ProvisionedRight[] {
  if (right === null || right.role === 'none') return [];
  const { system, channels, role, scids, resourceGroups, from, until } = right;
  return environments.map((environment) => ({
    system,
    environment,
    channels: [...channels],
    role,
    ...(scids === undefined ? {} : { scids: scids === 'all' ? scids : [...scids] }),
    ...(resourceGroups === undefined ? {} : { resourceGroups: [...resourceGroups] }),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
  }));
}

function cellsStated({ right, environments }: ImportRow): readonly string[] {
  if (right === null) return [];
  const { system, channels } = right;
  return environments.flatMap((environment) => channels.map((channel) => cellKey({ environment, system, channel })));
}

function withinCells(right: ProvisionedRight, cells: ReadonlySet<string>): readonly ProvisionedRight[] {
  const channels = cellsOf(right)
    .filter((cell) => cells.has(cellKey(cell)))
    .map(({ channel }) => channel);
  return channels.length === 0 ? [] : [{ ...right, channels }];
}

/** Rights that differ in their channels alone, as one. */
function merged(rights: readonly ProvisionedRight[]): readonly ProvisionedRight[] {
  const byRest = new Map<string, ProvisionedRight>();
  for (const right of rights) {
    const { channels, ...rest } = right;
    const name = JSON.stringify(rest);
    const same = byRest.get(name);
    const all = new Set([...(same?.channels ?? []), ...channels]);
    byRest.set(name, { ...right, channels: (['ui', 'api'] as const).filter((channel) => all.has(channel)) });
  }
  return [...byRest.values()];
}

function writeRights(
  credential: Credential,
  endorsedBy: string | undefined,
  changed: ReadonlySet<string>,
  fresh: readonly ProvisionedRight[],
): void {
  if (changed.size === 0) return;
  if (endorsedBy === undefined) {
    const { rights, left } = replaceCells(credential.rights, changed, fresh);
    credential.rights = [...rights, ...left];
    return;
  }
  let left = fresh;
  for (const endorsement of credential.endorsements ?? []) {
    if (endorsement.by !== endorsedBy) continue;
    // Rights of rows have the dates of their rows: those of an endorsement would cut them short.
    const isBounded = endorsement.from !== undefined || endorsement.until !== undefined;
    const replaced = replaceCells(endorsement.rights, changed, isBounded ? [] : left);
    endorsement.rights = [...replaced.rights, ...(isBounded ? [] : replaced.left)];
    if (!isBounded) left = [];
  }
  if (left.length > 0)
    credential.endorsements = [...(credential.endorsements ?? []), { by: endorsedBy, rights: [...left] }];
  credential.endorsements = credential.endorsements?.filter(({ by, rights }) => by !== endorsedBy || rights.length > 0);
  if (credential.endorsements?.length === 0) delete credential.endorsements;
}

function refuseForeignScope(draft: Draft, row: ImportRow, giver: Participant): void {
  const { scids, resourceGroups } = row.right ?? {};
  for (const scid of scids === 'all' ? [] : (scids ?? []))
    if (!giver.scids.includes(scid)) fault(draft, row, 'scids', scid, namesOf(giver.scids, `SCIDs of ${giver.id}`));
  const groups = (giver.resourceGroups ?? []).map(({ id }) => id);
  for (const group of resourceGroups ?? [])
    if (!groups.includes(group)) fault(draft, row, 'resource_groups', group, namesOf(groups, `groups of ${giver.id}`));
}

function namesOf(names: readonly string[], what: string): string {
  return names.length === 0 ? `none: there are no ${what}` : `one of the ${what}: ${names.join(', ')}`.slice(0, 200);
}

/** One place that is stated to be nothing and something has two meanings. */
function refuseNoneBesideMore(draft: Draft, rows: readonly ImportRow[]): void {
  const given = new Map<string, number>();
  for (const row of rows)
    if (row.right?.role !== 'none') for (const cell of cellsStated(row)) given.set(cell, row.number);
  for (const row of rows.filter(({ right }) => right?.role === 'none')) {
    const other = cellsStated(row)
      .map((cell) => given.get(cell))
      .find((number) => number !== undefined);
    if (other !== undefined)
      fault(draft, row, 'role', 'none', `one statement of one place; row ${other} gives a role there`);
  }
}

/** A right over all systems may give more than a row says of one of them. */
function refuseHiddenMore(draft: Draft, rows: readonly ImportRow[], lists: readonly BoundedRights[]): void {
  const general = new Map<string, Set<string>>();
  for (const right of lists.flatMap(({ rights }) => rights)) {
    if (right.system !== 'all') continue;
    for (const { environment, channel } of cellsOf(right)) {
      const key = `${environment} ${channel}`;
      const there = general.get(key) ?? new Set();
      general.set(key, there);
      for (const operation of right.operations ?? operationsOfRole[right.role ?? 'none']) there.add(operation);
    }
  }
  for (const row of rows) {
    const { right, environments } = row;
    if (right === null || right.system === 'all') continue;
    const said: readonly string[] = operationsOfRole[right.role];
    const more = environments
      .flatMap((environment) =>
        right.channels.flatMap((channel) => [...(general.get(`${environment} ${channel}`) ?? [])]),
      )
      .find((operation) => !said.includes(operation));
    if (more !== undefined)
      fault(
        draft,
        row,
        'role',
        right.role,
        `a role that is true: a right over all systems gives ${more} there; state system all too`,
      );
  }
}

function remove(draft: Draft, row: ImportRow, rows: readonly ImportRow[]): void {
  const key = row.credential?.key ?? '';
  const held = draft.credentials.get(key);
  const other = rows.find(
    (each) =>
      !each.isRemoval && each.credential?.key === key && (row.endorsedBy ?? each.endorsedBy) === each.endorsedBy,
  );
  if (other !== undefined)
    fault(draft, row, 'role', 'none', `no other row about what it removes; row ${other.number} is one`);
  if (held === undefined || other !== undefined) return; // One that is gone already stays gone.
  const { participant, credential } = held;
  if (row.endorsedBy === undefined) {
    participant.credentials = participant.credentials.filter((each) => each !== credential);
    return;
  }
  credential.endorsements = credential.endorsements?.filter(({ by }) => by !== row.endorsedBy);
  if (credential.endorsements?.length === 0) delete credential.endorsements;
}

function isSameSet(one: Iterable<string>, other: Iterable<string>): boolean {
  const [left, right] = [new Set(one), new Set(other)];
  return left.size === right.size && [...left].every((each) => right.has(each));
}
