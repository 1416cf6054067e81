import { RepriseError } from '../../schemas/index.ts'
import { enumSize, FrameWriter, optionalVarintSize, writeEnum, writeNanos, writeOptionalVarint } from './frame-writer.ts'
import {
  fieldSize,
  measureAttributes,
  measureBody,
  measureText,
  type WritableAttribute,
  type WritableValue,
  writeAttributes,
  writeText,
  writeValue,
} from './value-writer.ts'
import type { WireLog } from './wire.ts'

/** A log record to be written; its body and its own attribute values may also come in pieces. */
export type WritableLog = Omit<WireLog, 'attributes' | 'body' | 'invalidIds'> & {
  readonly attributes: readonly WritableAttribute[]
  readonly body: WritableValue
}

const TRACE_ID = /^[0-9a-f]{32}$/
const SPAN_ID = /^[0-9a-f]{16}$/

/** Writes an ExportLogsServiceRequest log record by log record. */
export class LogWriter extends FrameWriter {
  constructor(memory?: ArrayBufferLike) {
    super('log record', memory)
  }

  /** @throws RepriseError `invalid_utf8` for a string with a lone surrogate, `invalid_argument` for a bad id */
  addLog(log: WritableLog): void {
    const { writer, sizes } = this
    this.beginRecord()
    if (log.traceId !== '' && !TRACE_ID.test(log.traceId))
      throw new RepriseError('invalid_argument', "traceId: 32 lowercase hex digits or '' expected")
    if (log.spanId !== '' && !SPAN_ID.test(log.spanId))
      throw new RepriseError('invalid_argument', "spanId: 16 lowercase hex digits or '' expected")
    // In the order in which it is written below: that is what makes the sizes fit.
    let size = log.timeNanos === 0n ? 0 : 9
    size += enumSize(log.severityNumber)
    size += measureText(log.severityText, sizes)
    if (log.body !== null) size += measureBody(log.body, sizes)
    size += measureAttributes(log.attributes, sizes)
    size += optionalVarintSize(log.droppedAttributes)
    size += log.flags === 0 ? 0 : 5
    size += (log.traceId === '' ? 0 : 18) + (log.spanId === '' ? 0 : 10)
    size += log.observedNanos === 0n ? 0 : 9
    size += measureText(log.eventName, sizes)

    writer.ensure(fieldSize(size))
    writer.byte(0x12)
    writer.varint(size)
    writeNanos(writer, 0x09, log.timeNanos)
    writeEnum(writer, 0x10, log.severityNumber)
    writeText(writer, 0x1a, log.severityText, sizes)
    if (log.body !== null) {
      writer.byte(0x2a)
      writeValue(writer, log.body, sizes)
    }
    writeAttributes(writer, 0x32, log.attributes, sizes)
    writeOptionalVarint(writer, 0x38, log.droppedAttributes)
    if (log.flags !== 0) {
      writer.byte(0x45)
      writer.fixed32(log.flags)
    }
    if (log.traceId !== '') {
      writer.byte(0x4a)
      writer.byte(16)
      writer.hex(log.traceId, 16)
    }
    if (log.spanId !== '') {
      writer.byte(0x52)
      writer.byte(8)
      writer.hex(log.spanId, 8)
    }
    writeNanos(writer, 0x59, log.observedNanos)
    writeText(writer, 0x62, log.eventName, sizes)
  }
}
