import { runtime } from '../run/runtime.ts'
import { type Callee, type CallSpec, callSpec } from './call-spec.ts'
import { invoke } from './invoke.ts'

/** Any function: the wrapped one has the same type. */
export type AnyFunction = (...args: never[]) => unknown

/**
 * A function that does what `fn` does, as the step that `spec` describes. It has the name, the length, the own
 * properties and the metadata of `fn` and passes `this` on; with `new` it constructs as `fn` would, unrecorded. A function that is wrapped
 * as this kind already comes back as it is.
 * @throws TypeError for anything but a function
 */
export function wrapFunction<F extends AnyFunction>(fn: F, spec: CallSpec): F {
  if (typeof fn !== 'function') {
    const wrapperName = spec.run === undefined ? spec.kind : 'instrument'
    throw new TypeError(`${wrapperName}(fn): expected a function, got ${fn === null ? 'null' : typeof fn}`)
  }
  const { wrapped } = runtime()
  if (wrapped.get(fn)?.kind === spec.kind) return fn
  const callee = fn as AnyFunction as Callee
  const shaped = callSpec(spec)
  const wrapper = isConstructor(fn) ? constructorFor(shaped, callee) : methodFor(shaped, callee)
  for (const key of Reflect.ownKeys(fn)) {
    const descriptor = Object.getOwnPropertyDescriptor(fn, key)
    // `prototype`, `caller` and the like of an ordinary function cannot be replaced by accessors.
    if (descriptor !== undefined) Reflect.defineProperty(wrapper, key, descriptor)
  }
  Object.setPrototypeOf(wrapper, Object.getPrototypeOf(fn) as object | null)
  copyMetadata(fn, wrapper)
  wrapped.set(wrapper, { kind: spec.kind, instrumented: spec.run !== undefined })
  return wrapper as AnyFunction as F
}

function constructorFor(spec: CallSpec, callee: Callee): Callee {
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    if (new.target !== undefined) return Reflect.construct(callee, args, new.target === wrapper ? callee : new.target)
    return invoke(spec, callee, this, args)
  }
  return wrapper
}

/** Without a `prototype`, as arrows, methods and asynchronous functions have none: some frameworks tell classes by it. */
function methodFor(spec: CallSpec, callee: Callee): Callee {
  const { wrapper } = {
    wrapper(this: unknown, ...args: unknown[]): unknown {
      return invoke(spec, callee, this, args)
    },
  }
  return wrapper
}

function isConstructor(fn: AnyFunction): boolean {
  try {
    // Looks at what `fn` is and calls nothing of it.
    Reflect.construct(Object, [], fn)
    return true
  } catch {
    return false
  }
}

/** What decorators keep beside a function (reflect-metadata), so that frameworks find it there: routes and guards of NestJS. */
function copyMetadata(from: AnyFunction, to: AnyFunction): void {
  const [keysOf, valueOf, define] = METADATA_METHODS.map((name): unknown => Reflect.get(Reflect, name))
  if (typeof keysOf !== 'function' || typeof valueOf !== 'function' || typeof define !== 'function') return
  for (const key of keysOf(from) as readonly unknown[]) define(key, valueOf(key, from), to)
}

const METADATA_METHODS = ['getOwnMetadataKeys', 'getOwnMetadata', 'defineMetadata'] as const

/** Whether the function is one that `instrument()` gave. */
export function ranInstrumented(fn: unknown): boolean {
  return typeof fn === 'function' && runtime().wrapped.get(fn)?.instrumented === true
}
