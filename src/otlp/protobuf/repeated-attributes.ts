import type { DecodeLimits } from '../limits.ts'
import { type Budget, readKeyValue } from './decode-values.ts'
import type { ProtoReader } from './proto-reader.ts'
import type { WireAttribute, WireValue } from './wire.ts'

/** An attribute that stood at a place of an earlier span, and its bytes from its length on. */
interface Seen {
  attribute: WireAttribute
  readonly bytes: Uint8Array
  size: number
  /** Spans in a row that had another one there. */
  misses: number
}

const NAMES_MAX = 64
const NAME_MAX_LENGTH = 128
const PLACES_MAX = 48
const MISSES_MAX = 8
/** A longer attribute seldom comes again; one of so many bytes reads the same under any limits that let all of them in. */
const SEEN_MAX_BYTES = 128

/**
 * Spans of one name carry the same attributes at the same places, and many of their values: what stands there as it stood in
 * an earlier span is known by its bytes, and is the same attribute, neither read nor made again. Bounded.
 */
export class RepeatedAttributes {
  readonly #byName = new Map<string, PlacedAttributes | undefined>()

  /** Of the spans of a name that comes again. */
  of(name: string, limits: DecodeLimits): PlacedAttributes | undefined {
    if (name.length > NAME_MAX_LENGTH || Math.min(limits.inlineBytes, limits.maxNameBytes, limits.maxValueBytes) < SEEN_MAX_BYTES)
      return undefined
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const places = this.#byName.has(name) ? new PlacedAttributes() : undefined
    if (this.#byName.size >= NAMES_MAX) this.#byName.clear()
    this.#byName.set(name, places)
    return places
  }
}

/** Reads attributes of a list by those that stood at their places before. */
export class PlacedAttributes {
  readonly #seen: (Seen | undefined)[] = new Array<Seen | undefined>(PLACES_MAX).fill(undefined)

  /** As `readKeyValue` of a list that lies in nothing. */
  read(reader: ProtoReader, end: number, into: WireAttribute[], limits: DecodeLimits, budget: Budget): void {
    const place = into.length
    const seen = this.#seen[place]
    if (seen !== undefined && place < limits.maxAttributes && budget.values > 0 && reader.hasBytes(seen.bytes, seen.size, end)) {
      seen.misses = 0
      budget.values--
      into.push(seen.attribute)
      return
    }
    const start = reader.pos
    readKeyValue(reader, end, into, 0, limits, budget)
    if (seen === undefined ? place < PLACES_MAX : ++seen.misses > MISSES_MAX) this.#remember(place, into[place], reader, start)
  }

  #remember(place: number, attribute: WireAttribute | undefined, reader: ProtoReader, start: number): void {
    const size = reader.pos - start
    if (attribute === undefined || size > SEEN_MAX_BYTES || !isLasting(attribute[1])) return
    const seen = (this.#seen[place] ??= { attribute, bytes: new Uint8Array(SEEN_MAX_BYTES), size, misses: 0 })
    for (let at = 0; at < size; at++) seen.bytes[at] = reader.bytes[start + at] as number
    seen.attribute = attribute
    seen.size = size
    seen.misses = 0
  }
}

/** Whether it is no part of the body, and nothing that a later piece of a message could be added to. */
function isLasting(value: WireValue): boolean {
  return typeof value !== 'object' || value === null || 'int' in value
}
