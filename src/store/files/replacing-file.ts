import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createFile, namesIn, removeFile, syncFolder, writeFully } from './durable.ts'

/** A large file written beside another one that it then replaces: after a crash the one or the other is there, whole. */
export class ReplacingFile {
  readonly path: string
  readonly #temporary: string
  #fd: number | undefined
  #bytes = 0

  constructor(path: string) {
    this.path = path
    this.#temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
    this.#fd = createFile(this.#temporary)
  }

  /** Where the next write goes. */
  get bytes(): number {
    return this.#bytes
  }

  write(bytes: Uint8Array): void {
    if (this.#fd === undefined) throw new Error('the file is closed')
    writeFully(this.#fd, bytes, this.#bytes)
    this.#bytes += bytes.length
  }

  /** Puts the file in place, durably. */
  commit(): void {
    if (this.#fd === undefined) throw new Error('the file is closed')
    fsyncSync(this.#fd)
    this.#close()
    renameSync(this.#temporary, this.path)
    syncFolder(dirname(this.path))
  }

  /** Does nothing after `commit`. */
  abandon(): void {
    this.#close()
    removeFile(this.#temporary)
  }

  #close(): void {
    if (this.#fd === undefined) return
    const fd = this.#fd
    this.#fd = undefined
    closeSync(fd)
  }
}

const LEFTOVER = /^\..+\.tmp$/

/** Removes what a crash left of files that were to replace others. */
export function removeLeftovers(folder: string): void {
  for (const name of namesIn(folder)) if (LEFTOVER.test(name)) removeFile(join(folder, name))
}
