import type { TimerEffect } from './effects.ts'
import { areTimersNumbers, objectTimers, real, suspendEffects } from './real.ts'

type Serve = TimerEffect & { readonly mode: 'serve' }
type Callback = (...args: unknown[]) => unknown

/** Far enough away; it never fires, since it does not keep the process alive either. */
const NEVER_MILLIS = 2_147_483_647

/**
 * A timer of a replayed program, which fires in its recorded turn. What the program holds is a timer of Node's own, so that all its
 * methods are there; that one is asleep, and stands for this.
 */
export class VirtualTimeout {
  readonly #repeats: boolean
  readonly #callback: Callback
  readonly #args: readonly unknown[]
  readonly #effect: Serve
  readonly #handle: NodeJS.Timeout | NodeJS.Immediate
  #callOff: (putsOff?: boolean) => void
  #cleared = false

  static start(
    kind: 'timeout' | 'interval' | 'immediate',
    callback: Callback,
    args: unknown[],
    effect: Serve,
  ): NodeJS.Timeout | NodeJS.Immediate | number {
    const handle = new VirtualTimeout(kind, callback, args, effect).#handle
    return areTimersNumbers && kind !== 'immediate' ? Number(handle) : handle
  }

  /** @returns whether it was one of these, which is then cleared */
  static clear(timer: unknown): boolean {
    const found = typeof timer === 'object' && timer !== null ? timers.get(timer) : byId.get(Number(timer))?.deref()
    if (found === undefined) return false
    found.#end()
    return true
  }

  private constructor(kind: 'timeout' | 'interval' | 'immediate', callback: Callback, args: readonly unknown[], effect: Serve) {
    this.#repeats = kind === 'interval'
    this.#callback = callback
    this.#args = args
    this.#effect = effect
    this.#handle = kind === 'immediate' ? asleepImmediate() : asleepTimeout()
    timers.set(this.#handle, this)
    if (kind !== 'immediate') this.#dress(this.#handle as NodeJS.Timeout)
    this.#callOff = effect.arm(() => this.#fire())
  }

  #fire(): void {
    if (this.#repeats) this.#callOff = this.#effect.arm(() => this.#fire())
    else objectTimers.clearTimeout(this.#handle as NodeJS.Timeout)
    Reflect.apply(this.#callback, this.#handle, this.#args)
  }

  #end(): void {
    this.#cleared = true
    this.#callOff()
    objectTimers.clearTimeout(this.#handle as NodeJS.Timeout)
  }

  #dress(handle: NodeJS.Timeout): void {
    let hasRef = true
    const methods: Readonly<Record<string, () => unknown>> = {
      ref: () => {
        hasRef = true
        return handle
      },
      unref: () => {
        hasRef = false
        return handle
      },
      hasRef: () => hasRef,
      refresh: () => {
        // Node's does nothing to a timer that was cleared.
        if (this.#cleared) return handle
        this.#callOff(true)
        this.#callOff = this.#effect.arm(() => this.#fire())
        return handle
      },
      close: () => {
        this.#end()
        return handle
      },
    }
    for (const [name, value] of Object.entries(methods)) Object.defineProperty(handle, name, { value, writable: true, configurable: true })
    Object.defineProperty(handle, Symbol.toPrimitive, {
      value: () => {
        const id = Reflect.apply(toPrimitive, handle, []) as number
        byId.set(id, new WeakRef(this))
        return id
      },
      configurable: true,
    })
    Object.defineProperty(handle, Symbol.dispose, { value: () => this.#end(), configurable: true })
  }
}

const timers = new WeakMap<object, VirtualTimeout>()
const byId = new Map<number, WeakRef<VirtualTimeout>>()
const sample = asleepTimeout()
const toPrimitive: () => unknown = Reflect.get(Reflect.getPrototypeOf(sample) ?? {}, Symbol.toPrimitive)
objectTimers.clearTimeout(sample)

function asleepTimeout(): NodeJS.Timeout {
  const timer = suspendEffects(() => objectTimers.setTimeout(() => {}, NEVER_MILLIS))
  timer.unref()
  return timer
}

function asleepImmediate(): NodeJS.Immediate {
  const immediate = real.setImmediate(() => {})
  real.clearImmediate(immediate)
  return immediate
}
