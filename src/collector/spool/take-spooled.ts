import { Refusal } from '../http/refusal.ts'
import type { Intake } from '../pipeline/intake.ts'
import type { TakenBody } from './spool-intake.ts'

/** Sends a body of the spool the way that every body goes. */
export async function takeSpooled(intake: Intake, body: Uint8Array): Promise<TakenBody> {
  try {
    await intake.take({ signal: 'traces', encoding: 'protobuf', contentEncoding: 'identity', body })
    return 'kept'
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason === 'worker_died' || error.status === 500) return 'failed'
    return error.status >= 500 || error.status === 429 ? 'later' : 'never'
  }
}
