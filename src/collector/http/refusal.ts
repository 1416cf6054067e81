/** gRPC codes that stand in google.rpc.Status bodies. */
export const RPC = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const

/** Why a request is not taken: the answer's status, a word for the counters and a sentence for the sender. */
export class Refusal extends Error {
  readonly status: number
  readonly rpcCode: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, rpcCode: number, reason: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.rpcCode = rpcCode
    this.reason = reason
    this.headers = headers
  }
}

/** 413, with the limit in words. */
export function tooLarge(what: string, limitBytes: number): Refusal {
  return new Refusal(413, RPC.invalidArgument, 'too_large', `${what} is larger than the limit of ${limitBytes} bytes`)
}

/** 429: try the same again later. */
export function overloaded(): Refusal {
  return new Refusal(429, RPC.resourceExhausted, 'overloaded', 'the collector is working on as many bytes as it may; try again later', {
    'Retry-After': '1',
  })
}

/** 503: the same request can succeed later. */
export function unavailable(reason: string, message: string, retryAfterSeconds: number): Refusal {
  return new Refusal(503, RPC.unavailable, reason, message, { 'Retry-After': String(retryAfterSeconds) })
}
