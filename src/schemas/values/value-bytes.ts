import { types } from 'node:util'

/** Views over memory that come back as the class they were. Element bytes are little-endian. */
type Maker = (bytes: Uint8Array<ArrayBuffer>) => unknown

const VIEWS = {
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
} as const

function makeShared(bytes: Uint8Array): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(bytes.length)
  new Uint8Array(shared).set(bytes)
  return shared
}

const MAKERS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['Uint8Array', (bytes) => bytes],
  ['Buffer', (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)],
  ['ArrayBuffer', (bytes) => bytes.buffer],
  ['SharedArrayBuffer', makeShared],
  ['DataView', (bytes) => new DataView(bytes.buffer)],
  ...Object.entries(VIEWS).map(([name, View]): [string, Maker] => [
    name,
    (bytes) => (bytes.length % View.BYTES_PER_ELEMENT === 0 ? new View(bytes.buffer) : undefined),
  ]),
])

const typedArrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get

/** The class name and a view of the bytes, or `undefined` for what is not memory. */
export function bytesOf(value: object): { type: string; bytes: Uint8Array } | undefined {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    if (Buffer.isBuffer(value)) return { type: 'Buffer', bytes }
    const name: unknown = typedArrayName?.call(value)
    return { type: typeof name === 'string' ? name : 'DataView', bytes }
  }
  if (types.isArrayBuffer(value)) return { type: 'ArrayBuffer', bytes: new Uint8Array(value) }
  if (value instanceof SharedArrayBuffer) return { type: 'SharedArrayBuffer', bytes: new Uint8Array(value) }
  return undefined
}

/** Takes over `bytes`, whose memory is its own. `undefined` when there is no such class or the length does not fit it. */
export function makeView(type: string, bytes: Uint8Array<ArrayBuffer>): unknown {
  return MAKERS.get(type)?.(bytes)
}
