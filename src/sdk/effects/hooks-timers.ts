import util from 'node:util'
import type { TimerKind } from '../../schemas/index.ts'
import { isSyncingNames } from './builtin-names.ts'
import { currentEffects, type TimerEffect } from './effects.ts'
import { replace } from './hooks-clock.ts'
import { nodeTimers, real, timersPromises } from './real.ts'
import { VirtualTimeout } from './virtual-timeout.ts'

type Callback = (...args: unknown[]) => unknown

let hookedImmediate: unknown

/** Whether the global `setImmediate` is neither Node's nor our hook of it, but a test's, say, which runs when the test says so. */
export function isImmediateFaked(): boolean {
  const { setImmediate } = globalThis
  return setImmediate !== real.setImmediate && setImmediate !== hookedImmediate
}

/** `setTimeout` and its kin, the global ones, those of node:timers and of node:timers/promises, and `AbortSignal.timeout`. */
export function hookTimers(): void {
  const replacement = {
    setTimeout(this: unknown, callback: unknown, delay?: unknown, ...args: unknown[]): unknown {
      return start('timeout', real.setTimeout, this, callback, delay, args)
    },
    setInterval(this: unknown, callback: unknown, delay?: unknown, ...args: unknown[]): unknown {
      return start('interval', real.setInterval, this, callback, delay, args)
    },
    setImmediate(this: unknown, callback: unknown, ...args: unknown[]): unknown {
      const effect = typeof callback === 'function' ? currentEffects()?.timer('immediate', 0) : undefined
      if (effect === undefined) return Reflect.apply(real.setImmediate, this, [callback, ...args])
      if (effect.mode === 'watch') return Reflect.apply(real.setImmediate, this, [watched(effect, callback as Callback), ...args])
      return VirtualTimeout.start('immediate', callback as Callback, args, effect)
    },
    clearTimeout(this: unknown, timer: unknown): void {
      if (!VirtualTimeout.clear(timer)) Reflect.apply(real.clearTimeout, this, [timer])
    },
    clearInterval(this: unknown, timer: unknown): void {
      if (!VirtualTimeout.clear(timer)) Reflect.apply(real.clearInterval, this, [timer])
    },
    clearImmediate(this: unknown, immediate: unknown): void {
      if (!VirtualTimeout.clear(immediate)) Reflect.apply(real.clearImmediate, this, [immediate])
    },
  }
  hookedImmediate = replacement.setImmediate
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'] as const) {
    // Where the program has fake ones already, they are the global ones alone.
    if (Reflect.get(nodeTimers, name) === real[name]) {
      replace(nodeTimers, name, replacement[name])
      keepFromNode(name, replacement[name])
    }
    if (name in globalThis) replace(globalThis, name, replacement[name])
  }
  hookSleep()
  hookSignal()
}

/**
 * Modules of Node that are loaded later (node:net, node:http2) take their own timers from here, and those are no business of the program's.
 * What makes the names that programs import is to find ours.
 */
function keepFromNode(
  name: 'setTimeout' | 'setInterval' | 'setImmediate' | 'clearTimeout' | 'clearInterval' | 'clearImmediate',
  ours: unknown,
): void {
  Object.defineProperty(nodeTimers, name, {
    get: () => {
      if (isSyncingNames()) return ours
      const reader = util.getCallSites(2, { sourceMap: false })[1]?.scriptName ?? ''
      return reader.startsWith('node:') && !/^node:internal\/(?:bootstrap|modules)\//.test(reader) ? real[name] : ours
    },
    set: (value: unknown) => {
      Object.defineProperty(nodeTimers, name, { value, writable: true, configurable: true, enumerable: true })
    },
    configurable: true,
    enumerable: true,
  })
}

function start(
  kind: 'timeout' | 'interval',
  realStart: typeof real.setTimeout | typeof real.setInterval,
  self: unknown,
  callback: unknown,
  delay: unknown,
  args: unknown[],
): unknown {
  // What is no function is for Node to refuse.
  const effect = typeof callback === 'function' ? currentEffects()?.timer(kind, delayOf(delay)) : undefined
  if (effect === undefined) return Reflect.apply(realStart, self, [callback, delay, ...args])
  if (effect.mode === 'watch') return Reflect.apply(realStart, self, [watched(effect, callback as Callback), delay, ...args])
  return VirtualTimeout.start(kind, callback as Callback, args, effect)
}

function watched(effect: TimerEffect & { mode: 'watch' }, callback: Callback): Callback {
  return function (this: unknown, ...args: unknown[]): unknown {
    effect.fired()
    return Reflect.apply(callback, this, args)
  }
}

/** As Node reads a delay (lib/internal/timers.js): what is no number from 1 to 2^31 - 1 is 1. */
function delayOf(delay: unknown): number {
  const millis = Math.trunc(Number(delay))
  return millis >= 1 && millis <= 2_147_483_647 ? millis : 1
}

function hookSleep(): void {
  const replacement = {
    setTimeout(delay?: number, value?: unknown, options?: { signal?: AbortSignal; ref?: boolean }): Promise<unknown> {
      return sleep('sleep', delayOf(delay), value, options, () => real.sleep(delay, value, options))
    },
    setImmediate(value?: unknown, options?: { signal?: AbortSignal; ref?: boolean }): Promise<unknown> {
      return sleep('sleep-immediate', 0, value, options, () => real.sleepImmediate(value, options))
    },
    wait(delay: number, options?: { signal?: AbortSignal }): Promise<void> {
      return sleep('sleep', delayOf(delay), undefined, options, () => real.schedulerWait(delay, options)) as Promise<void>
    },
  }
  replace(timersPromises, 'setTimeout', replacement.setTimeout)
  replace(timersPromises, 'setImmediate', replacement.setImmediate)
  replace(timersPromises.scheduler, 'wait', replacement.wait)
}

function sleep(
  kind: TimerKind,
  delayMillis: number,
  value: unknown,
  options: { signal?: AbortSignal } | undefined,
  realSleep: () => Promise<unknown>,
): Promise<unknown> {
  const signal = options?.signal
  // What is no signal, or an aborted one, is for Node to refuse.
  const isPlain = signal === undefined || (signal instanceof AbortSignal && !signal.aborted)
  const effect = isPlain ? currentEffects()?.timer(kind, delayMillis) : undefined
  if (effect === undefined) return realSleep()
  if (effect.mode === 'watch') {
    const promise = realSleep()
    // Hung on first, so it runs before what the program hangs on.
    promise.then(
      () => effect.fired(),
      () => {},
    )
    return promise
  }
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const onAbort = (): void => {
    callOff()
    reject(Object.assign(new Error('The operation was aborted', { cause: signal?.reason }), { name: 'AbortError', code: 'ABORT_ERR' }))
  }
  const callOff = effect.arm(() => {
    signal?.removeEventListener('abort', onAbort)
    resolve(value)
  })
  signal?.addEventListener('abort', onAbort, { once: true })
  return promise
}

function hookSignal(): void {
  const replacement = {
    timeout(this: unknown, delay: number): AbortSignal {
      const effect = Number.isInteger(delay) && delay >= 0 ? currentEffects()?.timer('signal', delayOf(delay)) : undefined
      if (effect === undefined) return Reflect.apply(real.abortTimeout, this, [delay])
      if (effect.mode === 'watch') {
        const signal = Reflect.apply(real.abortTimeout, this, [delay])
        signal.addEventListener('abort', () => effect.fired(), { once: true })
        return signal
      }
      const controller = new AbortController()
      effect.arm(() => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')))
      return controller.signal
    },
  }
  replace(AbortSignal, 'timeout', replacement.timeout)
}
