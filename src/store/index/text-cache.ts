const SLOTS = 16_384
/** A text is kept in one of so many slots; a sender who makes up texts that share them only makes them be read anew. */
const WAYS = 4
const CACHED_BYTES_MAX = 1024
const HASHED_BYTES = 16

interface Entry {
  readonly hash: number
  readonly bytes: Uint8Array
  readonly text: string
}

/** Strings that were made of bytes before, found by those bytes: making one anew costs many times as much. Bounded. */
export class TextCache {
  readonly #entries: (Entry | undefined)[] = new Array<Entry | undefined>(SLOTS).fill(undefined)
  readonly #make: (bytes: Buffer) => string

  /** `make` gets the bytes as they stand, and may not keep them. */
  constructor(make: (bytes: Buffer) => string) {
    this.#make = make
  }

  text(bytes: Uint8Array, from: number, to: number): string {
    // FNV-1a over the end, where texts differ most, and the length. Its low bits depend on the low bits alone, hence the fold.
    let hash = 0x811c9dc5 ^ (to - from)
    for (let at = Math.max(from, to - HASHED_BYTES); at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
    const first = (hash ^ (hash >>> 15)) & (SLOTS - WAYS)
    let free = first
    for (let slot = first; slot < first + WAYS; slot++) {
      const entry = this.#entries[slot]
      if (entry === undefined) {
        free = slot
        break
      }
      if (entry.hash === hash && equals(entry.bytes, bytes, from, to)) return entry.text
    }
    const text = this.#make(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from))
    if (to - from <= CACHED_BYTES_MAX) this.#entries[free] = { hash, bytes: new Uint8Array(bytes.subarray(from, to)), text }
    return text
  }
}

function equals(known: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  const { length } = known
  if (length !== to - from) return false
  for (let index = 0; index < length; index++) if (known[index] !== bytes[from + index]) return false
  return true
}
