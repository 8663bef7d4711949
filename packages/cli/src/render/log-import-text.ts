// What an import of logs did, in words. Whatever comes from a line is cleared of what could steer a terminal.
import type { BadLine, LogFormat, LogReport } from '@headgate/imports';
import { plainText } from './plain-text.ts';

/** What an import did. */
export interface ImportSummary {
  readonly formats: readonly LogFormat[];
  readonly lines: number;
  readonly records: number;
  readonly badLines: number;
  readonly nothing: number;
  readonly leftOut: number;
  readonly known: number;
  readonly unrouted: number;
  readonly unroutedHosts: readonly { readonly host: string; readonly calls: number }[];
  readonly from: string | null;
  readonly until: string | null;
  readonly seconds: number;
  /** `otherHosts`: how many hosts its calls at no address of the catalogue were for. */
  readonly files: readonly (Omit<LogReport, 'unroutedHosts'> & { readonly otherHosts: number })[];
}

/** Sums up the files. */
export function importSummary(
  reports: readonly LogReport[],
  formats: readonly LogFormat[],
  seconds: number,
): ImportSummary {
  const sum = (of: (report: LogReport) => number) => reports.reduce((all, report) => all + of(report), 0);
  const hosts = new Map<string, number>();
  for (const { host, calls } of reports.flatMap((report) => report.unroutedHosts))
    hosts.set(host, (hosts.get(host) ?? 0) + calls);
  const firsts = reports.flatMap(({ firstMs }) => (firstMs === null ? [] : [firstMs]));
  const lasts = reports.flatMap(({ lastMs }) => (lastMs === null ? [] : [lastMs]));
  return {
    formats,
    lines: sum(({ lines }) => lines),
    records: sum(({ records }) => records),
    badLines: sum(({ bad }) => bad),
    nothing: sum(({ nothing }) => nothing),
    leftOut: sum(({ leftOut }) => leftOut),
    known: sum(({ known }) => known),
    unrouted: sum(({ unrouted }) => unrouted),
    unroutedHosts: [...hosts]
      .map(([host, calls]) => ({ host, calls }))
      .toSorted((a, b) => b.calls - a.calls)
      .slice(0, 20),
    from: firsts.length === 0 ? null : new Date(Math.min(...firsts)).toISOString(),
    until: lasts.length === 0 ? null : new Date(Math.max(...lasts)).toISOString(),
    seconds: Math.round(seconds * 10) / 10,
    files: reports.map(({ unroutedHosts, ...report }) => ({ ...report, otherHosts: unroutedHosts.length })),
  };
}

/** The summary for a person. */
export function importWords(
  summary: ImportSummary,
  { to, bad, badFile }: { readonly to: string; readonly bad: readonly BadLine[]; readonly badFile: string | null },
): string {
  const { lines, records, files, from, until, formats } = summary;
  const read = `${many(lines, 'line')} of ${many(files.length, 'file')} (${formats.join(', ')}): ${many(records, 'record')} in ${to}`;
  const span = from === null || until === null ? [] : [`calls from ${from} until ${until}`];
  return `${[read, ...span, ...notesOf(summary, bad, badFile)].join('\n')}\n`;
}

function notesOf(summary: ImportSummary, bad: readonly BadLine[], badFile: string | null): readonly string[] {
  const { badLines, nothing, leftOut, known, unrouted, unroutedHosts, files } = summary;
  const where = badFile === null ? `the first ${bad.length} above; --bad FILE writes all` : `all in ${badFile}`;
  const hosts = unroutedHosts
    .slice(0, 5)
    .map(
      ({ host, calls }) => `${host === '' ? 'no host in the line' : plainText(host)} ${calls.toLocaleString('en-US')}`,
    );
  return [
    ...(known === 0 ? [] : [`${many(known, 'line')} had been taken before`]),
    ...(badLines === 0 ? [] : [`${many(badLines, 'line')} cannot be read: ${where}`]),
    ...(nothing === 0 ? [] : [`${many(nothing, 'line')} of no call`]),
    ...(leftOut === 0 ? [] : [`${many(leftOut, 'call')} of other environments left out`]),
    ...(unrouted === 0
      ? []
      : [`${many(unrouted, 'call')} at no address of the catalogue: ${hosts.join(', ')}${hintOf(unroutedHosts)}`]),
    ...files.flatMap(({ file, hasOpenLine, isShorter, damage }) => [
      ...(isShorter ? [`${plainText(file)} is shorter than what was taken of it before: nothing more was`] : []),
      ...(hasOpenLine
        ? [`the last line of ${plainText(file)} has no line break and was left; --ends-whole takes it`]
        : []),
      ...(damage === null ? [] : [`${plainText(file)}: ${damage}; what stands before was taken`]),
    ]),
  ];
}

function hintOf(hosts: ImportSummary['unroutedHosts']): string {
  return hosts.some(({ host }) => host === '')
    ? '. --host or --listener-host says which host lines without one are for; --template, where it stands in lines that have it'
    : '';
}

/** A bad line, as one line. */
export function badLineText({ file, line, reason, text }: BadLine): string {
  const shown = plainText(text.slice(0, 160));
  return `${plainText(file)}:${line}: ${reason}: ${shown}${text.length > 160 ? '…' : ''}\n`;
}

function many(count: number, one: string): string {
  return `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;
}
