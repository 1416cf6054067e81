import { types } from 'node:util'
import { RepriseError } from '../errors.ts'
import { valueToError } from './error-value.ts'
import { makeView } from './value-bytes.ts'
import { setOwn, TAG, VALUE_MAX_DEPTH } from './value-tags.ts'
import { type ErrorFields, ErrorValue, Opaque, Truncated } from './value-types.ts'

type Tree = Record<string, unknown>

/** One level of a value is at most three of its tree (the entries of a Map); a tag adds two at the leaves. */
export const TREE_MAX_DEPTH: number = 3 * VALUE_MAX_DEPTH + 2

const NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
}

/** What a malformed tag gives: whoever sent it did not encode it here, so it is the sender's own data. */
const NOT_A_TAG: unique symbol = Symbol('not a tag')

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isPair(value: unknown): value is [unknown, unknown] {
  return Array.isArray(value) && value.length === 2
}

function attempt(make: () => unknown): unknown {
  try {
    return make()
  } catch {
    return NOT_A_TAG
  }
}

/** What JSON.parse or the MessagePack reader gave, turned back into the value. Changes the tree. Throws `limit_exceeded`. */
export function revive(tree: unknown, depth = 0): unknown {
  if (typeof tree !== 'object' || tree === null || types.isUint8Array(tree)) return tree
  if (depth > TREE_MAX_DEPTH) throw new RepriseError('limit_exceeded', `the value is nested deeper than ${TREE_MAX_DEPTH} levels`)
  if (Array.isArray(tree)) {
    for (let index = 0; index < tree.length; index += 1) {
      const held: unknown = tree[index]
      const revived = revive(held, depth + 1)
      if (revived !== held) tree[index] = revived
    }
    return tree
  }
  const fields = tree as Tree
  if (Object.hasOwn(fields, TAG)) {
    const value = reviveTag(fields, depth)
    if (value !== NOT_A_TAG) return value
  }
  return reviveFields(fields, depth)
}

function reviveFields(fields: Tree, depth: number): Tree {
  for (const key of Object.keys(fields)) {
    const held = fields[key]
    const revived = revive(held, depth + 1)
    // The key is there as an own property, so that plain assignment is right for `__proto__` too.
    if (revived !== held) fields[key] = revived
  }
  return fields
}

function reviveTag(tree: Tree, depth: number): unknown {
  const { value, type, name } = tree
  switch (tree[TAG]) {
    case 'undefined':
      return undefined
    case 'number':
      return isText(value) && Object.hasOwn(NUMBERS, value) ? NUMBERS[value] : NOT_A_TAG
    case 'bigint':
      return isText(value) && /^-?[0-9]+$/.test(value) ? BigInt(value) : NOT_A_TAG
    case 'string':
      return isText(tree['json']) ? reviveText(tree['json']) : NOT_A_TAG
    case 'date':
      return value === null ? new Date(Number.NaN) : isText(value) && !Number.isNaN(Date.parse(value)) ? new Date(value) : NOT_A_TAG
    case 'map':
      return reviveMap(tree['entries'], depth)
    case 'set':
      return Array.isArray(tree['values']) ? new Set(revive(tree['values'], depth + 1) as unknown[]) : NOT_A_TAG
    case 'bytes':
      return reviveBytes(type, tree['data'])
    case 'regexp':
      return attempt(() => new RegExp(String(revive(tree['source'], depth + 1)), String(tree['flags'])))
    case 'url':
      return isText(tree['href']) ? attempt(() => new URL(tree['href'] as string)) : NOT_A_TAG
    case 'opaque':
      return reviveOpaque(revive(type, depth + 1), revive(name, depth + 1))
    case 'truncated':
      return reviveTruncated(revive(tree['reason'], depth + 1), tree['originalSize'])
    case 'error':
      return reviveError(tree, depth)
    case 'object':
      return reviveObject(tree, depth)
    default:
      return NOT_A_TAG
  }
}

function reviveText(json: string): unknown {
  const text = attempt(() => JSON.parse(json) as unknown)
  return isText(text) ? text : NOT_A_TAG
}

function reviveBytes(type: unknown, data: unknown): unknown {
  if (!isText(type) || !types.isUint8Array(data)) return NOT_A_TAG
  // The reader of MessagePack made it, with memory of its own.
  return makeView(type, data as Uint8Array<ArrayBuffer>) ?? NOT_A_TAG
}

function reviveMap(entries: unknown, depth: number): unknown {
  if (!Array.isArray(entries) || !entries.every(isPair)) return NOT_A_TAG
  return new Map(revive(entries, depth + 1) as [unknown, unknown][])
}

function reviveOpaque(type: unknown, name: unknown): unknown {
  return isText(type) && (name === undefined || isText(name)) ? new Opaque(type, name) : NOT_A_TAG
}

function reviveTruncated(reason: unknown, originalSize: unknown): unknown {
  if (!isText(reason)) return NOT_A_TAG
  if (originalSize !== undefined && typeof originalSize !== 'number') return NOT_A_TAG
  return new Truncated(reason, originalSize)
}

function reviveObject(tree: Tree, depth: number): unknown {
  const { value, entries } = tree
  if (Array.isArray(entries) && entries.every(isPair)) {
    const object: Tree = {}
    for (const [key, held] of revive(entries, depth + 1) as [unknown, unknown][]) setOwn(object, String(key), held)
    return object
  }
  // The escaped object is read as it stands, or its own `$reprise` key would be taken for a tag again.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? reviveFields(value as Tree, depth + 1) : NOT_A_TAG
}

function reviveError(tree: Tree, depth: number): unknown {
  const fields: Tree = {}
  for (const key of ['type', 'name', 'base', 'inheritedName', 'message', 'properties', 'cause', 'errors', 'stack']) {
    if (Object.hasOwn(tree, key)) fields[key] = revive(tree[key], depth + 1)
  }
  const { type, message, name, base, inheritedName, stack, properties } = fields
  const optional = [name, base, inheritedName, stack].every((text) => text === undefined || isText(text))
  if (!isText(type) || !isText(message) || !optional) return NOT_A_TAG
  if (properties !== undefined && (typeof properties !== 'object' || properties === null)) return NOT_A_TAG
  return valueToError(new ErrorValue({ ...(fields as object), type, message } as ErrorFields))
}
