import type { DecodeLimits } from '../limits.ts'
import { type ProtoReader, WireFault } from './proto-reader.ts'
import type { WireAttribute, WireValue } from './wire.ts'

/** What one body may still hold; shared by all its messages. */
export interface Budget {
  values: number
}

export function spend(budget: Budget, limits: DecodeLimits, offset: number): void {
  if (--budget.values < 0) throw new WireFault(`the body holds more than ${limits.maxValues} attribute values`, offset)
}

/** Reads one KeyValue (key=1, value=2) and adds it to `into`. */
export function readKeyValue(
  reader: ProtoReader,
  end: number,
  into: WireAttribute[],
  depth: number,
  limits: DecodeLimits,
  budget: Budget,
): void {
  const stop = reader.lengthEnd(end)
  if (into.length >= limits.maxAttributes) throw new WireFault(`more than ${limits.maxAttributes} attributes in one list`, reader.pos)
  spend(budget, limits, reader.pos)
  let key = ''
  let value: WireValue = null
  while (reader.pos < stop) {
    const tag = reader.tag(stop)
    if (tag === 0x0a) key = reader.name(stop, limits.maxNameBytes)
    else if (tag === 0x12) value = readAnyValue(reader, stop, value, depth, limits, budget)
    else reader.skip(tag, stop)
  }
  into.push([key, value])
}

/**
 * Reads one AnyValue. Of several members set the last holds; a message that comes in pieces is merged, as the protobuf
 * specification has it ("Last One Wins"): `before` is what an earlier piece of the same field gave.
 */
export function readAnyValue(
  reader: ProtoReader,
  end: number,
  before: WireValue,
  depth: number,
  limits: DecodeLimits,
  budget: Budget,
): WireValue {
  const stop = reader.lengthEnd(end)
  let value = before
  while (reader.pos < stop) {
    const tag = reader.tag(stop)
    switch (tag) {
      case 0x0a:
        value = readString(reader, stop, limits)
        break
      case 0x10:
        value = reader.bool(stop)
        break
      case 0x18:
        value = { int: reader.int64(stop) }
        break
      case 0x21:
        value = reader.double(stop)
        break
      case 0x2a:
        value = readArray(reader, stop, isArray(value) ? value : { array: [] }, depth + 1, limits, budget)
        break
      case 0x32:
        value = readKvlist(reader, stop, isKvlist(value) ? value : { kvlist: [] }, depth + 1, limits, budget)
        break
      case 0x3a:
        value = { bytes: readBytes(reader, stop, limits) }
        break
      default:
        reader.skip(tag, stop)
    }
  }
  return value
}

/** A string that is text for people and not looked for by its bytes: decoded at once, bounded as a value is. */
export function readLongText(reader: ProtoReader, end: number, limits: DecodeLimits): string {
  const stop = boundedEnd(reader, end, limits)
  const start = reader.pos
  reader.pos = stop
  return reader.text(start, stop)
}

/** An array or kvlist of this room's making, still open: nobody else has seen it. */
type OpenArray = { readonly array: WireValue[] }
type OpenKvlist = { readonly kvlist: WireAttribute[] }

function isArray(value: WireValue): value is OpenArray {
  return typeof value === 'object' && value !== null && 'array' in value
}

function isKvlist(value: WireValue): value is OpenKvlist {
  return typeof value === 'object' && value !== null && 'kvlist' in value
}

function boundedEnd(reader: ProtoReader, end: number, limits: DecodeLimits): number {
  const stop = reader.lengthEnd(end)
  const size = stop - reader.pos
  if (size > limits.maxValueBytes) throw new WireFault(`a value of ${size} bytes is over the bound of ${limits.maxValueBytes}`, reader.pos)
  return stop
}

function readString(reader: ProtoReader, end: number, limits: DecodeLimits): WireValue {
  const stop = boundedEnd(reader, end, limits)
  const start = reader.pos
  reader.pos = stop
  if (stop - start <= limits.inlineBytes) return reader.shortText(start, stop)
  return { utf8: reader.utf8Range(start, stop) }
}

function readBytes(reader: ProtoReader, end: number, limits: DecodeLimits): Uint8Array {
  const stop = boundedEnd(reader, end, limits)
  const start = reader.pos
  reader.pos = stop
  return reader.range(start, stop)
}

function enter(reader: ProtoReader, end: number, depth: number, limits: DecodeLimits): number {
  if (depth > limits.maxDepth) throw new WireFault(`a value nested deeper than ${limits.maxDepth}`, reader.pos)
  return reader.lengthEnd(end)
}

function readArray(reader: ProtoReader, end: number, into: OpenArray, depth: number, limits: DecodeLimits, budget: Budget): OpenArray {
  const stop = enter(reader, end, depth, limits)
  while (reader.pos < stop) {
    const tag = reader.tag(stop)
    if (tag === 0x0a) {
      spend(budget, limits, reader.pos)
      into.array.push(readAnyValue(reader, stop, null, depth, limits, budget))
    } else reader.skip(tag, stop)
  }
  return into
}

function readKvlist(reader: ProtoReader, end: number, into: OpenKvlist, depth: number, limits: DecodeLimits, budget: Budget): OpenKvlist {
  const stop = enter(reader, end, depth, limits)
  while (reader.pos < stop) {
    const tag = reader.tag(stop)
    if (tag === 0x0a) readKeyValue(reader, stop, into.kvlist, depth, limits, budget)
    else reader.skip(tag, stop)
  }
  return into
}
