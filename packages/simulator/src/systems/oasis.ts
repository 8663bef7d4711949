// OASIS: public reports as zip files. Application errors are a report of their own, inside a zip, with status 200.
import { strToU8, zipSync } from 'fflate';
import { toInstantText } from '../state/market-time.ts';
import { type Incoming, methodNotAllowed, notFoundReply, type Reply } from '../wire/message.ts';
import type { World } from '../world.ts';
import type { OasisError } from './oasis/errors.ts';
import { findGroup } from './oasis/groups.ts';
import { askReport, type ReportRows } from './oasis/question.ts';
import { findReport } from './oasis/reports.ts';
import { toCsv, toErrorXml, toReportXml } from './oasis/write.ts';

/** Answers a request below `/oasisapi/`: `SingleZip` and `GroupZip`, by GET. */
export function answerOasis(incoming: Incoming, world: World): Reply {
  const name = incoming.path.slice('/oasisapi/'.length);
  if (name !== 'SingleZip' && name !== 'GroupZip') return notFoundReply;
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') return methodNotAllowed('GET, HEAD');
  const report = name === 'SingleZip' ? findReport(incoming.query) : findGroup(incoming.query);
  const rows = 'code' in report ? report : askReport(report, incoming.query, world);
  return 'code' in rows ? errorReply(rows, world) : reportReply(rows, world);
}

function reportReply(rows: ReportRows, world: World): Reply {
  const nowMs = world.clock();
  const isCsv = rows.format === 'csv';
  const text = isCsv ? toCsv(rows) : toReportXml(rows, nowMs);
  const stem = `${rows.startText}_${rows.endText}_${rows.fileName}_${toFileTime(nowMs)}_v${rows.report.version}`;
  return zipReply(`${stem}.zip`, `${stem}.${isCsv ? 'csv' : 'xml'}`, text, nowMs);
}

function errorReply(error: OasisError, world: World): Reply {
  const nowMs = world.clock();
  return zipReply('INVALID_REQUEST.xml.zip', 'INVALID_REQUEST.xml', toErrorXml(error, nowMs), nowMs);
}

function zipReply(fileName: string, entryName: string, text: string, nowMs: number): Reply {
  // A zip's times are of no zone and of the writer's clock; noon keeps the day, and the bytes, the same in every zone.
  const mtime = `${toInstantText(nowMs).slice(0, 10)}T12:00:00`;
  const body = zipSync({ [entryName]: strToU8(text) }, { mtime });
  return {
    status: 200,
    fields: {
      'content-type': 'application/x-zip-compressed',
      'content-disposition': `inline; filename=${fileName}`,
    },
    body,
  };
}

/** An instant as OASIS file names have it: `20260727_14_19_18`. */
function toFileTime(nowMs: number): string {
  const [date = '', time = ''] = new Date(nowMs).toISOString().slice(0, 19).split('T');
  return `${date.replaceAll('-', '')}_${time.replaceAll(':', '_')}`;
}
