import { fstatSync, readSync } from 'node:fs'

const EMPTY = Buffer.alloc(0)

/** Bytes by position: a file, or what a sealed file stands for. */
export interface ByteSource {
  sizeBytes(): number
  /** Fills the target as far as there are bytes; returns how many there were. */
  readUpTo(target: Uint8Array, position: number): number
}

/** Reads a growing file by position, through one window, so that many small headers cost few system calls. */
export class FileWindow {
  readonly #source: ByteSource
  readonly #windowBytes: number
  #memory: Buffer = EMPTY
  #window: Buffer = EMPTY
  #start = 0

  constructor(source: number | ByteSource, windowBytes: number = 256 * 1024) {
    this.#source = typeof source === 'number' ? fileSource(source) : source
    this.#windowBytes = windowBytes
  }

  sizeBytes(): number {
    return this.#source.sizeBytes()
  }

  /** As many bytes as there are, up to `length`; valid until the next call. */
  read(position: number, length: number): Buffer {
    const offset = position - this.#start
    if (offset >= 0 && offset + length <= this.#window.length) return this.#window.subarray(offset, offset + length)
    // The same memory for each: of a large file there would otherwise be as much garbage as the file is long.
    if (this.#memory.length < length || this.#memory.length === 0)
      this.#memory = Buffer.allocUnsafeSlow(Math.max(length, this.#windowBytes))
    const target = this.#memory
    this.#window = EMPTY
    this.#window = target.subarray(0, this.#source.readUpTo(target, position))
    this.#start = position
    return this.#window.subarray(0, Math.min(length, this.#window.length))
  }
}

/** The same bytes, for somebody who reads many small stretches one after the other: what follows one is read together with it. */
export function readAhead<Source extends ByteSource>(source: Source, windowBytes: number = 256 * 1024): Source {
  const window = new FileWindow(source, windowBytes)
  const readUpTo = (target: Uint8Array, position: number): number => {
    if (target.length > windowBytes / 2) return source.readUpTo(target, position)
    const bytes = window.read(position, target.length)
    target.set(bytes)
    return bytes.length
  }
  return { ...source, sizeBytes: () => source.sizeBytes(), readUpTo }
}

export function fileSource(fd: number): ByteSource {
  return { sizeBytes: () => fstatSync(fd).size, readUpTo: (target, position) => readUpTo(fd, target, position) }
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

/** Memory for somebody who reads large stretches one after the other, each to be done with before the next. */
export class ReadMemory {
  #memory: Buffer = EMPTY

  /** Valid until the next call. */
  take(length: number): Buffer {
    if (this.#memory.length < length) {
      giveBack(this.#memory)
      this.#memory = Buffer.allocUnsafeSlow(Math.max(length, READ_MEMORY_MIN_BYTES))
    }
    return this.#memory.subarray(0, length)
  }

  giveBack(): void {
    giveBack(this.#memory)
    this.#memory = EMPTY
  }
}

const READ_MEMORY_MIN_BYTES = 256 * 1024

/** Exactly these bytes; undefined when the file ends before. */
export function readExactly(
  source: number | ByteSource,
  position: number,
  length: number,
  target: Buffer = Buffer.allocUnsafe(length),
): Buffer | undefined {
  const filled = typeof source === 'number' ? readUpTo(source, target, position) : source.readUpTo(target, position)
  return filled === length ? target : undefined
}

/**
 * Gives the memory of large bytes back at once: a thread that reads files block by block would otherwise hold many of them
 * before garbage is collected. They must not be used after. Bytes that share their buffer with others are left alone.
 */
export function giveBack({ buffer, byteLength }: Uint8Array | Uint32Array | Float64Array): void {
  if (!(buffer instanceof ArrayBuffer) || byteLength < GIVEN_BACK_MIN_BYTES) return
  if (buffer.byteLength - byteLength <= UNUSED_MAX_BYTES) buffer.transfer(0)
}

/** Memory of at least so many bytes, whatever it holds: this one, or another one in its place. */
export function roomFor(bytes: number, memory: Buffer): Buffer {
  if (memory.length >= bytes) return memory
  giveBack(memory)
  // In steps: what is asked for grows little by little.
  return Buffer.allocUnsafeSlow(Math.ceil(bytes / ROOM_STEP_BYTES) * ROOM_STEP_BYTES)
}

const ROOM_STEP_BYTES = 512 * 1024
const GIVEN_BACK_MIN_BYTES = 16 * 1024
/** What `zlib` wants to see left over to know that it is at the end. */
const UNUSED_MAX_BYTES = 1
