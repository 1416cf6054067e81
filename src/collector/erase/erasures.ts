import { RepriseError } from '../../schemas/index.ts'
import { answerErasure, type ErasureAnswer, type ErasureRequest, type Store, takeErasureRequests } from '../../store/index.ts'
import type { Logger } from '../log.ts'

export interface ErasureOptions {
  readonly store: Store
  /** Takes in what programs left in the spool, so that it is reached. */
  readonly takeSpool: () => Promise<void>
  readonly log: Logger
  readonly pollMillis?: number
}

export interface Erasures {
  /** Lets the erasure that is under way finish. */
  close(): Promise<void>
}

const POLL_MILLIS = 500

/** Does the erasures that are asked for while the collector runs, one after the other. */
export function startErasures(options: ErasureOptions): Erasures {
  const { store, log } = options
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let looking = Promise.resolve()

  const look = async (): Promise<void> => {
    for (const request of takeErasureRequests(store.dir)) {
      if (closed) return
      answerErasure(store.dir, request.id, await erase(options, request))
    }
  }
  const schedule = (): void => {
    timer = setTimeout(() => {
      looking = look()
        .catch((error: unknown) => log.warn('erasure-not-answered', { error: error instanceof Error ? error.name : typeof error }))
        .then(() => {
          if (!closed) schedule()
        })
    }, options.pollMillis ?? POLL_MILLIS).unref()
  }
  schedule()
  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      await looking
    },
  }
}

async function erase({ store, takeSpool, log }: ErasureOptions, { selection }: ErasureRequest): Promise<ErasureAnswer> {
  try {
    await takeSpool()
    await store.index.catchUp()
    if (selection.runId !== undefined && store.index.findRunIds(selection.runId, 1).length === 0)
      throw new RepriseError('invalid_argument', `no run '${selection.runId}'`)
    const receipt = await store.erase(selection)
    const { references, records, payloads } = receipt
    log.info('erased', { references, records, payloads })
    return { receipt }
  } catch (error) {
    const { code, message } = RepriseError.isInstance(error) ? error : { code: 'internal', message: 'the collector failed to erase' }
    log.warn('not-erased', { code })
    return { error: { code, message } }
  }
}
