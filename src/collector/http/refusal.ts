import { RepriseError } from '../../schemas/index.ts'

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

/** What a refusal says, as it can go from one thread to another. */
export interface RefusalData {
  readonly status: number
  readonly rpcCode: number
  readonly reason: string
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

/** Why a request is not taken: the answer's status, a word for the counters and a sentence for the sender. */
export class Refusal extends Error implements RefusalData {
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

  static of({ status, rpcCode, reason, message, headers }: RefusalData): Refusal {
    return new Refusal(status, rpcCode, reason, message, headers)
  }

  toData(): RefusalData {
    const { status, rpcCode, reason, message, headers } = this
    return { status, rpcCode, reason, message, headers }
  }
}

/** What to answer for an error of reading a body. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (RepriseError.isInstance(error)) {
    if (error.code === 'malformed_body') return new Refusal(400, RPC.invalidArgument, 'malformed_body', error.message)
    if (error.code === 'limit_exceeded') return new Refusal(413, RPC.invalidArgument, 'limit_exceeded', error.message)
  }
  return new Refusal(500, RPC.internal, 'internal', 'the collector failed on this request; nothing of it was kept')
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
