/**
 * A string that still lies in the request body: a range of valid UTF-8 that nobody has decoded yet. Long payloads stay
 * so until somebody needs them as text; redaction and hashing can work on the bytes.
 */
export type WireText = { readonly utf8: Uint8Array }

/** One OTLP AnyValue. A plain number is a double; an int64 is `{ int }`; `null` is an AnyValue with nothing set. */
export type WireValue =
  | string
  | WireText
  | boolean
  | number
  | null
  | { readonly int: bigint }
  | { readonly bytes: Uint8Array }
  | { readonly array: readonly WireValue[] }
  | { readonly kvlist: readonly WireAttribute[] }

/** Pairs in the order sent; a key may be empty, repeated or `__proto__`: it is data. */
export type WireAttribute = readonly [key: string, value: WireValue]

export interface WireEvent {
  readonly name: string
  readonly timeNanos: bigint
  readonly attributes: readonly WireAttribute[]
  readonly droppedAttributes: number
}

/** OpenTelemetry allows a link without ids when it carries attributes: an absent id is given as zeros. */
export interface WireLink {
  readonly traceId: string
  readonly spanId: string
  readonly traceState: string
  readonly attributes: readonly WireAttribute[]
  readonly droppedAttributes: number
  readonly flags: number
}

export interface WireSpan {
  /** 32 lowercase hex digits, never all zero. */
  readonly traceId: string
  /** 16 lowercase hex digits, never all zero. */
  readonly spanId: string
  /** 16 lowercase hex digits, or '' for none. */
  readonly parentSpanId: string
  readonly traceState: string
  readonly flags: number
  readonly name: string
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer; others as sent. */
  readonly kind: number
  readonly startNanos: bigint
  readonly endNanos: bigint
  readonly attributes: readonly WireAttribute[]
  readonly droppedAttributes: number
  readonly events: readonly WireEvent[]
  readonly droppedEvents: number
  readonly links: readonly WireLink[]
  readonly droppedLinks: number
  /** 0 unset, 1 ok, 2 error; others as sent. */
  readonly status: { readonly code: number; readonly message: string }
}

export interface WireResource {
  readonly attributes: readonly WireAttribute[]
  readonly droppedAttributes: number
}

export interface WireScope {
  readonly name: string
  readonly version: string
  readonly attributes: readonly WireAttribute[]
  readonly droppedAttributes: number
}

export interface WireScopeSpans {
  readonly scope: WireScope
  readonly schemaUrl: string
  readonly spans: readonly WireSpan[]
}

export interface WireResourceSpans {
  readonly resource: WireResource
  readonly schemaUrl: string
  readonly scopeSpans: readonly WireScopeSpans[]
}

/** A log record; one with an event name is an event. */
export interface WireLog {
  /** 0n where the sender gave none. */
  readonly timeNanos: bigint
  readonly observedNanos: bigint
  /** 0 unspecified, 1 to 24; others as sent. */
  readonly severityNumber: number
  readonly severityText: string
  /** `null` for none. */
  readonly body: WireValue
  readonly attributes: readonly WireAttribute[]
  readonly droppedAttributes: number
  readonly flags: number
  /** 32 lowercase hex digits, never all zero, or '' for none. */
  readonly traceId: string
  /** 16 lowercase hex digits, never all zero, or '' for none. */
  readonly spanId: string
  /** Ids of another length than theirs. The specification has a receiver go on as if there were none. */
  readonly invalidIds: readonly ('traceId' | 'spanId')[]
  readonly eventName: string
}

export interface WireScopeLogs {
  readonly scope: WireScope
  readonly schemaUrl: string
  readonly logRecords: readonly WireLog[]
}

export interface WireResourceLogs {
  readonly resource: WireResource
  readonly schemaUrl: string
  readonly scopeLogs: readonly WireScopeLogs[]
}

/** A span that could not be kept. `index` counts all spans of the request, from 0. */
export interface RejectedSpan {
  readonly index: number
  readonly spanName?: string
  readonly spanId?: string
  readonly reason: string
}

export interface DecodedTraces {
  readonly resourceSpans: readonly WireResourceSpans[]
  readonly accepted: number
  readonly rejected: readonly RejectedSpan[]
}

/** A log record that could not be kept. `index` counts all log records of the request, from 0. */
export interface RejectedLog {
  readonly index: number
  readonly eventName?: string
  readonly reason: string
}

export interface DecodedLogs {
  readonly resourceLogs: readonly WireResourceLogs[]
  readonly accepted: number
  readonly rejected: readonly RejectedLog[]
}

export type OtlpEncoding = 'protobuf' | 'json'

export function isWireText(value: WireValue): value is WireText {
  return typeof value === 'object' && value !== null && 'utf8' in value
}

export function isWireBytes(value: WireValue): value is { readonly bytes: Uint8Array } {
  return typeof value === 'object' && value !== null && 'bytes' in value
}
