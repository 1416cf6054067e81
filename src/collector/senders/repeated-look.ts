import type { Store } from '../../store/index.ts'
import type { Logger } from '../log.ts'

export interface RepeatedLookOptions {
  readonly store: Store
  readonly log: Logger
  readonly intervalMillis: number
  /** What is logged when a look fails. */
  readonly failure: string
}

/** Looks now and then at what the index knows, until it is closed. */
export class RepeatedLook {
  readonly #options: RepeatedLookOptions
  readonly #look: () => Promise<void>
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | undefined
  #closed = false

  constructor(options: RepeatedLookOptions, look: () => Promise<void>) {
    this.#options = options
    this.#look = look
    this.#timer = setInterval(() => void this.now(), options.intervalMillis).unref()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Looks now, or waits for the look that is under way. Never fails. */
  now(): Promise<void> {
    const { log, failure } = this.#options
    this.#looking ??= this.#lookAtAll()
      .catch((error: unknown) => {
        // The store says itself what is wrong with it; the next look tries again.
        if (!this.#closed) log.warn(failure, { error: error instanceof Error ? error.name : typeof error })
      })
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  async #lookAtAll(): Promise<void> {
    // What is on the tape may not yet be in the index: the end of a run, or what an earlier look has told, which must not be told again.
    await this.#options.store.index.catchUp()
    await this.#look()
  }

  /** A look that is under way ends first. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    await this.#looking
  }
}
