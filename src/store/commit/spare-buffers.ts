/** A smaller buffer costs less to make than to keep. */
const KEPT_MIN_BYTES = 64 * 1024
/** A buffer serves what needs at least this share of it. */
const FILLED_MIN_SHARE = 1 / 8

/**
 * Large buffers that have served and serve again. Memory that comes and goes with every request, from one thread to another,
 * is what an allocator gives back last. Bounded by bytes; what does not fit is given back to the system at once.
 */
export class SpareBuffers {
  readonly #maxBytes: number
  readonly #buffers: ArrayBuffer[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** One of at least so many bytes, holding whatever it held; undefined when there is none that fits. */
  take(bytes: number): ArrayBuffer | undefined {
    const index = this.#buffers.findLastIndex(({ byteLength }) => byteLength >= bytes && byteLength * FILLED_MIN_SHARE <= bytes)
    if (index < 0) return undefined
    const [buffer] = this.#buffers.splice(index, 1)
    this.#bytes -= buffer?.byteLength ?? 0
    return buffer
  }

  /** All that there are, for handing them to another thread. */
  takeAll(): ArrayBuffer[] {
    this.#bytes = 0
    return this.#buffers.splice(0)
  }

  give(buffer: ArrayBuffer): void {
    if (buffer.detached) return
    if (buffer.byteLength < KEPT_MIN_BYTES || buffer.byteLength > this.#maxBytes) {
      buffer.transfer(0)
      return
    }
    this.#buffers.push(buffer)
    this.#bytes += buffer.byteLength
    // The oldest go: what is asked for changes with time.
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#buffers.shift()
      this.#bytes -= oldest?.byteLength ?? 0
      oldest?.transfer(0)
    }
  }
}
