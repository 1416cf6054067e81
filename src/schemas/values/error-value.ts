import { types } from 'node:util'
import { type ErrorFields, ErrorValue } from './value-types.ts'

type ErrorClass = new (...args: never[]) => Error

const BUILT_IN: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ['Error', Error],
  ['TypeError', TypeError],
  ['RangeError', RangeError],
  ['SyntaxError', SyntaxError],
  ['ReferenceError', ReferenceError],
  ['EvalError', EvalError],
  ['URIError', URIError],
  ['AggregateError', AggregateError],
])
const NOT_PROPERTIES: ReadonlySet<string> = new Set(['message', 'stack', 'cause'])
const CLASS_NAME_MAX_LENGTH = 200

export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}

/** A read that cannot fail: an error may be a proxy or have getters, and recording it must not throw. */
function readOf(holder: object, key: string): unknown {
  try {
    return (holder as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

function classNameOf(prototype: object): string {
  const maker = readOf(prototype, 'constructor')
  return typeof maker === 'function' ? textOf(readOf(maker, 'name'), '') : ''
}

/** Names of the error's class and of the first built-in class on its chain. */
function lineOf(error: Error): { type: string; base: string; inherited: unknown } {
  let type = ''
  let base = 'Error'
  const first: object | null = Object.getPrototypeOf(error)
  for (let prototype = first; prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const name = classNameOf(prototype)
    if (type === '') type = name
    if (BUILT_IN.has(name) || name === 'DOMException') {
      base = name
      break
    }
  }
  return { type: type === '' ? 'Error' : type, base, inherited: first === null ? undefined : readOf(first, 'name') }
}

/**
 * What was thrown, as data: an `ErrorValue` for an error, anything else as it is. `capture` is applied to each value that
 * the error holds (properties, cause, errors); without it they are the live values. Never throws unless `capture` does.
 */
export function errorToValue(error: unknown, capture: (held: unknown) => unknown = (held) => held): unknown {
  if (!isError(error)) return error
  const { type, base, inherited } = lineOf(error)
  const properties: Record<string, unknown> = Object.create(null)
  for (const key of Object.keys(error)) {
    if (!NOT_PROPERTIES.has(key) && !(key === 'errors' && base === 'AggregateError')) properties[key] = capture(readOf(error, key))
  }
  const name = textOf(readOf(error, 'name'), 'Error')
  const stack = readOf(error, 'stack')
  const errors = base === 'AggregateError' ? readOf(error, 'errors') : undefined
  const fields: ErrorFields = {
    type,
    // A DOMException has its name in a slot of its own; for the rest a name that the class gives needs no keeping.
    ...((base === 'DOMException' || (name !== inherited && properties['name'] !== name)) && { name }),
    ...(base !== type && base !== 'Error' && { base }),
    // Recordings from before it was kept are matched without it.
    ...(name === inherited &&
      name !== base &&
      properties['name'] !== name &&
      name.length <= CLASS_NAME_MAX_LENGTH && { inheritedName: name }),
    message: textOf(readOf(error, 'message'), ''),
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(Object.hasOwn(error, 'cause') && { cause: capture(readOf(error, 'cause')) }),
    ...(Array.isArray(errors) && { errors: capture(errors) }),
    ...(typeof stack === 'string' && { stack }),
  }
  return new ErrorValue(fields)
}

// One class per name, so that two errors of one recorded class share a prototype. Bounded: names come from records.
const named = new Map<string, ErrorClass>()
const NAMED_MAX = 256

function classOf(type: string, base: ErrorClass, inheritedName: string | undefined): ErrorClass {
  if (base.name === type && inheritedName === undefined) return base
  const key = JSON.stringify([base.name, type, inheritedName])
  const known = named.get(key)
  if (known !== undefined) return known
  // The names are all that is known of the class; `constructor.name` and `instanceof Error` work as before.
  const made: ErrorClass = { [type]: class extends base {} }[type] ?? base
  if (inheritedName !== undefined) hide(made.prototype, 'name', inheritedName)
  if (named.size >= NAMED_MAX) named.clear()
  named.set(key, made)
  return made
}

function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true })
}

function makeError(fields: ErrorFields): Error {
  const message = fields.message === '' ? undefined : fields.message
  const base = fields.base ?? fields.type
  if (base === 'DOMException') return new DOMException(message, fields.name)
  const inheritedName = fields.inheritedName?.slice(0, CLASS_NAME_MAX_LENGTH)
  const made = classOf(fields.type.slice(0, CLASS_NAME_MAX_LENGTH), BUILT_IN.get(base) ?? Error, inheritedName)
  if (base !== 'AggregateError') return Reflect.construct(made, [message]) as Error
  return Reflect.construct(made, [Array.isArray(fields.errors) ? fields.errors.map(valueToError) : [], message]) as Error
}

/**
 * The inverse of `errorToValue`: built-in classes and DOMException come back as themselves, other classes as an Error
 * whose class has the recorded name. What is not an `ErrorValue` comes back as it is.
 */
export function valueToError(value: unknown): unknown {
  if (!(value instanceof ErrorValue)) return value
  const { fields } = value
  const error = makeError(fields)
  if (fields.name !== undefined && error.name !== fields.name) hide(error, 'name', fields.name)
  if (fields.stack !== undefined) hide(error, 'stack', fields.stack)
  if (Object.hasOwn(fields, 'cause')) hide(error, 'cause', valueToError(fields.cause))
  for (const [key, held] of Object.entries(fields.properties ?? {})) {
    Object.defineProperty(error, key, { value: held, writable: true, enumerable: true, configurable: true })
  }
  return error
}
