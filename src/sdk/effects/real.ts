import { AsyncLocalStorage } from 'node:async_hooks'
import nodeCrypto from 'node:crypto'
import nodeTimers from 'node:timers'
import timersPromises from 'node:timers/promises'

/** The machine's own clocks, timers and sources of chance, as they were when the first copy of this package was loaded. */
export interface Real {
  readonly Date: DateConstructor
  readonly dateNow: () => number
  readonly performanceNow: () => number
  readonly hrtime: typeof process.hrtime
  readonly hrtimeBigint: () => bigint
  readonly random: () => number
  readonly nodeRandomUUID: typeof nodeCrypto.randomUUID
  readonly webRandomUUID: () => `${string}-${string}-${string}-${string}-${string}`
  readonly setTimeout: typeof globalThis.setTimeout
  readonly setInterval: typeof globalThis.setInterval
  readonly setImmediate: typeof globalThis.setImmediate
  readonly clearTimeout: typeof globalThis.clearTimeout
  readonly clearInterval: typeof globalThis.clearInterval
  readonly clearImmediate: typeof globalThis.clearImmediate
  readonly sleep: typeof timersPromises.setTimeout
  readonly sleepImmediate: typeof timersPromises.setImmediate
  readonly schedulerWait: typeof timersPromises.scheduler.wait
  readonly abortTimeout: typeof AbortSignal.timeout
}

/** What all loaded copies of this package share of the hooks. Changing its shape takes a new symbol. */
export interface HookState {
  readonly real: Real
  installed: boolean
  /** Above zero while our own code, or that of an OpenTelemetry SDK, runs inside a step: its reads are not the program's. */
  suspended: number
}

const KEY = Symbol.for('reprise.effects/1')

function openState(): HookState {
  const found: unknown = Reflect.get(globalThis, KEY)
  if (typeof found === 'object' && found !== null && 'real' in found && 'suspended' in found) return found as HookState
  const state: HookState = { real: takeReal(), installed: false, suspended: 0 }
  Object.defineProperty(globalThis, KEY, { value: state, configurable: true, enumerable: false, writable: false })
  return state
}

function takeReal(): Real {
  return {
    Date: globalThis.Date,
    dateNow: Date.now,
    performanceNow: performance.now.bind(performance),
    hrtime: process.hrtime,
    hrtimeBigint: process.hrtime.bigint,
    random: Math.random,
    nodeRandomUUID: nodeCrypto.randomUUID,
    webRandomUUID: globalThis.crypto.randomUUID.bind(globalThis.crypto),
    setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval,
    // Jest's `jsdom` has none.
    setImmediate: globalThis.setImmediate ?? nodeTimers.setImmediate,
    clearTimeout: globalThis.clearTimeout,
    clearInterval: globalThis.clearInterval,
    clearImmediate: globalThis.clearImmediate ?? nodeTimers.clearImmediate,
    sleep: timersPromises.setTimeout,
    sleepImmediate: timersPromises.setImmediate,
    schedulerWait: timersPromises.scheduler.wait.bind(timersPromises.scheduler),
    abortTimeout: AbortSignal.timeout,
  }
}

export const hookState: HookState = openState()
export const real: Real = hookState.real

/** Runs `fn` as code that is not the program's. */
export function suspendEffects<T>(fn: () => T): T {
  hookState.suspended++
  try {
    return fn()
  } finally {
    hookState.suspended--
  }
}

// Taken when this module is loaded, so as a rule outside of every run.
const outside: <T>(fn: () => T) => T = AsyncLocalStorage.snapshot()

/** Runs `fn`, and all that it starts, outside of every run. */
export function outsideOfRuns<T>(fn: () => T): T {
  return outside(fn)
}

/** Whether the global timers are numbers, as those of a browser's window, which jsdom puts in the place of Node's. */
export const areTimersNumbers: boolean = typeof asleep(real) !== 'object'

/** Timers that are objects of Node's, whatever the global ones are. */
export const objectTimers: Pick<Real, 'setTimeout' | 'setInterval' | 'clearTimeout' | 'clearInterval'> = areTimersNumbers
  ? nodeTimers
  : real

function asleep({ setTimeout, clearTimeout }: Real): unknown {
  const timer = setTimeout(() => {}, 0)
  clearTimeout(timer)
  return timer
}

/** The real timers for our own work: what they call runs outside of every run, and holds none of its steps. */
export const ownTimers: {
  setTimeout(fn: () => void, millis: number): NodeJS.Timeout
  setInterval(fn: () => void, millis: number): NodeJS.Timeout
  setImmediate(fn: () => void): NodeJS.Immediate
  clearTimeout(timer: NodeJS.Timeout | undefined): void
  clearInterval(timer: NodeJS.Timeout | undefined): void
} = {
  setTimeout: (fn, millis) => outside(() => objectTimers.setTimeout(fn, millis)),
  setInterval: (fn, millis) => outside(() => objectTimers.setInterval(fn, millis)),
  setImmediate: (fn) => outside(() => real.setImmediate(fn)),
  clearTimeout: (timer) => objectTimers.clearTimeout(timer),
  clearInterval: (timer) => objectTimers.clearInterval(timer),
}

export { nodeCrypto, nodeTimers, timersPromises }
