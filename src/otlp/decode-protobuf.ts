import { type FrameNames, readFrame } from './decode-frame.ts'
import { LogReader } from './decode-log.ts'
import { SpanReader } from './decode-span.ts'
import type { DecodeLimits } from './limits.ts'
import { logsOf, tracesOf } from './signals.ts'
import type { DecodedLogs, DecodedTraces } from './wire.ts'

const TRACE_NAMES: FrameNames = { resources: 'resourceSpans', scopes: 'scopeSpans', records: 'spans' }
const LOG_NAMES: FrameNames = { resources: 'resourceLogs', scopes: 'scopeLogs', records: 'log records' }

/** Decodes an ExportTraceServiceRequest. @throws WireFault, RepriseError `limit_exceeded` */
export function decodeProtobufTraces(body: Uint8Array, limits: DecodeLimits): DecodedTraces {
  return tracesOf(readFrame(body, limits, TRACE_NAMES, (reader, bounds, budget) => new SpanReader(reader, bounds, budget)))
}

/** Decodes an ExportLogsServiceRequest. @throws WireFault, RepriseError `limit_exceeded` */
export function decodeProtobufLogs(body: Uint8Array, limits: DecodeLimits): DecodedLogs {
  return logsOf(readFrame(body, limits, LOG_NAMES, (reader, bounds, budget) => new LogReader(reader, bounds, budget)))
}
