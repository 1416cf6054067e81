import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { RepriseError } from '../../schemas/index.ts'
import { closeAllNow } from '../files/close-all.ts'
import { type Layout, listNumbered, numberedName } from '../files/layout.ts'
import { ReadMemory } from '../frames/file-window.ts'
import type { TapeGroup, TapeHead, TapeReader } from '../types.ts'
import { digestTextOf, NO_DIGEST } from './group-digest.ts'
import { type GroupEntry, SegmentView } from './segment-view.ts'

export const NO_HEAD: TapeHead = { group: -1, digest: digestTextOf(NO_DIGEST) }

const OPEN_SEGMENTS_MAX = 8
const CACHE_MAX_BYTES = 32 * 1024 * 1024
const NEWLINE = 0x0a

interface DecodedGroup {
  /** Of the group whose lines these are. */
  readonly digest: Buffer
  readonly content: Buffer
  /** Start of each line, and the end of the last. */
  readonly starts: readonly number[]
}

/**
 * The tape for reading. In the writing process its head moves only with `commit` or `setHead`, and nothing beyond it is looked
 * at; elsewhere it is what the files show.
 */
export class Tape implements TapeReader {
  readonly #layout: Layout
  readonly #views = new Map<number, SegmentView>()
  /** The view that was used last: a writer asks for the same one again and again. */
  #latest: SegmentView | undefined
  readonly #cache = new Map<number, DecodedGroup>()
  readonly #cacheMaxBytes: number
  /** Where nothing is kept, one group is read into the memory of the one before. */
  readonly #memory: ReadMemory | undefined
  #cacheBytes = 0
  #segments: number[]
  #committed: TapeHead | undefined
  readonly #listeners = new Set<(head: TapeHead) => void>()

  /** `cacheMaxBytes`: of decoded groups that are kept for whoever reads them again; at 0 one is valid until the next is read. */
  constructor(layout: Layout, cacheMaxBytes: number = CACHE_MAX_BYTES) {
    this.#layout = layout
    this.#cacheMaxBytes = cacheMaxBytes
    this.#memory = cacheMaxBytes === 0 ? new ReadMemory() : undefined
    this.#segments = listNumbered(layout.segments)
  }

  get dir(): string {
    return this.#layout.dir
  }

  /** Of all segments, as they stand. */
  tapeBytes(): number {
    return this.#segments.reduce((sum, first) => sum + (statSync(this.segmentFile(first), { throwIfNoEntry: false })?.size ?? 0), 0)
  }

  segmentFile(first: number): string {
    return join(this.#layout.segments, numberedName(first))
  }

  /** First group numbers, ascending. */
  segments(): readonly number[] {
    return this.#segments
  }

  refresh(): void {
    this.#segments = listNumbered(this.#layout.segments)
    // Sealing and erasing put other files in place.
    for (const [first, view] of this.#views) if (view.stale) this.#dropView(first)
  }

  /** Tells what the writer has made durable. */
  setHead(head: TapeHead): void {
    this.#committed = head
    this.refresh()
  }

  /** A group is on the disk. */
  commit(segment: number, entry: GroupEntry): void {
    if (this.#segments.at(-1) !== segment) {
      this.refresh()
      // A file of the same name that never held a group may have been replaced.
      this.#dropView(segment)
    }
    const view = this.view(segment)
    if (view.scannedTo === entry.offset) view.push(entry)
    else view.scan(entry.group)
    const head = { group: entry.group, digest: digestTextOf(entry.digest) }
    this.#committed = head
    // Apart from the commit, which a listener cannot make fail.
    for (const listener of this.#listeners) queueMicrotask(() => listener(head))
  }

  onCommit(listener: (head: TapeHead) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  head(): TapeHead {
    if (this.#committed !== undefined) return this.#committed
    this.refresh()
    for (const first of this.#segments.toReversed()) {
      const view = this.view(first)
      view.scan()
      const last = view.entries.at(-1)
      if (last !== undefined) return { group: last.group, digest: digestTextOf(last.digest) }
    }
    return NO_HEAD
  }

  /** The header of a group; undefined where it is not there or not readable. */
  entryOf(group: number): GroupEntry | undefined {
    return this.#find(group)?.entry
  }

  #find(group: number): { view: SegmentView; entry: GroupEntry } | undefined {
    if (group < 0 || (this.#committed !== undefined && group > this.#committed.group)) return undefined
    for (const again of [false, true]) {
      const first = this.#segments.findLast((number) => number <= group)
      if (first !== undefined) {
        const view = this.view(first)
        const known = view.entryOf(group)
        if (known === undefined) view.scan(this.#committed?.group)
        const entry = known ?? view.entryOf(group)
        if (entry !== undefined) return { view, entry }
      }
      if (!again) this.refresh()
    }
    return undefined
  }

  view(first: number): SegmentView {
    if (this.#latest?.first === first) return this.#latest
    let view = this.#views.get(first)
    if (view === undefined) view = new SegmentView(this.segmentFile(first), first)
    else this.#views.delete(first)
    // Most recently used last.
    this.#views.set(first, view)
    this.#latest = view
    if (this.#views.size > OPEN_SEGMENTS_MAX) {
      const [oldest] = this.#views.keys()
      if (oldest !== undefined) this.#dropView(oldest)
    }
    return view
  }

  /** Lets go of what is known of a segment: its file has been cut. */
  forget(first: number): void {
    this.#dropView(first)
    this.#cache.clear()
    this.#cacheBytes = 0
  }

  #dropView(first: number): void {
    const view = this.#views.get(first)
    this.#views.delete(first)
    if (this.#latest === view) this.#latest = undefined
    view?.close()
  }

  #decode(group: number): DecodedGroup {
    const found = this.#find(group)
    // What is not kept is read anew: an erasure changes lines of a group whose digest stays.
    const cached = this.#memory === undefined ? this.#cache.get(group) : undefined
    // A group that was never acknowledged may have been replaced by another of its number.
    if (found !== undefined && cached?.digest.equals(found.entry.digest) === true) return cached
    if (found === undefined) throw new RepriseError('integrity', `group ${group} is not on the tape`, { details: { group } })
    const content = found.view.readContent(found.entry, this.#memory)
    if (content === undefined && found.view.stale) {
      this.refresh()
      return this.#decode(group)
    }
    const starts = content === undefined ? undefined : lineStarts(content)
    if (content === undefined || starts === undefined || starts.length - 1 !== found.entry.records) {
      const file = numberedName(found.view.first)
      throw new RepriseError('integrity', `group ${group} in segments/${file} is damaged`, {
        details: { group, segment: file, offset: found.entry.offset },
      })
    }
    const decoded = { digest: found.entry.digest, content, starts }
    if (this.#memory !== undefined) return decoded
    this.#cacheBytes += content.length - (cached?.content.length ?? 0)
    this.#cache.delete(group)
    this.#cache.set(group, decoded)
    for (const [oldest, { content: old }] of this.#cache) {
      if (this.#cacheBytes <= this.#cacheMaxBytes || oldest === group) break
      this.#cache.delete(oldest)
      this.#cacheBytes -= old.length
    }
    return decoded
  }

  /** The lines of a group. Throws `integrity`. */
  readGroup(group: number): string[] {
    const { content, starts } = this.#decode(group)
    const lines: string[] = []
    for (let line = 0; line + 1 < starts.length; line++) lines.push(lineText(content, starts, line))
    return lines
  }

  /** The bytes of a group's lines, and where each begins; the last number is where they end. Throws `integrity`. */
  readContent(group: number): { readonly content: Buffer; readonly starts: readonly number[] } {
    return this.#decode(group)
  }

  /** Gives back at once the memory of what was read last, where no more than that is kept: nobody may use it after. */
  release(): void {
    this.#memory?.giveBack()
  }

  readLine(group: number, line: number): string {
    const { content, starts } = this.#decode(group)
    if (line < 0 || line >= starts.length - 1) {
      throw new RepriseError('invalid_argument', `group ${group} has ${starts.length - 1} lines; there is no line ${line}`)
    }
    return lineText(content, starts, line)
  }

  async *readGroups(fromGroup: number): AsyncGenerator<TapeGroup, void, void> {
    for (let group = Math.max(0, fromGroup); group <= this.head().group; group++) {
      yield { group, lines: this.readGroup(group) }
      await nextTurn()
    }
  }

  close(): void {
    const views = [...this.#views.values()]
    this.#views.clear()
    this.#latest = undefined
    this.#cache.clear()
    closeAllNow(views.map((view) => (): void => view.close()))
  }
}

function lineText(content: Buffer, starts: readonly number[], line: number): string {
  return content.toString('utf8', starts[line], (starts[line + 1] ?? 1) - 1)
}

/** Undefined where the content does not end with a line end. */
function lineStarts(content: Buffer): number[] | undefined {
  const starts = [0]
  for (let at = content.indexOf(NEWLINE); at !== -1; at = content.indexOf(NEWLINE, at + 1)) starts.push(at + 1)
  return starts.at(-1) === content.length ? starts : undefined
}
