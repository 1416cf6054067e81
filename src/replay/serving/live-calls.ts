import { ATTR, type Label, type StepKind, type Verdict } from '../../schemas/index.ts'
import type { InterceptedCall, Interception } from '../../sdk/index.ts'
import type { DeliveryScheduler } from '../delivery/delivery.ts'
import { runUnguarded } from '../guard/guard.ts'
import type { LineageNode } from '../recording/lineage.ts'

/** What a replay does about calls that the recording does not answer. */
export interface CachedOptions {
  readonly mode: 'cached' | 'fork'
  /** `throw`: such a call fails, as in an exact replay. `live`: it is made. */
  readonly onMiss: 'throw' | 'live'
  /** Names of the steps with effect `write` that may be made; no other ever is. */
  readonly allowWrites: readonly string[]
}

/** The calls of one replay that went past the recording. */
export class LiveCalls {
  readonly mode: Verdict['mode']
  /** With the recorded step that was called with another input, where it was one. */
  readonly made: { readonly kind: StepKind; readonly name: string; readonly node: LineageNode | undefined }[] = []
  readonly #options: CachedOptions | undefined
  readonly #scheduler: DeliveryScheduler

  /** @param options undefined in an exact replay: nothing is ever made */
  constructor(options: CachedOptions | undefined, scheduler: DeliveryScheduler) {
    this.mode = options?.mode ?? 'exact'
    this.#options = options
    this.#scheduler = scheduler
  }

  /** Once a call was made, nothing that follows can be held against the recording. */
  get any(): boolean {
    return this.made.length > 0
  }

  /** Undefined in an exact replay. */
  get onMiss(): CachedOptions['onMiss'] | undefined {
    return this.#options?.onMiss
  }

  /** What a step is labelled whose recorded result was served. */
  get servedLabel(): Label {
    return this.mode === 'exact' ? 'exact' : 'cached'
  }

  allows({ effect, name }: InterceptedCall): boolean {
    if (this.#options?.onMiss !== 'live') return false
    return effect !== 'write' || this.#options.allowWrites.includes(name)
  }

  /** Why a call that could have been made is not. */
  refusal({ name }: InterceptedCall): string {
    return this.#options?.onMiss === 'live' ? `; it writes, so it is only made where allowWrites (--allow-write) names '${name}'` : ''
  }

  /** The call is made: with its own sockets, time and chance, and waited for however long it takes. */
  make({ kind, name }: InterceptedCall, token: unknown, node?: LineageNode): Interception & { mode: 'run' } {
    this.made.push({ kind, name, node })
    const release = this.#scheduler.hold()
    return { mode: 'run', token, around: runUnguarded, attributes: { [ATTR.label]: 'live' }, onEnd: release }
  }

  /** Code within a call that is made. */
  within(token: unknown): Interception {
    return { mode: 'run', token, onEnd: () => {} }
  }
}
