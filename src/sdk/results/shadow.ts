import { types } from 'node:util'

/**
 * Puts `properties` over those that `target` has, new ones hidden from enumeration, and gives `target` back.
 * Where the object takes no new properties, or is a Proxy that does not show them, a Proxy that shows them is given instead.
 */
export function shadow(target: object, properties: readonly (readonly [PropertyKey, unknown])[]): object {
  if (properties.every(([key]) => canDefine(target, key)) && define(target, properties)) return target
  return shadowProxy(target, new Map(properties))
}

/** @returns whether they are seen; where they are not, none is left behind */
function define(target: object, properties: readonly (readonly [PropertyKey, unknown])[]): boolean {
  const before = properties.map(([key]) => Object.getOwnPropertyDescriptor(target, key))
  const seen = properties.every(([key, value], index) => {
    const enumerable = before[index]?.enumerable ?? false
    if (!Reflect.defineProperty(target, key, { value, configurable: true, enumerable, writable: true })) return false
    // Whoever hands out a Proxy may answer for a property whatever stands there.
    return !types.isProxy(target) || Reflect.get(target, key) === value
  })
  if (seen) return true
  for (const [index, [key]] of properties.entries()) {
    const own = before[index]
    if (own === undefined) Reflect.deleteProperty(target, key)
    else Reflect.defineProperty(target, key, own)
  }
  return false
}

function canDefine(target: object, key: PropertyKey): boolean {
  const own = Object.getOwnPropertyDescriptor(target, key)
  return own === undefined ? Object.isExtensible(target) : own.configurable === true
}

/**
 * The proxy stands over an empty stand-in, since a frozen target would forbid it to show anything else than its own
 * members. Methods run on the object itself, so that private fields work.
 */
function shadowProxy(target: object, properties: ReadonlyMap<PropertyKey, unknown>): object {
  const bound = new Map<PropertyKey, unknown>()
  const read = (key: PropertyKey): unknown => {
    if (properties.has(key)) return properties.get(key)
    const value: unknown = Reflect.get(target, key, target)
    if (typeof value !== 'function') return value
    let method = bound.get(key)
    if (method === undefined) {
      method = (...args: unknown[]): unknown => Reflect.apply(value, target, args)
      bound.set(key, method)
    }
    return method
  }
  return new Proxy(Object.create(Object.getPrototypeOf(target)) as object, {
    get: (_, key) => read(key),
    set: (_, key, value) => Reflect.set(target, key, value, target),
    has: (_, key) => properties.has(key) || Reflect.has(target, key),
    ownKeys: () => Reflect.ownKeys(target),
    getOwnPropertyDescriptor: (_, key) => {
      const own = Reflect.getOwnPropertyDescriptor(target, key)
      return own === undefined ? undefined : { value: read(key), enumerable: own.enumerable ?? false, configurable: true, writable: false }
    },
    deleteProperty: (_, key) => Reflect.deleteProperty(target, key),
    getPrototypeOf: () => Object.getPrototypeOf(target) as object | null,
  })
}
