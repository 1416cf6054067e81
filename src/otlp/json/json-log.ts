import type { DecodeLimits } from '../limits.ts'
import { ZERO_SPAN_ID, ZERO_TRACE_ID } from '../protobuf/decode-ids.ts'
import { invalidIds } from '../protobuf/decode-log.ts'
import type { WireLog } from '../protobuf/wire.ts'
import type { NamedLog } from '../signals.ts'
import { FieldFault, field, isObject, kindOf, readEnum, readId, readString, readUint32, readUint64 } from './json-fields.ts'
import { attempt } from './json-frame.ts'
import type { JsonValueReader } from './json-values.ts'

const SEVERITY_NAMES: readonly string[] = [
  'SEVERITY_NUMBER_UNSPECIFIED',
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((level) =>
    ['', '2', '3', '4'].map((step) => `SEVERITY_NUMBER_${level}${step}`),
  ),
]

/** Reads the log records of one JSON body. */
export class JsonLogReader {
  readonly #values: JsonValueReader
  readonly #limits: DecodeLimits

  constructor(values: JsonValueReader, limits: DecodeLimits) {
    this.#values = values
    this.#limits = limits
  }

  read(value: unknown): WireLog {
    if (!isObject(value)) throw new FieldFault(`log record: an object expected, got ${kindOf(value)}`)
    const traceId = attempt(() => readId(field(value, 'traceId', 'trace_id'), 'traceId', 16))
    const spanId = attempt(() => readId(field(value, 'spanId', 'span_id'), 'spanId', 8))
    return {
      timeNanos: readUint64(field(value, 'timeUnixNano', 'time_unix_nano'), 'timeUnixNano'),
      observedNanos: readUint64(field(value, 'observedTimeUnixNano', 'observed_time_unix_nano'), 'observedTimeUnixNano'),
      severityNumber: readEnum(field(value, 'severityNumber', 'severity_number'), 'severityNumber', SEVERITY_NAMES),
      severityText: this.#values.name(field(value, 'severityText', 'severity_text'), 'severityText'),
      body: this.#values.anyValue(field(value, 'body'), 0),
      attributes: this.#values.attributes(value),
      droppedAttributes: this.#values.droppedAttributes(value),
      flags: readUint32(field(value, 'flags'), 'flags'),
      traceId: traceId === undefined || traceId === ZERO_TRACE_ID ? '' : traceId,
      spanId: spanId === undefined || spanId === ZERO_SPAN_ID ? '' : spanId,
      invalidIds: invalidIds(traceId, spanId),
      eventName: this.#values.name(field(value, 'eventName', 'event_name'), 'eventName'),
    }
  }

  identify(value: unknown): NamedLog {
    if (!isObject(value)) return {}
    const eventName = attempt(() => readString(field(value, 'eventName', 'event_name'), 'eventName', this.#limits.inlineBytes))
    return eventName ? { eventName } : {}
  }
}
