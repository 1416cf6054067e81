import { jsonTreeOf } from '../../schemas/index.ts'

/** About how many characters one piece holds: what is written without a look at the clock. */
const PIECE_CHARS = 32 * 1024
/** Elements of an array of primitives that are written at once. */
const RUN_LENGTH = 1024
const TAG = '$reprise'

type Fields = Readonly<Record<string, unknown>>
type Frame =
  | { readonly kind: 'array'; readonly array: readonly unknown[]; index: number }
  | { readonly kind: 'object'; readonly object: Fields; readonly keys: readonly string[]; index: number; readonly close: string }
  | { readonly kind: 'text'; readonly text: string; index: number }

/**
 * Writes the JSON text of a snapshot in pieces that together are what `encodeValue` of schemas gives for it. For values that
 * JSON holds (`Snapshot.json`). However large the value, a piece takes well below a millisecond.
 */
export class JsonPieces {
  readonly #stack: Frame[] = []
  /** Nothing in the value needs a tag: whatever is small enough is left to JSON.stringify whole. */
  readonly #plain: boolean
  #text = ''

  constructor(value: unknown, plain: boolean) {
    this.#plain = plain
    this.#value(value)
  }

  /** The next piece, `undefined` after the last. */
  next(): string | undefined {
    while (this.#text.length < PIECE_CHARS) {
      const frame = this.#stack.at(-1)
      if (frame === undefined) break
      if (frame.kind === 'array') this.#element(frame.array, frame)
      else if (frame.kind === 'object') this.#member(frame.object, frame)
      else this.#stretch(frame.text, frame)
    }
    const text = this.#text
    this.#text = ''
    return text === '' ? undefined : text
  }

  #value(value: unknown): void {
    if (typeof value === 'string') {
      if (value.length <= PIECE_CHARS) this.#text += JSON.stringify(value)
      else {
        this.#text += '"'
        this.#stack.push({ kind: 'text', text: value, index: 0 })
      }
    } else if (typeof value !== 'object' || value === null) this.#text += JSON.stringify(value)
    else if (this.#plain && weightOf(value, PIECE_CHARS) <= PIECE_CHARS) this.#text += JSON.stringify(value)
    else if (Array.isArray(value)) {
      this.#text += '['
      this.#stack.push({ kind: 'array', array: value, index: 0 })
    } else if (!isPlain(value)) {
      // An Opaque, a Truncated, an error, a RegExp, a URL: what stands for it is a plain object with a tag.
      this.#object(jsonTreeOf(value).tree as Fields, false)
    } else this.#object(value, Object.hasOwn(value, TAG))
  }

  #object(object: Fields, escape: boolean): void {
    this.#text += escape ? `{"${TAG}":"object","value":{` : '{'
    this.#stack.push({ kind: 'object', object, keys: Object.keys(object), index: 0, close: escape ? '}}' : '}' })
  }

  #member(object: Fields, frame: { readonly keys: readonly string[]; index: number; readonly close: string }): void {
    const key = frame.keys[frame.index]
    if (key === undefined) {
      this.#text += frame.close
      this.#stack.pop()
      return
    }
    this.#text += `${frame.index++ === 0 ? '' : ','}${JSON.stringify(key)}:`
    this.#value(object[key])
  }

  #element(array: readonly unknown[], frame: { index: number }): void {
    if (frame.index >= array.length) {
      this.#text += ']'
      this.#stack.pop()
      return
    }
    if (frame.index > 0) this.#text += ','
    const end = endOfRun(array, frame.index, this.#plain)
    if (end > frame.index) {
      this.#text += JSON.stringify(array.slice(frame.index, end)).slice(1, -1)
      frame.index = end
    } else this.#value(array[frame.index++])
  }

  #stretch(text: string, frame: { index: number }): void {
    let end = Math.min(frame.index + PIECE_CHARS, text.length)
    // A surrogate pair cut in two would be escaped as two lone halves.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1
    this.#text += JSON.stringify(text.slice(frame.index, end)).slice(1, -1)
    frame.index = end
    if (end < text.length) return
    this.#text += '"'
    this.#stack.pop()
  }
}

/** End of the run of small elements that begins at `start`, primitives only unless all is plain; `start` itself when there is none. */
function endOfRun(array: readonly unknown[], start: number, plain: boolean): number {
  const most = Math.min(array.length, start + RUN_LENGTH)
  let chars = 0
  let index = start
  for (; index < most; index++) {
    const element = array[index]
    if (typeof element === 'object' && element !== null && !plain) break
    chars += weightOf(element, PIECE_CHARS - chars)
    if (chars > PIECE_CHARS) break
  }
  return index
}

/** About how long the text of a plain value is; gives up once it is over the limit. The depth is that of a snapshot. */
function weightOf(value: unknown, limit: number): number {
  if (typeof value === 'string') return value.length
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

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

function isPlain(value: object): value is Fields {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
