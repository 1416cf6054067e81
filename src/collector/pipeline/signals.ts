import { type DecodeLimits, type OtlpEncoding, streamLogs, streamTraces } from '../../otlp/index.ts'
import type { NamedRejection } from '../http/partial-success.ts'
import { type PrepareContext, type PrepareSteps, prepareGroups } from './batch.ts'
import { prepareLog } from './logs.ts'
import { prepareSpan } from './prepare.ts'

export type Signal = 'traces' | 'logs'

/** What a record of the signal is called. */
export const NOUN_OF: Readonly<Record<Signal, string>> = { traces: 'span', logs: 'log record' }

/** A body on its way into a batch. */
export interface DecodedBody {
  /** Records that did not decode: all of them once the steps are done. */
  readonly rejected: readonly NamedRejection[]
  readonly steps: PrepareSteps
}

/** Throws RepriseError `malformed_body` or `limit_exceeded` where nothing of the body can be kept; so may the steps. */
type ReadBody = (body: Uint8Array, encoding: OtlpEncoding, context: PrepareContext, limits: Partial<DecodeLimits>) => DecodedBody

/** How the body of each signal is read: the one thing in which they differ on their way to the store. */
export const READ_BODY: Readonly<Record<Signal, ReadBody>> = {
  traces: (body, encoding, context, limits) => {
    const { groups, rejected } = streamTraces(body, encoding, limits)
    return { rejected, steps: prepareGroups(groups, context, prepareSpan) }
  },
  logs: (body, encoding, context, limits) => {
    const { groups, rejected } = streamLogs(body, encoding, limits)
    return { rejected, steps: prepareGroups(groups, context, prepareLog) }
  },
}
