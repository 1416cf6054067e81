import { type Fields, isPlain, type JsonBytes, OPEN_ESCAPED, tagged } from './json-bytes.ts'

/** About how many bytes are written without a look at the clock. */
const STEP_BYTES = 32 * 1024

type Frame =
  | { readonly kind: 'array'; readonly array: readonly unknown[]; index: number }
  | { readonly kind: 'fields'; readonly fields: Fields; readonly keys: readonly string[]; index: number; readonly close: string }
  | { readonly kind: 'text'; readonly text: string; index: number }

/** Writes one value, however large, in steps that each take well below a millisecond. */
export class JsonSlices {
  readonly #bytes: JsonBytes
  readonly #stack: Frame[] = []

  constructor(bytes: JsonBytes, value: unknown) {
    this.#bytes = bytes
    this.#value(value)
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

  #value(value: unknown): void {
    if (typeof value === 'string' && value.length > STEP_BYTES) {
      this.#bytes.ascii('"')
      this.#stack.push({ kind: 'text', text: value, index: 0 })
    } else if (typeof value !== 'object' || value === null) this.#bytes.value(value)
    else if (Array.isArray(value)) {
      this.#bytes.ascii('[')
      this.#stack.push({ kind: 'array', array: value, index: 0 })
    } else if (isPlain(value)) this.#open(value, Object.hasOwn(value, '$reprise'))
    else this.#open(tagged(value), false)
  }

  #open(fields: Fields, escape: boolean): void {
    this.#bytes.ascii(escape ? OPEN_ESCAPED : '{')
    this.#stack.push({ kind: 'fields', fields, keys: Object.keys(fields), index: 0, close: escape ? '}}' : '}' })
  }

  #field(frame: Extract<Frame, { kind: 'fields' }>): void {
    const key = frame.keys[frame.index]
    if (key === undefined) {
      this.#bytes.ascii(frame.close)
      this.#stack.pop()
      return
    }
    this.#bytes.key(key, frame.index++ === 0)
    this.#value(frame.fields[key])
  }

  #element(frame: Extract<Frame, { kind: 'array' }>): void {
    if (frame.index >= frame.array.length) {
      this.#bytes.ascii(']')
      this.#stack.pop()
      return
    }
    if (frame.index > 0) this.#bytes.ascii(',')
    this.#value(frame.array[frame.index++])
  }

  #stretch(frame: Extract<Frame, { kind: 'text' }>): void {
    frame.index = this.#bytes.stretch(frame.text, frame.index)
    if (frame.index < frame.text.length) return
    this.#bytes.ascii('"')
    this.#stack.pop()
  }
}
