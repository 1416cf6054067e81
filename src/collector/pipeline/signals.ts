import { decodeLogs, decodeTraces, type OtlpEncoding } from '../../otlp/index.ts'
import type { NamedRejection } from '../http/partial-success.ts'
import type { PrepareContext, PrepareSteps } from './batch.ts'
import { prepareLogSteps } from './logs.ts'
import { prepareSteps } from './prepare.ts'

export type Signal = 'traces' | 'logs'

/** What a record of the signal is called. */
export const NOUN_OF: Readonly<Record<Signal, string>> = { traces: 'span', logs: 'log record' }

/** A body that has been decoded, on its way into a batch. */
export interface DecodedBody {
  /** Records that did not decode. */
  readonly rejected: readonly NamedRejection[]
  readonly steps: PrepareSteps
}

/** Throws RepriseError `malformed_body` or `limit_exceeded` where nothing of the body can be kept. */
type ReadBody = (body: Uint8Array, encoding: OtlpEncoding, context: PrepareContext) => DecodedBody

/** How the body of each signal is read: the one thing in which they differ on their way to the store. */
export const READ_BODY: Readonly<Record<Signal, ReadBody>> = {
  traces: (body, encoding, context) => {
    const decoded = decodeTraces(body, encoding)
    return { rejected: decoded.rejected, steps: prepareSteps(decoded, context) }
  },
  logs: (body, encoding, context) => {
    const decoded = decodeLogs(body, encoding)
    return { rejected: decoded.rejected, steps: prepareLogSteps(decoded, context) }
  },
}
