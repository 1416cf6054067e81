/** Every way Reprise can fail, as a stable code. Codes are never renamed: scripts and exit codes rest on them. */
export const ERROR_CODES = [
  'not_canonical',
  'malformed_body',
  'invalid_utf8',
  'limit_exceeded',
  'unsupported_media_type',
  'invalid_option',
  'invalid_argument',
  'no_such_run',
  'ambiguous_run',
  'store_locked',
  'store_version',
  'store_write_failed',
  'store_closed',
  'artifact_missing',
  'integrity',
  'port_in_use',
  'collector_unreachable',
  'replay_diverged',
  'invalid_recording',
  'recording_version',
  'policy_unknown',
  'redaction_failed',
  'module_export_missing',
  'usage',
  'internal',
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]

/** Codes where the same call can succeed later with nothing changed. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['collector_unreachable', 'store_locked'])

// Symbol.for, so that the marker is one and the same in every installed copy of the package.
const MARKER: unique symbol = Symbol.for('reprise.error/1')

export interface RepriseErrorOptions {
  readonly cause?: unknown
  /** Whether trying again can help. Default: by code. */
  readonly retryable?: boolean
  /** Machine-readable particulars; never a secret, never payload text. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** The one error that Reprise throws. Tell kinds apart by `code`; use `isInstance` rather than `instanceof`. */
export class RepriseError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  // `declare`: no property at all where there are none.
  declare readonly details?: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: RepriseErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryable = options.retryable ?? RETRYABLE.has(code)
    if (options.details !== undefined) this.details = options.details
    // Not enumerable: logs and snapshots of an error show its data only.
    Object.defineProperty(this, MARKER, { value: true })
  }

  /** True also for an error made by another installed copy of the package. */
  static isInstance(error: unknown): error is RepriseError {
    return typeof error === 'object' && error !== null && (error as { [MARKER]?: unknown })[MARKER] === true
  }
}

// On the prototype, as the built-in errors have it.
Object.defineProperty(RepriseError.prototype, 'name', { value: 'RepriseError', writable: true, configurable: true })
