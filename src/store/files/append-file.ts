import { closeSync, fdatasync, fstatSync, ftruncateSync, statSync, write, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { syncFolderLater } from './durable.ts'

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
 * A file that only grows. What was written counts once it was synced and `keep` said so: several files may be synced together,
 * and none of it counts where one of them fails. After any failure the file is given up: a second fdatasync of the same file
 * could report success for pages that the first one lost.
 */
export class AppendFile {
  readonly path: string
  readonly fd: number
  readonly #io: FileIo
  readonly #inode: number
  readonly #device: number
  #bytes: number
  #written: number
  #open = true
  #named: boolean

  /** A file without bytes is taken for a new one: its name becomes durable with its first bytes. */
  constructor(path: string, fd: number, bytes: number, io: FileIo = SYSTEM_IO) {
    this.path = path
    this.fd = fd
    this.#bytes = bytes
    this.#written = bytes
    this.#named = bytes > 0
    this.#io = io
    try {
      const { ino, dev } = fstatSync(fd)
      this.#inode = ino
      this.#device = dev
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  /** What is durable. */
  get bytes(): number {
    return this.#bytes
  }

  /** What was handed to the system, durable or not. */
  get writtenBytes(): number {
    return this.#written
  }

  get usable(): boolean {
    return this.#open
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      let done = 0
      while (done < bytes.length) {
        const { bytesWritten } = await this.#io.write(this.fd, bytes, done, bytes.length - done, this.#written + done)
        done += bytesWritten
      }
      this.#written += bytes.length
    } catch (error) {
      this.giveUp()
      throw error
    }
  }

  /** Waits until all that was written is on the disk. */
  async sync(): Promise<void> {
    try {
      const name = this.#named ? undefined : syncFolderLater(dirname(this.path))
      // Both are over before the file may be closed.
      const [bytes, named] = await Promise.allSettled([this.#io.fdatasync(this.fd), name])
      if (bytes.status === 'rejected') throw bytes.reason
      if (named.status === 'rejected') throw named.reason
      this.#named = true
      this.#expectInPlace()
    } catch (error) {
      this.giveUp()
      throw error
    }
  }

  /** What was written and synced counts. */
  keep(): void {
    this.#bytes = this.#written
  }

  /** A file whose folder was removed, moved or hidden takes writes as before, and nobody would ever find them. */
  #expectInPlace(): void {
    const found = statSync(this.path, { throwIfNoEntry: false })
    if (found !== undefined && found.ino === this.#inode && found.dev === this.#device) return
    throw Object.assign(new Error(`ENOENT: ${this.path} was removed, moved or replaced while it was written`), { code: 'ENOENT' })
  }

  /** Takes back what does not count, and takes no more. */
  giveUp(): void {
    if (!this.#open) return
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
