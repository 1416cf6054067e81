import { ByteWriter, int64Size, textSize, varintSize } from './byte-writer.ts'
import { fieldSize, measureAttributes, Sizes, type WritableAttribute, writeAttributes } from './value-writer.ts'
import type { WireEvent } from './wire.ts'

/** A key as it stands in a KeyValue, encoded once by `encodeKey`. */
export type EncodedKey = Uint8Array

/** What a field takes beside its content at most: tags and lengths of the attribute, of its value and of the content. */
const AROUND_CONTENT_BYTES = 24

/**
 * The fields of one span, written as they come, without an object for the span: for a sender of very many of them. Fields of a
 * message may stand in any order; what many spans share is encoded once and copied. `TraceWriter.openSpan` gives it.
 */
export class SpanWriter {
  readonly #writer: ByteWriter
  readonly #sizes = new Sizes()

  constructor(writer: ByteWriter) {
    this.#writer = writer
  }

  /** Fields that `encodeSpanFields` made. */
  encoded(fields: Uint8Array): void {
    this.#writer.ensure(fields.length)
    this.#writer.bytes(fields)
  }

  /** @throws RepriseError `invalid_argument` for anything but lowercase hex */
  ids(spanId: string, parentSpanId: string): void {
    const writer = this.#writer
    writer.ensure(20)
    writer.byte(0x12)
    writer.byte(8)
    writer.hex(spanId, 8)
    if (parentSpanId === '') return
    writer.byte(0x22)
    writer.byte(8)
    writer.hex(parentSpanId, 8)
  }

  /** Unix times in whole microseconds; an end that is not known yet is left out. */
  times(startMicros: number, endMicros: number | undefined): void {
    const writer = this.#writer
    writer.ensure(18)
    writer.byte(0x39)
    writer.nanosOfMicros(startMicros)
    if (endMicros === undefined) return
    writer.byte(0x41)
    writer.nanosOfMicros(endMicros)
  }

  /** The status `error`, without a message. */
  failed(): void {
    const writer = this.#writer
    writer.ensure(4)
    writer.byte(0x7a)
    writer.byte(2)
    writer.byte(0x18)
    writer.byte(2)
  }

  /** A non-negative safe integer. */
  int(key: EncodedKey, value: number): void {
    const writer = this.#writer
    const size = 1 + varintSize(value)
    writer.ensure(key.length + AROUND_CONTENT_BYTES)
    this.#key(key, size)
    writer.byte(0x18)
    writer.varint(value)
  }

  /** A list of non-negative safe integers. */
  ints(key: EncodedKey, values: readonly number[]): void {
    const writer = this.#writer
    // By index: the compiler that comes first makes an iterator of `of`.
    let size = 0
    for (let index = 0; index < values.length; index++) size += 3 + varintSize(values[index] ?? 0)
    writer.ensure(key.length + size + AROUND_CONTENT_BYTES)
    this.#key(key, fieldSize(size))
    writer.byte(0x2a)
    writer.varint(size)
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? 0
      writer.byte(0x0a)
      writer.byte(1 + varintSize(value))
      writer.byte(0x18)
      writer.varint(value)
    }
  }

  /** @throws RepriseError `invalid_utf8` for a string with a lone surrogate */
  text(key: EncodedKey, text: string): void {
    const writer = this.#writer
    const size = textSize(text)
    writer.ensure(key.length + size + AROUND_CONTENT_BYTES)
    this.#key(key, fieldSize(size))
    writer.byte(0x0a)
    writer.varint(size)
    writer.text(text, size)
  }

  /** A string given as its UTF-8. */
  utf8(key: EncodedKey, utf8: Uint8Array): void {
    this.#content(key, 0x0a, utf8)
  }

  bytes(key: EncodedKey, bytes: Uint8Array): void {
    this.#content(key, 0x3a, bytes)
  }

  /** A string or bytes of that size, which `TraceWriter.put` puts in later, where this says. */
  room(key: EncodedKey, kind: 'utf8' | 'bytes', size: number): number {
    return this.#room(key, kind === 'utf8' ? 0x0a : 0x3a, size)
  }

  /** Attributes of any kind. */
  attributes(attributes: readonly WritableAttribute[]): void {
    const writer = this.#writer
    const sizes = this.#sizes
    sizes.clear()
    writer.ensure(measureAttributes(attributes, sizes))
    writeAttributes(writer, 0x4a, attributes, sizes)
  }

  events(events: readonly WireEvent[], dropped: number): void {
    const writer = this.#writer
    const sizes = this.#sizes
    for (const event of events) {
      sizes.clear()
      const name = textSize(event.name)
      const size = 9 + fieldSize(name) + measureAttributes(event.attributes, sizes)
      writer.ensure(fieldSize(size))
      writer.byte(0x5a)
      writer.varint(size)
      writer.byte(0x09)
      writer.fixed64(event.timeNanos)
      writer.byte(0x12)
      writer.varint(name)
      writer.text(event.name, name)
      writeAttributes(writer, 0x1a, event.attributes, sizes)
    }
    if (dropped === 0) return
    writer.ensure(11)
    writer.byte(0x60)
    writer.varint(dropped)
  }

  #content(key: EncodedKey, tag: number, content: Uint8Array): void {
    const writer = this.#writer
    writer.pos = this.#room(key, tag, content.length)
    writer.bytes(content)
  }

  #room(key: EncodedKey, tag: number, size: number): number {
    const writer = this.#writer
    writer.ensure(key.length + size + AROUND_CONTENT_BYTES)
    this.#key(key, fieldSize(size))
    writer.byte(tag)
    writer.varint(size)
    const at = writer.pos
    writer.pos = at + size
    return at
  }

  /** An attribute up to its value, whose content takes `size` bytes. */
  #key(key: EncodedKey, size: number): void {
    const writer = this.#writer
    writer.byte(0x4a)
    writer.varint(key.length + fieldSize(size))
    writer.shortBytes(key)
    writer.byte(0x12)
    writer.varint(size)
  }
}

// What is encoded once is written here and copied out.
const scratch = new ArrayBuffer(4096)

/** The fields of a span that many spans have in common. */
export interface SpanFields {
  readonly traceId?: string
  readonly name?: string
  readonly kind?: number
  readonly flags?: number
  readonly attributes?: readonly WritableAttribute[]
}

/** @throws RepriseError `invalid_utf8` for a string with a lone surrogate, `invalid_argument` for a bad id */
export function encodeSpanFields(fields: SpanFields): Uint8Array {
  const writer = new ByteWriter(scratch)
  const { traceId, name = '', kind = 0, flags = 0, attributes = [] } = fields
  const sizes = new Sizes()
  const nameSize = textSize(name)
  const attributesSize = measureAttributes(attributes, sizes)
  writer.ensure(18 + fieldSize(nameSize) + 1 + int64Size(BigInt(kind)) + 6 + attributesSize)
  if (traceId !== undefined) {
    writer.byte(0x0a)
    writer.byte(16)
    writer.hex(traceId, 16)
  }
  if (name !== '') {
    writer.byte(0x2a)
    writer.varint(nameSize)
    writer.text(name, nameSize)
  }
  if (kind !== 0) {
    writer.byte(0x30)
    writer.int64(BigInt(kind))
  }
  writeAttributes(writer, 0x4a, attributes, sizes)
  if (flags !== 0) {
    // Field 16 is the first whose tag takes two bytes.
    writer.byte(0x85)
    writer.byte(0x01)
    writer.fixed32(flags)
  }
  return writer.finish().slice()
}

/** @throws RepriseError `invalid_utf8` for a string with a lone surrogate */
export function encodeKey(key: string): EncodedKey {
  const writer = new ByteWriter(scratch)
  const size = textSize(key)
  writer.ensure(fieldSize(size))
  writer.byte(0x0a)
  writer.varint(size)
  writer.text(key, size)
  return writer.finish().slice()
}
