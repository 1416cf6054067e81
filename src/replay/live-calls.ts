import type { StepKind, Verdict } from '../schemas/index.ts'
import type { InterceptedCall, Interception } from '../sdk/index.ts'
import type { DeliveryScheduler } from './delivery.ts'
import { runUnguarded } from './socket-guard.ts'

/** What a replay does about calls that the recording does not answer. */
export interface CachedOptions {
  /** `throw`: such a call fails, as in an exact replay. `live`: it is made, and its result is no part of any recording. */
  readonly onMiss: 'throw' | 'live'
  /** Names of the steps with effect `write` that may be made; no other ever is. */
  readonly allowWrites: readonly string[]
}

/** The calls of one replay that went past the recording. */
export class LiveCalls {
  readonly mode: Verdict['mode']
  readonly made: { readonly kind: StepKind; readonly name: string }[] = []
  readonly #options: CachedOptions | undefined
  readonly #scheduler: DeliveryScheduler

  /** @param options undefined in an exact replay: nothing is ever made */
  constructor(options: CachedOptions | undefined, scheduler: DeliveryScheduler) {
    this.mode = options === undefined ? 'exact' : 'cached'
    this.#options = options
    this.#scheduler = scheduler
  }

  /** Once a call was made, nothing that follows can be held against the recording. */
  get any(): boolean {
    return this.made.length > 0
  }

  allows({ effect, name }: InterceptedCall): boolean {
    if (this.#options?.onMiss !== 'live') return false
    return effect !== 'write' || this.#options.allowWrites.includes(name)
  }

  /** Why a call that could have been made is not. */
  refusal({ name }: InterceptedCall): string {
    return this.#options?.onMiss === 'live' ? `; it writes, so it is only made where allowWrites names '${name}'` : ''
  }

  /** The call is made: with its own sockets, time and chance, and waited for however long it takes. */
  make({ kind, name }: InterceptedCall, token: unknown): Interception {
    this.made.push({ kind, name })
    const release = this.#scheduler.hold()
    return { mode: 'run', token, around: runUnguarded, onEnd: release }
  }

  /** Code within a call that is made. */
  within(token: unknown): Interception {
    return { mode: 'run', token, onEnd: () => {} }
  }
}
