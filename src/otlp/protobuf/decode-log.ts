import type { DecodeLimits } from '../limits.ts'
import { RepeatedId, ZERO_SPAN_ID, ZERO_TRACE_ID } from './decode-ids.ts'
import { type Budget, readAnyValue, readKeyValue } from './decode-values.ts'
import { type ProtoReader, WireFault } from './proto-reader.ts'
import type { WireAttribute, WireLog, WireValue } from './wire.ts'

type IdName = WireLog['invalidIds'][number]

const NO_ATTRIBUTES: readonly WireAttribute[] = Object.freeze([])
const NO_INVALID_IDS: readonly IdName[] = Object.freeze([])

const LOG_FIELDS: Readonly<Record<number, string>> = {
  1: 'timeUnixNano',
  2: 'severityNumber',
  3: 'severityText',
  5: 'body',
  6: 'attributes',
  7: 'droppedAttributesCount',
  8: 'flags',
  9: 'traceId',
  10: 'spanId',
  11: 'observedTimeUnixNano',
  12: 'eventName',
}

/** Reads the log records of one body. */
export class LogReader {
  readonly #reader: ProtoReader
  readonly #limits: DecodeLimits
  readonly #budget: Budget
  readonly #traceId: RepeatedId
  readonly #spanId: RepeatedId

  constructor(reader: ProtoReader, limits: DecodeLimits, budget: Budget) {
    this.#reader = reader
    this.#limits = limits
    this.#budget = budget
    this.#traceId = new RepeatedId(reader, 16)
    this.#spanId = new RepeatedId(reader, 8)
  }

  /**
   * Reads the log record in [start, end).
   * @throws WireFault naming the field that is wrong
   */
  read(start: number, end: number): WireLog {
    const reader = this.#reader
    const limits = this.#limits
    reader.pos = start
    let tag = 0
    let timeNanos = 0n
    let observedNanos = 0n
    let severityNumber = 0
    let severityText = ''
    let body: WireValue = null
    let attributes: WireAttribute[] | undefined
    let droppedAttributes = 0
    let flags = 0
    let traceId: string | undefined = ''
    let spanId: string | undefined = ''
    let eventName = ''
    try {
      while (reader.pos < end) {
        tag = reader.tag(end)
        switch (tag) {
          case 0x09:
            timeNanos = reader.fixed64(end)
            break
          case 0x10:
            severityNumber = reader.uint32(end) | 0
            break
          case 0x1a:
            severityText = reader.name(end, limits.maxNameBytes)
            break
          case 0x2a:
            body = readAnyValue(reader, end, body, 0, limits, this.#budget)
            break
          case 0x32:
            readKeyValue(reader, end, (attributes ??= []), 0, limits, this.#budget)
            break
          case 0x38:
            droppedAttributes = reader.uint32(end)
            break
          case 0x45:
            flags = reader.fixed32(end)
            break
          case 0x4a:
            traceId = this.#id(this.#traceId, end)
            break
          case 0x52:
            spanId = this.#id(this.#spanId, end)
            break
          case 0x59:
            observedNanos = reader.fixed64(end)
            break
          case 0x62:
            eventName = reader.name(end, limits.maxNameBytes)
            break
          default:
            reader.skip(tag, end)
        }
      }
    } catch (error) {
      if (!(error instanceof WireFault)) throw error
      error.message = `${LOG_FIELDS[tag >>> 3] ?? 'unknown field'}: ${error.message}`
      throw error
    }
    return {
      timeNanos,
      observedNanos,
      severityNumber,
      severityText,
      body,
      attributes: attributes ?? NO_ATTRIBUTES,
      droppedAttributes,
      flags,
      traceId: traceId === undefined || traceId === ZERO_TRACE_ID ? '' : traceId,
      spanId: spanId === undefined || spanId === ZERO_SPAN_ID ? '' : spanId,
      invalidIds: traceId === undefined || spanId === undefined ? invalidIds(traceId, spanId) : NO_INVALID_IDS,
      eventName,
    }
  }

  identify(start: number, end: number): { eventName?: string } {
    const reader = this.#reader
    let eventName = ''
    reader.pos = start
    try {
      while (reader.pos < end) {
        const tag = reader.tag(end)
        const stop = (tag & 7) === 2 ? reader.lengthEnd(end) : -1
        if (tag === 0x62 && stop - reader.pos <= this.#limits.inlineBytes) eventName = reader.text(reader.pos, stop)
        if (stop >= 0) reader.pos = stop
        else reader.skip(tag, end)
      }
    } catch (error) {
      if (!(error instanceof WireFault)) throw error
    }
    return eventName === '' ? {} : { eventName }
  }

  /** Undefined for an id of the wrong length; the reader then stands behind it all the same. */
  #id(repeated: RepeatedId, end: number): string | undefined {
    const reader = this.#reader
    const before = reader.pos
    try {
      return repeated.read(end)
    } catch (error) {
      if (!(error instanceof WireFault)) throw error
      reader.pos = before
      // Throws again when it was the length that cannot be read.
      reader.pos = reader.lengthEnd(end)
      return undefined
    }
  }
}

/** Ids that were given and are none. */
export function invalidIds(traceId: string | undefined, spanId: string | undefined): readonly IdName[] {
  if (traceId !== undefined && spanId !== undefined) return NO_INVALID_IDS
  const names: IdName[] = []
  if (traceId === undefined) names.push('traceId')
  if (spanId === undefined) names.push('spanId')
  return names
}
