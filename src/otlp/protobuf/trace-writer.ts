import { RepriseError } from '../../schemas/index.ts'
import type { ByteWriter } from './byte-writer.ts'
import { enumSize, FrameWriter, optionalVarintSize, writeEnum, writeNanos, writeOptionalVarint } from './frame-writer.ts'
import { SpanWriter } from './span-writer.ts'
import {
  fieldSize,
  measureAttributes,
  measureText,
  type Sizes,
  type WritableAttribute,
  writeAttributes,
  writeText,
} from './value-writer.ts'
import type { WireEvent, WireLink, WireSpan } from './wire.ts'

/** A span to be written; its own attribute values may also come in pieces. */
export type WritableSpan = Omit<WireSpan, 'attributes'> & { readonly attributes: readonly WritableAttribute[] }

/** Writes an ExportTraceServiceRequest span by span. */
export class TraceWriter extends FrameWriter {
  readonly #fields: SpanWriter
  #span = -1

  constructor(memory?: ArrayBufferLike) {
    super('span', memory)
    this.#fields = new SpanWriter(this.writer)
  }

  /** @throws RepriseError `invalid_utf8` for a string with a lone surrogate, `invalid_argument` for a bad id */
  addSpan(span: WritableSpan): void {
    const { writer, sizes } = this
    this.beginRecord()
    checkIds(span)
    const size = measureSpan(span, sizes)
    writer.ensure(fieldSize(size))
    writer.byte(0x12)
    writer.varint(size)
    writeSpan(writer, span, sizes)
  }

  /** Begins a span that is written field by field. `closeSpan` keeps it, `dropSpan` takes it back. */
  openSpan(): SpanWriter {
    this.beginRecord()
    if (this.#span >= 0) throw new RepriseError('invalid_argument', 'openSpan while a span is open')
    const { writer } = this
    writer.ensure(5)
    writer.byte(0x12)
    this.#span = writer.open()
    return this.#fields
  }

  /** Makes room for that many more bytes, so that what follows moves nothing. */
  reserve(bytes: number): void {
    this.writer.ensure(bytes)
  }

  /** Bytes for a place that `SpanWriter.room` left. */
  put(at: number, bytes: Uint8Array): void {
    this.writer.put(at, bytes)
  }

  closeSpan(): void {
    this.writer.close(this.#span)
    this.#span = -1
  }

  dropSpan(): void {
    if (this.#span >= 0) this.writer.pos = this.#span - 1
    this.#span = -1
  }

  override finish(): Uint8Array {
    this.dropSpan()
    return super.finish()
  }
}

const TRACE_ID = /^[0-9a-f]{32}$/
const SPAN_ID = /^[0-9a-f]{16}$/

function checkIds(span: WritableSpan): void {
  if (!TRACE_ID.test(span.traceId)) throw new RepriseError('invalid_argument', 'traceId: 32 lowercase hex digits expected')
  if (!SPAN_ID.test(span.spanId)) throw new RepriseError('invalid_argument', 'spanId: 16 lowercase hex digits expected')
  if (span.parentSpanId !== '' && !SPAN_ID.test(span.parentSpanId))
    throw new RepriseError('invalid_argument', "parentSpanId: 16 lowercase hex digits or '' expected")
  for (const link of span.links) {
    if (!TRACE_ID.test(link.traceId) || !SPAN_ID.test(link.spanId))
      throw new RepriseError('invalid_argument', 'links: lowercase hex ids expected')
  }
}

// Each write below follows its measure in the same order: that is what makes the sizes fit.

function measureSpan(span: WritableSpan, sizes: Sizes): number {
  let size = 18 + 10
  size += measureText(span.traceState, sizes)
  if (span.parentSpanId !== '') size += 10
  size += measureText(span.name, sizes)
  size += enumSize(span.kind)
  size += (span.startNanos === 0n ? 0 : 9) + (span.endNanos === 0n ? 0 : 9)
  size += measureAttributes(span.attributes, sizes)
  size += optionalVarintSize(span.droppedAttributes)
  for (const event of span.events) size += fieldSize(measureEvent(event, sizes))
  size += optionalVarintSize(span.droppedEvents)
  for (const link of span.links) size += fieldSize(measureLink(link, sizes))
  size += optionalVarintSize(span.droppedLinks)
  if (hasStatus(span)) {
    const place = sizes.reserve()
    size += fieldSize(sizes.set(place, measureText(span.status.message, sizes) + enumSize(span.status.code)))
  }
  return span.flags === 0 ? size : size + 6
}

function writeSpan(writer: ByteWriter, span: WritableSpan, sizes: Sizes): void {
  writer.byte(0x0a)
  writer.byte(16)
  writer.hex(span.traceId, 16)
  writer.byte(0x12)
  writer.byte(8)
  writer.hex(span.spanId, 8)
  writeText(writer, 0x1a, span.traceState, sizes)
  if (span.parentSpanId !== '') {
    writer.byte(0x22)
    writer.byte(8)
    writer.hex(span.parentSpanId, 8)
  }
  writeText(writer, 0x2a, span.name, sizes)
  writeEnum(writer, 0x30, span.kind)
  writeNanos(writer, 0x39, span.startNanos)
  writeNanos(writer, 0x41, span.endNanos)
  writeAttributes(writer, 0x4a, span.attributes, sizes)
  writeOptionalVarint(writer, 0x50, span.droppedAttributes)
  for (const event of span.events) writeEvent(writer, event, sizes)
  writeOptionalVarint(writer, 0x60, span.droppedEvents)
  for (const link of span.links) writeLink(writer, link, sizes)
  writeOptionalVarint(writer, 0x70, span.droppedLinks)
  if (hasStatus(span)) {
    writer.byte(0x7a)
    writer.varint(sizes.next())
    writeText(writer, 0x12, span.status.message, sizes)
    writeEnum(writer, 0x18, span.status.code)
  }
  if (span.flags !== 0) {
    // Field 16 is the first whose tag takes two bytes.
    writer.byte(0x85)
    writer.byte(0x01)
    writer.fixed32(span.flags)
  }
}

function hasStatus(span: WritableSpan): boolean {
  return span.status.code !== 0 || span.status.message !== ''
}

function measureEvent(event: WireEvent, sizes: Sizes): number {
  const place = sizes.reserve()
  const size =
    (event.timeNanos === 0n ? 0 : 9) +
    measureText(event.name, sizes) +
    measureAttributes(event.attributes, sizes) +
    optionalVarintSize(event.droppedAttributes)
  return sizes.set(place, size)
}

function writeEvent(writer: ByteWriter, event: WireEvent, sizes: Sizes): void {
  writer.byte(0x5a)
  writer.varint(sizes.next())
  writeNanos(writer, 0x09, event.timeNanos)
  writeText(writer, 0x12, event.name, sizes)
  writeAttributes(writer, 0x1a, event.attributes, sizes)
  writeOptionalVarint(writer, 0x20, event.droppedAttributes)
}

function measureLink(link: WireLink, sizes: Sizes): number {
  const place = sizes.reserve()
  const size =
    28 +
    measureText(link.traceState, sizes) +
    measureAttributes(link.attributes, sizes) +
    optionalVarintSize(link.droppedAttributes) +
    (link.flags === 0 ? 0 : 5)
  return sizes.set(place, size)
}

function writeLink(writer: ByteWriter, link: WireLink, sizes: Sizes): void {
  writer.byte(0x6a)
  writer.varint(sizes.next())
  writer.byte(0x0a)
  writer.byte(16)
  writer.hex(link.traceId, 16)
  writer.byte(0x12)
  writer.byte(8)
  writer.hex(link.spanId, 8)
  writeText(writer, 0x1a, link.traceState, sizes)
  writeAttributes(writer, 0x22, link.attributes, sizes)
  writeOptionalVarint(writer, 0x28, link.droppedAttributes)
  if (link.flags !== 0) {
    writer.byte(0x35)
    writer.fixed32(link.flags)
  }
}
