import type { Buffer } from 'node:buffer'

const SLOTS = 2_048
const MAX_BYTES = 64

/**
 * Interns short ASCII strings by their bytes. Attribute keys repeat in every span, so that finding one costs a compare
 * instead of a decode. Bounded: a newcomer takes the slot of whoever hashed there; long or non-ASCII strings pass by.
 */
export class StringCache {
  readonly #strings: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined)
  readonly #bytes = new Uint8Array(SLOTS * MAX_BYTES)
  readonly #lengths = new Uint8Array(SLOTS)

  /** The string in bytes [start, end), or undefined when it is not ASCII or too long to be kept here. */
  read(bytes: Buffer, start: number, end: number): string | undefined {
    const length = end - start
    if (length === 0) return ''
    if (length > MAX_BYTES) return undefined
    const slot = slotOf(bytes, start, end)
    const base = slot * MAX_BYTES
    const kept = this.#bytes
    if (this.#lengths[slot] === length) {
      let at = 0
      while (at < length && kept[base + at] === bytes[start + at]) at++
      if (at === length) return this.#strings[slot]
    }
    let bits = 0
    for (let at = start; at < end; at++) bits |= bytes[at] ?? 0
    if (bits >= 0x80) return undefined
    const text = bytes.toString('latin1', start, end)
    for (let at = 0; at < length; at++) kept[base + at] = bytes[start + at] ?? 0
    this.#lengths[slot] = length
    this.#strings[slot] = text
    return text
  }
}

/** Names differ mostly at their end and in their length, so that six samples tell them apart well enough. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  const length = end - start
  let hash = length
  hash = Math.imul(hash, 31) + (bytes[start] ?? 0)
  hash = Math.imul(hash, 31) + (bytes[start + (length >> 1)] ?? 0)
  hash = Math.imul(hash, 31) + (bytes[end - 1] ?? 0)
  hash = Math.imul(hash, 31) + (length > 1 ? (bytes[end - 2] ?? 0) : 0)
  hash = Math.imul(hash, 31) + (length > 3 ? (bytes[end - 4] ?? 0) : 0)
  return (hash ^ (hash >>> 11)) & (SLOTS - 1)
}
