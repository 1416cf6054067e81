import { encodeRetryInfo } from '../../otlp/index.ts'
import type { Refusal } from '../http/refusal.ts'

/** What ends a call that is not answered with a response. */
export interface CallStatus {
  readonly code: number
  readonly details: string
  /** google.rpc.Status for `grpc-status-details-bin`; absent when there is nothing to add to code and details. */
  readonly detailsBin?: Uint8Array
}

/** Details stand in a header, and come from messages that may speak of the body. */
const DETAILS_MAX_LENGTH = 1_000

/**
 * The status of a refusal. When it names a time after which to try again, RetryInfo says so: by OTLP/gRPC a sender may try
 * again after RESOURCE_EXHAUSTED only then.
 */
export function statusOf({ rpcCode, message, headers }: Refusal): CallStatus {
  const details = message.length > DETAILS_MAX_LENGTH ? `${message.slice(0, DETAILS_MAX_LENGTH).toWellFormed()}…` : message
  const retryAfter = headers['Retry-After']
  if (retryAfter === undefined) return { code: rpcCode, details }
  return { code: rpcCode, details, detailsBin: encodeRetryInfo(rpcCode, details, Number(retryAfter)) }
}
