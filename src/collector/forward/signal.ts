import { decodeExportResponse, decodeLogsResponse } from '../../otlp/index.ts'
import type { LogRecord, SpanRecord } from '../../schemas/index.ts'
import { parseJson } from '../../schemas/index.ts'
import type { ReadPayload } from './contents.ts'
import { type EncodedBatch, encodeLogs, encodeSpans, sizeOfLog, sizeOfSpan } from './encode.ts'
import { type RestoredSpan, restoreSpan } from './restore.ts'
import { type RestoredLog, restoreLog } from './restore-log.ts'
import type { ReadRejected } from './send.ts'

/** What there is to know of a signal to send its records on. */
export interface ForwardedSignal<Restored> {
  readonly noun: 'spans' | 'logs'
  /** The record of a line of the tape; undefined for one of another kind, and for what is not sent on. */
  readonly restore: (line: string, read: ReadPayload) => Restored | undefined
  /** Roughly what one takes on the wire: enough to bound a request. */
  readonly sizeOf: (record: Restored) => number
  readonly encode: (batch: readonly Restored[]) => EncodedBatch
  readonly readRejected: ReadRejected
}

export const SPANS: ForwardedSignal<RestoredSpan> = {
  noun: 'spans',
  restore: (line, read) => {
    const record = recordOf(line, SPAN_SCHEMA)
    return isSpan(record) ? restoreSpan(record, read) : undefined
  },
  sizeOf: sizeOfSpan,
  encode: encodeSpans,
  readRejected: (encoding, answer) => decodeExportResponse(encoding, answer).rejectedSpans,
}

export const LOGS: ForwardedSignal<RestoredLog> = {
  noun: 'logs',
  restore: (line, read) => {
    const record = recordOf(line, LOG_SCHEMA)
    return isLog(record) ? restoreLog(record, read) : undefined
  },
  sizeOf: sizeOfLog,
  encode: encodeLogs,
  readRejected: (encoding, answer) => decodeLogsResponse(encoding, answer).rejectedLogRecords,
}

const SPAN_SCHEMA = 'reprise.span/1'
const LOG_SCHEMA = 'reprise.log/1'

/** The record of a line, which this process wrote, or an earlier one of ours. Most lines of another schema are not even parsed. */
function recordOf(line: string, schema: string): unknown {
  return line.includes(`"schema":"${schema}"`) ? parseJson(line) : undefined
}

function schemaOf(record: unknown): unknown {
  if (typeof record !== 'object' || record === null || !('core' in record) || !('refs' in record)) return undefined
  const { core, refs } = record
  return typeof core === 'object' && core !== null && 'schema' in core && Array.isArray(refs) ? core.schema : undefined
}

function isSpan(record: unknown): record is SpanRecord {
  return schemaOf(record) === SPAN_SCHEMA
}

function isLog(record: unknown): record is LogRecord {
  return schemaOf(record) === LOG_SCHEMA
}
