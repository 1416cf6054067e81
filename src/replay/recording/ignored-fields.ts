import { ATTR, type SpanRecord } from '../../schemas/index.ts'

/** JSON pointers (RFC 6901) into the arguments of a call, `*` for any member or element: what a replay does not match it by. */
export type IgnoredFields = readonly string[]

const NONE: IgnoredFields = []

/** As they were recorded with a step. */
export function ignoredFieldsOf({ attributes }: Pick<SpanRecord['core'], 'attributes'>): IgnoredFields {
  const pointers = attributes[ATTR.ignored]
  return Array.isArray(pointers) ? pointers.filter((pointer) => typeof pointer === 'string') : NONE
}

/**
 * Takes the fields out of a value, in place: members of objects are deleted, elements of arrays become null, so that those behind them
 * keep their places.
 */
export function removeFields(value: unknown, pointers: IgnoredFields): void {
  for (const pointer of pointers) {
    const names = pointer
      .split('/')
      .slice(1)
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    const [last] = names.splice(-1)
    if (last === undefined) continue
    for (const holder of reached(value, names)) for (const name of namesOf(holder, last)) remove(holder, name)
  }
}

type Holder = Record<string, unknown> | unknown[]

function reached(value: unknown, names: readonly string[]): Holder[] {
  let holders = isHolder(value) ? [value] : []
  for (const name of names)
    holders = holders.flatMap((holder) => namesOf(holder, name).map((own) => Reflect.get(holder, own))).filter(isHolder)
  return holders
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null
}

function namesOf(holder: Holder, name: string): string[] {
  if (name === '*') return Object.keys(holder)
  return Object.hasOwn(holder, name) && (!Array.isArray(holder) || /^\d+$/.test(name)) ? [name] : []
}

function remove(holder: Holder, name: string): void {
  if (Array.isArray(holder)) holder[Number(name)] = null
  else delete holder[name]
}
