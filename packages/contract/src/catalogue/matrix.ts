// The operator's matrix on a day: one row for each system, four cells each, in the printed order. Pure.
//
// The status rule, in the order it is tried (the same text is in docs/reference/catalogue.md):
// 1. No cell in the document: not-applicable, url null, "not printed", inferred.
// 2. Printed words win. "Not applicable" holds at every day. "Moved in place" is inferred before the edition that
//    prints it. "Complete" holds from the decommission or cutover date on; before it the address is to-be-cut-over.
// 3. A decommission that has happened: decommissioned. A hard cutover of an old address that has happened: complete.
// 4. A new address: available once its announcement has happened, else future.
// 5. An old address: to-be-cut-over.
// An announcement counts from the day it was made, or at every day if that is unknown; a replaced one never counts;
// TBD never happens. A date that has passed counts as happened, inferred until the document confirms it. Where the
// only word is "done", without a day, the address counts as available at every day, inferred before the statement.
import { addressOf, type CellAddress, cellOf, hostOf } from './addresses.ts';
import { type CellSubject, inForce, isAbout, isKnown, isStated } from './announcements.ts';
import { type Day, hasPassed, isDay } from './dates.ts';
import type { Announcement, Catalogue, Cell, CellStatus, Channel, Generation, System } from './model.ts';

/** One cell: the address exactly as printed or `null`, its status on the day, and where that comes from. */
export interface MatrixCell {
  readonly url: string | null;
  readonly status: CellStatus;
  /** Present when the document's words do not state the status or the address. */
  readonly inferred?: true;
  readonly source: string;
}

/** The two addresses of one interface. */
export interface MatrixPair {
  readonly new: MatrixCell;
  readonly old: MatrixCell;
}

/** One system with its two interfaces; the name is as printed. */
export interface MatrixRow {
  readonly system: string;
  readonly ui: MatrixPair;
  readonly api: MatrixPair;
}

/** The matrix of one environment on one day. */
export interface Matrix {
  readonly environment: string;
  readonly asOf: Day;
  readonly rows: readonly MatrixRow[];
}

/** The printed matrix of an environment on a day. Throws `RangeError` for an unknown environment or a day that does not exist. */
export function matrixOf(catalogue: Catalogue, environment: string, asOf: Day): Matrix {
  return tableOf(catalogue, environment, asOf, true);
}

/** The applications outside the matrix (user interface only), as rows of the same shape. Throws as `matrixOf`. */
export function applicationsOf(catalogue: Catalogue, environment: string, asOf: Day): Matrix {
  return tableOf(catalogue, environment, asOf, false);
}

function tableOf(catalogue: Catalogue, environment: string, asOf: Day, inMatrix: boolean): Matrix {
  if (!catalogue.environments.some(({ id }) => id === environment)) {
    throw new RangeError(
      `There is no environment "${environment}". Use ${catalogue.environments.map(({ id }) => id).join(' or ')}.`,
    );
  }
  if (!isDay(asOf)) throw new RangeError(`"${asOf}" is not a day. Write it as 2024-02-21.`);
  const systems = catalogue.systems.filter(({ matrix }) => matrix === inMatrix);
  return { environment, asOf, rows: systems.map((system) => rowOf(catalogue, system, environment, asOf)) };
}

function rowOf(catalogue: Catalogue, system: System, environment: string, asOf: Day): MatrixRow {
  const pair = (channel: Channel): MatrixPair => ({
    new: cellStatus(catalogue, system, environment, channel, 'new', asOf),
    old: cellStatus(catalogue, system, environment, channel, 'old', asOf),
  });
  return { system: system.name, ui: pair('ui'), api: pair('api') };
}

const lastDay = '9999-12-31';

/** What was concluded about a cell; `because` names the page or the rule. */
interface Judgement {
  readonly status: CellStatus;
  readonly stated: boolean;
  readonly because: string | null;
}

/** One cell of the matrix on a day. */
export function cellStatus(
  catalogue: Catalogue,
  system: System,
  environment: string,
  channel: Channel,
  generation: Generation,
  asOf: Day,
): MatrixCell {
  const cell = cellOf(system, environment, channel, generation);
  if (cell === null) return { url: null, status: 'not-applicable', inferred: true, source: 'not printed' };
  const address = addressOf(catalogue, system, cell);
  const host = address === null ? null : hostOf(address.url);
  const judgement = judge(catalogue, cell, { environment, channel, generation, systemId: system.id, host }, asOf);
  const inferred = !judgement.stated || address?.fromForm;
  return {
    url: address?.url ?? null,
    status: judgement.status,
    ...(inferred ? { inferred: true } : {}),
    source: sourceOf(catalogue, cell, address, judgement),
  };
}

function judge(catalogue: Catalogue, cell: Cell, subject: CellSubject, asOf: Day): Judgement {
  const about = catalogue.announcements.filter((announcement) => isAbout(announcement.subject, subject));
  const known = inForce(about, asOf);
  const isEnd = ({ event }: Announcement) =>
    event === 'decommission' || (event === 'hard-cutover' && subject.generation === 'old');
  const words = catalogue.matrixKey.find((entry) => entry.words === cell.words);
  // Words are printed with hindsight: the date they hold from counts even before it was announced.
  if (words !== undefined) return judgeWords(catalogue, words.status, inForce(about, lastDay).filter(isEnd), asOf);
  const ends = known.filter(isEnd);
  const end = happened(ends, catalogue, asOf);
  if (end !== null) {
    const status = end.event === 'decommission' ? 'decommissioned' : 'complete';
    return saying(catalogue, status, end, asOf);
  }
  return subject.generation === 'new' ? judgeNew(catalogue, about, known, asOf) : judgeOld(catalogue, ends, asOf);
}

function judgeWords(catalogue: Catalogue, status: CellStatus, ends: readonly Announcement[], asOf: Day): Judgement {
  const printed = asOf >= catalogue.document.edition;
  const because = printed ? null : `inferred: printed on ${catalogue.document.edition}, later than this day`;
  if (status === 'not-applicable') return { status, stated: true, because: null };
  if (status === 'complete' && ends.length > 0 && happened(ends, catalogue, asOf) === null) {
    return {
      status: 'to-be-cut-over',
      stated: false,
      because: `inferred: ${endText(catalogue, ends)}, not yet passed`,
    };
  }
  return { status, stated: printed, because };
}

function judgeNew(
  catalogue: Catalogue,
  about: readonly Announcement[],
  known: readonly Announcement[],
  asOf: Day,
): Judgement {
  const available = known.filter(({ event }) => event === 'available');
  const start = happened(available, catalogue, asOf);
  if (start !== null) return saying(catalogue, 'available', start, asOf);
  const [pending] = available;
  if (pending !== undefined) return saying(catalogue, 'future', pending, asOf);
  const later = about.find(
    (announcement) =>
      announcement.event === 'available' && announcement.date.kind === 'done' && !isKnown(announcement, asOf),
  );
  const dated = about.some((announcement) => announcement.event === 'available' && announcement.date.kind !== 'done');
  if (later !== undefined && !dated) {
    return {
      status: 'available',
      stated: false,
      because: `inferred: said to be done on ${cite(catalogue, later.pages)}, without a day`,
    };
  }
  return { status: 'future', stated: false, because: 'inferred: no announcement known' };
}

function judgeOld(catalogue: Catalogue, ends: readonly Announcement[], asOf: Day): Judgement {
  const pending = ends.find((end) => isStated(end, catalogue, asOf)) ?? ends[0];
  if (pending !== undefined) return saying(catalogue, 'to-be-cut-over', pending, asOf);
  return { status: 'to-be-cut-over', stated: false, because: 'inferred: no end announced' };
}

/** The announcement by which it has happened, one the document states before one that is concluded. */
function happened(announcements: readonly Announcement[], catalogue: Catalogue, asOf: Day): Announcement | null {
  const passed = announcements.filter(({ date }) => hasPassed(date, asOf));
  return passed.find((announcement) => isStated(announcement, catalogue, asOf)) ?? passed[0] ?? null;
}

function saying(catalogue: Catalogue, status: CellStatus, announcement: Announcement, asOf: Day): Judgement {
  const stated = isStated(announcement, catalogue, asOf);
  const words =
    announcement.printed === undefined
      ? `${announcement.event} ${dateText(announcement)}`
      : `"${announcement.printed}"`;
  const because = `${words}, ${cite(catalogue, announcement.pages)}`;
  if (stated) return { status, stated, because };
  const rule = hasPassed(announcement.date, asOf)
    ? 'inferred: the date has passed, not confirmed by this day'
    : 'inferred: not known to have been said by this day';
  return { status, stated, because: `${because}, ${rule}` };
}

function dateText({ date }: Announcement): string {
  if (date.kind === 'tbd') return 'TBD';
  if (date.kind === 'month') return date.month;
  return date.kind === 'done' ? 'done' : date.day;
}

function endText(catalogue: Catalogue, ends: readonly Announcement[]): string {
  return ends.map((end) => `${end.event} ${dateText(end)}, ${cite(catalogue, end.pages)}`).join('; ');
}

function cite(catalogue: Catalogue, pages: readonly number[]): string {
  return `${catalogue.document.citation} p. ${pages[0]}`;
}

function sourceOf(catalogue: Catalogue, cell: Cell, address: CellAddress | null, judgement: Judgement): string {
  const status = judgement.because === null ? '' : `status: ${judgement.because}`;
  if (cell.blank) return `not printed (blank on ${cite(catalogue, cell.pages)}${status === '' ? '' : `; ${status}`})`;
  const where = address?.fromForm ? `form on p. ${address.fromForm.pages[0]}` : cite(catalogue, cell.pages);
  return status === '' ? where : `${where}; ${status}`;
}
