import type { DecodeLimits } from '../limits.ts'
import type { Frame } from '../protobuf/decode-frame.ts'
import type { DecodedLogs, DecodedTraces, WireLog, WireSpan } from '../protobuf/wire.ts'
import { logsOf, type NamedLog, type NamedSpan, tracesOf } from '../signals.ts'
import { type JsonFrameNames, readJsonFrame } from './json-frame.ts'
import { JsonLogReader } from './json-log.ts'
import { JsonSpanReader } from './json-span.ts'

const TRACE_NAMES: JsonFrameNames = {
  resources: ['resourceSpans', 'resource_spans'],
  scopes: ['scopeSpans', 'scope_spans'],
  records: ['spans', 'spans'],
  plural: 'spans',
}
const LOG_NAMES: JsonFrameNames = {
  resources: ['resourceLogs', 'resource_logs'],
  scopes: ['scopeLogs', 'scope_logs'],
  records: ['logRecords', 'log_records'],
  plural: 'log records',
}

/** Reads a parsed ExportTraceServiceRequest. @throws FieldFault, RepriseError `limit_exceeded` */
export function readJsonTraces(root: unknown, limits: DecodeLimits): DecodedTraces {
  return tracesOf(readJsonSpans(root, limits))
}

/** As `readJsonTraces`, in the form that every signal has. */
export function readJsonSpans(root: unknown, limits: DecodeLimits): Frame<WireSpan, NamedSpan> {
  return readJsonFrame(root, limits, TRACE_NAMES, (values, bounds) => new JsonSpanReader(values, bounds))
}

/** Reads a parsed ExportLogsServiceRequest. @throws FieldFault, RepriseError `limit_exceeded` */
export function readJsonLogs(root: unknown, limits: DecodeLimits): DecodedLogs {
  return logsOf(readJsonRecords(root, limits))
}

/** As `readJsonLogs`, in the form that every signal has. */
export function readJsonRecords(root: unknown, limits: DecodeLimits): Frame<WireLog, NamedLog> {
  return readJsonFrame(root, limits, LOG_NAMES, (values, bounds) => new JsonLogReader(values, bounds))
}
