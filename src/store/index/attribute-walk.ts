import { type AttributeValue, parseJson } from '../../schemas/index.ts'
import { CLOSE_BRACE, COMMA, decimalOf, JsonWalk, LETTER_R, OPEN_BRACE, OTHER_FORM, QUOTE } from './json-walk.ts'
import { FACT_KEYS, type FactKey, FactReader, type Facts, factKeyOf, TAG_PREFIX } from './step-facts.ts'
import { TextCache } from './text-cache.ts'

interface WantedKey {
  readonly bytes: Uint8Array
  readonly fact: FactKey
}

/** Names of wanted attributes by their length, so that most others are passed over by that alone. */
const WANTED: (readonly WantedKey[])[] = Array.from({ length: 64 }, (_, length) =>
  FACT_KEYS.filter(({ key }) => key.length === length).map((fact) => ({ bytes: bytesOf(fact.key), fact })),
)
const TAG_BYTES = bytesOf(TAG_PREFIX)

/** What stood at a place among the attributes of an earlier line. */
interface Seen {
  /** The key with its quotes and colon. */
  readonly key: Uint8Array
  readonly fact: FactKey | undefined
  /** Key and value, while that is the same from line to line. */
  whole: Uint8Array | undefined
  value: AttributeValue | undefined
  /** Lines in which something else stood here. */
  misses: number
}

/** Places that are remembered, and how many lines a place must differ in before what is remembered of it is given up. */
const SEEN_MAX = 64
const MISSES_MAX = 8
const WHOLE_MAX_BYTES = 256

/** Walks over attributes. Most lines have those of the line before, and many of their values. */
export abstract class AttributeWalk extends JsonWalk {
  protected readonly strings: TextCache = new TextCache((bytes) => parseJson(bytes.toString('utf8')) as string)
  readonly #seen: Seen[] = []

  protected attributes(): FactReader['facts'] {
    const { bytes } = this
    let reader: FactReader | undefined
    if (bytes[this.at] !== OPEN_BRACE) throw OTHER_FORM
    if (bytes[this.at + 1] === CLOSE_BRACE) {
      this.at += 2
      return NO_FACTS
    }
    let place = 0
    do {
      this.at++
      const seen = this.#seen[place++]
      if (seen !== undefined && this.#isWhole(seen)) {
        if (seen.fact !== undefined) {
          reader ??= new FactReader()
          // Which may be null.
          if (seen.value !== undefined) reader.take(seen.fact, seen.value)
        }
        continue
      }
      const from = this.at
      let fact: FactKey | undefined
      let isNew = seen === undefined && place <= SEEN_MAX
      if (seen !== undefined && this.hasBytes(seen.key)) {
        fact = seen.fact
        if (seen.whole === undefined && seen.misses > 0) seen.misses--
      } else {
        this.skipString()
        fact = this.#wanted(from + 1, this.at - from - 2)
        // The colon.
        this.at++
        if (seen !== undefined && ++seen.misses > MISSES_MAX) isNew = true
      }
      const valueFrom = this.at
      let value: AttributeValue | undefined
      if (fact === undefined) this.skipValue()
      else {
        reader ??= new FactReader()
        value = this.#value()
        reader.take(fact, value)
      }
      if (isNew) {
        const whole = this.at - from > WHOLE_MAX_BYTES ? undefined : this.copy(from)
        this.#seen[place - 1] = { key: new Uint8Array(bytes.subarray(from, valueFrom)), fact, whole, value, misses: 0 }
      }
    } while (bytes[this.at] === COMMA)
    if (bytes[this.at] !== CLOSE_BRACE) throw OTHER_FORM
    this.at++
    return reader?.facts ?? NO_FACTS
  }

  /** Whether the very attribute stands here, and past it. */
  #isWhole(seen: Seen): boolean {
    const { whole } = seen
    if (whole === undefined) return false
    if (this.hasBytes(whole)) {
      const next = this.bytes[this.at]
      // A number could go on.
      if (next === COMMA || next === CLOSE_BRACE) {
        if (seen.misses > 0) seen.misses--
        return true
      }
      this.at -= whole.length
    }
    if (++seen.misses > MISSES_MAX) {
      seen.whole = undefined
      seen.misses = 0
    }
    return false
  }

  #wanted(from: number, length: number): FactKey | undefined {
    const { bytes } = this
    const keys = WANTED[length]
    if (keys !== undefined) for (const { bytes: key, fact } of keys) if (standsAt(bytes, from, key)) return fact
    if (bytes[from] !== LETTER_R || length < TAG_BYTES.length || !standsAt(bytes, from, TAG_BYTES)) return undefined
    return factKeyOf(this.strings.text(bytes, from - 1, from + length + 1))
  }

  /** The value that is here. */
  #value(): AttributeValue {
    const { bytes } = this
    const from = this.at
    this.skipValue()
    if (bytes[from] === QUOTE) return this.strings.text(bytes, from, this.at)
    return decimalOf(bytes, from, this.at) ?? (parseJson(this.text(from)) as AttributeValue)
  }

  /** Of what has been passed. */
  protected copy(from: number): Uint8Array {
    return new Uint8Array(this.bytes.subarray(from, this.at))
  }

  protected text(from: number): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + from, this.at - from).toString('utf8')
  }
}

const NO_FACTS: FactReader['facts'] = new FactReader().facts

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}

function standsAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  const { length } = wanted
  for (let index = 0; index < length; index++) if (bytes[at + index] !== wanted[index]) return false
  return true
}

/** Reads the facts of attributes that stand somewhere as canonical JSON. */
export class AttributeReader extends AttributeWalk {
  /** Of the object that begins at `start`; undefined where that is of no form that is known here. */
  read(bytes: Buffer, start: number, end: number): Readonly<Facts> | undefined {
    this.bytes = bytes
    this.at = start
    this.end = end
    try {
      return this.attributes()
    } catch (error) {
      if (error === OTHER_FORM) return undefined
      throw error
    }
  }
}
