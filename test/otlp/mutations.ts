import fc from 'fast-check'
import { concat, tag, varint } from './raw-protobuf.ts'

/** One change to some bytes, the place given as a fraction of the length. */
export type Mutation = (bytes: Buffer) => Buffer

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 7 })).map(([at, bit]) => (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes)
    const index = Math.floor(at * copy.length)
    if (copy.length > 0) copy[index] = (copy[index] ?? 0) ^ (1 << bit)
    return copy
  }),
  fc
    .tuple(place, fc.constantFrom(0x00, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x22, 0x5b, 0x7b, 0x2c))
    .map(([at, byte]) => (bytes: Buffer): Buffer => {
      const copy = Buffer.from(bytes)
      if (copy.length > 0) copy[Math.floor(at * copy.length)] = byte
      return copy
    }),
  place.map(
    (at) =>
      (bytes: Buffer): Buffer =>
        bytes.subarray(0, Math.floor(at * bytes.length)),
  ),
  fc.tuple(place, place).map(([from, to]) => (bytes: Buffer): Buffer => {
    const start = Math.floor(Math.min(from, to) * bytes.length)
    const end = Math.floor(Math.max(from, to) * bytes.length)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  }),
  fc.tuple(place, fc.uint8Array({ maxLength: 8 })).map(([at, extra]) => (bytes: Buffer): Buffer => {
    const index = Math.floor(at * bytes.length)
    return Buffer.concat([bytes.subarray(0, index), extra, bytes.subarray(index)])
  }),
)

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(mutation, { minLength: 1, maxLength: 4 })

/** A number in more bytes than it needs, up to the ten that a varint may have. */
function padded(value: number, extra: number): Uint8Array {
  const bytes = [...varint(value)]
  const room = Math.min(extra, 10 - bytes.length)
  if (room <= 0) return Uint8Array.from(bytes)
  const last = bytes.pop() ?? 0
  return Uint8Array.from([...bytes, last | 0x80, ...new Array<number>(room - 1).fill(0x80), 0])
}

/** One field of a message, whose bytes are otherwise left as they are. */
interface Field {
  readonly number: number
  readonly wireType: number
  readonly content: Uint8Array
}

/** Fields of bytes that are a message; undefined where they are not. */
function fieldsOf(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = []
  const numberAt = (at: number): { value: number; end: number } | undefined => {
    let value = 0
    for (let index = 0; index < 5; index++) {
      const byte = bytes[at + index]
      if (byte === undefined) return undefined
      value += (byte & 0x7f) * 128 ** index
      if (byte < 0x80) return { value, end: at + index + 1 }
    }
    return undefined
  }
  for (let at = 0; at < bytes.length; ) {
    const head = numberAt(at)
    if (head === undefined || head.value < 8) return undefined
    const [number, wireType] = [Math.floor(head.value / 8), head.value % 8]
    let start = head.end
    let end: number
    if (wireType === 0) {
      end = start
      while ((bytes[end] ?? 0) >= 0x80) end++
      end++
    } else if (wireType === 1) end = start + 8
    else if (wireType === 5) end = start + 4
    else if (wireType === 2) {
      const length = numberAt(start)
      if (length === undefined) return undefined
      start = length.end
      end = start + length.value
    } else return undefined
    if (end > bytes.length) return undefined
    fields.push({ number, wireType, content: bytes.subarray(start, end) })
    at = end
  }
  return fields
}

/** What a structural change does to the fields of one message. */
export type Reshape = (fields: readonly Field[], random: () => number) => readonly Field[]

const UNKNOWN: readonly Field[] = [
  { number: 99, wireType: 0, content: Uint8Array.of(0x96, 0x01) },
  { number: 536_870_911, wireType: 2, content: Uint8Array.of(1, 2, 3) },
  { number: 77, wireType: 5, content: Uint8Array.of(1, 2, 3, 4) },
  // A group with a group in it, and its end.
  { number: 50, wireType: 3, content: concat(tag(51, 3), tag(1, 0), [7], tag(51, 4), tag(50, 4)) },
]

const RESHAPES: readonly Reshape[] = [
  (fields) => [...fields].reverse(),
  (fields, random) => [...fields, ...fields.filter(() => random() < 0.5)],
  (fields, random) =>
    fields.flatMap((field) => (random() < 0.3 ? [UNKNOWN[Math.floor(random() * UNKNOWN.length)] ?? field, field] : [field])),
  (fields, random) => fields.filter(() => random() < 0.8),
  // The right number with another wire type is another field.
  (fields, random) =>
    fields.flatMap((field) => (random() < 0.2 ? [{ number: field.number, wireType: 0, content: Uint8Array.of(1) }, field] : [field])),
  // Damage inside of a field, whose length stays true: so what stands around it can be read.
  (fields, random) =>
    fields.map((field) => {
      const content = Uint8Array.from(field.content)
      if (content.length > 0 && random() < 0.3) content[Math.floor(random() * content.length)] = Math.floor(random() * 256)
      return { ...field, content }
    }),
  // A message in two pieces.
  (fields, random) =>
    fields.flatMap((field) => {
      const inner = field.wireType === 2 && random() < 0.4 ? fieldsOf(field.content) : undefined
      if (inner === undefined || inner.length < 2) return [field]
      const cut = 1 + Math.floor(random() * (inner.length - 1))
      return [inner.slice(0, cut), inner.slice(cut)].map((part) => ({ ...field, content: bytesOf(part, () => 1) }))
    }),
]

function bytesOf(fields: readonly Field[], random: () => number): Uint8Array {
  return Buffer.concat(
    fields.flatMap(({ number, wireType, content }) => {
      const extra = random() < 0.2 ? Math.floor(random() * 4) : 0
      return [padded(number * 8 + wireType, extra), ...(wireType === 2 ? [padded(content.length, extra)] : []), content]
    }),
  )
}

/** Writes a body another way: fields in another order, repeated, unknown, in pieces, with numbers longer than they need be. */
export function reshape(bytes: Uint8Array, random: () => number, depth = 0): Uint8Array {
  const fields = fieldsOf(bytes)
  if (fields === undefined || fields.length === 0) return bytes
  const inside = fields.map((field) =>
    field.wireType === 2 && depth < 12 && random() < 0.9 ? { ...field, content: reshape(field.content, random, depth + 1) } : field,
  )
  const change = random() < 0.5 ? RESHAPES[Math.floor(random() * RESHAPES.length)] : undefined
  return bytesOf(change === undefined ? inside : change(inside, random), random)
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Other bodies made of the fields of a body. */
export const reshapings: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc
  .integer({ min: 0, max: 2 ** 32 - 1 })
  .map((seed) => (bytes) => reshape(bytes, randomOf(seed)))
