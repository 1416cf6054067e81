import { statfsSync } from 'node:fs'
import { canonicalJson, RepriseError } from '../../schemas/index.ts'
import { diskWords, isFullCode } from '../files/disk-error.ts'
import type { Layout } from '../files/layout.ts'
import type { PreparedRecord } from '../types.ts'
import { ReserveFile } from './reserve-file.ts'

const PROBE_MILLIS = 2_000
const NOTE_MILLIS = 1_000
/** With less left, small writes may succeed between large ones that fail: it is still the same outage. */
const ROOM_BYTES = 16 * 1024 * 1024
const ROOM_SHARE = 0.1
export interface OutageOptions {
  readonly layout: Layout
  readonly namespace: string
  readonly append: (record: PreparedRecord) => Promise<unknown>
  /** The disk was found without room when the store was opened, and the reserve has lent what that takes. */
  readonly full: boolean
}

/**
 * Watches what the disk refuses. Senders are told to try again; what was refused is counted, and when the disk takes writes
 * again one gap record says how much it was. The count outlives the process in the reserve file.
 */
export class Outage {
  readonly #options: OutageOptions
  readonly #reserve: ReserveFile
  #refused = 0
  #reason = 'disk-full'
  #system: string | undefined
  #noted = 0
  #notedAt = Number.NEGATIVE_INFINITY
  #probe: NodeJS.Timeout | undefined
  #telling: Promise<void> | undefined
  #closed = false

  constructor(options: OutageOptions) {
    this.#options = options
    this.#reserve = new ReserveFile(options.layout)
    const note = this.#reserve.read()
    if (note !== undefined) {
      this.#refused = note.count
      this.#noted = note.count
      this.#reason = note.reason
      this.#schedule(0)
    }
    if (options.full) {
      this.#system = 'ENOSPC'
      this.#schedule(PROBE_MILLIS)
    } else this.#reserve.ensure()
  }

  /** Why the disk takes no writes at present; undefined when it does. */
  problem(): string | undefined {
    if (this.#system === undefined) return undefined
    const why = this.#system === 'ENOSPC' && this.#isOutOfInodes() ? 'it has no inode left for another file' : diskWords(this.#system)
    return `the disk refused a write (${this.#system}${why === undefined ? '' : `: ${why}`})`
  }

  /** An append was refused. Only what the disk says counts here. */
  failed(error: unknown, records: number): void {
    if (!RepriseError.isInstance(error) || error.code !== 'store_write_failed' || this.#closed) return
    const system = error.details?.['system']
    this.#system = typeof system === 'string' ? system : 'unknown'
    this.#reason = isFullCode(this.#system) ? 'disk-full' : 'disk-error'
    this.#refused += records
    const now = performance.now()
    if (now - this.#notedAt >= NOTE_MILLIS) this.#note(now)
    this.#schedule(PROBE_MILLIS)
  }

  #note(now: number): void {
    this.#notedAt = now
    if (this.#reserve.write({ reason: this.#reason, count: this.#refused })) this.#noted = this.#refused
  }

  /** An append went through: when there is room again, the outage is over. */
  succeeded(): void {
    if (this.#system === undefined && this.#refused === 0) return
    if (this.#telling === undefined && this.#hasRoom()) this.#end()
  }

  #schedule(millis: number): void {
    if (this.#closed) return
    this.#probe ??= setTimeout(() => {
      this.#probe = undefined
      if (this.#system === undefined && this.#refused === 0) return
      if (this.#noted < this.#refused) this.#note(performance.now())
      if (this.#hasRoom()) this.#end()
      else this.#schedule(PROBE_MILLIS)
    }, millis).unref()
  }

  /** There is room: what was refused is told, and nothing of the outage is left. */
  #end(): void {
    if (this.#refused > 0) {
      void this.#tell()
      return
    }
    this.#system = undefined
    this.#reserve.ensure()
  }

  #isOutOfInodes(): boolean {
    try {
      const { files, ffree } = statfsSync(this.#options.layout.dir)
      // Some file systems make inodes as they go, and count none.
      return files > 0 && ffree === 0
    } catch {
      return false
    }
  }

  #hasRoom(): boolean {
    if (this.#reason !== 'disk-full') return true
    try {
      const { bavail, blocks, bsize } = statfsSync(this.#options.layout.dir)
      return bavail * bsize >= Math.min(ROOM_BYTES, blocks * bsize * ROOM_SHARE)
    } catch {
      return true
    }
  }

  /** Appends the gap record. */
  #tell(): Promise<void> {
    this.#telling ??= this.#write().finally(() => {
      this.#telling = undefined
    })
    return this.#telling
  }

  async #write(): Promise<void> {
    const count = this.#refused
    try {
      await this.#options.append(gapRecord(this.#options.namespace, this.#reason, count))
    } catch {
      this.#schedule(PROBE_MILLIS)
      return
    }
    this.#refused -= count
    // Kept while it grew: the rest is told next.
    this.#reserve.write(this.#refused > 0 ? { reason: this.#reason, count: this.#refused } : undefined)
    this.#noted = this.#refused
    if (this.#refused > 0) {
      this.#schedule(PROBE_MILLIS)
      return
    }
    this.#end()
  }

  /** The last word: where the disk is still full, in the space that was kept for it. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#probe)
    await this.#telling
    if (this.#refused === 0) return
    this.#note(performance.now())
    this.#reserve.release()
    await this.#tell()
  }
}

export function gapRecord(namespace: string, reason: string, count: number): PreparedRecord {
  const core = canonicalJson({ schema: 'reprise.gap/1', namespace, reason, count })
  return { core, line: `{"core":${core},"refs":[]}` }
}
