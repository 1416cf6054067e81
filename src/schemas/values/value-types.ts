/** Stands for what has no data of its own: a function, a symbol, an AbortSignal, a stream. */
export class Opaque {
  /** `function`, `symbol`, or the name of the class. */
  readonly type: string
  // `declare`: no property at all where there is none.
  declare readonly name?: string

  constructor(type: string, name?: string) {
    this.type = type
    if (name !== undefined) this.name = name
  }
}

/** Stands where a bound cut the capture. */
export class Truncated {
  /** `bytes`, `depth`, `entries`, `cycle`, … */
  readonly reason: string
  /** What was there: bytes of a payload, characters of a string, entries of a container. */
  declare readonly originalSize?: number

  constructor(reason: string, originalSize?: number) {
    this.reason = reason
    if (originalSize !== undefined) this.originalSize = originalSize
  }
}

export interface ErrorFields {
  /** Name of the class: `TypeError`, `APIError`, `DOMException`. */
  readonly type: string
  /** `error.name`, where the class does not give it already. */
  readonly name?: string
  /** The built-in class that `type` extends, when it is neither built-in itself nor a child of Error alone. */
  readonly base?: string
  /** `error.name`, where the class gives it, by its prototype or a getter, and neither Error nor `base` does. Left out where equality matters. */
  readonly inheritedName?: string
  readonly message: string
  /** Own enumerable properties (`code`, `status`, …); the ones named here are left out. */
  readonly properties?: Readonly<Record<string, unknown>>
  /** Present when the error has a cause, be it undefined. */
  readonly cause?: unknown
  /** Of an AggregateError. */
  readonly errors?: unknown
  /** For people: left out where equality matters. */
  readonly stack?: string
}

/** A thrown error as data. Encodes like the error itself; `valueToError` gives the error back. */
export class ErrorValue {
  readonly fields: ErrorFields

  constructor(fields: ErrorFields) {
    this.fields = fields
  }
}
