import { EventEmitter } from 'node:events'
import { types } from 'node:util'
import { errorToValue } from '../../schemas/index.ts'
import type { Copier } from './snapshot.ts'

/** Copies a value whose prototype is neither that of plain objects nor that of arrays. May throw what the value's own traps throw. */
export function copyExotic(copier: Copier, value: object, depth: number): unknown {
  copier.plain = false
  if (ArrayBuffer.isView(value)) return copyView(copier, value)
  if (types.isAnyArrayBuffer(value)) return copyBuffer(copier, value)
  if (types.isDate(value)) {
    copier.beyondJson()
    return new Date(Date.prototype.getTime.call(value))
  }
  if (types.isMap(value)) return copyMap(copier, value, depth)
  if (types.isSet(value)) return copySet(copier, value, depth)
  if (types.isRegExp(value)) return new RegExp(value.source, value.flags)
  if (types.isBoxedPrimitive(value)) return copier.copy(unbox(value), depth)
  if (value instanceof Error || types.isNativeError(value)) return copyError(copier, value, depth)
  if (value instanceof URL) return new URL(value.href)
  if (value instanceof URLSearchParams) return copier.opaque('URLSearchParams', value.toString())
  if (types.isPromise(value) || value instanceof EventEmitter || value instanceof EventTarget) return copier.opaque(classNameOf(value))
  return copyInstance(copier, value, depth)
}

/** Of any other class the own enumerable fields are the data. */
function copyInstance(copier: Copier, value: object, depth: number): unknown {
  const stopped = copier.enter(value, depth)
  if (stopped !== undefined) return stopped
  const fields = copier.record(value, depth + 1)
  // A class that keeps its state out of sight (private fields, internal slots) has no data to copy.
  return Object.keys(fields).length > 0 ? fields : copier.opaque(classNameOf(value))
}

function copyView(copier: Copier, view: ArrayBufferView): unknown {
  if (!copier.admit(view.byteLength + 16)) return copier.cut('bytes', view.byteLength)
  copier.beyondJson()
  const bytes = new Uint8Array(view.byteLength)
  bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
  if (Buffer.isBuffer(view)) return Buffer.from(bytes.buffer)
  if (types.isUint8Array(view)) return bytes
  return viewOver(view, bytes.buffer)
}

const VIEWS = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const
const typedArrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get

function viewOver(original: ArrayBufferView, buffer: ArrayBuffer): unknown {
  const name: unknown = typedArrayName?.call(original)
  const View = VIEWS.find((candidate) => candidate.name === name)
  if (View !== undefined) return new View(buffer)
  return types.isDataView(original) ? new DataView(buffer) : new Uint8Array(buffer)
}

function copyBuffer(copier: Copier, buffer: ArrayBufferLike): unknown {
  if (!copier.admit(buffer.byteLength + 16)) return copier.cut('bytes', buffer.byteLength)
  copier.beyondJson()
  return buffer.slice(0)
}

// The iterators of Map and Set themselves: those of a subclass may have effects.
const mapEntries = Map.prototype.entries
const setValues = Set.prototype.values

function copyMap(copier: Copier, map: Map<unknown, unknown>, depth: number): unknown {
  const stopped = copier.enter(map, depth)
  if (stopped !== undefined) return stopped
  copier.beyondJson()
  const copy = new Map<unknown, unknown>()
  for (const [key, held] of mapEntries.call(map)) {
    if (!copier.admitEntry()) break
    copy.set(copier.copy(key, depth + 1), copier.copy(held, depth + 1))
  }
  return copy
}

function copySet(copier: Copier, set: Set<unknown>, depth: number): unknown {
  const stopped = copier.enter(set, depth)
  if (stopped !== undefined) return stopped
  copier.beyondJson()
  const copy = new Set<unknown>()
  for (const held of setValues.call(set)) {
    if (!copier.admitEntry()) break
    copy.add(copier.copy(held, depth + 1))
  }
  return copy
}

/** An error becomes the value that stands for it; its cause and its own properties are copied like any other value. */
function copyError(copier: Copier, error: Error, depth: number): unknown {
  const stopped = copier.enter(error, depth)
  return stopped ?? errorToValue(error, (held) => copier.copy(held, depth + 1))
}

function unbox(value: object): unknown {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value)
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value)
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value)
  if (types.isBigIntObject(value)) return BigInt.prototype.valueOf.call(value)
  return Symbol.prototype.valueOf.call(value)
}

/** Name of the value's class, read without running anything of the value's. */
function classNameOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (typeof prototype !== 'object' || prototype === null) return 'object'
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  const name: unknown = typeof constructor === 'function' ? Object.getOwnPropertyDescriptor(constructor, 'name')?.value : undefined
  return typeof name === 'string' && name !== '' ? name : 'object'
}
