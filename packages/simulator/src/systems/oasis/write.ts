// Reports as text: comma-separated values, and the OASISReport document that data and errors share.
import { oasisReportNamespace } from '@headgate/soap';
import { toGmtText, toInstantText, toOperatingHour, toTradeDate } from '../../state/market-time.ts';
import { element, writeXml, type XmlNode } from '../../wire/xml.ts';
import type { OasisError } from './errors.ts';
import type { ReportRows, Row } from './question.ts';

/** A report as CSV with a head line. Cells hold neither commas nor quotes, so none is quoted. */
export function toCsv({ report, rows }: ReportRows): string {
  return `${[report.columns, ...rows.map(({ cells }) => cells)].map((cells) => cells.join(',')).join('\n')}\n`;
}

/** A report as an OASISReport document. */
export function toReportXml(answer: ReportRows, nowMs: number): string {
  const items = Map.groupBy(answer.rows, ({ item, resource }) => `${item}|${resource}`);
  return toDocument(
    nowMs,
    [...items.values()].map((rows) => reportItem(answer, rows)),
  );
}

/** An error as an OASISReport document, the content of INVALID_REQUEST.xml. */
export function toErrorXml({ code, description }: OasisError, nowMs: number): string {
  return toDocument(nowMs, [element('m:ERROR', [element('m:ERR_CODE', code), element('m:ERR_DESC', description)])]);
}

function toDocument(nowMs: number, content: readonly XmlNode[]): string {
  const header = element('m:MessageHeader', [
    element('m:TimeDate', toInstantText(nowMs)),
    element('m:Source', 'OASIS'),
    element('m:Version', 'v20131201'),
  ]);
  const payload = element('m:MessagePayload', [element('m:RTO', [element('m:name', 'CAISO'), ...content])]);
  const root = element('m:OASISReport', [header, payload], { 'xmlns:m': oasisReportNamespace });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${writeXml(root)}\n`;
}

function reportItem({ report, marketRun }: ReportRows, rows: readonly Row[]): XmlNode {
  return element('m:REPORT_ITEM', [
    element('m:REPORT_HEADER', [
      element('m:SYSTEM', 'OASIS'),
      element('m:TZ', 'PPT'),
      element('m:REPORT', report.name),
      element('m:MKT_TYPE', marketRun),
      element('m:UOM', report.unit),
      element('m:INTERVAL', 'ENDING'),
      element('m:SEC_PER_INTERVAL', report.intervalMs / 1_000),
    ]),
    ...rows.map((row) =>
      element('m:REPORT_DATA', [
        element('m:DATA_ITEM', row.item),
        element('m:RESOURCE_NAME', row.resource),
        element('m:OPR_DATE', toTradeDate(row.span.startMs)),
        element('m:INTERVAL_NUM', toOperatingHour(row.span.startMs)),
        element('m:INTERVAL_START_GMT', toGmtText(row.span.startMs)),
        element('m:INTERVAL_END_GMT', toGmtText(row.span.endMs)),
        element('m:VALUE', row.value),
      ]),
    ),
  ]);
}
