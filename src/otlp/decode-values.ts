import type { DecodeLimits } from './limits.ts'
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
    else if (tag === 0x12) value = readAnyValue(reader, stop, depth, limits, budget)
    else reader.skip(tag, stop)
  }
  into.push([key, value])
}

/** Reads one AnyValue; of several values set the last holds, as in every protobuf reader. */
function readAnyValue(reader: ProtoReader, end: number, depth: number, limits: DecodeLimits, budget: Budget): WireValue {
  const stop = reader.lengthEnd(end)
  let value: WireValue = null
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
        value = { array: readArray(reader, stop, depth + 1, limits, budget) }
        break
      case 0x32:
        value = { kvlist: readKvlist(reader, stop, depth + 1, limits, budget) }
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

function readArray(reader: ProtoReader, end: number, depth: number, limits: DecodeLimits, budget: Budget): WireValue[] {
  const stop = enter(reader, end, depth, limits)
  const array: WireValue[] = []
  while (reader.pos < stop) {
    const tag = reader.tag(stop)
    if (tag === 0x0a) {
      spend(budget, limits, reader.pos)
      array.push(readAnyValue(reader, stop, depth, limits, budget))
    } else reader.skip(tag, stop)
  }
  return array
}

function readKvlist(reader: ProtoReader, end: number, depth: number, limits: DecodeLimits, budget: Budget): WireAttribute[] {
  const stop = enter(reader, end, depth, limits)
  const kvlist: WireAttribute[] = []
  while (reader.pos < stop) {
    const tag = reader.tag(stop)
    if (tag === 0x0a) readKeyValue(reader, stop, kvlist, depth, limits, budget)
    else reader.skip(tag, stop)
  }
  return kvlist
}
