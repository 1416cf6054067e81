import type { Snapshot } from '../snapshot/snapshot.ts'
import { type Fields, isPlain, type JsonBytes, OPEN_ESCAPED, tagged } from './json-bytes.ts'

/** About how many bytes are written without a look at the clock. */
const STEP_BYTES = 16 * 1024

/** `isTagged`: it came from the codec, which has tagged it all the way down. */
type Frame =
  | { readonly kind: 'array'; readonly array: readonly unknown[]; readonly isTagged: boolean; index: number }
  | {
      readonly kind: 'fields'
      readonly fields: Fields
      readonly keys: readonly string[]
      readonly close: string
      readonly isTagged: boolean
      index: number
    }
  | { readonly kind: 'text'; readonly text: string; index: number }

/** Writes one value, however large, in steps that each take well below a millisecond. */
export class JsonSlices {
  readonly #bytes: JsonBytes
  /** Nothing in the value needs a tag: whatever is small enough is left to JSON.stringify. */
  readonly #plain: boolean
  readonly #stack: Frame[] = []

  constructor(bytes: JsonBytes, { value, plain }: Pick<Snapshot, 'value' | 'plain'>) {
    this.#bytes = bytes
    this.#plain = plain
    this.#value(value, false)
  }

  /** @returns whether there is more to write */
  step(): boolean {
    const until = this.#bytes.position + STEP_BYTES
    while (this.#bytes.position < until) {
      const frame = this.#stack.at(-1)
      if (frame === undefined) return false
      if (frame.kind === 'array') this.#element(frame)
      else if (frame.kind === 'fields') this.#field(frame)
      else this.#stretch(frame)
    }
    return this.#stack.length > 0
  }

  #value(value: unknown, isTagged: boolean): void {
    if (typeof value === 'string' && value.length > STEP_BYTES) {
      this.#bytes.ascii('"')
      this.#stack.push({ kind: 'text', text: value, index: 0 })
    } else if (typeof value !== 'object' || value === null) this.#bytes.value(value)
    else if (this.#plain && weightOf(value, STEP_BYTES) <= STEP_BYTES) this.#bytes.encoded(JSON.stringify(value))
    else if (Array.isArray(value)) {
      this.#bytes.ascii('[')
      this.#stack.push({ kind: 'array', array: value, isTagged, index: 0 })
    } else if (isPlain(value)) this.#open(value, !isTagged && Object.hasOwn(value, '$reprise'), isTagged)
    else this.#open(tagged(value), false, true)
  }

  #open(fields: Fields, escape: boolean, isTagged: boolean): void {
    this.#bytes.ascii(escape ? OPEN_ESCAPED : '{')
    this.#stack.push({ kind: 'fields', fields, keys: Object.keys(fields), close: escape ? '}}' : '}', isTagged, index: 0 })
  }

  #field(frame: Extract<Frame, { kind: 'fields' }>): void {
    const key = frame.keys[frame.index]
    if (key === undefined) {
      this.#bytes.ascii(frame.close)
      this.#stack.pop()
      return
    }
    this.#bytes.key(key, frame.index++ === 0)
    this.#value(frame.fields[key], frame.isTagged)
  }

  #element(frame: Extract<Frame, { kind: 'array' }>): void {
    if (frame.index >= frame.array.length) {
      this.#bytes.ascii(']')
      this.#stack.pop()
      return
    }
    if (frame.index > 0) this.#bytes.ascii(',')
    const end = this.#plain ? endOfRun(frame.array, frame.index) : frame.index
    if (end > frame.index) {
      this.#bytes.encoded(JSON.stringify(frame.array.slice(frame.index, end)).slice(1, -1))
      frame.index = end
    } else this.#value(frame.array[frame.index++], frame.isTagged)
  }

  #stretch(frame: Extract<Frame, { kind: 'text' }>): void {
    frame.index = this.#bytes.stretch(frame.text, frame.index)
    if (frame.index < frame.text.length) return
    this.#bytes.ascii('"')
    this.#stack.pop()
  }
}

/** End of the run of small elements that begins at `start`; `start` itself when the first of them is not small. */
function endOfRun(array: readonly unknown[], start: number): number {
  let weight = 0
  let index = start
  for (; index < array.length; index++) {
    weight += weightOf(array[index], STEP_BYTES - weight)
    if (weight > STEP_BYTES) break
  }
  return index
}

/** About how many bytes a plain value takes; gives up once it is over the limit. The depth is that of a snapshot. */
function weightOf(value: unknown, limit: number): number {
  if (typeof value === 'string') return value.length + 3
  if (typeof value !== 'object' || value === null) return 8
  let weight = 2
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && weight <= limit; index++) weight += 1 + weightOf(value[index], limit - weight)
    return weight
  }
  for (const key in value) {
    weight += key.length + 4 + weightOf((value as Fields)[key], limit - weight)
    if (weight > limit) break
  }
  return weight
}
