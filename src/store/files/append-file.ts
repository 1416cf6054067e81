import { closeSync, fdatasync, fstatSync, ftruncateSync, statSync, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'

/** So much is copied into the system's memory in less time than it takes to wake another thread for it. */
const AT_ONCE_MAX_BYTES = 128 * 1024

/** The system calls of the write path, so that a test can make any of them fail. */
export interface FileIo {
  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
  fdatasync(fd: number): Promise<void>
  truncate(fd: number, length: number): void
}

const writeLater = promisify(write)

export const SYSTEM_IO: FileIo = {
  write: async (fd, bytes, offset, length, position) =>
    length <= AT_ONCE_MAX_BYTES
      ? { bytesWritten: writeSync(fd, bytes, offset, length, position) }
      : await writeLater(fd, bytes, offset, length, position),
  fdatasync: promisify(fdatasync),
  truncate: ftruncateSync,
}

/**
 * A file that only grows, each append durable before it counts. After any failure it is given up: a second fdatasync of
 * the same file could report success for pages that the first one lost.
 */
export class AppendFile {
  readonly path: string
  readonly fd: number
  readonly #io: FileIo
  readonly #inode: number
  readonly #device: number
  #bytes: number
  #open = true

  constructor(path: string, fd: number, bytes: number, io: FileIo = SYSTEM_IO) {
    this.path = path
    this.fd = fd
    this.#bytes = bytes
    this.#io = io
    const { ino, dev } = fstatSync(fd)
    this.#inode = ino
    this.#device = dev
  }

  /** What is durable. */
  get bytes(): number {
    return this.#bytes
  }

  get usable(): boolean {
    return this.#open
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      let written = 0
      while (written < bytes.length) {
        const { bytesWritten } = await this.#io.write(this.fd, bytes, written, bytes.length - written, this.#bytes + written)
        written += bytesWritten
      }
      await this.#io.fdatasync(this.fd)
      this.#expectInPlace()
      this.#bytes += bytes.length
    } catch (error) {
      this.#giveUp()
      throw error
    }
  }

  /** A file whose folder was removed, moved or hidden takes writes as before, and nobody would ever find them. */
  #expectInPlace(): void {
    const found = statSync(this.path, { throwIfNoEntry: false })
    if (found !== undefined && found.ino === this.#inode && found.dev === this.#device) return
    throw Object.assign(new Error(`ENOENT: ${this.path} was removed, moved or replaced while it was written`), { code: 'ENOENT' })
  }

  #giveUp(): void {
    try {
      this.#io.truncate(this.fd, this.#bytes)
    } catch {
      // The leftover is void: the next file says where the tape goes on, and an opened store cuts it.
    }
    this.close()
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    closeSync(this.fd)
  }
}
