/** ECMA-262 B.2.2.4: the getter of a property, `undefined` for one that holds data. Unlike its descriptor it makes no garbage. */
export const lookupGetter: (this: object, key: string) => unknown = Reflect.get(Object.prototype, '__lookupGetter__')

/** Whether `for … in` over a plain object finds more than its own keys, `value` being the prototype of those. */
export function hasEnumerable(value: object): boolean {
  for (const _key in value) return true
  return false
}
