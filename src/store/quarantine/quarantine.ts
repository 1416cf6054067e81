import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { RepriseError } from '../../schemas/index.ts'
import { makeFolder, namesIn, removeFile, replaceFile, syncFolder, systemCodeOf } from '../files/durable.ts'
import { type QuarantineHeader, readHeader, type SealedItem } from './item.ts'

export interface QuarantineStats {
  /** Kept since the start. */
  readonly kept: number
  /** Contents of which only the reason is known, by why. */
  readonly dropped: Readonly<Record<string, number>>
  /** What the folder holds. */
  readonly items: number
  readonly bytes: number
}

export interface QuarantineLimits {
  readonly maxBytes: number
  readonly maxItems: number
}

const NAME = /^([0-9a-f]{32})\.item$/
const LEFTOVER = /^\.[0-9a-f]{32}\.item\.[0-9a-f]{12}\.tmp$/
/** Somebody may have made room meanwhile. */
const LOOK_MILLIS = 1_000

/**
 * The folder of withheld contents, each a file of its own that appears whole or not at all. One process writes; any may list and
 * remove. It is no part of a backup, and of nothing that a record refers to.
 */
export class QuarantineFolder {
  readonly path: string
  readonly #limits: QuarantineLimits
  readonly #dropped = new Map<string, number>()
  #kept = 0
  #items = 0
  #bytes = 0
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(path: string, limits: QuarantineLimits) {
    this.path = path
    this.#limits = limits
  }

  /** Removes what a crash left half-written. Only who writes calls it. */
  prepare(): void {
    for (const name of namesIn(this.path)) if (LEFTOVER.test(name)) removeFile(join(this.path, name))
    this.#look()
  }

  /** Never throws: what cannot be kept is counted. Durable when it returns, so that no record tells of an item that is lost. */
  keep(items: readonly SealedItem[], dropped: Readonly<Record<string, number>> = {}): void {
    for (const [reason, count] of Object.entries(dropped)) this.#drop(reason, count)
    for (const { id, bytes } of items) {
      if (!this.#hasRoom(bytes.byteLength)) {
        this.#drop('full')
        continue
      }
      try {
        makeFolder(this.path)
        replaceFile(join(this.path, `${id}.item`), bytes)
        this.#kept++
        this.#items++
        this.#bytes += bytes.byteLength
      } catch (error) {
        this.#drop(systemCodeOf(error) ?? 'failed')
      }
    }
  }

  stats(): QuarantineStats {
    return { kept: this.#kept, dropped: Object.fromEntries([...this.#dropped].sort()), items: this.#items, bytes: this.#bytes }
  }

  #hasRoom(bytes: number): boolean {
    const fits = (): boolean => this.#items < this.#limits.maxItems && this.#bytes + bytes <= this.#limits.maxBytes
    if (fits()) return true
    if (performance.now() - this.#lookedAt < LOOK_MILLIS) return false
    this.#look()
    return fits()
  }

  #look(): void {
    this.#lookedAt = performance.now()
    const sizes = itemNames(this.path).map(({ name }) => statSync(join(this.path, name), { throwIfNoEntry: false })?.size ?? 0)
    this.#items = sizes.length
    this.#bytes = sizes.reduce((sum, size) => sum + size, 0)
  }

  #drop(reason: string, count = 1): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count)
  }
}

function itemNames(folder: string): { readonly id: string; readonly name: string }[] {
  return namesIn(folder).flatMap((name) => {
    const id = NAME.exec(name)?.[1]
    return id === undefined ? [] : [{ id, name }]
  })
}

/** Oldest first; files that are no items are left out and counted. */
export function listQuarantine(folder: string): { readonly items: QuarantineHeader[]; readonly unreadable: number } {
  const items: QuarantineHeader[] = []
  let unreadable = 0
  for (const { id, name } of itemNames(folder)) {
    try {
      const { header } = readHeader(readFileSync(join(folder, name)))
      if (header.id === id) items.push(header)
      else unreadable++
    } catch {
      unreadable++
    }
  }
  items.sort((left, right) => (left.at === right.at ? (left.id < right.id ? -1 : 1) : left.at < right.at ? -1 : 1))
  return { items, unreadable }
}

/** The one item whose id begins so. Throws RepriseError `invalid_argument`. */
export function findQuarantined(folder: string, idPrefix: string): { readonly id: string; readonly path: string } {
  const found = /^[0-9a-f]{1,32}$/.test(idPrefix) ? itemNames(folder).filter(({ id }) => id.startsWith(idPrefix)) : []
  const [first] = found
  if (first === undefined || found.length > 1) {
    const what = first === undefined ? 'no item' : `${found.length} items`
    throw new RepriseError(
      'invalid_argument',
      `${what} of the quarantine with an id that begins with ${JSON.stringify(idPrefix.slice(0, 40))}`,
    )
  }
  return { id: first.id, path: join(folder, first.name) }
}

/** Removed for good when it returns. */
export function discardQuarantined(folder: string, ids: readonly string[]): number {
  let removed = 0
  for (const id of ids) {
    removeFile(join(folder, `${id}.item`))
    removed++
  }
  if (removed > 0) syncFolder(folder)
  return removed
}
