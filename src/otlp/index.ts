// OTLP wire codec both ways, protobuf and JSON, bounded against hostile input. Pure: bytes in, values out.
export { attributeValueOf, wireValueOf } from './attribute-value.ts'
export { decodeLogs, decodeTraces, streamLogs, streamTraces } from './decode.ts'
export { encodeLogsJson, encodeTracesJson } from './json/encode-json.ts'
export type { DecodeLimits } from './limits.ts'
export type { StreamedFrame } from './protobuf/decode-frame.ts'
export { LogWriter, type WritableLog } from './protobuf/log-writer.ts'
export { type EncodedKey, encodeKey, encodeSpanFields, type SpanFields, type SpanWriter } from './protobuf/span-writer.ts'
export { TraceWriter, type WritableSpan } from './protobuf/trace-writer.ts'
export type { WritableAttribute, WritableValue } from './protobuf/value-writer.ts'
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
} from './protobuf/wire.ts'
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
export { invalidUtf8Offset, textOf } from './text.ts'
