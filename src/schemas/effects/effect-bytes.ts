import { RepriseError } from '../errors.ts'

export function invalidEffects(message: string): RepriseError {
  return new RepriseError('invalid_recording', `the record of time and chance: ${message}`)
}

/** Writes whole numbers, doubles and sections, growing as it goes. */
export class ByteSink {
  #data = new Uint8Array(256)
  #view = new DataView(this.#data.buffer)
  #length = 0

  byte(value: number): void {
    this.#room(1)
    this.#data[this.#length++] = value
  }

  whole(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.byte(rest)
  }

  signed(value: number): void {
    this.whole(value < 0 ? -2 * value - 1 : 2 * value)
  }

  double(value: number): void {
    this.#room(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  int64(value: bigint): void {
    this.#room(8)
    this.#view.setBigInt64(this.#length, value, true)
    this.#length += 8
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length)
    this.#data.set(value, this.#length)
    this.#length += value.length
  }

  /** The length stands in four bytes, of LEB128 that is longer than it must be: so it can be put in afterwards. */
  section(tag: number, write: () => void): void {
    this.byte(tag)
    this.#room(4)
    const at = this.#length
    this.#length += 4
    write()
    const length = this.#length - at - 4
    for (let index = 0; index < 4; index++) this.#data[at + index] = ((length >> (7 * index)) & 0x7f) | (index < 3 ? 0x80 : 0)
  }

  finish(): Uint8Array {
    return this.#data.slice(0, this.#length)
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#data.length) return
    const larger = new Uint8Array(Math.max(this.#data.length * 2, this.#length + bytes))
    larger.set(this.#data.subarray(0, this.#length))
    this.#data = larger
    this.#view = new DataView(larger.buffer)
  }
}

/** Reads what a ByteSink wrote. What it reads may come from a stranger. @throws RepriseError `invalid_recording` */
export class ByteSource {
  readonly #data: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #at: number

  constructor(data: Uint8Array, start: number, end: number) {
    this.#data = data
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    this.#at = start
    this.#end = end
  }

  get atEnd(): boolean {
    return this.#at >= this.#end
  }

  byte(): number {
    return this.#data[this.#take(1)] ?? 0
  }

  whole(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (!Number.isSafeInteger(value) || scale > 2 ** 49) throw invalidEffects('expected whole numbers up to 2^53 - 1')
      if (byte < 0x80) return value
    }
  }

  signed(): number {
    const value = this.whole()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true)
  }

  bytes(length: number): Uint8Array {
    const start = this.#take(length)
    return this.#data.subarray(start, start + length)
  }

  /** All that is left, at most `max` bytes. */
  rest(max: number): Uint8Array {
    const length = this.#end - this.#at
    if (length > max) throw invalidEffects(`expected at most ${max} bytes`)
    return this.bytes(length)
  }

  section(): ByteSource {
    const length = this.whole()
    const start = this.#take(length)
    return new ByteSource(this.#data, start, start + length)
  }

  /** Until the end. */
  all<T>(max: number, read: () => T): T[] {
    const values: T[] = []
    while (!this.atEnd) {
      if (values.length >= max) throw invalidEffects(`expected at most ${max} values in a list`)
      values.push(read())
    }
    return values
  }

  #take(bytes: number): number {
    const start = this.#at
    if (start + bytes > this.#end) throw invalidEffects('it ends in the middle')
    this.#at += bytes
    return start
  }
}
