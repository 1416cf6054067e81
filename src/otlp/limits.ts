import { RepriseError } from '../schemas/index.ts'

/** Bounds on one request body. The body's own size is bounded before it gets here. */
export interface DecodeLimits {
  /** Spans or log records of one body, and groups (resources and scopes) of one body; a body with more is refused. */
  readonly maxSpans: number
  /** Bad spans of one body: a body with more is refused whole, as rejecting a span costs more than reading one. */
  readonly maxRejected: number
  /** Attributes in one list: of a span, an event, a link, a resource, a scope or a kvlist value. */
  readonly maxAttributes: number
  readonly maxEvents: number
  readonly maxLinks: number
  /** Levels of arrays and kvlists inside one attribute value. */
  readonly maxDepth: number
  /** Attributes and array slots of the whole body; the spans beyond it are rejected. */
  readonly maxValues: number
  /** UTF-8 bytes of an attribute key, a name, a version, a schema URL or a trace state. */
  readonly maxNameBytes: number
  /** UTF-8 bytes of one string or bytes value, or of a status message. */
  readonly maxValueBytes: number
  /** Strings up to this many bytes are decoded at once; longer ones stay ranges of the body. */
  readonly inlineBytes: number
}

export const DEFAULT_DECODE_LIMITS: DecodeLimits = {
  maxSpans: 100_000,
  maxRejected: 10_000,
  maxAttributes: 10_000,
  maxEvents: 10_000,
  maxLinks: 10_000,
  maxDepth: 64,
  maxValues: 1_000_000,
  maxNameBytes: 16_384,
  maxValueBytes: 64 * 1024 * 1024,
  inlineBytes: 256,
}

/** The body as a whole holds more than it may. */
export function bodyLimit(what: string, max: number): RepriseError {
  return new RepriseError('limit_exceeded', `the OTLP body is over the bound of ${max} ${what}`, { details: { what, max } })
}
