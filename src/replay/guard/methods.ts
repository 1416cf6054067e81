import type { RepriseError } from '../../schemas/index.ts'
import { isAllowed } from './allowed.ts'
import { programFrames, userFrame } from './user-frame.ts'
import { currentWatcher, type Watcher } from './watch.ts'

export type Method = (this: unknown, ...args: unknown[]) => unknown

/** How the calls of some methods are denied. */
export interface Denial {
  /** What a call is for: an address, a host name or an origin. */
  target(self: unknown, args: unknown[]): string
  /** Fails a call the way its callers expect; what it gives is what the call gives. */
  deny(self: unknown, args: unknown[], error: RepriseError): unknown
  /** Whether a call is one to deny at all. */
  concerns?(self: unknown, watcher: Watcher, args: unknown[]): boolean
  /** Told of a call that is allowed, before it is made. */
  allowed?(self: unknown): void
}

/** What was put in the place of something, to be taken away again. */
export type Undo = () => void

/** Puts a guard before each of the methods that there are. */
export function guardMethods(owner: object, names: readonly string[], label: string, denial: Denial): Undo {
  const undo = names.flatMap((name) => {
    const original: unknown = Reflect.get(owner, name)
    return typeof original === 'function' ? [replaceProperty(owner, name, guarded(original as Method, `${label}${name}`, denial))] : []
  })
  return () => {
    for (const restore of undo.reverse()) restore()
  }
}

function guarded(original: Method, api: string, denial: Denial): Method {
  return function (this: unknown, ...args: unknown[]): unknown {
    const watcher = currentWatcher()
    if (watcher === undefined || denial.concerns?.(this, watcher, args) === false) return Reflect.apply(original, this, args)
    const target = denial.target(this, args)
    if (isAllowed(watcher.allow, target)) {
      denial.allowed?.(this)
      return Reflect.apply(original, this, args)
    }
    return denial.deny(this, args, attempted(watcher, api, target))
  }
}

function attempted(watcher: Watcher, api: string, target: string): RepriseError {
  const stack = deepStack()
  return watcher.denied({ api, target, frame: userFrame(stack), stack: programFrames(stack) })
}

export function replaceProperty(owner: object, name: string, value: unknown): Undo {
  const before = Object.getOwnPropertyDescriptor(owner, name)
  Object.defineProperty(owner, name, { value, configurable: true, writable: true, enumerable: before?.enumerable ?? true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, name)
    else Object.defineProperty(owner, name, before)
  }
}

/** Clients stand many frames deep between the program and its socket. */
function deepStack(): string | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 64
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, deepStack)
  Error.stackTraceLimit = limit
  return holder.stack
}
