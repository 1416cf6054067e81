import type { DecodeLimits } from '../limits.ts'
import { logsOf, type NamedLog, type NamedSpan, tracesOf } from '../signals.ts'
import { type FrameNames, type OpenReader, readFrame, type StreamedFrame, streamFrame } from './decode-frame.ts'
import { LogReader } from './decode-log.ts'
import { SpanReader } from './decode-span.ts'
import type { DecodedLogs, DecodedTraces, WireLog, WireSpan } from './wire.ts'

const TRACE_NAMES: FrameNames = { resources: 'resourceSpans', scopes: 'scopeSpans', records: 'spans' }
const LOG_NAMES: FrameNames = { resources: 'resourceLogs', scopes: 'scopeLogs', records: 'log records' }

const openSpans: OpenReader<WireSpan, NamedSpan> = (reader, limits, budget) => new SpanReader(reader, limits, budget)
const openLogs: OpenReader<WireLog, NamedLog> = (reader, limits, budget) => new LogReader(reader, limits, budget)

/** Decodes an ExportTraceServiceRequest. @throws WireFault, RepriseError `limit_exceeded` */
export function decodeProtobufTraces(body: Uint8Array, limits: DecodeLimits): DecodedTraces {
  return tracesOf(readFrame(body, limits, TRACE_NAMES, openSpans))
}

/** Decodes an ExportLogsServiceRequest. @throws WireFault, RepriseError `limit_exceeded` */
export function decodeProtobufLogs(body: Uint8Array, limits: DecodeLimits): DecodedLogs {
  return logsOf(readFrame(body, limits, LOG_NAMES, openLogs))
}

/** The same, record by record. @throws WireFault, RepriseError `limit_exceeded` */
export function streamProtobufTraces(body: Uint8Array, limits: DecodeLimits): StreamedFrame<WireSpan, NamedSpan> {
  return streamFrame(body, limits, TRACE_NAMES, openSpans)
}

export function streamProtobufLogs(body: Uint8Array, limits: DecodeLimits): StreamedFrame<WireLog, NamedLog> {
  return streamFrame(body, limits, LOG_NAMES, openLogs)
}
