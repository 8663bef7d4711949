// The whole public surface of the imports: logs of other tiers as evidence, their configuration as catalogue and upstreams.

export { type ImportedBigip, importBigip } from './bigip/import-bigip.ts';
export type { Untranslated } from './bigip/translation.ts';
export { writeFiles } from './bigip/write-files.ts';
export { type FileStart, readStart } from './files/file-start.ts';
export { type ImportMemory, readMemory, type TakenLog, UnusableMemory, writeMemory } from './files/import-memory.ts';
export { openLog, UnreadablePacking } from './files/open-log.ts';
export { type BadLine, type ImportAsk, importLogs, type LogReport, type NamedLog, StrictlyBad } from './import-logs.ts';
export { isZone } from './logs/clocks.ts';
export { detectFormat } from './logs/detect-format.ts';
export { createLineReader, type LineOptions, type LineReader, type LogFormat, logFormats } from './logs/formats.ts';
export { isLogField, type LogField, logFields } from './logs/log-fields.ts';
export { UnusableTemplate } from './logs/template.ts';
export { type ParticipantOf, participantsOf } from './records/participants.ts';
export { openRecordFile, type RecordSink, UnusableOutput } from './records/record-sink.ts';
export { createRecords, type RecordOptions, type ToRecord } from './records/to-record.ts';
