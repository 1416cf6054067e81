import { isWireText, textOf, type WireAttribute, type WireText, type WireValue } from '../../otlp/index.ts'
import type { Redactor } from '../../redaction/index.ts'
import { type Findings, mergeCounts } from './findings.ts'

/** So many units on either side of a seam tell whether something crosses it. */
const SEAM_UNITS = 256
const MAX_KEYS = 2_048
const MAX_KEY_LENGTH = 256
/** Names of members that hold text: `gen_ai.prompt.0.content`, `llm.input_messages.0.message.contents.1.message_content.text`. */
const TEXT_MEMBER = /(?:^|[._])(?:content|text|arguments)$/
const NUMBER = /(?<=\.)[0-9]{1,4}(?=\.)/g
const LAST_LETTERS: ReadonlySet<number> = new Set(['t', 's'].map((letter) => letter.charCodeAt(0)))

/** A key with one of its numbers left out, and that number. */
interface Place {
  readonly series: string
  readonly number: number
}

/**
 * Senders that flatten lists write each message, and each part of one, under a key of its own. What is cut in two by them is looked for
 * over the seams, before each is redacted by itself.
 */
export class AttributeSeams {
  readonly #redactor: Redactor
  readonly #places = new Map<string, readonly Place[]>()

  constructor(redactor: Redactor) {
    this.#redactor = redactor
  }

  /** The list, with what crossed from one text into the next replaced: the token in the first, the rest gone from the second. */
  clean(list: readonly WireAttribute[], found: Findings): readonly WireAttribute[] {
    const series = this.#seriesOf(list)
    if (series === undefined) return list
    let cleaned: WireAttribute[] | undefined
    for (const members of series.values()) {
      members.sort((a, b) => a.number - b.number)
      for (let at = 0; at + 1 < members.length; at++) {
        const [left, right] = [members[at]!, members[at + 1]!]
        if (right.number !== left.number + 1) continue
        const now = cleaned ?? list
        const [leftKey, leftValue] = now[left.index]!
        const [rightKey, rightValue] = now[right.index]!
        const joined = this.#overSeam(leftValue as string | WireText, rightValue as string | WireText, found)
        if (joined === undefined) continue
        cleaned ??= [...list]
        cleaned[left.index] = [leftKey, joined[0]]
        cleaned[right.index] = [rightKey, joined[1]]
      }
    }
    return cleaned ?? list
  }

  #seriesOf(list: readonly WireAttribute[]): Map<string, { readonly number: number; readonly index: number }[]> | undefined {
    let series: Map<string, { number: number; index: number }[]> | undefined
    for (let index = 0; index < list.length; index++) {
      const [key, value] = list[index]!
      if (!LAST_LETTERS.has(key.charCodeAt(key.length - 1)) || !isText(value)) continue
      for (const place of this.#places.get(key) ?? this.#learn(key)) {
        series ??= new Map()
        const known = series.get(place.series)
        if (known === undefined) series.set(place.series, [{ number: place.number, index }])
        else known.push({ number: place.number, index })
      }
    }
    return series
  }

  #learn(key: string): readonly Place[] {
    const isIndexed = key.length <= MAX_KEY_LENGTH && TEXT_MEMBER.test(key)
    const places = isIndexed
      ? [...key.matchAll(NUMBER)].map((match) => ({
          series: `${key.slice(0, match.index)}*${key.slice(match.index + match[0].length)}`,
          number: Number(match[0]),
        }))
      : []
    if (this.#places.size >= MAX_KEYS) this.#places.clear()
    this.#places.set(key, places)
    return places
  }

  #overSeam(left: string | WireText, right: string | WireText, found: Findings): readonly [string, string] | undefined {
    const [tail, head] = [tailOf(left), headOf(right)]
    try {
      const seam = this.#redactor.redactText(tail + head)
      if (seam.counts === undefined) return undefined
      if (seam.value === this.#redactor.redactText(tail).value + this.#redactor.redactText(head).value) return undefined
      const parts = [left, right].map((value) => ({ type: 'text', text: textOf(value) }))
      const { value, counts } = this.#redactor.redactValue(parts)
      if (counts === undefined) return undefined
      found.redactions = mergeCounts(found.redactions, counts)
      const [first, second] = value as readonly { readonly text: string }[]
      return first === undefined || second === undefined ? undefined : [first.text, second.text]
    } catch {
      // Each is redacted by itself next, and withheld where that fails.
      return undefined
    }
  }
}

const isText = (value: WireValue): value is string | WireText => typeof value === 'string' || isWireText(value)

const decode = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
const tailOf = (value: string | WireText): string =>
  typeof value === 'string' ? value.slice(-SEAM_UNITS) : decode(value.utf8.subarray(-SEAM_UNITS))
const headOf = (value: string | WireText): string =>
  typeof value === 'string' ? value.slice(0, SEAM_UNITS) : decode(value.utf8.subarray(0, SEAM_UNITS))
