// OTLP wire codec both ways, protobuf and JSON, bounded against hostile input. Pure: bytes in, values out.
export { attributeValueOf, wireValueOf } from './attribute-value.ts'
export { decodeLogs, decodeTraces, streamLogs, streamTraces } from './decode.ts'
export type { StreamedFrame } from './decode-frame.ts'
export { encodeLogsJson, encodeTracesJson } from './encode-json.ts'
export type { DecodeLimits } from './limits.ts'
export { LogWriter, type WritableLog } from './log-writer.ts'
export {
  decodeExportResponse,
  decodeLogsResponse,
  decodeStatus,
  type ExportLogsResponse,
  type ExportResponse,
  encodeExportResponse,
  encodeLogsResponse,
  encodeRetryInfo,
  encodeStatus,
  type RpcStatus,
} from './response.ts'
export { type EncodedKey, encodeKey, encodeSpanFields, type SpanFields, type SpanWriter } from './span-writer.ts'
export { invalidUtf8Offset, textOf } from './text.ts'
export { TraceWriter, type WritableSpan } from './trace-writer.ts'
export type { WritableAttribute, WritableValue } from './value-writer.ts'
export {
  type DecodedLogs,
  type DecodedTraces,
  isWireBytes,
  isWireText,
  type OtlpEncoding,
  type RejectedLog,
  type RejectedSpan,
  type WireAttribute,
  type WireEvent,
  type WireLink,
  type WireLog,
  type WireResource,
  type WireResourceLogs,
  type WireResourceSpans,
  type WireScope,
  type WireScopeLogs,
  type WireScopeSpans,
  type WireSpan,
  type WireText,
  type WireValue,
} from './wire.ts'
