import { fstatSync, readSync } from 'node:fs'

const EMPTY = Buffer.alloc(0)

/** Reads a growing file by position, through one window, so that many small headers cost few system calls. */
export class FileWindow {
  readonly #fd: number
  readonly #windowBytes: number
  #window: Buffer = EMPTY
  #start = 0

  constructor(fd: number, windowBytes: number = 256 * 1024) {
    this.#fd = fd
    this.#windowBytes = windowBytes
  }

  sizeBytes(): number {
    return fstatSync(this.#fd).size
  }

  /** As many bytes as there are, up to `length`; valid until the next call. */
  read(position: number, length: number): Buffer {
    const offset = position - this.#start
    if (offset >= 0 && offset + length <= this.#window.length) return this.#window.subarray(offset, offset + length)
    const target = Buffer.allocUnsafe(Math.max(length, this.#windowBytes))
    this.#window = target.subarray(0, readUpTo(this.#fd, target, position))
    this.#start = position
    return this.#window.subarray(0, Math.min(length, this.#window.length))
  }
}

/** Fills the target from a position of a file; returns how many bytes there were. */
export function readUpTo(fd: number, target: Uint8Array, position: number): number {
  let filled = 0
  while (filled < target.length) {
    const count = readSync(fd, target, filled, target.length - filled, position + filled)
    if (count === 0) break
    filled += count
  }
  return filled
}

/** Exactly these bytes; undefined when the file ends before. */
export function readExactly(fd: number, position: number, length: number): Buffer | undefined {
  const target = Buffer.allocUnsafe(length)
  return readUpTo(fd, target, position) === length ? target : undefined
}
