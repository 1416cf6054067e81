import { AsyncLocalStorage } from 'node:async_hooks'
import type { StepKind } from '../../schemas/index.ts'
import type { Recorder } from '../recorder/recorder.ts'
import type { Scope } from './scope.ts'

export interface WrappedAs {
  readonly kind: StepKind
  readonly instrumented: boolean
}

/** The one place that every loaded copy of this package shares. Changing its shape takes a new symbol. */
export interface Runtime {
  readonly scopes: AsyncLocalStorage<Scope>
  /** Wrapped functions, so that none is wrapped twice as the same kind. */
  readonly wrapped: WeakMap<object, WrappedAs>
  /** `undefined` before the first call, `null` when recording is off. */
  recorder: Recorder | undefined | null
  /** Whether the one warning of this process has been written. */
  warned: boolean
  /** Whether the end of the process is watched already. */
  exitWatched: boolean
  /** What listens for signals at this moment, if anything does. */
  signalListener: ((signal: NodeJS.Signals) => void) | undefined
}

const KEY = Symbol.for('reprise.runtime/1')

function isRuntime(value: unknown): value is Runtime {
  return typeof value === 'object' && value !== null && 'scopes' in value && 'wrapped' in value
}

function openRuntime(): Runtime {
  const found: unknown = Reflect.get(globalThis, KEY)
  if (isRuntime(found)) return found
  const created: Runtime = {
    scopes: new AsyncLocalStorage<Scope>(),
    wrapped: new WeakMap(),
    recorder: undefined,
    warned: false,
    exitWatched: false,
    signalListener: undefined,
  }
  Object.defineProperty(globalThis, KEY, { value: created, configurable: true, enumerable: false, writable: false })
  return created
}

const shared = openRuntime()

export function runtime(): Runtime {
  return shared
}

export function currentScope(): Scope | undefined {
  return shared.scopes.getStore()
}
