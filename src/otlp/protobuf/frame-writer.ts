import { RepriseError } from '../../schemas/index.ts'
import { ByteWriter, int64Size, varintSize } from './byte-writer.ts'
import { fieldSize, measureAttributes, measureText, Sizes, writeAttributes, writeText } from './value-writer.ts'
import type { WireResource, WireScope } from './wire.ts'

/**
 * Writes an Export…ServiceRequest record by record, so that a caller can stop between two of them; its frame is the same for
 * every signal. Whatever cannot be written is refused before the first byte of it is: after an error the writer stands where
 * it stood.
 */
export abstract class FrameWriter {
  protected readonly writer: ByteWriter
  protected readonly sizes: Sizes = new Sizes()
  readonly #noun: string
  #resource = -1
  #scope = -1
  #finished = false

  /**
   * @param noun what a record of the signal is called in errors
   * @param memory what an earlier body was written into (`body.buffer`), when nobody needs that body any more: a sender of
   *   many large bodies so spares the allocation and the growing of each
   */
  constructor(noun: string, memory?: ArrayBufferLike) {
    this.#noun = noun
    this.writer = new ByteWriter(memory)
  }

  /** Bytes so far; the finished body is at most this long. */
  get sizeBytes(): number {
    return this.writer.pos
  }

  startResource(resource: WireResource, schemaUrl = ''): void {
    this.#assertOpen()
    this.#closeScope()
    this.#closeResource()
    const sizes = this.sizes
    sizes.clear()
    const size = measureAttributes(resource.attributes, sizes) + optionalVarintSize(resource.droppedAttributes)
    const total = fieldSize(size) + measureText(schemaUrl, sizes)
    const writer = this.writer
    writer.ensure(total + 6)
    writer.byte(0x0a)
    this.#resource = writer.open()
    writer.byte(0x0a)
    writer.varint(size)
    writeAttributes(writer, 0x0a, resource.attributes, sizes)
    writeOptionalVarint(writer, 0x10, resource.droppedAttributes)
    writeText(writer, 0x1a, schemaUrl, sizes)
  }

  startScope(scope: WireScope, schemaUrl = ''): void {
    this.#assertOpen()
    if (this.#resource < 0) throw new RepriseError('invalid_argument', 'startScope before startResource')
    this.#closeScope()
    const sizes = this.sizes
    sizes.clear()
    const size =
      measureText(scope.name, sizes) +
      measureText(scope.version, sizes) +
      measureAttributes(scope.attributes, sizes) +
      optionalVarintSize(scope.droppedAttributes)
    const total = fieldSize(size) + measureText(schemaUrl, sizes)
    const writer = this.writer
    writer.ensure(total + 6)
    writer.byte(0x12)
    this.#scope = writer.open()
    writer.byte(0x0a)
    writer.varint(size)
    writeText(writer, 0x0a, scope.name, sizes)
    writeText(writer, 0x12, scope.version, sizes)
    writeAttributes(writer, 0x1a, scope.attributes, sizes)
    writeOptionalVarint(writer, 0x20, scope.droppedAttributes)
    writeText(writer, 0x1a, schemaUrl, sizes)
  }

  /** Every record begins with it. */
  protected beginRecord(): void {
    this.#assertOpen()
    if (this.#scope < 0) throw new RepriseError('invalid_argument', `a ${this.#noun} before startScope`)
    this.sizes.clear()
  }

  /** The whole body. Nothing can be added afterwards. */
  finish(): Uint8Array {
    this.#closeScope()
    this.#closeResource()
    this.#finished = true
    return this.writer.finish()
  }

  #assertOpen(): void {
    if (this.#finished) throw new RepriseError('invalid_argument', 'this writer is finished')
  }

  #closeScope(): void {
    if (this.#scope >= 0) this.writer.close(this.#scope)
    this.#scope = -1
  }

  #closeResource(): void {
    if (this.#resource >= 0) this.writer.close(this.#resource)
    this.#resource = -1
  }
}

export function optionalVarintSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value)
}

export function writeOptionalVarint(writer: ByteWriter, tag: number, value: number): void {
  if (value === 0) return
  writer.byte(tag)
  writer.varint(value)
}

/** An enum is an int32: a negative one takes ten bytes. */
export function enumSize(value: number): number {
  return value === 0 ? 0 : 1 + int64Size(BigInt(value))
}

export function writeEnum(writer: ByteWriter, tag: number, value: number): void {
  if (value === 0) return
  writer.byte(tag)
  writer.int64(BigInt(value))
}

export function writeNanos(writer: ByteWriter, tag: number, nanos: bigint): void {
  if (nanos === 0n) return
  writer.byte(tag)
  writer.fixed64(nanos)
}
