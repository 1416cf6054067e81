import { type ErrorCode, RepriseError } from '../../schemas/index.ts'

/** An API answer that is an error. The message never repeats what the request held. */
export class ApiError extends Error {
  readonly status: 400 | 403 | 404 | 405 | 410 | 412 | 416 | 500 | 503
  readonly code: ErrorCode | 'not_found' | 'forbidden' | 'method_not_allowed'
  readonly details: Readonly<Record<string, unknown>>

  constructor(status: ApiError['status'], code: ApiError['code'], message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
  }
}

/** What the API says of any failure; unforeseen ones keep their message to themselves. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (RepriseError.isInstance(error)) {
    switch (error.code) {
      case 'artifact_missing':
        return new ApiError(404, error.code, error.message)
      case 'integrity':
        // An index that is being made anew will answer in a while.
        return new ApiError(error.retryable ? 503 : 500, error.code, error.message)
      case 'store_write_failed':
        // An index for which the disk has no room is opened when it has.
        return new ApiError(503, error.code, error.message)
      case 'invalid_argument':
        return new ApiError(400, error.code, error.message)
      case 'store_closed':
        return new ApiError(503, error.code, 'the store is closing')
      default:
        return new ApiError(500, error.code, 'the collector failed on this request')
    }
  }
  return new ApiError(500, 'internal', 'the collector failed on this request')
}

export function errorBody(error: ApiError): { schema: 'reprise.error/1'; error: Record<string, unknown> } {
  return { schema: 'reprise.error/1', error: { code: error.code, message: error.message, ...error.details } }
}
