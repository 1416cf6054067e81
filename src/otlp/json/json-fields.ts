import { Buffer } from 'node:buffer'

/**
 * A JSON value that does not fit its field; `message` begins with the field. It never leaves this room, and it is no
 * Error: a body can hold a hundred thousand bad spans, and a stack trace for each would cost more than all the rest.
 */
export class FieldFault {
  message: string
  constructor(message: string) {
    this.message = message
  }
}

/** One object of a parsed body. Its keys are data of the sender: they are only ever looked up by our own names. */
export type JsonObject = Readonly<Record<string, unknown>>

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn
const MIN_INT64 = -0x8000_0000_0000_0000n
const MAX_INT64 = 0x7fff_ffff_ffff_ffffn

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws FieldFault for anything that is no object */
export function objectOf(value: unknown, name: string): JsonObject {
  if (!isObject(value)) throw new FieldFault(`${name}: an object expected, got ${kindOf(value)}`)
  return value
}

/** Absent and null mean the same in the JSON form of protobuf. The snake_case names of the .proto file occur in dumps. */
export function field(object: JsonObject, name: string, protoName?: string): unknown {
  const value = object[name]
  if (value !== undefined && value !== null) return value
  return (protoName === undefined ? undefined : object[protoName]) ?? undefined
}

/** Reads every element; a fault inside one names its index. */
export function readList<T>(value: unknown, name: string, max: number, read: (element: unknown) => T): T[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new FieldFault(`${name}: an array expected, got ${kindOf(value)}`)
  if (value.length > max) throw new FieldFault(`${name}: ${value.length} elements are over the bound of ${max}`)
  const list: T[] = []
  for (let index = 0; index < value.length; index++) {
    try {
      list.push(read(value[index]))
    } catch (error) {
      if (error instanceof FieldFault) error.message = `${name}[${index}].${error.message}`
      throw error
    }
  }
  return list
}

export function readString(value: unknown, name: string, maxBytes: number): string {
  if (value === undefined) return ''
  if (typeof value !== 'string') throw new FieldFault(`${name}: a string expected, got ${kindOf(value)}`)
  // At most three bytes a UTF-16 unit, so that short strings need not be measured.
  if (value.length * 3 > maxBytes && Buffer.byteLength(value) > maxBytes)
    throw new FieldFault(`${name}: over the bound of ${maxBytes} bytes`)
  if (!value.isWellFormed()) throw new FieldFault(`${name}: a lone surrogate, which is not Unicode text`)
  return value
}

/** An id as hex in any case, or as base64, which old senders and dumps have; lowercase hex comes back, '' for none. */
export function readId(value: unknown, name: string, size: number): string {
  if (value === undefined || value === '') return ''
  if (typeof value === 'string') {
    if (value.length === size * 2 && /^[0-9a-fA-F]*$/.test(value)) return value.toLowerCase()
    const bytes = value.length <= size * 2 ? decodeBase64(value) : undefined
    if (bytes?.length === size) return bytes.toString('hex')
  }
  throw new FieldFault(`${name}: ${size * 2} hex digits expected`)
}

export function readBase64(value: unknown, name: string, maxBytes: number): Uint8Array {
  const bytes = typeof value === 'string' ? decodeBase64(value) : undefined
  if (bytes === undefined) throw new FieldFault(`${name}: base64 text expected`)
  if (bytes.length > maxBytes) throw new FieldFault(`${name}: over the bound of ${maxBytes} bytes`)
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Standard or URL-safe alphabet, with or without padding. */
function decodeBase64(text: string): Buffer | undefined {
  const size = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length
  if (size % 4 === 1) return undefined
  const bytes = Buffer.from(text, 'base64')
  // Buffer.from passes over what is not base64 in silence; then it has fewer bytes than the text has room for.
  return bytes.length === Math.floor((size * 3) / 4) ? bytes : undefined
}

/** An integer as number, bigint, decimal string or `{ low, high }` (what some JavaScript protobuf libraries print). */
function integerOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined
  if (typeof value === 'string') return /^-?[0-9]{1,20}$/.test(value) ? BigInt(value) : undefined
  if (!isObject(value)) return undefined
  const { low, high } = value
  if (typeof low !== 'number' || typeof high !== 'number' || !Number.isInteger(low) || !Number.isInteger(high)) return undefined
  return (BigInt(high) << 32n) | BigInt.asUintN(32, BigInt(low))
}

export function readInt64(value: unknown, name: string): bigint {
  const integer = integerOf(value)
  if (integer === undefined || integer < MIN_INT64 || integer > MAX_INT64)
    throw new FieldFault(`${name}: a 64-bit integer as decimal string expected, got ${kindOf(value)}`)
  return integer
}

/**
 * The int64 of an AnyValue. JavaScript senders put every integral number here, 1e300 too: a number that no int64 holds was
 * a double.
 */
export function readIntValue(value: unknown, name: string): { readonly int: bigint } | number {
  const integer = integerOf(value)
  if (integer !== undefined && typeof value !== 'string' && (integer < MIN_INT64 || integer > MAX_INT64)) return Number(integer)
  return { int: readInt64(value, name) }
}

/** Nanoseconds; 0 where absent. */
export function readUint64(value: unknown, name: string): bigint {
  if (value === undefined) return 0n
  let integer = integerOf(value)
  // { low, high } of an unsigned number has a signed high part.
  if (integer !== undefined && isObject(value)) integer = BigInt.asUintN(64, integer)
  if (integer === undefined || integer < 0n || integer > MAX_UINT64)
    throw new FieldFault(`${name}: an unsigned 64-bit integer as decimal string expected, got ${kindOf(value)}`)
  return integer
}

export function readUint32(value: unknown, name: string): number {
  if (value === undefined) return 0
  const integer = integerOf(value)
  if (integer === undefined || integer < 0n || integer > 0xffff_ffffn)
    throw new FieldFault(`${name}: an unsigned 32-bit integer expected, got ${kindOf(value)}`)
  return Number(integer)
}

/** An enum as integer, or by the name that the specification forbids but dumps have. */
export function readEnum(value: unknown, name: string, names: readonly string[]): number {
  if (value === undefined) return 0
  const byName = typeof value === 'string' ? names.indexOf(value) : -1
  if (byName >= 0) return byName
  const integer = integerOf(value)
  if (integer === undefined || BigInt.asIntN(32, integer) !== integer)
    throw new FieldFault(`${name}: an enum number expected, got ${kindOf(value)}`)
  return Number(integer)
}

/** A double as number, or as one of the words of the JSON form of protobuf. */
export function readDouble(value: unknown, name: string): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  if (typeof value === 'string' && /^-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?$/.test(value)) return Number(value)
  throw new FieldFault(`${name}: a number expected, got ${kindOf(value)}`)
}

/** The type of a value for error messages, never its content. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
